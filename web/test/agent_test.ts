import assert from "node:assert/strict";
import { test } from "node:test";
import { browserOf } from "../src/pages/account/agent";

const MOZILLA = "Mozilla/5.0";

test("browsers are told apart though all call themselves by each other's names", () => {
    const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
    const cases: [agent: string, words: string][] = [
        [`${MOZILLA} (X11; Linux x86_64) ${webkit} Chrome/140.0.0.0 Safari/537.36`, "Chrome 140 on Linux"],
        [`${MOZILLA} (Windows NT 10.0; Win64) ${webkit} Chrome/140.0 Safari/537.36 Edg/140.0.1`, "Edge 140 on Windows"],
        [`${MOZILLA} (Windows NT 10.0) ${webkit} Chrome/138.0 Safari/537.36 OPR/122.0`, "Opera 122 on Windows"],
        [`${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML) Version/18.3 Safari/605.1.15`, "Safari 18 on macOS"],
        [`${MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1`, "Safari 18 on iPhone"],
        [`${MOZILLA} (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0`, "Firefox 143 on Android"],
        ["curl/8.5.0", "curl 8"],
        ["python-requests/2.32", "Python 2"],
    ];
    for (const [agent, words] of cases) assert.equal(browserOf(agent), words);
});

test("what is not known is shown as it came, at most 60 letters of it", () => {
    assert.equal(browserOf("something/1"), "something/1");
    assert.equal(browserOf("x".repeat(100)).length, 60);
    assert.equal(browserOf(null), "Unknown program");
    assert.equal(browserOf(""), "Unknown program");
});
