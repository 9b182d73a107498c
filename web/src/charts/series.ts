// The data of a chart, apart from how it is drawn: pure functions, tested by node.

/** One curve: points ascending by x. */
export interface Series {
    key: string; // what it is recognised by from one update to the next
    label: string;
    points: readonly Point[];
}

export type Point = [x: number, y: number];

/** A level drawn across the whole chart, such as the floor to beat. */
export interface Reference {
    label: string;
    value: number;
}

/** Columns as uPlot wants them: every x that any curve has, and per curve its y there or null. */
export interface Columns {
    x: number[];
    ys: (number | null)[][];
}

export function align(series: readonly Series[]): Columns {
    const all = new Set<number>();
    for (const one of series) for (const [x] of one.points) all.add(x);
    const x = [...all].sort((a, b) => a - b);
    const place = new Map(x.map((value, index) => [value, index]));
    const ys = series.map((one) => {
        const column: (number | null)[] = new Array(x.length).fill(null);
        for (const [at, y] of one.points) column[place.get(at)!] = y;
        return column;
    });
    return { x, ys };
}

/** The points with another put in: in its place by x, instead of one with the same x. */
export function withPoint(points: readonly Point[], point: Point): Point[] {
    const copy = points.slice();
    let at = copy.length;
    while (at > 0 && copy[at - 1]![0] > point[0]) at--;
    if (at > 0 && copy[at - 1]![0] === point[0]) copy[at - 1] = point;
    else copy.splice(at, 0, point);
    return copy;
}

/** The point of a curve that is nearest to x, or null beyond its ends (by more than `slack`). */
export function nearest(points: readonly Point[], x: number, slack = 0): Point | null {
    let low = 0;
    let high = points.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (points[middle]![0] < x) low = middle + 1;
        else high = middle;
    }
    const after = points[low];
    const before = points[low - 1];
    if (after === undefined) return before && x - before[0] <= slack ? before : null;
    if (before === undefined) return after[0] - x <= slack ? after : null;
    return x - before[0] <= after[0] - x ? before : after;
}

/** Values per step laid out over the time that had passed by then. Steps count from 1; one whose own
 * seconds, or those of a step before it, are not known is left out. */
export function overSeconds(points: readonly Point[], seconds: readonly Point[]): Point[] {
    const passed = new Map<number, number>();
    let sum = 0;
    let expected = 1;
    for (const [step, value] of seconds) {
        if (step !== expected) break;
        sum += value;
        passed.set(step, sum);
        expected = step + 1;
    }
    const result: Point[] = [];
    for (const [step, value] of points) {
        const at = passed.get(step);
        if (at !== undefined) result.push([at, value]);
    }
    return result;
}

/** Places for labels of one height that want to stand at `wanted`, so that none covers another and
 * all lie within [low, high] as far as there is room. Keeps their order; moves as little as the
 * way down allows. */
export function spread(wanted: readonly number[], height: number, low: number, high: number) {
    const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
    const places: number[] = new Array(wanted.length).fill(0);
    let floor = low;
    for (const index of order) {
        places[index] = Math.max(wanted[index]!, floor);
        floor = places[index]! + height;
    }
    let ceiling = high;
    for (const index of order.reverse()) {
        places[index] = Math.min(places[index]!, ceiling);
        ceiling = places[index]! - height;
    }
    return places;
}

/** The range of an axis: all values with a little air, never flat, not below 0 for what is never
 * negative. */
export function rangeOf(low: number, high: number, references: readonly number[]) {
    const values = [low, high, ...references].filter((value) => Number.isFinite(value));
    if (values.length === 0) return [0, 1] as const;
    const least = Math.min(...values);
    const most = Math.max(...values);
    const air = most > least ? (most - least) * 0.08 : Math.abs(most) * 0.1 || 1;
    const bottom = least - air;
    return [least >= 0 ? Math.max(0, bottom) : bottom, most + air] as const;
}

/** One value for a cell of CSV (RFC 4180), safe in a spreadsheet: text never starts a formula. */
export function csvCell(value: string | number | null | undefined): string {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvText(rows: readonly (readonly (string | number | null | undefined)[])[]) {
    return rows.map((row) => row.map(csvCell).join(",") + "\r\n").join("");
}

/** The table twin of a chart: a header, then one row per x. */
export function tableOf(xTitle: string, series: readonly Series[]) {
    const { x, ys } = align(series);
    return {
        header: [xTitle, ...series.map((one) => one.label)],
        rows: x.map((at, index) => [at, ...ys.map((column) => column[index] ?? null)]),
    };
}
