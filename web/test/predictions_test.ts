import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelRow, NameRow, Prediction } from "../src/lib/registry";
import { ordinal } from "../src/predictions/ordinal";
import { withBatch } from "../src/predictions/use_batches";
import { EMPTY_FORM, findFaults, predictionTitle, refChoices, requestOf, stepOf, usersWords } from "../src/predictions/words";

const batch = (changes: Partial<Prediction> = {}): Prediction => ({
    prediction_id: 1,
    name: null,
    model: { model_id: 3, ref: "homepage:2", name: "homepage", version: 2 },
    status: "pending",
    progress: 0,
    message: null,
    k: 40,
    users: "all",
    format: "parquet",
    exclude_seen: true,
    created_at: "2026-11-27T03:00:00Z",
    started_at: null,
    ended_at: null,
    duration_seconds: null,
    eta_seconds: null,
    queue_position: null,
    attempt: 1,
    cancel_requested: false,
    error: null,
    file: null,
    ...changes,
});

test("a batch goes by its name, else by its number", () => {
    assert.equal(predictionTitle(batch()), "Batch 1");
    assert.equal(predictionTitle(batch({ name: "Nightly" })), "Nightly");
    assert.equal(usersWords(batch({ users: "evaluation" })), "Evaluation users");
});

test("what a batch is at is told in words", () => {
    assert.equal(stepOf(batch()), "in the queue");
    assert.equal(stepOf(batch({ queue_position: 2 })), "2nd in the queue");
    assert.equal(stepOf(batch({ status: "predicting", message: "5 of 10 users" })), "5 of 10 users");
    assert.equal(stepOf(batch({ status: "predicting", cancel_requested: true })), "Stopping");
    assert.equal(stepOf(batch({ status: "failed", error: { code: "disk_full", title: "The disk is full", message: null } })), "The disk is full");
    assert.equal(stepOf(batch({ status: "completed", message: "old" })), "");
});

test("places have their endings", () => {
    assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 102, 111, 1003].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th", "1,003rd"]);
});

test("a request for a list has the ids or the path, others have neither", () => {
    const form = { ...EMPTY_FORM, model: "homepage@champion", user_ids: "1\n2", users_path: " /data/u.csv ", name: " n " };
    assert.deepEqual(requestOf(form), { model: "homepage@champion", users: "all", k: 40, format: "parquet", exclude_seen: true, name: "n" });
    assert.equal(requestOf({ ...form, users: "list" }).user_ids, "1\n2");
    assert.equal(requestOf({ ...form, users: "list" }).users_path, undefined);
    assert.equal(requestOf({ ...form, users: "list", source: "file" }).users_path, "/data/u.csv");
    assert.equal(requestOf({ ...form, users: "list", source: "file" }).user_ids, undefined);
});

test("faults of the form are told by field", () => {
    assert.deepEqual(findFaults({ ...EMPTY_FORM, model: "a:1" }), {});
    assert.deepEqual(Object.keys(findFaults({ ...EMPTY_FORM, users: "list", k: "0" })).sort(), ["k", "model", "user_ids"]);
    assert.deepEqual(Object.keys(findFaults({ ...EMPTY_FORM, model: "a:1", users: "list", source: "file", k: "4.5" })).sort(), ["k", "users_path"]);
});

test("aliases can be chosen before versions", () => {
    const names = [{ name: "homepage", aliases: [{ alias: "champion", version: 2, model_id: 3, since: "" }] }] as unknown as NameRow[];
    const models = [{ ref: "homepage:2", name: "homepage", version: 2 }] as unknown as ModelRow[];
    assert.deepEqual(refChoices(names, models), {
        aliases: [{ ref: "homepage@champion", label: "homepage@champion (version 2)" }],
        versions: [{ ref: "homepage:2", label: "homepage, version 2" }],
    });
});

test("a batch that changes keeps its place, a new one comes on top", () => {
    const rows = [batch({ prediction_id: 2 }), batch({ prediction_id: 1 })];
    assert.deepEqual(withBatch(rows, batch({ prediction_id: 1, progress: 0.5 })).map((one) => [one.prediction_id, one.progress]), [[2, 0], [1, 0.5]]);
    assert.deepEqual(withBatch(rows, batch({ prediction_id: 3 })).map((one) => one.prediction_id), [3, 2, 1]);
});
