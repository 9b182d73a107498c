import assert from "node:assert/strict";
import { test } from "node:test";
import { checkParam, paramLabel, paramRange } from "../src/lib/params";
import type { ParamInfo } from "../src/lib/types";

const info = (changes: Partial<ParamInfo>): ParamInfo => ({
    name: "iterations",
    type: "int",
    default: 10,
    min: 1,
    max: 1000,
    above_min: false,
    choices: null,
    help: "",
    ...changes,
});

test("names of parameters become words", () => {
    assert.equal(paramLabel("factors"), "Factors");
    assert.equal(paramLabel("user_column"), "User column");
    assert.equal(paramLabel("cg_steps"), "CG steps");
});

test("ranges are told in words", () => {
    assert.equal(paramRange(info({})), "1 to 1,000");
    assert.equal(paramRange(info({ type: "real", min: 0, max: 1, above_min: true })), "above 0, at most 1");
    assert.equal(paramRange(info({ type: "real", min: 0, max: 1e6 })), "at least 0");
    assert.equal(paramRange(info({ type: "choice", choices: ["cg", "cholesky"] })), "cg or cholesky");
    assert.equal(paramRange(info({ type: "text" })), "");
});

test("an empty text stands for the default", () => {
    assert.equal(checkParam(info({}), "  "), null);
});

test("a value out of range is refused with the range", () => {
    assert.equal(checkParam(info({}), "0"), "Must be 1 to 1,000");
    assert.equal(checkParam(info({}), "1001"), "Must be 1 to 1,000");
    assert.equal(checkParam(info({}), "1000"), null);
    assert.equal(checkParam(info({ type: "real", min: 0, max: 1, above_min: true }), "0"), "Must be above 0, at most 1");
});

test("what is no number of the kind is refused", () => {
    assert.equal(checkParam(info({}), "ten"), "This is not a number");
    assert.equal(checkParam(info({}), "1.5"), "This must be a whole number");
    assert.equal(checkParam(info({ type: "real" }), "1.5"), null);
    assert.equal(checkParam(info({ type: "choice", choices: ["cg", "cholesky"] }), "qr"), "Choose cg or cholesky");
});
