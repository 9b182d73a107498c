import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobEvent, JobWhole } from "../src/lib/types";
import {
    curveOf,
    fromWholeLine,
    funnelRows,
    lastLines,
    mergeCurves,
    previousOf,
    timeline,
    withPoints,
} from "../src/pages/details/logic";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const NOW = Date.parse(at(100));

function job(changes: Record<string, unknown> = {}) {
    return {
        job_id: 7,
        status: "training",
        phase: "train",
        iteration: 0,
        params: { iterations: 10 },
        run: { k: 40 },
        data_path: "/data/a",
        metrics: null,
        result: null,
        created_at: at(0),
        started_at: at(5),
        ended_at: null,
        ...changes,
    } as unknown as JobWhole;
}

function events(...list: [kind: string, message: string | null, second: number][]): JobEvent[] {
    return list.map(([kind, message, second], index) => ({
        event_id: index + 1,
        job_id: 7,
        kind,
        message,
        at: at(second),
    }));
}

const states = (steps: ReturnType<typeof timeline>) => steps.map((step) => step.state).join(" ");
const seconds = (steps: ReturnType<typeof timeline>) => steps.map((step) => step.seconds);

test("a running job shows what is done, what runs, and what waits", () => {
    const steps = timeline(
        job(),
        events(["created", null, 0], ["claimed", "w", 5], ["status", "load", 5], ["status", "split", 20], ["status", "train", 30]),
        NOW,
    );
    assert.equal(states(steps), "done done done running waiting waiting");
    assert.deepEqual(seconds(steps), [5, 15, 10, 70, null, null]);
});

test("a pending job waits in the queue since it was made", () => {
    const steps = timeline(job({ status: "pending", phase: null, started_at: null }), events(["created", null, 0]), NOW);
    assert.equal(states(steps), "running waiting waiting waiting waiting waiting");
    assert.equal(steps[0]!.seconds, 100);
});

test("a job that was given back waits anew, and only its last attempt counts", () => {
    const list = events(
        ["created", null, 0],
        ["claimed", "w", 5],
        ["status", "load", 5],
        ["worker_died", "killed", 40],
        ["claimed", "w", 50],
        ["status", "load", 51],
    );
    const steps = timeline(job({ status: "loading_data", phase: "load" }), list, NOW);
    assert.equal(states(steps), "done running waiting waiting waiting waiting");
    assert.deepEqual(seconds(steps).slice(0, 2), [10, 49]);
});

test("a failed job shows the phase it failed in", () => {
    const list = events(["created", null, 0], ["claimed", "w", 5], ["status", "load", 5], ["failed", "column_missing", 8]);
    const steps = timeline(job({ status: "failed", phase: null, ended_at: at(8) }), list, NOW);
    assert.equal(states(steps), "done failed skipped skipped skipped skipped");
    assert.equal(steps[1]!.seconds, 3);
});

test("a job that was cancelled in the queue ended there", () => {
    const steps = timeline(
        job({ status: "cancelled", phase: null, started_at: null, ended_at: at(9) }),
        events(["created", null, 0], ["failed", "cancelled", 9]),
        NOW,
    );
    assert.equal(states(steps), "failed skipped skipped skipped skipped skipped");
    assert.equal(steps[0]!.seconds, 9);
});

test("a completed job tells the exact times of its result", () => {
    const timings = { load: 1.5, split: 0.5, train: 9, evaluate: 2, save: 0.1 };
    const steps = timeline(
        job({ status: "completed", phase: null, ended_at: at(20), result: { timings } }),
        events(["created", null, 0], ["claimed", "w", 5]),
        NOW,
    );
    assert.equal(states(steps), "done done done done done done");
    assert.deepEqual(seconds(steps), [5, 1.5, 0.5, 9, 2, 0.1]);
});

test("points of a newer attempt replace all, those of an older one are dropped", () => {
    const first = withPoints(null, { job_id: 7, attempt: 1, points: [{ name: "loss", step: 1, value: 0.5 }] });
    const grown = withPoints(first, { job_id: 7, attempt: 1, points: [{ name: "loss", step: 2, value: 0.4 }] });
    assert.deepEqual(curveOf(grown, "loss"), [[1, 0.5], [2, 0.4]]);
    const newer = withPoints(grown, { job_id: 7, attempt: 2, points: [{ name: "loss", step: 1, value: 0.6 }] });
    assert.deepEqual(curveOf(newer, "loss"), [[1, 0.6]]);
    assert.equal(withPoints(newer, { job_id: 7, attempt: 1, points: [] }), newer);
    assert.deepEqual(curveOf(newer, "seconds"), []);
});

test("points that came in during a fetch are kept", () => {
    const fetched = { attempt: 1, series: [{ name: "loss", points: [[1, 0.5]] as [number, number][] }] };
    const live = withPoints(null, { job_id: 7, attempt: 1, points: [{ name: "loss", step: 2, value: 0.4 }] });
    assert.deepEqual(curveOf(mergeCurves(fetched, live), "loss"), [[1, 0.5], [2, 0.4]]);
    assert.equal(mergeCurves({ ...fetched, attempt: 2 }, live).series, fetched.series);
    assert.equal(mergeCurves(fetched, null), fetched);
});

test("the job before is the newest completed one with the same question on the same data", () => {
    const done = { status: "completed", metrics: {} };
    const others = [
        job({ job_id: 1, ...done }),
        job({ job_id: 2, ...done }),
        job({ job_id: 3, ...done, run: { k: 10 } }),
        job({ job_id: 4, ...done, data_path: "/data/b" }),
        job({ job_id: 5, status: "failed" }),
        job({ job_id: 9, ...done }),
    ];
    assert.equal(previousOf(job(), others)!.job_id, 2);
    assert.equal(previousOf(job(), []), null);
});

test("the funnel shows shares of all rows, and nothing that is not known", () => {
    const rows = funnelRows({ rows: 200, train_rows: 150, pairs: 2 });
    assert.deepEqual(rows.map((row) => [row.name, row.share]), [["rows", 1], ["train_rows", 0.75], ["pairs", 0.01]]);
    assert.deepEqual(funnelRows(undefined), []);
    assert.equal(funnelRows({ rows: 0 })[0]!.share, 0);
});

test("the tail of a log starts with a whole line", () => {
    assert.equal(fromWholeLine("ne 1\nline 2\n", 100), "line 2\n");
    assert.equal(fromWholeLine("line 1\n", 0), "line 1\n");
    assert.equal(lastLines("a\nb\nc\n", 2), "b\nc");
});
