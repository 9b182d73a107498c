// What a page says when there is nothing, when it waits, when something went wrong or was done.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiError } from "../lib/api";
import { Store, useStore } from "../lib/store";
import { Button } from "./basics";
import { Icon, type IconName } from "./icons";

export function EmptyState({ icon, title, children }: { icon?: IconName; title: string; children?: ComponentChildren }) {
    return (
        <div class="empty">
            {icon && <Icon name={icon} size={28} />}
            <h2>{title}</h2>
            {children}
        </div>
    );
}

/** What failed, why, and what to do next. */
export function ErrorPanel({ error, retry, title }: { error: ApiError; retry?: (() => void) | undefined; title?: string }) {
    return (
        <div class="panel panel-bad" role="alert">
            <Icon name="alert" size={20} />
            <div>
                <h2>{title ?? error.title}</h2>
                {error.detail && <p>{error.detail}</p>}
                <p class="panel-actions">
                    {retry && (
                        <Button size="small" icon="retry" onClick={retry}>
                            Try again
                        </Button>
                    )}
                    {error.type && <a href={error.type}>What this means</a>}
                    {error.requestId && <span class="none">Request {error.requestId}</span>}
                </p>
            </div>
        </div>
    );
}

export function Note({ tone = "info", children }: { tone?: "info" | "warn" | "good"; children: ComponentChildren }) {
    return (
        <div class={`panel panel-${tone}`}>
            <Icon name={tone === "warn" ? "alert" : tone === "good" ? "check" : "info"} />
            <div>{children}</div>
        </div>
    );
}

/** Grey lines in the place of what is on its way. */
export function Skeleton({ lines = 3, label = "Loading" }: { lines?: number; label?: string }) {
    return (
        <div class="skeleton" role="status" aria-label={label}>
            {Array.from({ length: lines }, (_, i) => (
                <span key={i} class={`skeleton-line skeleton-${i % 3}`} />
            ))}
        </div>
    );
}

// ---- Toasts: short words about what was done, in the corner ----

interface ToastEntry {
    id: number;
    tone: "good" | "bad";
    text: string;
    href?: string | undefined;
    link?: string | undefined;
}

const toasts = new Store<ToastEntry[]>([]);
let toast_count = 0;

export function toast(text: string, options: { tone?: "good" | "bad"; href?: string; link?: string } = {}): void {
    const entry: ToastEntry = { id: ++toast_count, tone: options.tone ?? "good", text, href: options.href, link: options.link };
    toasts.set([...toasts.value.slice(-2), entry]);
}

function dismiss(id: number): void {
    toasts.set(toasts.value.filter((entry) => entry.id !== id));
}

const TOAST_MS = 6000;

function Toast({ entry }: { entry: ToastEntry }) {
    useEffect(() => {
        if (entry.tone === "bad") return; // stays until it was read
        const timer = setTimeout(() => dismiss(entry.id), TOAST_MS);
        return () => clearTimeout(timer);
    }, [entry]);
    return (
        <div class={`toast toast-${entry.tone}`}>
            <Icon name={entry.tone === "good" ? "check" : "alert"} />
            <span>{entry.text}</span>
            {entry.href && <a href={entry.href}>{entry.link ?? "Open"}</a>}
            <Button kind="quiet" size="small" icon="cross" aria-label="Dismiss" onClick={() => dismiss(entry.id)} />
        </div>
    );
}

export function Toasts() {
    const entries = useStore(toasts);
    return (
        <div class="toasts" role="status" aria-live="polite">
            {entries.map((entry) => (
                <Toast key={entry.id} entry={entry} />
            ))}
        </div>
    );
}

// ---- Words for screen readers alone ----

const spoken = new Store("");

export function announce(text: string): void {
    spoken.set(spoken.value === text ? text + "\u00a0" : text);
}

export function Announcer() {
    return (
        <div class="visually-hidden" aria-live="polite" id="announcer">
            {useStore(spoken)}
        </div>
    );
}
