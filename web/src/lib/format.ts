// Numbers, times and sizes as people read them. No page writes a figure in a way of its own.
import type { Job } from "./types";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const NONE = "–";

export function number(value: number | null | undefined): string {
    return value == null || !Number.isFinite(value) ? NONE : grouped.format(value);
}

/** A figure whose size is not known beforehand, as a loss: four digits that count. */
export function figure(value: number | null | undefined, digits = 4): string {
    if (value == null || !Number.isFinite(value)) return NONE;
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(digits - 1);
    if (size >= 10 ** (digits - 1)) return grouped.format(value);
    return String(Number(value.toPrecision(digits)));
}

/** A share as percent with two decimals: 0.0579 → "5.79 %". */
export function percent(share: number | null | undefined, decimals = 2): string {
    return share == null || !Number.isFinite(share) ? NONE : `${(100 * share).toFixed(decimals)} %`;
}

/** A share on an axis: no more decimals than it has. */
export function percentTick(share: number): string {
    return `${Number((100 * share).toFixed(4))} %`;
}

const SHARES = /^(recall|precision|hit_rate|coverage)_/;

/** A metric by its name: shares in percent, F1 and its kin with four decimals. */
export function metric(name: string, value: number | null | undefined): string {
    if (value == null || !Number.isFinite(value)) return NONE;
    if (SHARES.test(name)) return percent(value);
    return Math.abs(value) < 10 ? value.toFixed(4) : figure(value);
}

/** How far two values of a metric lie apart, with its sign: "+9.79 pp", "−0.0012". */
export function metricDifference(name: string, value: number, base: number): string {
    const apart = value - base;
    const sign = apart < 0 ? "−" : "+";
    if (SHARES.test(name)) return `${sign}${(100 * Math.abs(apart)).toFixed(2)} pp`;
    return sign + metric(name, Math.abs(apart));
}

/** "Recall@k", or with %d for it, → "Recall@40". */
export function metricTitle(title: string, k: number | null | undefined): string {
    return title.replace(/@(?:%d|k\b)/, `@${k ?? "k"}`);
}

const two = (value: number) => String(value).padStart(2, "0");

/** Time by the clock, for what runs or is left: "0:42", "12:05", "3 h 05 min", "2 d 3 h". */
export function clock(seconds: number | null | undefined): string {
    if (seconds == null || !Number.isFinite(seconds)) return NONE;
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
    const minutes = Math.floor(whole / 60);
    if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
    const hours = Math.floor(minutes / 60);
    return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long something took: as clock, but short times exactly: "7 ms", "2.5 s". */
export function duration(seconds: number | null | undefined): string {
    if (seconds == null || !Number.isFinite(seconds)) return NONE;
    if (seconds < 0.9995) return `${Math.round(1000 * Math.max(0, seconds))} ms`;
    return seconds < 9.95 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

/** Sizes in MB; in KB below a tenth of one, in GB from ten thousand on. */
export function bytes(size: number | null | undefined): string {
    if (size == null || !Number.isFinite(size)) return NONE;
    const mb = size / 1e6;
    if (mb < 0.1) return size < 1000 ? `${size} B` : `${(size / 1000).toFixed(1)} KB`;
    if (mb < 100) return `${mb.toFixed(1)} MB`;
    return mb < 10_000 ? `${grouped.format(mb)} MB` : `${(mb / 1000).toFixed(1)} GB`;
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** "just now", "4 min ago", "3 h ago"; after a day the date, with the year where it is another. */
export function ago(time: string | number | null | undefined, now = Date.now()): string {
    if (time == null) return NONE;
    const then = new Date(time);
    const seconds = (now - then.getTime()) / 1000;
    if (!Number.isFinite(seconds)) return NONE;
    if (seconds < 10) return "just now";
    if (seconds < 60) return `${Math.floor(seconds)} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
    const day = `${then.getDate()} ${months[then.getMonth()]}`;
    if (then.getFullYear() !== new Date(now).getFullYear()) return `${day} ${then.getFullYear()}`;
    return `${day}, ${two(then.getHours())}:${two(then.getMinutes())}`;
}

/** The moment itself, as shown on hover: by the reader's clock, with the zone. */
export function exactTime(time: string | number | null | undefined): string {
    if (time == null) return NONE;
    const at = new Date(time);
    if (Number.isNaN(at.getTime())) return NONE;
    const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const offset = -at.getTimezoneOffset();
    const hours = Math.floor(Math.abs(offset) / 60);
    const minutes = Math.abs(offset) % 60;
    const zone = `UTC${offset === 0 ? "" : (offset < 0 ? "−" : "+") + hours + (minutes ? ":" + two(minutes) : "")}`;
    return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone}`;
}

/** The day of a time in a clickstream, which knows no zone. */
export function day(time: string | null | undefined): string {
    return time ? time.slice(0, 10) : NONE;
}

export function plural(count: number, one: string, many = one + "s"): string {
    return `${number(count)} ${count === 1 ? one : many}`;
}

/** What a path ends in: "/data/shop/2026" → "2026". */
export function lastPart(path: string): string {
    return path.replace(/\/+$/, "").split("/").pop() || path;
}

// ---- Jobs ----

export function jobTitle(job: Pick<Job, "job_id" | "name">): string {
    return job.name || `Job ${job.job_id}`;
}

/** Seconds from the first claim to the end, or to now while it runs; null before it started. */
export function jobSeconds(job: Pick<Job, "started_at" | "ended_at">, now = Date.now()): number | null {
    if (!job.started_at) return null;
    const end = job.ended_at ? Date.parse(job.ended_at) : now;
    return Math.max(0, (end - Date.parse(job.started_at)) / 1000);
}

/** Seconds left by the share that is done; null while too little is known to say so. */
export function secondsLeft(job: Pick<Job, "started_at" | "ended_at" | "progress">, now = Date.now()): number | null {
    const passed = jobSeconds(job, now);
    if (passed == null || job.ended_at || passed < 2 || job.progress < 0.03 || job.progress >= 1) return null;
    return (passed / job.progress) * (1 - job.progress);
}
