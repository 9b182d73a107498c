// What happens to the user's jobs, as it happens: one EventSource for the whole tab. Where streams
// do not come through (a proxy that holds them back, a network that cuts them) the list of jobs is
// asked for every few seconds instead, and the stream is tried again from time to time. A tab that
// nobody sees closes its stream, since a browser has few connections to a server.
import { request } from "./api";
import { Store } from "./store";
import type { Move, Prediction } from "./registry";
import type { Job, JobPage, Points } from "./types";

export interface LiveEvents {
    job: Job;
    job_removed: { job_id: number };
    points: Points;
    log: { job_id: number; size_bytes: number };
    prediction: Prediction;
    prediction_removed: { prediction_id: number };
    alias: Move;
    reset: null; // something may have been missed: load your state anew
    poll: null; // a round of polling is over: ask for what it does not tell (points, log, predictions, aliases)
}

export type Connection = "connecting" | "live" | "polling" | "paused";

/** What Live needs of a browser; a test brings its own. */
export interface LiveEnvironment {
    open(url: string): EventSource;
    poll(etag: string | null): Promise<{ etag: string | null; page: JobPage | null }>; // null: unchanged
    setTimeout(run: () => void, ms: number): number;
    clearTimeout(timer: number): void;
}

export const OPEN_TIMEOUT_MS = 5000; // for a stream to open, or to come back
export const POLL_MS = 2500;
export const RETRY_MS = 20_000; // between tries of the stream while polling
export const HIDDEN_MS = 5000; // a glance at another tab costs nothing

type Listeners = { [K in keyof LiveEvents]: Set<(value: LiveEvents[K]) => void> };

export class Live {
    readonly connection = new Store<Connection>("connecting");
    private listeners: Listeners = {
        job: new Set(),
        job_removed: new Set(),
        points: new Set(),
        log: new Set(),
        prediction: new Set(),
        prediction_removed: new Set(),
        alias: new Set(),
        reset: new Set(),
        poll: new Set(),
    };
    private source: EventSource | null = null;
    private last_event_id = "";
    private opened_before = false;
    private open_timer = 0;
    private poll_timer = 0;
    private retry_timer = 0;
    private hidden_timer = 0;
    private etag: string | null = null;
    private seen = new Map<number, string>(); // job → its JSON in the last round
    private total = -1;

    constructor(private env: LiveEnvironment) {}

    subscribe<K extends keyof LiveEvents>(type: K, listener: (value: LiveEvents[K]) => void): () => void {
        this.listeners[type].add(listener);
        return () => this.listeners[type].delete(listener);
    }

    start(): void {
        if (this.connection.value !== "polling") this.connection.set("connecting");
        this.openStream();
    }

    stop(): void {
        this.closeStream();
        this.stopPolling();
        this.connection.set("paused");
    }

    /** The tab was hidden or is seen again. */
    setHidden(hidden: boolean): void {
        this.env.clearTimeout(this.hidden_timer);
        if (hidden) this.hidden_timer = this.env.setTimeout(() => this.stop(), HIDDEN_MS);
        else if (this.connection.value === "paused") this.start();
    }

    private emit<K extends keyof LiveEvents>(type: K, value: LiveEvents[K]): void {
        for (const listener of [...this.listeners[type]]) listener(value);
    }

    private openStream(): void {
        this.closeStream();
        const last = this.last_event_id;
        const url = "/api/v1/events" + (last ? `?last_event_id=${encodeURIComponent(last)}` : "");
        const source = this.env.open(url);
        this.source = source;
        source.onopen = () => this.onOpen();
        source.onerror = () => this.onError(source);
        for (const type of ["job", "job_removed", "points", "log", "prediction", "prediction_removed", "alias", "reset"] as const)
            source.addEventListener(type, (event) => this.onEvent(type, event as MessageEvent<string>));
        this.awaitOpen();
    }

    private closeStream(): void {
        this.stopWaiting();
        this.env.clearTimeout(this.retry_timer);
        this.source?.close();
        this.source = null;
    }

    /** One time for all tries: EventSource may fail anew every second. */
    private awaitOpen(): void {
        if (this.open_timer === 0) this.open_timer = this.env.setTimeout(() => this.giveUp(), OPEN_TIMEOUT_MS);
    }

    private stopWaiting(): void {
        this.env.clearTimeout(this.open_timer);
        this.open_timer = 0;
    }

    private onOpen(): void {
        this.stopWaiting();
        this.env.clearTimeout(this.retry_timer);
        this.stopPolling();
        const missed = this.opened_before && !this.last_event_id;
        this.opened_before = true;
        this.connection.set("live");
        if (missed) this.emit("reset", null);
    }

    /** EventSource comes back by itself after a cut, but not after an answer such as 503. */
    private onError(source: EventSource): void {
        if (source !== this.source) return;
        if (this.connection.value === "live") this.connection.set("connecting");
        if (source.readyState === 2 /* CLOSED */) this.giveUp();
        else if (this.connection.value === "connecting") this.awaitOpen();
    }

    private giveUp(): void {
        this.closeStream();
        this.retry_timer = this.env.setTimeout(() => this.openStream(), RETRY_MS);
        if (this.connection.value !== "polling") {
            this.connection.set("polling");
            void this.pollOnce();
        }
    }

    private onEvent(type: keyof LiveEvents, event: MessageEvent<string>): void {
        if (event.lastEventId) this.last_event_id = event.lastEventId;
        if (type === "reset") {
            this.emit("reset", null);
            return;
        }
        try {
            this.emit(type, JSON.parse(event.data));
        } catch (error) {
            console.error(`an event "${type}" could not be taken`, error);
        }
    }

    private stopPolling(): void {
        this.env.clearTimeout(this.poll_timer);
        this.poll_timer = 0;
        this.etag = null;
        this.seen.clear();
        this.total = -1;
    }

    private async pollOnce(): Promise<void> {
        try {
            const { etag, page } = await this.env.poll(this.etag);
            if (this.connection.value !== "polling") return;
            this.etag = etag;
            if (page) this.takePage(page);
            this.emit("poll", null);
        } catch {
            // Not reachable now either: the next round will tell.
        }
        if (this.connection.value === "polling")
            this.poll_timer = this.env.setTimeout(() => void this.pollOnce(), POLL_MS);
    }

    private takePage(page: JobPage): void {
        const is_first = this.seen.size === 0 && this.total === -1;
        const total = page.total ?? page.jobs.length;
        const fresh = page.jobs.filter((job) => !this.seen.has(job.job_id)).length;
        const vanished = !is_first && total !== this.total + fresh;
        for (const job of page.jobs) {
            const text = JSON.stringify(job);
            if (this.seen.get(job.job_id) === text) continue;
            this.seen.set(job.job_id, text);
            this.emit("job", job);
        }
        this.total = total;
        if (is_first || vanished) this.emit("reset", null);
    }
}

const browser: LiveEnvironment = {
    open: (url) => new EventSource(url),
    async poll(etag) {
        const headers: Record<string, string> = etag ? { "If-None-Match": etag } : {};
        const response = await request("GET", "/api/v1/jobs?sort=-updated&limit=50", undefined, { headers });
        if (response.status === 304) return { etag, page: null };
        return { etag: response.headers.get("ETag"), page: (await response.json()) as JobPage };
    },
    setTimeout: (run, ms) => setTimeout(run, ms) as unknown as number,
    clearTimeout: (timer) => clearTimeout(timer),
};

export const live = new Live(browser);

export function startLive(): void {
    live.start();
    document.addEventListener("visibilitychange", () => live.setHidden(document.hidden));
    addEventListener("pagehide", () => live.stop());
    addEventListener("pageshow", (event) => {
        if (event.persisted) live.setHidden(false);
    });
}
