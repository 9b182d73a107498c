// The account: password, sessions, tokens; and that two people never see each other's things.
import assert from "node:assert/strict";
import { api, BASE, browse, jobUntil, logIn, startJob } from "./browser.mjs";

const OTHER = ["other@example.com", "another pass phrase"];

browse("two people do not see each other's jobs, models or names", {}, async (page, { ignore }) => {
    ignore(/404/);
    const { job_id } = await startJob(page, { name: "mine alone" });
    await jobUntil(page, job_id, ["completed"]);
    await page.context().clearCookies();
    await logIn(page, ...OTHER);
    for (const path of ["/training/", "/models/", "/system/", "/compare/"]) {
        await page.goto(path);
        await page.locator("h1").first().waitFor();
        await page.waitForTimeout(300);
        const text = await page.locator("body").innerText();
        assert.ok(!text.includes("mine alone"), path);
        assert.ok(!text.includes("test@example.com") || text.includes("Demo:"), path);
    }
    const answer = await page.goto(`/training/${job_id}`);
    await page.locator("h1").first().waitFor();
    await page.waitForTimeout(300);
    assert.ok(!(await page.locator("body").innerText()).includes("mine alone"));
    assert.ok([200, 404].includes(answer.status()));
});

browse("a token is made, shown once, works, and is removed", {}, async (page) => {
    await page.goto("/account/");
    await page.getByLabel("Name").first().fill("for a script");
    await page.getByRole("button", { name: /(Create|Make|Add|New).*token|Create/i }).first().click();
    const token = /rt_[A-Za-z0-9_-]{20,}/;
    await page.getByText(token).first().waitFor();
    const secret = token.exec(await page.locator("body").innerText())[0];
    const me = await fetch(`${BASE}/api/v1/me`, { headers: { Authorization: `Bearer ${secret}` } });
    assert.equal((await me.json()).email, "test@example.com");
    await page.reload();
    await page.getByText("for a script").first().waitFor();
    assert.ok(!(await page.locator("body").innerText()).includes(secret));
    await page.getByRole("button", { name: /^Revoke/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: /^Revoke/ }).click();
    await page.getByText("No tokens yet").waitFor();
    const gone = await fetch(`${BASE}/api/v1/me`, { headers: { Authorization: `Bearer ${secret}` } });
    assert.equal(gone.status, 401);
});

browse("another session is listed and can be ended", {}, async (page, { context }) => {
    const other = await context.browser().newContext({ baseURL: BASE });
    try {
        await logIn(await other.newPage());
        await page.goto("/account/");
        await page.getByText(/this (session|browser)|current/i).first().waitFor();
        await page.getByRole("button", { name: /(all|other).*sessions|(all|every).*other/i }).click();
        await page.getByRole("dialog").getByRole("button", { name: /End|Log out/ }).click();
        const deadline = Date.now() + 20_000;
        while ((await other.request.get("/api/v1/me")).status() !== 401) assert.ok(Date.now() < deadline);
        await api(page, "GET", "/api/v1/me");
    } finally {
        await other.close();
    }
});

browse("the password is changed, and what is wrong with a new one is told", { login: false }, async (page, { ignore }) => {
    ignore(/4\d\d/);
    await logIn(page, ...OTHER);
    await page.goto("/account/");
    await page.getByLabel("Current password").fill(OTHER[1]);
    await page.getByLabel("New password", { exact: true }).fill("12345");
    await page.getByLabel("New password again").fill("12345");
    const save = page.getByRole("button", { name: /Change.*password|Change|Save/ }).first();
    await save.click();
    await page.getByText(/at least 8|8 (or more|characters)|short/i).first().waitFor();
    await page.getByLabel("Current password").fill(OTHER[1]);
    await page.getByLabel("New password", { exact: true }).fill("a brand new phrase");
    await page.getByLabel("New password again").fill("a brand new phrase");
    await save.click();
    await page.getByText(/changed/i).first().waitFor();
    await page.context().clearCookies();
    await logIn(page, OTHER[0], "a brand new phrase");
});
