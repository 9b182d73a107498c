// The jobs that are compared, whole and with their curves, kept up by events.
import { useEffect, useReducer } from "preact/hooks";
import { type ApiError, asApiError, get, isAborted } from "../../lib/api";
import { live } from "../../lib/live";
import type { Job, JobWhole, Points, Series } from "../../lib/types";
import { isEnded, mergeCurves, withPoints } from "../details/logic";

export interface Entry {
    id: number;
    job: JobWhole | null;
    curves: Series | null;
    error: ApiError | null;
}

type Entries = ReadonlyMap<number, Entry>;
type Change = (entries: Entries) => Entries;

const fresh = (id: number): Entry => ({ id, job: null, curves: null, error: null });

function changed(entries: Entries, id: number, change: (entry: Entry) => Entry): Entries {
    return new Map(entries).set(id, change(entries.get(id) ?? fresh(id)));
}

function load(id: number, apply: (change: Change) => void, signal: AbortSignal): void {
    get<JobWhole>(`/api/v1/jobs/${id}`, { signal })
        .then((job) => apply((all) => changed(all, id, (old) => ({ ...old, job, error: null }))))
        .catch((error) => {
            if (!isAborted(error)) apply((all) => changed(all, id, (old) => ({ ...old, error: asApiError(error) })));
        });
    get<Series>(`/api/v1/jobs/${id}/metrics`, { signal })
        .then((curves) => apply((all) => changed(all, id, (old) => ({ ...old, curves: mergeCurves(curves, old.curves) }))))
        .catch(() => undefined); // the job itself says what is wrong; without curves it still compares
}

/** The entries in the order of the ids. Those that are there stay while others come or go. */
export function useJobs(ids: readonly number[]): { entries: Entry[]; reload: () => void } {
    const [entries, apply] = useReducer((all: Entries, change: Change) => change(all), new Map() as Entries);
    const [round, again] = useReducer((n: number) => n + 1, 0);
    const key = ids.join(",");
    useEffect(() => {
        const abort = new AbortController();
        for (const id of ids) if (round > 0 || !entries.get(id)?.job) load(id, apply, abort.signal);
        return () => abort.abort();
    }, [key, round]);
    useEffect(() => {
        const wanted = new Set(ids);
        const abort = new AbortController();
        const onJob = (job: Job) => {
            if (!wanted.has(job.job_id)) return;
            apply((all) => changed(all, job.job_id, (old) => (old.job ? { ...old, job: { ...old.job, ...job } } : old)));
            if (isEnded(job)) load(job.job_id, apply, abort.signal);
        };
        const onPoints = (points: Points) => {
            if (!wanted.has(points.job_id)) return;
            apply((all) => changed(all, points.job_id, (old) => ({ ...old, curves: withPoints(old.curves, points) })));
        };
        const stops = [live.subscribe("job", onJob), live.subscribe("points", onPoints), live.subscribe("reset", () => again(undefined))];
        return () => {
            abort.abort();
            stops.forEach((stop) => stop());
        };
    }, [key]);
    return { entries: ids.map((id) => entries.get(id) ?? fresh(id)), reload: () => again(undefined) };
}
