// A list that comes in pages: the first by itself, more on demand, all anew on reload().
import { useEffect, useRef, useState } from "preact/hooks";
import { toast } from "../components";
import { type ApiError, asApiError, get, isAborted } from "../lib/api";
import { live } from "../lib/live";

export interface Paged<R> {
    rows: R[] | null; // null: nothing yet
    next: string | number | null;
    error: ApiError | null;
    reload: () => void;
    more: () => Promise<void>;
    change: (change: (rows: R[]) => R[]) => void; // what is known otherwise
}

interface State<R> {
    path: string;
    rows: R[] | null;
    next: string | number | null;
    error: ApiError | null;
}

/** `path` has a query already; `pick` takes the rows of a page. */
export function usePaged<P extends { next: string | number | null }, R>(path: string, pick: (page: P) => R[]): Paged<R> {
    const [state, setState] = useState<State<R>>({ path, rows: null, next: null, error: null });
    const [round, setRound] = useState(0);
    const latest = useRef(path);
    latest.current = path;
    useEffect(() => {
        const abort = new AbortController();
        get<P>(path, { signal: abort.signal })
            .then((page) => setState({ path, rows: pick(page), next: page.next, error: null }))
            .catch((error) => {
                if (!isAborted(error)) setState((old) => ({ ...old, path, rows: old.path === path ? old.rows : null, error: asApiError(error) }));
            });
        return () => abort.abort();
    }, [path, round]);
    const more = async () => {
        try {
            const page = await get<P>(`${path}&cursor=${encodeURIComponent(String(state.next))}`);
            if (latest.current !== path) return;
            setState((old) => ({ path, rows: [...(old.rows ?? []), ...pick(page)], next: page.next, error: null }));
        } catch (error) {
            toast(`More could not be loaded: ${asApiError(error).message}`, { tone: "bad" });
        }
    };
    const is_current = state.path === path;
    return {
        rows: is_current ? state.rows : null,
        next: is_current ? state.next : null,
        error: is_current ? state.error : null,
        reload: () => setRound((n) => n + 1),
        more,
        change: (change) => setState((old) => (old.rows && old.path === path ? { ...old, rows: change(old.rows) } : old)),
    };
}

/** A job that is completed has made a version, one that is gone took its own along; and aliases move, by whoever's hand. */
export function useModelChanges(reload: () => void): void {
    const latest = useRef(reload);
    latest.current = reload;
    useEffect(() => {
        const stops = [
            live.subscribe("job", (job) => job.status === "completed" && latest.current()),
            live.subscribe("job_removed", () => latest.current()),
            live.subscribe("alias", () => latest.current()),
            live.subscribe("reset", () => latest.current()),
            live.subscribe("poll", () => latest.current()),
        ];
        return () => stops.forEach((stop) => stop());
    }, []);
}
