import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLocation } from "../src/lib/router";
import type { Job, Status } from "../src/lib/types";
import { arrange, commonK, isOlder, isPlain, listPath, matches, merge, viewOf } from "../src/training/view";

const job = (job_id: number, status: Status = "completed", more: Partial<Job> = {}) =>
    ({ job_id, status, name: null, data_path: "/data/shop", model_type: "als", run: { k: 40 }, updated_at: "2026-01-01T00:00:00Z", ...more }) as Job;
const ids = (jobs: Job[]) => jobs.map((j) => j.job_id);
const view = (query: string) => viewOf(parseLocation("/training/" + query));

test("a view comes from the URL, the newest first by default", () => {
    assert.deepEqual(view(""), { status: "", model: "", text: "", sort: "-created", cursor: "" });
    assert.deepEqual(view("?status=failed&model=als&q=x&sort=name&cursor=c"), { status: "failed", model: "als", text: "x", sort: "name", cursor: "c" });
    assert.equal(isPlain(view("")), true);
    assert.equal(isPlain(view("?q=x")), false);
});

test("the address of a page of jobs has all of the view", () => {
    assert.equal(
        listPath(view("?status=running&q=a%20b&sort=-duration")),
        "/api/v1/jobs?status=pending%2Cloading_data%2Cpreprocessing%2Ctraining&q=a+b&sort=-duration&limit=50",
    );
});

test("running jobs stand first, then those that wait, then the newest", () => {
    const jobs = [job(9), job(7, "pending"), job(5, "failed"), job(3, "training"), job(4, "loading_data")];
    assert.deepEqual(ids(arrange(jobs, view(""))), [4, 3, 7, 9, 5]);
});

test("another order than the default is the server's", () => {
    const jobs = [job(1), job(9, "training"), job(5)];
    assert.deepEqual(ids(arrange(jobs, view("?sort=name"))), [1, 9, 5]);
});

test("a new job is shown where it fits the filter", () => {
    assert.equal(matches(job(1, "training"), view("?status=running")), true);
    assert.equal(matches(job(1, "failed"), view("?status=running")), false);
    assert.equal(matches(job(1), view("?model=popular")), false);
    assert.equal(matches(job(1, "completed", { name: "Night run" }), view("?q=NIGHT")), true);
    assert.equal(matches(job(1), view("?q=shop")), true);
    assert.equal(matches(job(1), view("?q=other")), false);
});

test("two lists become one without doubles", () => {
    assert.deepEqual(ids(merge([job(3), job(2)], [job(2), job(1)])), [3, 2, 1]);
});

test("a late answer does not overwrite what is newer", () => {
    assert.equal(isOlder(job(1), job(1, "training", { updated_at: "2026-01-01T00:00:01Z" })), true);
    assert.equal(isOlder(job(1), job(1)), false);
});

test("the k of a column is named only where all rows have it", () => {
    assert.equal(commonK([job(1), job(2)]), 40);
    assert.equal(commonK([job(1), job(2, "completed", { run: { k: 10 } })]), null);
    assert.equal(commonK([]), null);
});
