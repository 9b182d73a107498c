// Every page: accessible in both themes, usable at 320 px, small to load, and by keyboard alone.
import assert from "node:assert/strict";
import test from "node:test";
import {
    api, assertAccessible, assertNoSideScroll, BASE, browse, DATA, eventually, jobUntil, SLOW, startJob,
} from "./browser.mjs";

const BUDGET = 100 * 1024; // bytes on the wire of the first load

// A scene with something in each place: jobs in several states, a long name, a model.
async function scene(page) {
    const long = "a name that goes on and on ".repeat(6).trim();
    const done = await startJob(page, { model_type: "als", iterations: 3, factors: 8, name: long });
    const floor = await startJob(page, { name: "popular" });
    const failed = await startJob(page, { time_column: "no_such_column", name: "fails" });
    const running = await startJob(page, { model_type: "als", data_path: SLOW, iterations: 1000, factors: 160, name: "runs" });
    for (const job of [done, floor, failed]) await jobUntil(page, job.job_id);
    await jobUntil(page, running.job_id, ["training"]);
    const { models } = await api(page, "GET", "/api/v1/models?name=als&limit=1");
    const model = models[0];
    await api(page, "PATCH", `/api/v1/models/${model.model_id}`, { note: "A note. ".repeat(20), tags: ["spring", "small"] });
    await api(page, "PUT", "/api/v1/registry/als/aliases/candidate", { model_id: model.model_id });
    const batch = await api(page, "POST", "/api/v1/predictions", { model: model.ref, k: 3, users: "all", name: long });
    await eventually(async () => (await api(page, "GET", `/api/v1/predictions/${batch.prediction_id}`)).status === "completed", "the batch is completed");
    const { users } = await api(page, "GET", `/api/v1/models/${model.model_id}/users?limit=1`);
    return { model: model.model_id, user: users[0], batch: batch.prediction_id, done: done.job_id, floor: floor.job_id, failed: failed.job_id, running: running.job_id };
}

async function everyPage(page, ids, visit) {
    const paths = ["/training/", `/training/${ids.done}`, `/training/${ids.done}?tab=charts`, `/training/${ids.done}?tab=log`,
        `/training/${ids.done}?tab=events`, `/training/${ids.done}?tab=data`, `/training/${ids.failed}`,
        `/training/${ids.running}`, `/compare/?ids=${ids.done},${ids.floor}`, "/compare/", "/system/",
        "/models/", "/models/?name=als", "/models/?tag=spring", `/models/${ids.model}`, `/models/${ids.model}?tab=history`,
        `/models/${ids.model}?tab=try&user=${ids.user}`, `/models/${ids.model}?tab=try&user=nobody`,
        `/models/${ids.model}?tab=compare&user=${ids.user}`, "/predictions/", `/predictions/${ids.batch}`,
        "/account/", "/docs", "/training/999999", "/no/such/page"];
    for (const path of paths) {
        await page.goto(path);
        await page.locator("h1").first().waitFor();
        await page.waitForTimeout(200); // the network is never idle: a stream stays open
        await eventually(async () => (await page.locator(".skeleton:visible").count()) === 0, `${path} has loaded`);
        await visit(path);
    }
    await page.request.post(`/api/v1/jobs/${ids.running}/cancel`);
}

for (const theme of ["light", "dark"]) {
    browse(`axe finds nothing on any page, ${theme}`, { theme }, async (page, { ignore }) => {
        ignore(/404/);
        await everyPage(page, await scene(page), (path) => assertAccessible(page, `${path}, ${theme}`));
    });
    browse(`axe finds nothing on the pages without a login, ${theme}`, { theme, login: false }, async (page, { ignore }) => {
        ignore(/404/);
        for (const path of ["/auth/login", "/signup/"]) {
            await page.goto(path);
            await assertAccessible(page, `${path}, ${theme}`);
        }
    });
}

browse("at 320 px no page scrolls sideways", { width: 320, height: 640 }, async (page, { ignore }) => {
    ignore(/404/);
    await everyPage(page, await scene(page), (path) => assertNoSideScroll(page, path));
});

for (const path of ["/training/", "/auth/login"])
    browse(`the first load of ${path} is at most 100 KB`, { login: path === "/training/" }, async (page, { context }) => {
        await page.goto("about:blank");
        const session = await context.newCDPSession(page);
        await session.send("Network.enable");
        await session.send("Network.setCacheDisabled", { cacheDisabled: true });
        const sizes = new Map();
        session.on("Network.responseReceived", ({ requestId, response }) => sizes.set(requestId, { url: response.url, bytes: 0 }));
        session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
            const one = sizes.get(requestId);
            if (one) one.bytes = encodedDataLength;
        });
        await page.goto(path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.waitForTimeout(1000);
        const list = [...sizes.values()].filter((one) => one.url.startsWith(BASE) && !one.url.includes("/api/"));
        const total = list.reduce((sum, one) => sum + one.bytes, 0);
        assert.ok(total > 500 && total <= BUDGET, `${total} bytes: ${JSON.stringify(list)}`);
    });

test("assets come compressed, for ever, and the page anew", async () => {
    const html = await fetch(`${BASE}/auth/login`);
    assert.match(html.headers.get("cache-control"), /no-store|no-cache/);
    const asset = /\/assets\/[^"]+\.css/.exec(await html.text())[0];
    const answer = await fetch(BASE + asset, { headers: { "Accept-Encoding": "gzip" } });
    assert.equal(answer.headers.get("content-encoding"), "gzip");
    assert.match(answer.headers.get("cache-control"), /immutable/);
});

// ---- by keyboard alone ----

// Press Tab until the element with this role and name has the focus.
async function tabTo(page, role, name, limit = 80) {
    // Of a group of radio buttons Tab comes to the one that is checked.
    const wanted = page.getByRole(role, role === "radio" ? { name, checked: true } : { name }).first();
    await wanted.waitFor();
    for (let i = 0; i < limit; i++) {
        if (await wanted.evaluate((element) => element === document.activeElement).catch(() => false)) {
            assert.ok(await wanted.evaluate((element) => {
                const style = getComputedStyle(element);
                const parent = getComputedStyle(element.closest("label") ?? element);
                return style.outlineStyle !== "none" || style.boxShadow !== "none" || parent.outlineStyle !== "none" || parent.boxShadow !== "none";
            }), `${role} ${name} shows no focus`);
            return;
        }
        await page.keyboard.press("Tab");
    }
    assert.fail(`Tab never came to ${role} ${name}`);
}

browse("the main flow goes by keyboard alone: log in, start, open Details, back", { login: false }, async (page) => {
    await page.goto("/auth/login");
    // The field has the focus, from the first frame that is drawn.
    await page.waitForFunction(() => document.activeElement?.id === "email");
    await page.keyboard.type("test@example.com");
    await page.keyboard.press("Tab");
    await page.keyboard.type("123");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/training/");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    await tabTo(page, "link", "Model Training");
    await page.keyboard.press("Enter");
    await tabTo(page, "radio", /Popular|ALS/);
    while (!(await page.getByRole("radio", { name: /Popular/ }).isChecked())) await page.keyboard.press("ArrowUp");
    await tabTo(page, "combobox", "Data path").catch(() => tabTo(page, "textbox", "Data path"));
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(DATA);
    await page.keyboard.press("Escape"); // the picker's list, where it has opened
    await tabTo(page, "button", "Start Training");
    await page.keyboard.press("Enter");
    await page.getByRole("row").filter({ hasText: "popular" }).first().getByText("Completed").waitFor();
    await tabTo(page, "link", "Details", 200);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/training\/\d+/);
    await tabTo(page, "tab", "Summary");
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/tab=charts/);
    await page.goBack();
    await page.waitForURL(/\/training\/(\?.*)?$/);
});

browse("a dialog holds the focus, Escape closes it and gives the focus back", {}, async (page) => {
    const { job_id } = await startJob(page);
    await jobUntil(page, job_id);
    await page.goto(`/training/${job_id}`);
    await tabTo(page, "button", "Delete");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    for (let i = 0; i < 6; i++) {
        await page.keyboard.press("Tab");
        assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null));
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    // The focus comes back in a turn after the dialog is gone.
    await page.waitForFunction(() => document.activeElement.textContent.trim() === "Delete");
    assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "Delete");
});
