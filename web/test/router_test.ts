import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlainClick, matchRoute, parseLocation, withQuery } from "../src/lib/router";

test("paths of pages are known with what they name", () => {
    assert.deepEqual(matchRoute("/training/"), { page: "training", params: {} });
    assert.deepEqual(matchRoute("/training/17"), { page: "details", params: { id: "17" } });
    assert.deepEqual(matchRoute("/compare/"), { page: "compare", params: {} });
    assert.deepEqual(matchRoute("/models/"), { page: "models", params: {} });
    assert.deepEqual(matchRoute("/models/3"), { page: "model", params: { id: "3" } });
    assert.deepEqual(matchRoute("/predictions/"), { page: "predictions", params: {} });
    assert.deepEqual(matchRoute("/predictions/12"), { page: "prediction", params: { id: "12" } });
});

test("what is no page of ours is left to the server", () => {
    for (const path of ["/", "/training", "/training/x", "/training/1/cancel", "/models/homepage", "/models/1/promote", "/predictions", "/api/v1/jobs", "/openapi.json", "/auth/login"])
        assert.equal(matchRoute(path), null, path);
});

test("a query changes by name and keeps the rest", () => {
    const at = parseLocation("/training/?status=failed&q=shop");
    assert.equal(withQuery(at, { status: "completed" }), "/training/?status=completed&q=shop");
    assert.equal(withQuery(at, { status: null, q: "" }), "/training/");
    assert.equal(withQuery(at, { sort: "-created", q: undefined }), "/training/?status=failed&sort=-created");
});

test("lists and paths stay readable in a query, other signs are escaped", () => {
    const at = parseLocation("/compare/");
    assert.equal(withQuery(at, { ids: "1,2" }), "/compare/?ids=1,2");
    assert.equal(withQuery(at, { q: "/data/a&b" }), "/compare/?q=/data/a%26b");
});

test("clicks with keys or other buttons are the browser's", () => {
    const plain = { button: 0, metaKey: false, ctrlKey: false, shiftKey: false, altKey: false };
    assert.equal(isPlainClick(plain), true);
    assert.equal(isPlainClick({ ...plain, ctrlKey: true }), false);
    assert.equal(isPlainClick({ ...plain, button: 1 }), false);
});
