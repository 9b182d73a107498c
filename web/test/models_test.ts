import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelRow, Verdict } from "../src/lib/registry";
import { changesOf } from "../src/models/edit";
import { defaultOther } from "../src/models/side_by_side";
import { passportRows } from "../src/models/passport";
import {
    basisWords,
    describe,
    intervalScale,
    moveWords,
    parseHistory,
    parseIds,
    parseTags,
    rankChange,
    score,
    signedPoints,
    verdictFacts,
    verdictTone,
} from "../src/models/words";

const model = (changes: Partial<ModelRow> = {}): ModelRow => ({
    model_id: 3,
    name: "homepage",
    version: 2,
    ref: "homepage:2",
    aliases: [],
    note: null,
    tags: ["spring"],
    source: "training",
    job_id: 3,
    job_name: null,
    model_type: "als",
    params: { factors: 60, iterations: 10 },
    seed: 0,
    program_version: "0.1.0",
    created_at: "2026-11-27T03:00:00Z",
    metrics: null,
    k: 40,
    file_name: "als_model_3.pkl",
    path: "ml_models/als_model_3.pkl",
    size_bytes: 1,
    sha256: "00",
    ...changes,
});

const verdict = (changes: Partial<Verdict> = {}): Verdict => ({
    outcome: "better",
    passes: true,
    words: "better by 0.8 to 1.1 points",
    metric: "recall_at_k",
    k: 40,
    users: 54194,
    difference: 0.0094,
    low: 0.008,
    high: 0.011,
    margin: 0,
    beats_popular: true,
    popular: 0.0666,
    candidate: { ref: "homepage:2", value: 0.1558 },
    champion: { ref: "homepage:1", value: 0.1464 },
    ...changes,
});

test("a version is described as its job was", () => {
    assert.equal(describe(model()), "als · 60 × 10");
    assert.equal(describe(model({ model_type: "popular", params: {} })), "popular");
});

test("a verdict's colour follows what it means for a promotion", () => {
    assert.equal(verdictTone({ outcome: "better", passes: true }), "good");
    assert.equal(verdictTone({ outcome: "better", passes: false }), "warn"); // below popular or the margin
    assert.equal(verdictTone({ outcome: "within_noise", passes: false }), "warn");
    assert.equal(verdictTone({ outcome: "not_comparable", passes: false }), "warn");
    assert.equal(verdictTone({ outcome: "worse", passes: false }), "bad");
    assert.equal(verdictTone({ outcome: "no_champion", passes: true }), "info");
});

test("a verdict's facts name both values, the users and popular", () => {
    assert.equal(
        verdictFacts(verdict()),
        "Recall@40: 15.58 %, against 14.64 % of homepage:1, on the same 54,194 users. It beats popular (6.66 %).",
    );
    const first = verdict({ champion: null, users: 0, beats_popular: false });
    assert.equal(verdictFacts(first), "Recall@40: 15.58 %. It does not beat popular (6.66 %).");
    assert.equal(verdictFacts(verdict({ champion: null, users: null, popular: null, candidate: { ref: "a:1", value: null } })), "Recall@40: –.");
});

test("differences carry their sign, and nothing has none", () => {
    assert.equal(signedPoints(0.0094), "+0.94");
    assert.equal(signedPoints(-0.0012), "−0.12");
    assert.equal(signedPoints(-0.000001), "0.00");
});

test("the scale of an interval shows zero, the margin and both ends, in order", () => {
    const at = intervalScale(0.008, 0.011, 0.02);
    const places = [0, 0.008, 0.011, 0.02].map(at);
    assert.deepEqual([...places].sort((a, b) => a - b), places);
    assert.ok(places[0]! > 0 && places[3]! < 1);
    assert.equal(intervalScale(0, 0, 0)(0), 0.5);
    const worse = intervalScale(-0.02, -0.01, 0);
    assert.ok(worse(-0.02) > 0 && worse(0) < 1);
});

test("moves of aliases are told in words", () => {
    assert.equal(moveWords({ kind: "move", from_version: null, to_version: 1 }), "moved to version 1");
    assert.equal(moveWords({ kind: "move", from_version: 1, to_version: 2 }), "moved from version 1 to version 2");
    assert.equal(moveWords({ kind: "undo", from_version: 2, to_version: 1 }), "rolled back from version 2 to version 1");
    assert.equal(moveWords({ kind: "undo", from_version: 1, to_version: null }), "taken away from version 1");
    assert.equal(moveWords({ kind: "remove", from_version: 2, to_version: null }), "taken away from version 2");
});

test("a pasted history may be lines, commas, counts behind a colon, or a table's columns", () => {
    const items = (text: string) => parseHistory(text).items.map(({ item, count }) => `${item}=${count}`).join(" ");
    assert.equal(items("33230\n10397"), "33230=1 10397=1");
    assert.equal(items("33230, 10397; 5 6"), "33230=1 10397=1 5=1 6=1");
    assert.equal(items("33230:3, 10397 × 2"), "33230=3 10397=2");
    assert.equal(items("33230\t3\r\n10397\t2\r\n"), "33230=3 10397=2");
    assert.equal(items("7 7 7:2"), "7=4");
    assert.equal(items("shop:bike"), "shop:bike=1"); // no count: a text id with a colon
    assert.equal(items("  \n"), "");
});

test("what is no count in a pasted history is told", () => {
    assert.deepEqual(parseHistory("33230\tmany").faults, ["33230"]);
    assert.deepEqual(parseHistory("33230:0").faults, ["33230"]);
    assert.deepEqual(parseHistory("33230:2").faults, []);
});

test("ids and tags are taken once each", () => {
    assert.deepEqual(parseIds(" 1,2\n2 ; 3 "), ["1", "2", "3"]);
    assert.deepEqual(parseTags("baseline, spring spring"), ["baseline", "spring"]);
});

test("what became of an item between two lists", () => {
    assert.deepEqual(rankChange(13, 5), { kind: "up", words: "up 8" });
    assert.deepEqual(rankChange(5, 13), { kind: "down", words: "down 8" });
    assert.deepEqual(rankChange(4, 4), { kind: "same", words: "same place" });
    assert.equal(rankChange(null, 4).kind, "new");
    assert.equal(rankChange(4, null).kind, "gone");
});

test("scores are counts of rows, or figures with four decimals", () => {
    assert.equal(score(12345), "12,345");
    assert.equal(score(0.91234), "0.9123");
    assert.equal(score(-0.00123), "-0.0012");
    assert.equal(score(0), "0.0000");
});

test("an unknown user is told to get the list for everybody", () => {
    assert.match(basisWords("popular", 999, "als"), /999.*everybody/);
    assert.match(basisWords("popular", 999, "popular"), /one list/);
    assert.match(basisWords("popular", undefined, "als"), /nothing of this history/);
    assert.match(basisWords("user", 12, "als"), /learned/);
    assert.match(basisWords("history", undefined, "als"), /folded in/);
});

test("an edit sends what has changed alone, the name only where it is another", () => {
    assert.deepEqual(changesOf(model(), "homepage", "", "spring"), {});
    assert.deepEqual(changesOf(model(), " shop ", "why", "spring, new"), { name: "shop", note: "why", tags: ["spring", "new"] });
    assert.deepEqual(changesOf(model({ note: "old" }), "homepage", " ", ""), { note: null, tags: [] });
});

test("beside a version stands the champion, else the one before", () => {
    const one = model({ model_id: 1, version: 1 });
    const two = model({ model_id: 2, version: 2 });
    const three = model({ model_id: 3, version: 3 });
    const other = model({ model_id: 9, name: "shop", version: 1 });
    assert.equal(defaultOther(three, [three, two, one, other])?.model_id, 2);
    assert.equal(defaultOther(three, [three, two, { ...one, aliases: ["champion"] }])?.model_id, 1);
    assert.equal(defaultOther(one, [three, one])?.model_id, 3);
    assert.equal(defaultOther(three, [three, other])?.model_id, 9);
    assert.equal(defaultOther(three, [three]), undefined);
});

test("a passport names its files, its dates and what was held out", () => {
    const files = [{ name: "clickstream.pq", bytes: 181719, rows: 20000, fingerprint: "sha256:00" }, { name: "events.pq" }];
    const time = { min: "2025-01-10 00:00:00", max: "2025-02-23 00:00:00", threshold: "2025-02-09 00:00:00" };
    assert.deepEqual(passportRows({ source: "parquet", files, time, eval_days: 14, schema: [{ role: "user" }] }), [
        ["clickstream.pq", "20,000 rows, 0.2 MB"],
        ["events.pq", "–"],
        ["Dates", "2025-01-10 to 2025-02-23"],
        ["Held out", "after 2025-02-09"],
    ]);
    assert.deepEqual(passportRows({ eval_days: 14 }), [["Held out", "the last 14 days"]]);
    assert.deepEqual(passportRows(null), []);
});
