// Without JavaScript: the form posts, the table is there, a job can be read, cancelled, retried.
import assert from "node:assert/strict";
import { api, assertAccessible, browse, DATA, eventually, jobUntil, SLOW, startJob } from "./browser.mjs";

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

browse("a version is promoted and rolled back by its page's forms, and recommends to a user", plain, async (page, { ignore }) => {
    ignore(/4\d\d/);
    const ids = [];
    for (const factors of [4, 8]) {
        const { job_id } = await startJob(page, { model_type: "als", iterations: 2, factors, model_name: "plain" });
        await jobUntil(page, job_id);
        ids.push((await api(page, "GET", "/api/v1/models?name=plain&limit=1")).models[0].model_id);
    }
    await page.goto("/models/");
    await page.getByRole("link", { name: "plain", exact: true }).click();
    await page.getByRole("link", { name: "plain, version 1" }).click();
    await page.getByLabel("Alias").fill("live");
    await page.getByRole("button", { name: "Promote" }).click();
    await page.getByText("Aliases that point at it: live.").waitFor();
    for (const id of ids) {
        await page.goto(`/models/${id}`);
        await page.getByRole("textbox", { name: "Reason" }).fill("by hand");
        await page.getByLabel("Promote it whatever the verdict is").check();
        await page.getByRole("button", { name: "Promote" }).click();
        await page.getByText("This is the champion.").waitFor();
    }
    await page.getByRole("button", { name: "Undo the last move of champion" }).click();
    await page.getByRole("heading", { level: 1, name: "plain, version 1" }).waitFor();
    await page.getByText("This is the champion.").waitFor();
    await page.getByRole("button", { name: "Delete" }).click(); // an alias points at it
    await page.getByRole("alert").waitFor();

    const { users } = await api(page, "GET", `/api/v1/models/${ids[0]}/users?limit=1`);
    await page.goto(`/models/${ids[0]}`);
    await page.getByLabel("User").fill(String(users[0]));
    await page.getByRole("button", { name: "Recommend" }).click();
    await page.getByText("From what the model learned of this user.").waitFor();
    assert.equal(await page.getByRole("region", { name: "Recommendations" }).getByRole("row").count(), 41);
    await page.goto("/models/?name=plain");
    await page.getByText("rolled back from version 2 to version 1").waitFor();
});

browse("a batch is started, read, tried again and deleted by forms", plain, async (page, { ignore }) => {
    ignore(/4\d\d/);
    const { job_id } = await startJob(page, { model_type: "als", iterations: 2, factors: 4, model_name: "batched" });
    await jobUntil(page, job_id);
    await page.goto("/predictions/?model=batched:1");
    await page.getByRole("radio", { name: /A list/ }).check();
    await page.getByRole("button", { name: "Start the batch" }).click(); // without ids
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("Model", { exact: true }).inputValue(), "batched:1");
    await page.getByRole("radio", { name: /All users/ }).check();
    await page.getByLabel("Batch name").fill("by a form");
    await page.getByRole("button", { name: "Start the batch" }).click();
    await page.waitForURL(/\/predictions\/\d+$/);
    await eventually(async () => {
        await page.reload();
        return (await page.locator("main").innerText()).includes("Completed");
    }, "the page says Completed");
    assert.match(await page.getByRole("link", { name: /^Download/ }).getAttribute("href"), /\/api\/v1\/predictions\/\d+\/download/);
    const first = page.url();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.waitForURL((url) => /\/predictions\/\d+$/.test(url.pathname) && url.href !== first);
    await page.goto(first);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(/\/predictions\/$/);
    assert.equal((await page.request.get(first)).status(), 404);
    assert.equal(await page.getByRole("link", { name: "by a form" }).count(), 1);
});

for (const theme of ["light", "dark"])
    browse(`the plain pages please axe, ${theme}`, { js: true, theme }, async (page, { context }) => {
        // axe needs scripts, so the page's own are kept away instead.
        await context.route("**/assets/*.js", (route) => route.fulfill({ status: 200, contentType: "text/javascript", body: "" }));
        const { job_id } = await startJob(page);
        await jobUntil(page, job_id);
        const model = (await api(page, "GET", "/api/v1/models?name=popular&limit=1")).models[0];
        const batch = await api(page, "POST", "/api/v1/predictions", { model: model.ref, k: 3 });
        for (const path of ["/training/", `/training/${job_id}`, "/models/", "/models/?name=popular", `/models/${model.model_id}?user=1`,
            "/predictions/", `/predictions/${batch.prediction_id}`]) {
            await page.goto(path);
            await assertAccessible(page, `${path} without scripts`);
        }
    });
