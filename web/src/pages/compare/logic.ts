// What the compare page computes: pure functions, tested by node.

import type { Job } from "../../lib/types";

export type Setting = string | number | boolean | null | undefined; // undefined: it has none

/** A setting of all jobs, in the order of the jobs. */
export interface SettingRow {
    name: string;
    values: Setting[];
}

export const COMPARE_MIN = 2;
export const COMPARE_MAX = 20;

/** Settings that change no result: times and memory at most. */
const NO_EFFECT = new Set(["threads", "memory_limit", "eval_every"]);

/** Settings that are part of the question: metrics of jobs that differ in one do not compare. */
const QUESTION = ["k", "eval_days", "sample_users", "user_column", "item_column", "event_column", "time_column"];

/** Ids of an address, "1,2": whole numbers, each once, at most COMPARE_MAX. */
export function parseIds(text: string | null): number[] {
    const ids = (text ?? "")
        .split(",")
        .map((part) => part.trim())
        .filter((part) => /^[1-9]\d{0,14}$/.test(part))
        .map(Number);
    return [...new Set(ids)].slice(0, COMPARE_MAX);
}

function settingsOf(job: Job): Record<string, Setting> {
    return {
        model_type: job.model_type,
        data_path: job.data_path,
        ...(job.params as Record<string, Setting>),
        ...(job.run as Record<string, Setting>),
    };
}

/** All settings, apart: those in which jobs differ, and the rest. One that only some kinds of model
 * have differs when those that have it do. */
export function settingRows(jobs: readonly Job[]): { differing: SettingRow[]; same: SettingRow[] } {
    const settings = jobs.map(settingsOf);
    const names = new Set(settings.flatMap((one) => Object.keys(one)));
    const differing: SettingRow[] = [];
    const same: SettingRow[] = [];
    for (const name of names) {
        const values = settings.map((one) => one[name]);
        const distinct = new Set(values.filter((value) => value !== undefined));
        (distinct.size > 1 ? differing : same).push({ name, values });
    }
    return { differing, same };
}

/** The settings by which the jobs answer different questions; data_path among them. */
export function unlike(jobs: readonly Job[]): string[] {
    const settings = jobs.map(settingsOf);
    return ["data_path", ...QUESTION].filter(
        (name) => new Set(settings.map((one) => one[name])).size > 1,
    );
}

/** Places of the best values; none where there is nothing to be better than. */
export function best(values: readonly (number | null)[], higherIsBetter: boolean): Set<number> {
    const known = values.filter((value): value is number => value !== null);
    if (known.length < 2 || known.every((value) => value === known[0])) return new Set();
    const top = higherIsBetter ? Math.max(...known) : Math.min(...known);
    return new Set(values.flatMap((value, index) => (value === top ? [index] : [])));
}

export interface Difference {
    absolute: number;
    relative: number | null; // null: the base is 0
}

export function difference(value: number | null, base: number | null): Difference | null {
    if (value === null || base === null) return null;
    return { absolute: value - base, relative: base !== 0 ? (value - base) / Math.abs(base) : null };
}

export interface Repeats {
    ids: number[]; // of completed jobs that differ in the seed alone
    seeds: number; // distinct ones
    metrics: Record<string, { mean: number; deviation: number }>; // the sample's, over n - 1
}

/** Groups of at least two completed jobs with the same settings, the seed aside. */
export function repeatsOf(jobs: readonly Job[]): Repeats[] {
    const groups = new Map<string, Job[]>();
    for (const job of jobs) {
        if (job.status !== "completed" || !job.metrics) continue;
        const key = repeatKey(job);
        groups.set(key, [...(groups.get(key) ?? []), job]);
    }
    return [...groups.values()].filter((group) => group.length > 1).map(summary);
}

function repeatKey(job: Job): string {
    const settings = settingsOf(job);
    return Object.keys(settings)
        .filter((name) => name !== "seed" && !NO_EFFECT.has(name))
        .sort()
        .map((name) => `${name}=${JSON.stringify(settings[name])}`)
        .join("\n");
}

function summary(group: Job[]): Repeats {
    const names = Object.keys(group[0]!.metrics!).filter((name) =>
        group.every((job) => typeof job.metrics![name] === "number"),
    );
    const metrics = names.map((name) => {
        return [name, meanOf(group.map((job) => job.metrics![name] as number))] as const;
    });
    return {
        ids: group.map((job) => job.job_id),
        seeds: new Set(group.map((job) => settingsOf(job)["seed"])).size,
        metrics: Object.fromEntries(metrics),
    };
}

export function meanOf(values: readonly number[]): { mean: number; deviation: number } {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** One row a job, one column a setting or a metric: for other programs. */
export function compareTable(jobs: readonly Job[], metricNames: readonly string[]) {
    const settings = jobs.map(settingsOf);
    const names = [...new Set(settings.flatMap((one) => Object.keys(one)))];
    const header = ["job_id", "name", "status", ...names, ...metricNames, "created_at"];
    const rows = jobs.map((job, index) => [
        job.job_id,
        job.name,
        job.status,
        ...names.map((name) => cell(settings[index]![name])),
        ...metricNames.map((name) => job.metrics?.[name] ?? null),
        job.created_at,
    ]);
    return [header, ...rows];
}

function cell(value: Setting): string | number | null {
    return typeof value === "boolean" ? String(value) : (value ?? null);
}
