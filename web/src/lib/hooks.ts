// What several pages need of time, storage and keys.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, asApiError, get, isAborted, serverNow } from "./api";

/** The server's time, redrawn each `every_ms`; 0: stands still. */
export function useNow(every_ms: number): number {
    const [now, setNow] = useState(serverNow());
    useEffect(() => {
        if (every_ms <= 0) return;
        setNow(serverNow());
        const timer = setInterval(() => setNow(serverNow()), every_ms);
        return () => clearInterval(timer);
    }, [every_ms]);
    return now;
}

export interface Loaded<T> {
    data: T | null; // stays while it is loaded anew
    error: ApiError | null;
    is_loading: boolean;
    reload: () => void;
    set: (data: T) => void;
}

/** GET an address; anew when it changes or on reload(). null: nothing yet. */
export function useGet<T>(path: string | null): Loaded<T> {
    const [state, setState] = useState<{ path: string | null; data: T | null; error: ApiError | null; is_loading: boolean }>({
        path,
        data: null,
        error: null,
        is_loading: path !== null,
    });
    const [round, setRound] = useState(0);
    useEffect(() => {
        if (path === null) return;
        const abort = new AbortController();
        setState((old) => ({ path, data: old.path === path ? old.data : null, error: null, is_loading: true }));
        get<T>(path, { signal: abort.signal })
            .then((data) => setState({ path, data, error: null, is_loading: false }))
            .catch((error) => {
                if (!isAborted(error)) setState((old) => ({ ...old, error: asApiError(error), is_loading: false }));
            });
        return () => abort.abort();
    }, [path, round]);
    return {
        data: state.path === path ? state.data : null,
        error: state.error,
        is_loading: state.is_loading || state.path !== path,
        reload: () => setRound((n) => n + 1),
        set: (data) => setState({ path, data, error: null, is_loading: false }),
    };
}

/** A value that this browser keeps. */
export function readKept<T>(key: string, fallback: T): T {
    try {
        const text = localStorage.getItem("rectrain." + key);
        return text ? (JSON.parse(text) as T) : fallback;
    } catch {
        return fallback;
    }
}

export function keep(key: string, value: unknown): void {
    try {
        localStorage.setItem("rectrain." + key, JSON.stringify(value));
    } catch {
        // Storage may be full or switched off: then it is not kept.
    }
}

function isTyping(target: EventTarget | null): boolean {
    const element = target as HTMLElement | null;
    return !!element?.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
}

/** Keys of a page, by KeyboardEvent.key; none while somebody types or a dialog is open, but Escape. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
    const latest = useRef(keys);
    latest.current = keys;
    useEffect(() => {
        const onKey = (event: KeyboardEvent) => {
            if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
            if (document.querySelector("dialog[open]")) return;
            if (isTyping(event.target) && event.key !== "Escape") return;
            latest.current[event.key]?.(event);
        };
        document.addEventListener("keydown", onKey);
        return () => document.removeEventListener("keydown", onKey);
    }, []);
}
