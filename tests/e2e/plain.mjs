// Without JavaScript: the form posts, the table is there, a job can be read, cancelled, retried.
import assert from "node:assert/strict";
import { api, assertAccessible, browse, DATA, eventually, SLOW, startJob } from "./browser.mjs";

const plain = { js: false };

browse("the form starts a job and says so", plain, async (page) => {
    await page.goto("/training/");
    await page.getByRole("radio", { name: /Popular/ }).check();
    await page.getByLabel("Data path").fill(DATA);
    await page.getByLabel("Job name").fill("without a script");
    await page.getByRole("button", { name: "Start Training" }).click();
    assert.match(page.url(), /\/training\/\?started=\d+/);
    await page.getByText(/Job \d+ was started/).waitFor();
    await eventually(async () => {
        await page.reload();
        const row = page.getByRole("row").filter({ hasText: "without a script" });
        return (await row.innerText()).includes("Completed");
    }, "the table says Completed");
});

browse("a wrong form comes back with what was typed and what is wrong", plain, async (page, { ignore }) => {
    ignore(/4\d\d/);
    await page.goto("/training/");
    await page.getByRole("radio", { name: /ALS/ }).check();
    await page.getByLabel("Data path").fill("/nowhere/at/all");
    await page.getByLabel("Job name").fill("kept");
    await page.getByRole("button", { name: "Start Training" }).click();
    assert.equal(await page.getByLabel("Data path").inputValue(), "/nowhere/at/all");
    assert.equal(await page.getByLabel("Data path").getAttribute("aria-invalid"), "true");
    assert.equal(await page.getByLabel("Job name").inputValue(), "kept");
    assert.ok(await page.getByRole("radio", { name: /ALS/ }).isChecked());
});

browse("a job's page shows metrics, the model file, and can be retried and deleted", plain, async (page) => {
    const { job_id } = await startJob(page, { model_type: "als", iterations: 2, factors: 4 });
    await eventually(async () => {
        await page.goto(`/training/${job_id}`);
        return (await page.locator("main").innerText()).includes("Completed");
    }, "the page says Completed");
    const text = await page.locator("main").innerText();
    assert.match(text, /Recall@40/);
    assert.match(text, new RegExp(`als_model_${job_id}_`));
    assert.equal(await page.getByRole("link", { name: /Download/ }).count() > 0, true);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(/\/training\/(\?.*)?$/);
    assert.equal((await page.request.get(`/api/v1/jobs/${job_id}`)).status(), 404);
});

browse("a running job is cancelled by a button", plain, async (page) => {
    const { job_id } = await startJob(page, { model_type: "als", data_path: SLOW, iterations: 1000, factors: 64 });
    await page.goto(`/training/${job_id}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    await eventually(async () => (await api(page, "GET", `/api/v1/jobs/${job_id}`)).status === "cancelled", "it is cancelled");
    await page.goto(`/training/${job_id}`);
    await page.getByText("Cancelled").first().waitFor();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.waitForURL((url) => /\/training\/(\d+|\?started=\d+)/.test(url.href) && !url.href.endsWith(`/${job_id}`));
    const again = page.url().match(/(\d+)$/)[1];
    await api(page, "POST", `/api/v1/jobs/${again}/cancel`);
});

for (const theme of ["light", "dark"])
    browse(`the plain pages please axe, ${theme}`, { js: true, theme }, async (page, { context }) => {
        // axe needs scripts, so the page's own are kept away instead.
        await context.route("**/assets/*.js", (route) => route.fulfill({ status: 200, contentType: "text/javascript", body: "" }));
        const { job_id } = await startJob(page);
        for (const path of ["/training/", `/training/${job_id}`]) {
            await page.goto(path);
            await assertAccessible(page, `${path} without scripts`);
        }
    });
