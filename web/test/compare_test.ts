import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../src/lib/types";
import {
    best,
    compareTable,
    difference,
    meanOf,
    parseIds,
    repeatsOf,
    settingRows,
    unlike,
} from "../src/pages/compare/logic";

function job(id: number, changes: Record<string, unknown> = {}, run: object = {}, params: object = {}) {
    return {
        job_id: id,
        name: null,
        model_type: "als",
        data_path: "/data/a",
        status: "completed",
        params: { factors: 60, iterations: 10, ...params },
        run: { k: 40, eval_days: 14, sample_users: 1, seed: 0, threads: null, ...run },
        metrics: { recall_at_k: 0.1 * id },
        created_at: "2026-01-02T03:04:05.000Z",
        ...changes,
    } as unknown as Job;
}

test("ids of an address are whole numbers, each once, at most twenty", () => {
    assert.deepEqual(parseIds("3,1, 3,x,-2,0,1.5,7"), [3, 1, 7]);
    assert.deepEqual(parseIds(null), []);
    assert.deepEqual(parseIds(""), []);
    assert.equal(parseIds(Array.from({ length: 30 }, (_, i) => i + 1).join(",")).length, 20);
});

test("settings that differ stand apart from those that do not", () => {
    const rows = settingRows([job(1), job(2, {}, { seed: 1 }, { factors: 100 })]);
    assert.deepEqual(rows.differing, [
        { name: "factors", values: [60, 100] },
        { name: "seed", values: [0, 1] },
    ]);
    assert.ok(rows.same.some((row) => row.name === "iterations"));
});

test("a setting that only one kind of model has does not differ by that", () => {
    const popular = job(1, { model_type: "popular", params: {} });
    const rows = settingRows([popular, job(2), job(3)]);
    assert.deepEqual(rows.differing.map((row) => row.name), ["model_type"]);
    assert.deepEqual(rows.same.find((row) => row.name === "factors")!.values, [undefined, 60, 60]);
});

test("jobs on other data or with another question are told apart", () => {
    assert.deepEqual(unlike([job(1), job(2, {}, { seed: 4 })]), []);
    assert.deepEqual(unlike([job(1), job(2, { data_path: "/data/b" }, { k: 10 })]), ["data_path", "k"]);
});

test("the best is highest or lowest, all that share it, and none without rivals", () => {
    assert.deepEqual([...best([1, 3, 2], true)], [1]);
    assert.deepEqual([...best([1, 3, 2], false)], [0]);
    assert.deepEqual([...best([3, null, 3, 1], true)], [0, 2]);
    assert.deepEqual([...best([3, null], true)], []);
    assert.deepEqual([...best([2, 2], true)], []);
});

test("a difference is absolute and relative to the base", () => {
    assert.deepEqual(difference(3, 2), { absolute: 1, relative: 0.5 });
    assert.deepEqual(difference(1, 0), { absolute: 1, relative: null });
    assert.equal(difference(null, 1), null);
    assert.equal(difference(1, null), null);
});

test("mean and deviation are those of a sample", () => {
    assert.deepEqual(meanOf([2, 4, 6]), { mean: 4, deviation: 2 });
    assert.deepEqual(meanOf([5]), { mean: 5, deviation: 0 });
});

test("jobs that differ in the seed alone are repeats; threads do not part them", () => {
    const jobs = [
        job(1),
        job(2, {}, { seed: 1, threads: 4 }),
        job(3, {}, { seed: 2 }, { factors: 100 }),
        job(4, { status: "failed", metrics: null }, { seed: 3 }),
    ];
    const groups = repeatsOf(jobs);
    assert.equal(groups.length, 1);
    assert.deepEqual(groups[0]!.ids, [1, 2]);
    assert.equal(groups[0]!.seeds, 2);
    assert.ok(Math.abs(groups[0]!.metrics["recall_at_k"]!.mean - 0.15) < 1e-12);
});

test("the table for programs has a row for each job", () => {
    const table = compareTable([job(1), job(2, { metrics: null, status: "failed" })], ["recall_at_k"]);
    assert.equal(table.length, 3);
    assert.deepEqual(table[0]!.slice(0, 5), ["job_id", "name", "status", "model_type", "data_path"]);
    assert.equal(table[1]![table[0]!.indexOf("recall_at_k")], 0.1);
    assert.equal(table[2]![table[0]!.indexOf("recall_at_k")], null);
});
