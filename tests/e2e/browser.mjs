// A real browser for tests: Debian's Chromium, driven by playwright-core. Every page that a test
// opens is watched: an error in its console, a breach of the content security policy, a request
// that leaves the host, or an answer of 5xx fails the test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import test from "node:test";

const require = createRequire(new URL("../../third_party/e2e/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const BASE = need("E2E_URL");
export const DATA = need("E2E_DATA"); // a small data directory: trained on in a moment
export const SLOW = need("E2E_SLOW_DATA"); // one that many iterations take seconds on
export const EMAIL = "test@example.com";
export const PASSWORD = "123";

// Two cores, shared with builds and other tests: long limits cost nothing where all is well.
export const PATIENCE = 60_000;

function need(name) {
    assert.ok(process.env[name], `${name} is not set: tests/e2e/run.py sets it`);
    return process.env[name];
}

const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage"],
});
test.after(() => browser.close());

// Run body(page, more) as the test `name`, in a context of its own. `more.context` makes further
// pages; `more.ignore(pattern)` lets a complaint through that the test itself provokes.
// Options: theme ("light", "dark"), js (true), width, height, login (true: as the demo user).
export function browse(name, options, body) {
    test(name, { timeout: 5 * PATIENCE }, async () => {
        const { theme = "light", js = true, width = 1280, height = 900, login = true } = options;
        const context = await browser.newContext({
            baseURL: BASE, colorScheme: theme, javaScriptEnabled: js, viewport: { width, height },
            reducedMotion: "reduce", acceptDownloads: true, locale: "en-GB", timezoneId: "UTC",
        });
        context.setDefaultTimeout(PATIENCE);
        const watch = new Watch(context);
        try {
            const page = await context.newPage();
            if (login) await logIn(page);
            await body(page, { context, ignore: (pattern) => watch.ignored.push(pattern) });
            watch.assertQuiet();
        } catch (fault) {
            await describe(context, watch, fault);
            throw fault;
        } finally {
            await context.close();
        }
    });
}

class Watch {
    complaints = [];
    ignored = [];

    constructor(context) {
        const host = new URL(BASE).host;
        context.on("console", (message) => {
            if (["error", "warning"].includes(message.type()))
                this.complaints.push(`console: ${message.text()} (${message.location().url})`);
        });
        context.on("weberror", (error) => this.complaints.push(`script: ${error.error()}`));
        context.on("request", (request) => {
            const url = new URL(request.url());
            if (["http:", "https:", "ws:", "wss:"].includes(url.protocol) && url.host !== host)
                this.complaints.push(`a request left the host: ${url}`);
        });
        context.on("response", (response) => {
            if (response.status() >= 500)
                this.complaints.push(`${response.status()} for ${response.url()}`);
        });
    }

    assertQuiet() {
        const left = this.complaints.filter(
            (text) => !this.ignored.some((pattern) => pattern.test(text)));
        assert.deepEqual(left.slice(0, 8), [], "the browser complained");
    }
}

// What a person would want to see of a failed test: where each page was, and what it said.
async function describe(context, watch, fault) {
    const parts = [`complaints: ${JSON.stringify(watch.complaints.slice(0, 8))}`];
    for (const [index, page] of context.pages().entries()) {
        parts.push(`page ${page.url()}`);
        const text = await page.locator("body").innerText({ timeout: 2000 }).catch(() => "");
        parts.push(text.split("\n").slice(0, 60).join(" | "));
        if (process.env.E2E_SHOTS)
            await page.screenshot({
                path: `${process.env.E2E_SHOTS}/failed-${Date.now()}-${index}.png`,
            }).catch(() => {});
    }
    fault.message += `\n${parts.join("\n")}`;
}

export async function logIn(page, email = EMAIL, password = PASSWORD) {
    await page.goto("/auth/login");
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL((url) => !url.pathname.startsWith("/auth"));
}

// The API with the cookies of the page: to set a scene, never for what the test is about.
export async function api(page, method, path, data) {
    const answer = await page.request.fetch(path, { method, data });
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.status() === 204 ? null : answer.json();
}

export async function startJob(page, fields = {}) {
    return api(page, "POST", "/api/v1/jobs", { model_type: "popular", data_path: DATA, ...fields });
}

// The job, once it has ended or has one of the given statuses.
export async function jobUntil(page, id, statuses = ["completed", "failed", "cancelled"]) {
    const deadline = Date.now() + 2 * PATIENCE;
    for (;;) {
        const job = await api(page, "GET", `/api/v1/jobs/${id}`);
        if (statuses.includes(job.status)) return job;
        assert.ok(Date.now() < deadline, `job ${id} is ${job.status}, not ${statuses}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

// Until check() is true; the last complaint of assert otherwise.
export async function eventually(check, what = "it becomes true", limit = PATIENCE) {
    const deadline = Date.now() + limit;
    for (;;) {
        if (await check()) return;
        assert.ok(Date.now() < deadline, `in ${limit / 1000} s: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

// What axe finds on the page as it is now; none is what we want. The policy of the page forbids
// foreign scripts, so axe comes in through the debugger, as Playwright's own code does.
export async function assertAccessible(page, what) {
    await page.evaluate(`if (!window.axe) { ${axeSource} }`);
    const found = await page.evaluate(async () => {
        const result = await window.axe.run(document, {
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        });
        return result.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes
            .slice(0, 4).map((node) => `${node.target.join(" ")} (${node.failureSummary})`).join("; ")}`);
    });
    assert.deepEqual(found, [], `axe on ${what}`);
}

// Nothing sticks out to the right.
export async function assertNoSideScroll(page, what) {
    const [content, window] = await page.evaluate(
        () => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(content <= window, `${what} is ${content} px wide in a window of ${window}`);
}
