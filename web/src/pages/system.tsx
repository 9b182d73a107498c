// What the platform runs on: the queue, the workers, the store, the disk. Looked at every few
// seconds while somebody sees it.
import { useEffect } from "preact/hooks";
import { EmptyState, ErrorPanel, Icon, type IconName, PageTitle, Skeleton, StatusChip, Time } from "../components";
import { ago, bytes, clock, duration, number } from "../lib/format";
import { useGet, useNow } from "../lib/hooks";
import { live } from "../lib/live";
import { setTitle } from "../lib/router";
import { useStore } from "../lib/store";
import type { Status } from "../lib/types";
import { Code, Fact, Facts, Section } from "./shared";

interface Worker {
    worker_id: string | null; // null: somebody else's, and I am no administrator
    host: string | null;
    version: string;
    task: "train" | "predict";
    job_id: number | null;
    is_mine: boolean;
    is_busy?: boolean;
    is_draining: boolean;
    started_at: string;
    seen_at: string;
}

interface System {
    version: string;
    started_at: string;
    store: { kind: string; version: string };
    queue: {
        kind: string;
        is_connected: boolean;
        is_blocked?: boolean; // the broker takes no messages for want of memory or disk
        messages: number | null;
        consumers: number | null;
        dead: number | null;
    };
    counts: Record<Status, number>;
    oldest_pending_seconds: number | null;
    workers: Worker[];
    disk: { models_bytes_free: number | null };
    streams: number;
}

const REFRESH_MS = 3000;
const LATE_SECONDS = 15; // a worker tells every few seconds that it is there
const LOST_SECONDS = 30;

const STATUSES: Status[] = ["pending", "loading_data", "preprocessing", "training", "completed", "failed", "cancelled"];

export default function SystemPage() {
    useEffect(() => setTitle("System"), []);
    const { data, error, reload } = useGet<System>("/api/v1/system");
    useEffect(() => {
        const timer = setInterval(() => document.hidden || reload(), REFRESH_MS);
        return () => clearInterval(timer);
    }, []);
    return (
        <div class="system">
            <PageTitle aside={data ? <span class="none">rectrain {data.version}</span> : undefined}>System</PageTitle>
            {error && <ErrorPanel error={error} title={data ? "This may be out of date" : undefined} retry={reload} />}
            {!data && !error && <Skeleton lines={8} label="Loading the state of the system" />}
            {data && <Parts system={data} />}
        </div>
    );
}

function Parts({ system }: { system: System }) {
    const now = useNow(1000);
    return (
        <>
            <div class="system-grid">
                <Queue system={system} />
                <Jobs counts={system.counts} />
                <Section title="Server" class="card">
                    <Facts>
                        <Fact name="Up for">
                            <span class="num">{clock((now - Date.parse(system.started_at)) / 1000)}</span>
                        </Fact>
                        <Fact name="Store">{storeWords(system.store)}</Fact>
                        <Fact name="Free for models">
                            <span class="num">{bytes(system.disk.models_bytes_free)}</span>
                        </Fact>
                        <Fact name="Open pages">
                            <span class="num">{number(system.streams)}</span>
                        </Fact>
                        <Fact name="This page">
                            <Connection />
                        </Fact>
                    </Facts>
                </Section>
            </div>
            <Workers workers={system.workers} now={now} />
        </>
    );
}

const STORES: Record<string, string> = { sqlite: "SQLite", postgresql: "PostgreSQL" };

/** "SQLite 3.54.1", whether or not the version says the name itself. */
function storeWords({ kind, version }: System["store"]): string {
    const name = STORES[kind] ?? kind;
    return version.startsWith(name) ? version : `${name} ${version}`;
}

function Connection() {
    const connection = useStore(live.connection);
    const told = { live: "live", polling: "asking every few seconds", connecting: "connecting", paused: "paused" };
    return <>{told[connection]}</>;
}

/** A word with an icon, good or bad. */
function Health({ tone, icon, children }: { tone: "good" | "bad" | "idle"; icon: IconName; children: preact.ComponentChildren }) {
    return (
        <span class={`status status-${tone}`}>
            <Icon name={icon} />
            {children}
        </span>
    );
}

function Connected({ queue }: { queue: System["queue"] }) {
    if (!queue.is_connected)
        return (
            <Health tone="bad" icon="cross">
                away; it is tried again, no job is lost
            </Health>
        );
    if (queue.is_blocked)
        return (
            <Health tone="bad" icon="alert">
                blocked: the broker is short of memory or disk
            </Health>
        );
    return (
        <Health tone="good" icon="check">
            connected
        </Health>
    );
}

function Queue({ system }: { system: System }) {
    const { queue } = system;
    const built_in = queue.kind === "built_in";
    return (
        <Section title="Queue" class="card">
            <Facts>
                <Fact name="Kind">{built_in ? "built in, in the store" : "RabbitMQ"}</Fact>
                <Fact name="Connection">
                    <Connected queue={queue} />
                </Fact>
                <Fact name="Messages waiting">
                    <span class="num">{number(queue.messages)}</span>
                </Fact>
                {queue.consumers !== null && (
                    <Fact name="Consumers">
                        <span class="num">{number(queue.consumers)}</span>
                    </Fact>
                )}
                {queue.dead !== null && (
                    <Fact name="Dead letters" help="Messages that named no job, or one that killed its workers; kept to be looked at">
                        <span class="num">{number(queue.dead)}</span>
                    </Fact>
                )}
                <Fact name="Longest wait">
                    <span class="num">{system.oldest_pending_seconds === null ? "nobody waits" : duration(system.oldest_pending_seconds)}</span>
                </Fact>
            </Facts>
        </Section>
    );
}

function Jobs({ counts }: { counts: Record<Status, number> }) {
    const most = Math.max(1, ...STATUSES.map((status) => counts[status] ?? 0));
    return (
        <Section title="Jobs by status" class="card">
            <ul class="bars system-counts">
                {STATUSES.map((status) => (
                    <li key={status}>
                        <a class="bars-name" href={`/training/?status=${status}`}>
                            <StatusChip status={status} />
                        </a>
                        <span class="bars-count num">{number(counts[status] ?? 0)}</span>
                        <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                            <rect class="bar-room" width="100" height="8" />
                            <rect class="bar-fill" width={(100 * (counts[status] ?? 0)) / most} height="8" />
                        </svg>
                    </li>
                ))}
            </ul>
        </Section>
    );
}

function Workers({ workers, now }: { workers: Worker[]; now: number }) {
    if (workers.length === 0)
        return (
            <Section title="Workers">
                <EmptyState icon="system" title="No worker is there">
                    <p>
                        Jobs wait until one is. Start one with <code>rectrain worker</code>, or the server with <code>--workers 1</code>.
                    </p>
                </EmptyState>
            </Section>
        );
    return (
        <Section title={`Workers (${workers.length})`}>
            <ul class="workers">
                {workers.map((worker, index) => (
                    <WorkerCard key={worker.worker_id ?? index} worker={worker} now={now} />
                ))}
            </ul>
        </Section>
    );
}

function workerState(worker: Worker, age: number): { tone: "good" | "bad" | "idle" | "busy"; icon: IconName; word: string } {
    if (age > LOST_SECONDS) return { tone: "bad", icon: "cross", word: "lost" };
    if (worker.is_draining) return { tone: "idle", icon: "bar", word: "stopping" };
    if (worker.job_id !== null || worker.is_busy) return { tone: "busy", icon: "train", word: "busy" };
    return { tone: "good", icon: "check", word: "idle" };
}

function WorkersJob({ worker }: { worker: Worker }) {
    const [page, word] = worker.task === "predict" ? ["predictions", "batch"] : ["training", "job"];
    const name = `${word} ${worker.job_id}`;
    return worker.is_mine ? <a href={`/${page}/${worker.job_id}`}>{name}</a> : <span>{name}</span>;
}

function WorkerCard({ worker, now }: { worker: Worker; now: number }) {
    const age = Math.max(0, (now - Date.parse(worker.seen_at)) / 1000);
    const { tone, icon, word } = workerState(worker, age);
    return (
        <li class="card worker">
            <div class="worker-head">
                <span class={`status status-${tone}`}>
                    <Icon name={icon} />
                    {word}
                </span>
                {worker.job_id !== null && <WorkersJob worker={worker} />}
            </div>
            <div>{worker.task === "predict" ? "Predictions" : "Training"}</div>
            <div class="worker-name">{worker.worker_id ? <Code>{worker.worker_id}</Code> : <span class="none">a worker of the platform</span>}</div>
            <p class="worker-facts num">
                <span class={age > LATE_SECONDS ? "worker-late" : "none"}>heard {age < 10 ? "just now" : ago(worker.seen_at, now)}</span>
                <span class="none">
                    started <Time at={worker.started_at} now={now} />
                </span>
                <span class="none">version {worker.version}</span>
            </p>
        </li>
    );
}
