// What the details page computes: pure functions, tested by node.

import { withPoint, type Point } from "../../charts/series";
import type { Job, JobEvent, JobWhole, Points, Series as Curves } from "../../lib/types";

// ---- curves ----

/** The curves with points that came in: of a newer attempt instead of all, of an older one not. */
export function withPoints(curves: Curves | null, message: Points): Curves {
    if (curves !== null && message.attempt < curves.attempt) return curves;
    const fresh = curves === null || message.attempt > curves.attempt;
    const byName = new Map<string, Point[]>();
    if (!fresh) for (const one of curves.series) byName.set(one.name, one.points);
    for (const { name, step, value } of message.points)
        byName.set(name, withPoint(byName.get(name) ?? [], [step, value]));
    const series = [...byName].map(([name, points]) => ({ name, points }));
    return { attempt: message.attempt, series };
}

/** Two readings of the same curves, where points may have come in while the first was fetched. */
export function mergeCurves(fetched: Curves, live: Curves | null): Curves {
    if (live === null || live.attempt < fetched.attempt) return fetched;
    if (live.attempt > fetched.attempt) return live;
    const points = live.series.flatMap(({ name, points: all }) =>
        all.map(([step, value]) => ({ name, step, value })),
    );
    return withPoints(fetched, { job_id: 0, attempt: live.attempt, points });
}

export function curveOf(curves: Curves | null, name: string): Point[] {
    return curves?.series.find((one) => one.name === name)?.points ?? [];
}

// ---- timeline ----

export type StepState = "waiting" | "running" | "done" | "failed" | "skipped";

export interface Step {
    name: string; // "queue", then the phases of a run
    state: StepState;
    seconds: number | null; // null: it did not begin; while it runs, up to now
}

export const PHASES = ["load", "split", "train", "evaluate", "save"] as const;

const ENDED = new Set(["completed", "failed", "cancelled"]);

export function isEnded(job: Pick<Job, "status">): boolean {
    return ENDED.has(job.status);
}

/** The steps of the last attempt, like those of a CI run. Times come from the events, and for a
 * completed job, exactly, from its result. */
export function timeline(job: JobWhole, events: readonly JobEvent[], nowMs: number): Step[] {
    const claimed = events.filter((event) => event.kind === "claimed").at(-1);
    const since = claimed?.event_id ?? Infinity;
    const starts = new Map<string, number>();
    for (const event of events)
        if (event.kind === "status" && event.event_id > since && event.message !== null)
            if (!starts.has(event.message)) starts.set(event.message, Date.parse(event.at));
    const end = job.ended_at ? Date.parse(job.ended_at) : nowMs;
    return [queueStep(job, events, claimed, nowMs), ...phaseSteps(job, starts, end)];
}

function queueStep(
    job: Job,
    events: readonly JobEvent[],
    claimed: JobEvent | undefined,
    nowMs: number,
): Step {
    const pending = job.status === "pending";
    const back = events.filter((event) => ["released", "worker_died"].includes(event.kind));
    const claimedId = claimed?.event_id ?? 0;
    const lastBack = back.filter((event) => pending || event.event_id < claimedId).at(-1);
    const began = Date.parse(lastBack?.at ?? job.created_at);
    if (pending) return { name: "queue", state: "running", seconds: secondsOf(began, nowMs) };
    const taken = claimed?.at ?? job.started_at ?? job.ended_at;
    const seconds = taken ? secondsOf(began, Date.parse(taken)) : null;
    const never = !claimed && !job.started_at;
    return { name: "queue", state: never && isEnded(job) ? "failed" : "done", seconds };
}

function phaseSteps(job: JobWhole, starts: ReadonlyMap<string, number>, endMs: number): Step[] {
    const timings = job.result?.timings;
    let last = -1;
    PHASES.forEach((name, index) => {
        if (starts.has(name) || (job.phase === name && !isEnded(job))) last = index;
    });
    return PHASES.map((name, index) => {
        const exact = timings?.[name];
        if (job.status === "completed")
            return { name, state: "done", seconds: exact ?? spanOf(starts, index, endMs) };
        if (job.status === "pending") return { name, state: "waiting", seconds: null };
        if (index < last) {
            const began = starts.has(name);
            return { name, state: began ? "done" : "skipped", seconds: spanOf(starts, index, endMs) };
        }
        if (index > last) return { name, state: isEnded(job) ? "skipped" : "waiting", seconds: null };
        return { name, state: isEnded(job) ? "failed" : "running", seconds: spanOf(starts, index, endMs) };
    });
}

/** From the start of a phase to that of the next one that began, or to the end. */
function spanOf(starts: ReadonlyMap<string, number>, index: number, endMs: number): number | null {
    const began = starts.get(PHASES[index]!);
    if (began === undefined) return null;
    const next = PHASES.slice(index + 1)
        .map((name) => starts.get(name))
        .find((at) => at !== undefined);
    return secondsOf(began, next ?? endMs);
}

function secondsOf(fromMs: number, toMs: number): number {
    return Math.max(0, (toMs - fromMs) / 1000);
}

// ---- the job before this one ----

const QUESTION = ["k", "eval_days", "sample_users", "user_column", "item_column", "event_column", "time_column"];

/** The newest completed job before this one that answered the same question on the same data. */
export function previousOf(job: Job, others: readonly Job[]): Job | null {
    const before = others.filter(
        (other) =>
            other.job_id < job.job_id &&
            other.status === "completed" &&
            other.metrics !== null &&
            other.data_path === job.data_path &&
            QUESTION.every((name) => other.run?.[name] === job.run?.[name]),
    );
    return before.sort((a, b) => b.job_id - a.job_id)[0] ?? null;
}

// ---- funnel ----

export interface FunnelRow {
    name: string;
    label: string;
    count: number;
    share: number; // of the rows at the start, for the bar
    help: string;
}

const FUNNEL: readonly (readonly [name: string, label: string, help: string])[] = [
    ["rows", "Rows", "rows of the clickstream, of the sampled users"],
    ["train_rows", "To train on", "of them at or before the threshold"],
    ["eval_rows", "Held out", "of the rows, those after the threshold"],
    ["unseen", "New pairs", "held out, whose user and item have no row together in train"],
    ["contacts", "Contacts", "new pairs, whose event is a contact"],
    ["known_users", "User is known", "contacts, whose user is in train"],
    ["known_items", "Item is known", "of these, whose item is in train"],
    ["pairs", "Pairs to find", "of these, the distinct pairs of user and item"],
];

export function funnelRows(funnel: Record<string, number> | undefined): FunnelRow[] {
    if (!funnel) return [];
    const rows = funnel["rows"] ?? 0;
    return FUNNEL.filter(([name]) => typeof funnel[name] === "number").map(([name, label, help]) => {
        const count = funnel[name]!;
        return { name, label, count, share: rows > 0 ? count / rows : 0, help };
    });
}

// ---- log ----

/** A tail of a log begins in the middle of a line: from the first whole one on. */
export function fromWholeLine(text: string, startsAt: number): string {
    if (startsAt === 0) return text;
    const newline = text.indexOf("\n");
    return newline < 0 ? text : text.slice(newline + 1);
}

export function lastLines(text: string, count: number): string {
    return text.trimEnd().split("\n").slice(-count).join("\n");
}
