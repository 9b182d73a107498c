import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../src/lib/format";

test("durations read as clocks, and as hours and days beyond", () => {
    assert.equal(format.clock(42), "0:42");
    assert.equal(format.clock(725), "12:05");
    assert.equal(format.clock(3599.4), "59:59");
    assert.equal(format.clock(11_100), "3 h 05 min");
    assert.equal(format.clock(2 * 86_400 + 3 * 3600), "2 d 3 h");
    assert.equal(format.clock(-3), "0:00");
    assert.equal(format.clock(null), "–");
});

test("short durations are exact", () => {
    assert.equal(format.duration(0.007), "7 ms");
    assert.equal(format.duration(0.9996), "1.0 s");
    assert.equal(format.duration(2.51), "2.5 s");
    assert.equal(format.duration(9.96), "0:10");
    assert.equal(format.duration(undefined), "–");
});

test("shares are percentages with two decimals, other metrics have four", () => {
    assert.equal(format.metric("recall_at_k", 0.164562), "16.46 %");
    assert.equal(format.metric("precision_at_k", 0.002586), "0.26 %");
    assert.equal(format.metric("f1_at_k", 0.012555), "0.0126");
    assert.equal(format.metric("ndcg_at_k", 0), "0.0000");
    assert.equal(format.metric("novelty", 13.25), "13.25");
    assert.equal(format.metric("recall_at_k", null), "–");
    assert.equal(format.metric("recall_at_k", Number.NaN), "–");
});

test("a difference has its sign and its unit", () => {
    assert.equal(format.metricDifference("recall_at_k", 0.1645, 0.0666), "+9.79 pp");
    assert.equal(format.metricDifference("recall_at_k", 0.05, 0.0666), "−1.66 pp");
    assert.equal(format.metricDifference("f1_at_k", 0.0126, 0.005), "+0.0076");
});

test("thousands are grouped, sizes are in MB", () => {
    assert.equal(format.number(2_000_000), "2,000,000");
    assert.equal(format.bytes(999), "999 B");
    assert.equal(format.bytes(45_000), "45.0 KB");
    assert.equal(format.bytes(12_345_678), "12.3 MB");
    assert.equal(format.bytes(1_204_000_000), "1,204 MB");
    assert.equal(format.bytes(34_500_000_000), "34.5 GB");
});

test("a figure of unknown size keeps four digits", () => {
    assert.equal(format.figure(0.123456), "0.1235");
    assert.equal(format.figure(12.3456), "12.35");
    assert.equal(format.figure(123_456.7), "123,457");
    assert.equal(format.figure(0.00001234), "1.234e-5");
});

test("times within a day are told from now, later ones by their date", () => {
    const now = new Date(2026, 10, 27, 12, 0, 0).getTime();
    assert.equal(format.ago(now - 4000, now), "just now");
    assert.equal(format.ago(now - 42_000, now), "42 s ago");
    assert.equal(format.ago(now - 4 * 60_000, now), "4 min ago");
    assert.equal(format.ago(now - 3 * 3_600_000, now), "3 h ago");
    assert.equal(format.ago(new Date(2026, 10, 24, 9, 5).getTime(), now), "24 Nov, 09:05");
    assert.equal(format.ago(new Date(2025, 10, 24).getTime(), now), "24 Nov 2025");
    assert.equal(format.ago("nonsense", now), "–");
});

test("time left follows from the share that is done", () => {
    const started_at = "2026-11-27T10:00:00Z";
    const now = Date.parse("2026-11-27T10:00:30Z");
    assert.equal(format.secondsLeft({ started_at, ended_at: null, progress: 0.25 }, now), 90);
    assert.equal(format.secondsLeft({ started_at, ended_at: null, progress: 0.01 }, now), null);
    assert.equal(format.secondsLeft({ started_at: null, ended_at: null, progress: 0.5 }, now), null);
    assert.equal(format.secondsLeft({ started_at, ended_at: started_at, progress: 0.5 }, now), null);
});

test("the end of a path is its last part", () => {
    assert.equal(format.lastPart("/data/shop/2026/"), "2026");
    assert.equal(format.lastPart("/"), "/");
});

test("the length of the lists stands in a metric's title where it is known", () => {
    assert.equal(format.metricTitle("Recall@k", 40), "Recall@40");
    assert.equal(format.metricTitle("Recall@%d", 40), "Recall@40");
    assert.equal(format.metricTitle("Recall@%d", null), "Recall@k");
    assert.equal(format.metricTitle("Loss of @kind", 40), "Loss of @kind");
});

test("a share on an axis has no more decimals than it needs", () => {
    assert.equal(format.percentTick(0.175), "17.5 %");
    assert.equal(format.percentTick(0.1), "10 %");
    assert.equal(format.percentTick(0.07 + 0.01), "8 %");
});
