import assert from "node:assert/strict";
import { test } from "node:test";
import { nameFault } from "../src/lib/names";

test("a name of small letters, digits, dots, dashes and underscores is taken", () => {
    for (const name of ["homepage", "als", "2026-spring", "a", "shop.v2_b", "x".repeat(63)]) assert.equal(nameFault(name), null, name);
});

test("what is wrong with a name is told", () => {
    assert.match(nameFault("")!, /Enter/);
    assert.match(nameFault("2026")!, /digits alone/);
    assert.match(nameFault("Homepage")!, /Begin with a small letter/);
    assert.match(nameFault("-home")!, /Begin with/);
    assert.match(nameFault("home page")!, /Small letters/);
    assert.match(nameFault("home@page")!, /Small letters/);
    assert.match(nameFault("x".repeat(64))!, /63/);
});
