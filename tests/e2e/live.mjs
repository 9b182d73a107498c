// What a person is doing is never disturbed by what the jobs are doing; and news come in, whether
// by the stream or by asking again.
import assert from "node:assert/strict";
import { api, browse, DATA, eventually, jobUntil, SLOW, startJob } from "./browser.mjs";

const LONG = { model_type: "als", data_path: SLOW, iterations: 1000, factors: 32 };
const rowOf = (page, name) => page.getByRole("row").filter({ hasText: name });

browse("a job started elsewhere appears and completes without a reload", {}, async (page) => {
    await page.goto("/training/");
    await page.evaluate(() => (window.stayedHere = true));
    await startJob(page, { name: "from elsewhere" });
    await rowOf(page, "from elsewhere").getByText("Completed").waitFor();
    assert.ok(await page.evaluate(() => window.stayedHere));
});

browse("typed text, focus and place survive the news of other jobs", { height: 600 }, async (page) => {
    for (let i = 0; i < 12; i++) await startJob(page, { name: `filler ${i}` });
    await page.goto("/training/");
    const field = page.getByLabel("Data path");
    await field.fill("/data/half-typed");
    await page.evaluate(() => window.scrollTo(0, 240));
    const before = await page.evaluate(() => window.scrollY);
    await field.evaluate((input) => { input.focus({ preventScroll: true }); input.setSelectionRange(6, 10); });
    for (let i = 0; i < 5; i++) {
        const { job_id } = await startJob(page, { name: `news ${i}` });
        await jobUntil(page, job_id);
    }
    await rowOf(page, "news 4").getByText("Completed").waitFor();
    assert.equal(await field.inputValue(), "/data/half-typed");
    assert.deepEqual(await field.evaluate((input) => [input === document.activeElement, input.selectionStart, input.selectionEnd]), [true, 6, 10]);
    assert.ok(Math.abs((await page.evaluate(() => window.scrollY)) - before) <= 2, "the page moved under the reader");
});

browse("rows under the pointer stay where they are; new ones wait for it to rest", { height: 1600 }, async (page) => {
    await jobUntil(page, (await startJob(page, { name: "pointed at" })).job_id);
    await page.goto("/training/");
    const row = rowOf(page, "pointed at");
    await row.hover();
    const before = await row.boundingBox();
    await startJob(page, { name: "the newcomer" });
    let waited = 0;
    for (; (await rowOf(page, "the newcomer").count()) === 0 && waited < 20; waited++) {
        const moved = (await row.boundingBox()).y - before.y;
        assert.ok(Math.abs(moved) <= 2 || (await rowOf(page, "the newcomer").count()) > 0, `the row moved by ${moved}`);
        await page.mouse.move(before.x + 40 + (waited % 2), before.y + before.height / 2);
        await page.waitForTimeout(150);
    }
    assert.equal(waited, 20, "the newcomer came in under the pointer");
    await page.mouse.move(2, 2);
    await rowOf(page, "the newcomer").getByText("Completed").waitFor();
});

browse("a chart grows while the job trains, and keeps its zoom", {}, async (page) => {
    const { job_id } = await startJob(page, LONG);
    await page.goto(`/training/${job_id}?tab=charts`);
    const chart = page.locator("figure.chart").filter({ has: page.getByRole("heading", { name: "Loss", exact: true }) });
    const points = async () => {
        const label = await chart.getByRole("img").getAttribute("aria-label");
        return Number(/at (\d+)/.exec(label)?.[1] ?? 0);
    };
    await eventually(async () => (await points()) >= 6, "six iterations are drawn");
    const canvas = chart.getByRole("img");
    await chart.locator("canvas").first().waitFor(); // what draws comes after what is said
    await canvas.focus();
    await page.keyboard.press("+");
    await chart.getByRole("button", { name: "Reset zoom" }).waitFor();
    const seen = await points();
    await eventually(async () => (await points()) >= seen + 5, "five more are drawn");
    assert.ok(await chart.getByRole("button", { name: "Reset zoom" }).isVisible(), "the zoom was lost");
    await api(page, "POST", `/api/v1/jobs/${job_id}/cancel`);
    await page.getByText("Cancelled").first().waitFor();
    assert.ok(await chart.getByRole("button", { name: "Reset zoom" }).isVisible(), "the zoom was lost at the end");
    await chart.getByRole("button", { name: "Reset zoom" }).click();
    await chart.getByRole("button", { name: "Show data" }).click();
    assert.ok((await chart.getByRole("row").count()) > 6);
});

browse("Cancel stops a running job in two seconds, and Retry starts it again", {}, async (page) => {
    const { job_id } = await startJob(page, { ...LONG, name: "to be stopped" });
    await jobUntil(page, job_id, ["training"]);
    await page.goto(`/training/${job_id}`);
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    const started = Date.now();
    await page.getByRole("dialog").getByRole("button", { name: /^Cancel/ }).click();
    await page.locator(".details-status").getByText("Cancelled").waitFor();
    assert.ok(Date.now() - started < 10_000, `it took ${Date.now() - started} ms`);
    const { model } = await api(page, "GET", `/api/v1/jobs/${job_id}`);
    assert.equal(model, null);
    await page.getByRole("button", { name: "Retry" }).click();
    await page.waitForURL((url) => /\/training\/\d+$/.test(url.pathname) && !url.pathname.endsWith(`/${job_id}`));
    await api(page, "POST", `/api/v1/jobs/${page.url().match(/(\d+)$/)[1]}/cancel`);
});

browse("with the stream cut, the page asks again by itself", {}, async (page, { context, ignore }) => {
    ignore(/events|ERR_FAILED|ERR_CONNECTION/);
    await context.route("**/api/v1/events*", (route) => route.abort());
    await page.goto("/training/");
    await startJob(page, { name: "by polling" });
    await rowOf(page, "by polling").getByText("Completed").waitFor();
});

browse("a filter, a search and an order stand in the address and come back with it", {}, async (page) => {
    await jobUntil(page, (await startJob(page, { name: "needle in the hay" })).job_id);
    await page.goto("/training/?q=needle&status=completed&sort=created");
    await rowOf(page, "needle in the hay").waitFor();
    const texts = await page.getByRole("table").getByRole("row").allInnerTexts();
    assert.ok(texts.slice(1).every((text) => text.includes("needle")), texts.join("\n"));
    await page.reload();
    assert.match(page.url(), /q=needle/);
    await rowOf(page, "needle in the hay").waitFor();
});

browse("a failed job opens on what failed and what to do", {}, async (page) => {
    const { job_id } = await startJob(page, { name: "will fail", time_column: "no_such_column" });
    await jobUntil(page, job_id, ["failed"]);
    await page.goto(`/training/${job_id}`);
    const panel = page.locator(".failure");
    await panel.getByText(/no_such_column/).first().waitFor();
    assert.ok(await panel.getByRole("button", { name: "Retry" }).isVisible());
    await panel.getByRole("link", { name: "Clone and edit" }).click();
    await page.getByText("Filled in from will fail").waitFor();
    await page.waitForTimeout(500);
    assert.equal(await page.getByLabel("Data path").inputValue(), DATA);
});

browse("two jobs are compared, with the better one marked and a CSV", {}, async (page) => {
    const ids = [];
    for (const iterations of [2, 6]) {
        const { job_id } = await startJob(page, { model_type: "als", iterations, factors: 8 });
        await jobUntil(page, job_id, ["completed"]);
        ids.push(job_id);
    }
    await page.goto(`/compare/?ids=${ids.join(",")}`);
    await page.getByText("Recall@40").first().waitFor();
    await page.getByText(/iterations/i).first().waitFor();
    const text = await page.locator("main").innerText();
    assert.match(text, /Settings that differ\s+Iterations\s+2\s+6/);
    assert.match(text, /the best/);
    const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "CSV", exact: true }).first().click(),
    ]);
    assert.match(download.suggestedFilename(), /\.csv$/);
});
