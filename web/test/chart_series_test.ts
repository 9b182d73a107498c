import assert from "node:assert/strict";
import { test } from "node:test";
import {
    align,
    csvText,
    nearest,
    overSeconds,
    rangeOf,
    spread,
    tableOf,
    withPoint,
    type Point,
} from "../src/charts/series";

const of = (key: string, points: Point[]) => ({ key, label: key.toUpperCase(), points });

test("curves with different steps share one column of x", () => {
    const columns = align([of("a", [[1, 10], [3, 30]]), of("b", [[2, 200], [3, 300]])]);
    assert.deepEqual(columns.x, [1, 2, 3]);
    assert.deepEqual(columns.ys, [[10, null, 30], [null, 200, 300]]);
});

test("no curves make empty columns", () => {
    assert.deepEqual(align([]), { x: [], ys: [] });
    assert.deepEqual(align([of("a", [])]), { x: [], ys: [[]] });
});

test("a point goes to its place by x", () => {
    assert.deepEqual(withPoint([[1, 1], [3, 3]], [2, 2]), [[1, 1], [2, 2], [3, 3]]);
    assert.deepEqual(withPoint([], [5, 1]), [[5, 1]]);
    assert.deepEqual(withPoint([[2, 2]], [1, 1]), [[1, 1], [2, 2]]);
});

test("a point that is there is replaced, and the array before stays as it was", () => {
    const before: Point[] = [[1, 1], [2, 2]];
    assert.deepEqual(withPoint(before, [2, 9]), [[1, 1], [2, 9]]);
    assert.deepEqual(before, [[1, 1], [2, 2]]);
});

test("the nearest point is found, but not beyond the ends", () => {
    const points: Point[] = [[1, 10], [2, 20], [4, 40]];
    assert.deepEqual(nearest(points, 2), [2, 20]);
    assert.deepEqual(nearest(points, 3.5), [4, 40]);
    assert.equal(nearest(points, 0.5), null);
    assert.equal(nearest(points, 5), null);
    assert.deepEqual(nearest(points, 5, 1), [4, 40]);
    assert.deepEqual(nearest(points, 0, 1), [1, 10]);
    assert.equal(nearest([], 1), null);
});

test("values by step are laid out over the seconds that had passed", () => {
    const seconds: Point[] = [[1, 2], [2, 3], [3, 5]];
    assert.deepEqual(overSeconds([[1, 0.5], [3, 0.3]], seconds), [[2, 0.5], [10, 0.3]]);
});

test("a step whose time is not known is left out, and all after a gap", () => {
    assert.deepEqual(overSeconds([[1, 1], [2, 2], [3, 3]], [[1, 2], [3, 5]]), [[2, 1]]);
    assert.deepEqual(overSeconds([[2, 2]], [[2, 5]]), []);
    assert.deepEqual(overSeconds([[1, 1]], []), []);
});

test("labels that would cover each other move apart and stay inside", () => {
    assert.deepEqual(spread([10, 50], 15, 0, 100), [10, 50]);
    assert.deepEqual(spread([10, 10, 10], 15, 0, 100), [10, 25, 40]);
    assert.deepEqual(spread([99, 100, 100], 15, 0, 100), [70, 85, 100]);
    assert.deepEqual(spread([50, 40], 15, 0, 100), [55, 40]);
});

test("a range has air, is never flat, and does not fall below zero without need", () => {
    assert.deepEqual(rangeOf(0, 1, []), [0, 1.08]);
    assert.deepEqual(rangeOf(5, 5, []), [4.5, 5.5]);
    assert.deepEqual(rangeOf(NaN, NaN, []), [0, 1]);
    const [low, high] = rangeOf(10, 20, [30]);
    assert.ok(low < 10 && low > 0 && high > 30);
    assert.ok(rangeOf(-1, 1, [])[0] < -1);
});

test("CSV quotes what needs it and leaves no formula to a spreadsheet", () => {
    const text = csvText([["a", 'say "hi", you', null, 0.1, NaN], ["=1+1", "-2", -2, "x\ny", undefined]]);
    assert.equal(text, 'a,"say ""hi"", you",,0.1,\r\n\'=1+1,\'-2,-2,"x\ny",\r\n');
});

test("the table twin has one row for each x", () => {
    const table = tableOf("iteration", [of("a", [[1, 10], [2, 20]]), of("b", [[2, 200]])]);
    assert.deepEqual(table.header, ["iteration", "A", "B"]);
    assert.deepEqual(table.rows, [[1, 10, null], [2, 20, 200]]);
});
