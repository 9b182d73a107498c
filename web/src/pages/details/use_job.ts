// A job as the details page has it: loaded once, kept up by events, loaded anew where some may have
// been missed.
import { useEffect, useReducer, useRef } from "preact/hooks";
import { type ApiError, asApiError, get, isAborted } from "../../lib/api";
import { live } from "../../lib/live";
import type { Job, JobEvent, JobWhole, Points, Series } from "../../lib/types";
import { isEnded, mergeCurves, withPoints } from "./logic";

export interface JobView {
    job: JobWhole | null;
    curves: Series | null;
    events: JobEvent[];
    log_bytes: number;
    is_removed: boolean;
    error: ApiError | null; // of the job itself
    reload: () => void;
}

type State = Omit<JobView, "reload">;
type Action = (state: State) => State;

const START: State = { job: null, curves: null, events: [], log_bytes: 0, is_removed: false, error: null };
const EVENTS_LIMIT = 200;
const EVENTS_PAGES_MAX = 25;

export function useJob(id: number): JobView {
    const [state, change] = useReducer((old: State, action: Action) => action(old), START);
    const loader = useRef<Loader | null>(null);
    useEffect(() => {
        change(() => START);
        const mine = new Loader(id, change);
        loader.current = mine;
        mine.all();
        const mineOnly =
            <T extends { job_id: number }>(act: (value: T) => void) =>
            (value: T) =>
                value.job_id === id && act(value);
        const stops = [
            live.subscribe("job", mineOnly<Job>((job) => mine.onJob(job))),
            live.subscribe("points", mineOnly<Points>((points) => change((old) => ({ ...old, curves: withPoints(old.curves, points) })))),
            live.subscribe("log", mineOnly<{ job_id: number; size_bytes: number }>((log) => change((old) => ({ ...old, log_bytes: log.size_bytes })))),
            live.subscribe("job_removed", mineOnly<{ job_id: number }>(() => change((old) => ({ ...old, is_removed: true })))),
            live.subscribe("reset", () => mine.all()),
            live.subscribe("poll", () => mine.onPoll()),
        ];
        return () => {
            stops.forEach((stop) => stop());
            mine.stop();
        };
    }, [id]);
    return { ...state, reload: () => loader.current?.all() };
}

class Loader {
    private abort = new AbortController();
    private status = "";
    private phase: string | null = "";
    private last_event_id = 0;
    private events_busy = false;
    private events_again = false;

    constructor(
        private id: number,
        private change: (action: Action) => void,
    ) {}

    stop(): void {
        this.abort.abort();
    }

    all(): void {
        this.job();
        this.curves();
        void this.events();
    }

    /** The list's form of the job: what it lacks stays. */
    onJob(job: Job): void {
        const moved = job.status !== this.status || job.phase !== this.phase;
        const ended = isEnded(job) && job.status !== this.status;
        this.status = job.status;
        this.phase = job.phase;
        this.change((old) => (old.job ? { ...old, job: { ...old.job, ...job } } : old));
        if (ended) this.job();
        if (moved) void this.events();
    }

    /** Without a stream: what polling the list does not tell. */
    onPoll(): void {
        if (isEnded({ status: this.status as Job["status"] })) return;
        this.job();
        this.curves();
    }

    private load<T>(path: string, take: (data: T) => Action, onError: (error: ApiError) => void): void {
        get<T>(`/api/v1/jobs/${this.id}${path}`, { signal: this.abort.signal })
            .then((data) => this.change(take(data)))
            .catch((error) => {
                if (!isAborted(error)) onError(asApiError(error));
            });
    }

    private job(): void {
        this.load<JobWhole>(
            "",
            (job) => (old) => {
                this.status = job.status;
                this.phase = job.phase;
                return { ...old, job, error: null, log_bytes: Math.max(old.log_bytes, job.log_bytes ?? 0) };
            },
            (error) => this.change((old) => ({ ...old, error })),
        );
    }

    // A curve that did not load is no reason to hide the job: the next event or reload brings it.
    private curves(): void {
        this.load<Series>(
            "/metrics",
            (curves) => (old) => ({ ...old, curves: mergeCurves(curves, old.curves) }),
            () => undefined,
        );
    }

    private async events(): Promise<void> {
        if (this.events_busy) {
            this.events_again = true;
            return;
        }
        this.events_busy = true;
        try {
            do {
                this.events_again = false;
                await this.newEvents();
            } while (this.events_again);
        } catch {
            // Tried again with the next change.
        } finally {
            this.events_busy = false;
        }
    }

    private async newEvents(): Promise<void> {
        for (let page = 0; page < EVENTS_PAGES_MAX; page++) {
            const path = `/api/v1/jobs/${this.id}/events?after=${this.last_event_id}&limit=${EVENTS_LIMIT}`;
            const { events, next } = await get<{ events: JobEvent[]; next: number | null }>(path, { signal: this.abort.signal });
            const last = events.at(-1)?.event_id;
            if (last !== undefined) {
                this.last_event_id = last;
                this.change((old) => ({ ...old, events: [...old.events, ...events] }));
            }
            if (next === null || events.length === 0) return;
        }
    }
}
