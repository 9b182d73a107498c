// What of the jobs is shown, and in which order. All of it is held in the URL.
import type { Location } from "../lib/router";
import type { Job, Status } from "../lib/types";

export interface View {
    status: string; // "", "running", or a status as the API names it
    model: string;
    text: string;
    sort: string; // "-created", "metric:recall_at_k"
    cursor: string;
}

export const DEFAULT_SORT = "-created";
export const PAGE_ROWS = 50;
const RUNNING: Status[] = ["pending", "loading_data", "preprocessing", "training"];

export function viewOf(at: Location): View {
    const get = (name: string) => at.query.get(name) ?? "";
    return { status: get("status"), model: get("model"), text: get("q"), sort: get("sort") || DEFAULT_SORT, cursor: get("cursor") };
}

/** Nothing is filtered and the newest come first, so that what runs belongs on top. */
export function isPlain(view: View): boolean {
    return !view.status && !view.model && !view.text && !view.cursor && view.sort === DEFAULT_SORT;
}

export function isFiltered(view: View): boolean {
    return !!(view.status || view.model || view.text);
}

function statuses(view: View): string {
    return view.status === "running" ? RUNNING.join(",") : view.status;
}

/** The address of the page of jobs that a view asks for. */
export function listPath(view: View): string {
    const query = new URLSearchParams();
    const add = (name: string, value: string) => value && query.set(name, value);
    add("status", statuses(view));
    add("model_type", view.model);
    add("q", view.text);
    query.set("sort", view.sort);
    query.set("limit", String(PAGE_ROWS));
    add("cursor", view.cursor);
    return "/api/v1/jobs?" + query.toString();
}

/** Those that run may have been started before the newest fifty. */
export function runningPath(): string {
    return `/api/v1/jobs?status=${RUNNING.join(",")}&sort=${DEFAULT_SORT}&limit=${PAGE_ROWS}`;
}

/** Whether a job that has just appeared or changed belongs to the view; as the server filters. */
export function matches(job: Job, view: View): boolean {
    if (view.status && !statuses(view).split(",").includes(job.status)) return false;
    if (view.model && job.model_type !== view.model) return false;
    const text = `${job.name ?? ""} ${job.data_path} ${job.model_type}`.toLowerCase();
    return text.includes(view.text.toLowerCase());
}

function rank(job: Job): number {
    if (job.status === "pending") return 1;
    return RUNNING.includes(job.status) ? 0 : 2;
}

/** Running ones first, then those that wait, then the rest; the newest first in each. In any other
 * view the server's order stays. */
export function arrange(jobs: Job[], view: View): Job[] {
    if (!isPlain(view)) return jobs;
    return [...jobs].sort((a, b) => rank(a) - rank(b) || b.job_id - a.job_id);
}

/** Two lists as one, each job once; `first` wins. */
export function merge(first: Job[], second: Job[]): Job[] {
    const known = new Set(first.map((job) => job.job_id));
    return [...first, ...second.filter((job) => !known.has(job.job_id))];
}

/** A record that is older than the one at hand, as a late answer to a question asked before. */
export function isOlder(job: Job, than: Job): boolean {
    return job.updated_at < than.updated_at;
}

/** The k of all rows, or null where they differ. */
export function commonK(jobs: Job[]): number | null {
    const all = new Set(jobs.map((job) => job.run.k).filter((k) => k != null));
    return all.size === 1 ? Number([...all][0]) : null;
}
