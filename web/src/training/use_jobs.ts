// The rows of the table: loaded by the view, kept up to date by what happens. While somebody points
// at a row, no row moves: what is new waits until the pointer has left or rests.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { announce, hasEnded, statusWord } from "../components";
import { type ApiError, asApiError, get, isAborted } from "../lib/api";
import { jobTitle } from "../lib/format";
import { live } from "../lib/live";
import type { Job, JobPage } from "../lib/types";
import { arrange, isOlder, isPlain, listPath, matches, merge, runningPath, type View } from "./view";

export interface Jobs {
    jobs: Job[];
    next: string | null;
    total: number | null;
    error: ApiError | null;
    is_loading: boolean;
    waiting: number; // new ones that are not shown yet
    fresh: Set<number>; // came just now
    reload: () => void;
    hold: (held: boolean) => void; // the pointer moves over the rows, or has left them
    showWaiting: () => void;
    put: (job: Job) => void; // what an action answered
    drop: (job_id: number) => void;
}

interface State {
    key: string;
    jobs: Job[];
    next: string | null;
    total: number | null;
    error: ApiError | null;
    is_loading: boolean;
}

const FRESH_MS = 1000;
const REST_MS = 5000; // a pointer that does not move points at nothing any more

async function load(view: View, signal: AbortSignal): Promise<JobPage> {
    if (!isPlain(view)) return get<JobPage>(listPath(view), { signal });
    const [page, running] = await Promise.all([
        get<JobPage>(listPath(view), { signal }),
        get<JobPage>(runningPath(), { signal }),
    ]);
    return { ...page, jobs: arrange(merge(running.jobs, page.jobs), view) };
}

function tellEnd(before: Job, after: Job): void {
    if (before.status === after.status || !hasEnded(after.status)) return;
    announce(`${jobTitle(after)}: ${statusWord(after.status)}`);
}

export function useJobs(view: View): Jobs {
    const key = listPath(view);
    const [state, setState] = useState<State>({ key, jobs: [], next: null, total: null, error: null, is_loading: true });
    const [round, setRound] = useState(0);
    const [waiting, setWaiting] = useState(0);
    const held = useRef(false);
    const rest_timer = useRef(0);
    const store = useRef<{ jobs: Job[]; new_jobs: Map<number, Job> }>({ jobs: [], new_jobs: new Map() });
    const fresh = useRef(new Set<number>());

    const show = useCallback((jobs: Job[]) => {
        store.current.jobs = jobs;
        setState((old) => ({ ...old, jobs }));
    }, []);

    useEffect(() => {
        const abort = new AbortController();
        setState((old) => ({ ...old, key, jobs: old.key === key ? old.jobs : [], is_loading: true, error: null }));
        load(view, abort.signal)
            .then((page) => {
                store.current = { jobs: page.jobs, new_jobs: new Map() };
                setWaiting(0);
                setState({ key, jobs: page.jobs, next: page.next, total: page.total ?? null, error: null, is_loading: false });
            })
            .catch((error) => {
                if (!isAborted(error)) setState((old) => ({ ...old, error: asApiError(error), is_loading: false }));
            });
        return () => abort.abort();
    }, [key, round]);

    const showWaiting = useCallback(() => {
        const { jobs, new_jobs } = store.current;
        for (const id of new_jobs.keys()) fresh.current.add(id);
        setTimeout(() => fresh.current.clear(), FRESH_MS);
        show(arrange(merge([...new_jobs.values()].reverse(), jobs), view));
        store.current.new_jobs = new Map();
        setWaiting(0);
    }, [key]);

    const put = useCallback(
        (job: Job) => {
            const { jobs, new_jobs } = store.current;
            const at = jobs.findIndex((known) => known.job_id === job.job_id);
            const before = jobs[at];
            if (before) {
                if (isOlder(job, before)) return;
                tellEnd(before, job);
                const changed = jobs.map((known, i) => (i === at ? { ...known, ...job } : known));
                show(held.current ? changed : arrange(changed, view));
            } else if (matches(job, view) && !view.cursor && view.sort === "-created") {
                const is_known = new_jobs.has(job.job_id);
                new_jobs.set(job.job_id, job);
                if (!is_known) setState((old) => ({ ...old, total: old.total == null ? null : old.total + 1 }));
                if (held.current) setWaiting(new_jobs.size);
                else showWaiting();
            }
        },
        [key],
    );

    const drop = useCallback((job_id: number) => {
        const { jobs, new_jobs } = store.current;
        const was_known = new_jobs.delete(job_id) || jobs.some((job) => job.job_id === job_id);
        if (!was_known) return;
        setWaiting(new_jobs.size);
        show(jobs.filter((job) => job.job_id !== job_id));
        setState((old) => ({ ...old, total: old.total == null ? null : Math.max(0, old.total - 1) }));
    }, []);

    const hold = useCallback(
        (now_held: boolean) => {
            clearTimeout(rest_timer.current);
            if (now_held) rest_timer.current = setTimeout(() => hold(false), REST_MS) as unknown as number;
            if (held.current === now_held) return;
            held.current = now_held;
            if (!now_held) showWaiting();
        },
        [showWaiting],
    );

    useEffect(() => () => clearTimeout(rest_timer.current), []);
    useEffect(() => {
        const stops = [
            live.subscribe("job", put),
            live.subscribe("job_removed", ({ job_id }) => drop(job_id)),
            live.subscribe("reset", () => setRound((n) => n + 1)),
        ];
        return () => stops.forEach((stop) => stop());
    }, [put, drop]);

    const is_current = state.key === key;
    return {
        jobs: is_current ? state.jobs : [],
        next: is_current ? state.next : null,
        total: state.total,
        error: state.error,
        is_loading: state.is_loading || !is_current,
        waiting,
        fresh: fresh.current,
        reload: () => setRound((n) => n + 1),
        hold,
        showWaiting,
        put,
        drop,
    };
}
