// One batch: where it stands, what it was asked for, its file and the first rows of it.
import { useEffect, useRef } from "preact/hooks";
import { Button, ButtonLink, CopyButton, EmptyState, ErrorPanel, hasEnded, Icon, isActive, PageTitle, Skeleton, Time } from "../components";
import { asApiError, request } from "../lib/api";
import { bytes, clock, duration, jobSeconds, number } from "../lib/format";
import { useGet, useNow } from "../lib/hooks";
import { live } from "../lib/live";
import type { Prediction as Shape, Preview } from "../lib/registry";
import { navigate, setTitle } from "../lib/router";
import type { JobEvent } from "../lib/types";
import { cancelBatch, deleteBatch, retryBatch } from "../predictions/actions";
import { BatchStatus } from "../predictions/status";
import { ModelLink } from "../predictions/table";
import { fileOf, phaseName, predictionTitle, usersWords } from "../predictions/words";
import { EventsTab } from "./details/events";
import { Code, Fact, Facts, manualOf, Section, useFlag } from "./shared";

const PREVIEW_ROWS = 20;

function useBatch(id: number) {
    const found = useGet<Shape>(`/api/v1/predictions/${id}`);
    const latest = useRef(found);
    latest.current = found;
    useEffect(() => {
        const stops = [
            live.subscribe("prediction", (one) => {
                const now = latest.current.data;
                if (one.prediction_id !== id || (now && hasEnded(now.status) && !hasEnded(one.status))) return;
                latest.current.set({ ...(now ?? one), ...one });
            }),
            live.subscribe("prediction_removed", ({ prediction_id }) => prediction_id === id && latest.current.reload()),
            live.subscribe("reset", () => latest.current.reload()),
            live.subscribe("poll", () => latest.current.data && !hasEnded(latest.current.data.status) && latest.current.reload()),
        ];
        return () => stops.forEach((stop) => stop());
    }, [id]);
    return found;
}

export default function Prediction({ params }: { params: Record<string, string> }) {
    const id = Number(params["id"]);
    const found = useBatch(id);
    const one = found.data;
    const title = one ? predictionTitle(one) : `Batch ${id}`;
    useEffect(() => setTitle(title), [title]);
    if (found.error?.status === 404)
        return (
            <>
                <PageTitle>Batch {id}</PageTitle>
                <EmptyState icon="list" title="There is no such batch">
                    <p>It may have been deleted, or belong to somebody else.</p>
                    <ButtonLink kind="primary" href="/predictions/">
                        All batches
                    </ButtonLink>
                </EmptyState>
            </>
        );
    if (!one)
        return (
            <>
                <PageTitle>{title}</PageTitle>
                {found.error ? <ErrorPanel error={found.error} retry={found.reload} /> : <Skeleton lines={8} label="Loading the batch" />}
            </>
        );
    return <Whole one={one} set={found.set} />;
}

function Whole({ one, set }: { one: Shape; set: (one: Shape) => void }) {
    const now = useNow(isActive(one.status) ? 1000 : 30_000);
    const events = useGet<{ events: JobEvent[] }>(`/api/v1/predictions/${one.prediction_id}/events?limit=200`);
    const stage = `${one.status} ${one.attempt}`;
    const seen = useRef(stage);
    useEffect(() => {
        if (seen.current === stage) return;
        seen.current = stage;
        events.reload();
    }, [stage]);
    const seconds = one.duration_seconds ?? jobSeconds(one, now);
    return (
        <article class="details">
            <header class="details-header">
                <nav aria-label="Where this is" class="crumbs">
                    <a href="/predictions/">Predictions</a> / <span>Batch {one.prediction_id}</span>
                </nav>
                <PageTitle>{predictionTitle(one)}</PageTitle>
                <BatchStatus one={one} large />
                <p class="details-facts">
                    <ModelLink one={one} />
                    <span>{usersWords(one)}</span>
                    <span>
                        asked for <Time at={one.created_at} now={now} />
                    </span>
                    {seconds !== null && <span class="num">{hasEnded(one.status) ? `took ${duration(seconds)}` : clock(seconds)}</span>}
                </p>
            </header>
            <Actions one={one} set={set} />
            {one.status === "failed" && one.error && <Failure one={one} />}
            <div class="summary">
                <div class="summary-main">
                    {one.file && <FirstRows one={one} />}
                    <Section title="Events">
                        {events.error && <ErrorPanel error={events.error} retry={events.reload} />}
                        {events.data && <EventsTab events={events.data.events} now={now} steps={phaseName} />}
                    </Section>
                    {hasEnded(one.status) && <Log one={one} open={one.status === "failed"} />}
                </div>
                <div class="summary-side">
                    <Request one={one} />
                    {one.file && <File one={one} />}
                </div>
            </div>
        </article>
    );
}

function Actions({ one, set }: { one: Shape; set: (one: Shape) => void }) {
    const [busy, during] = useFlag();
    const ended = hasEnded(one.status);
    return (
        <div class="actions">
            {one.file && (
                <ButtonLink kind="primary" icon="download" href={fileOf(one)} download={one.file.file_name}>
                    Download {bytes(one.file.size_bytes)}
                </ButtonLink>
            )}
            {!ended && (
                <Button kind="danger" icon="stop" busy={busy || one.cancel_requested} onClick={() => void during(() => cancelBatch(one, set))}>
                    {one.cancel_requested ? "Stopping" : "Cancel"}
                </Button>
            )}
            {ended && (
                <Button icon="retry" busy={busy} onClick={() => void during(() => retryBatch(one, (again) => navigate(`/predictions/${again.prediction_id}`)))}>
                    Retry
                </Button>
            )}
            {ended && (
                <Button kind="quiet" icon="trash" busy={busy} onClick={() => void during(() => deleteBatch(one, () => navigate("/predictions/")))}>
                    Delete
                </Button>
            )}
        </div>
    );
}

function Failure({ one }: { one: Shape }) {
    const error = one.error!;
    return (
        <section class="panel panel-bad failure" aria-labelledby="failure-title">
            <Icon name="cross" size={20} />
            <div class="failure-body">
                <h2 id="failure-title">{error.title}</h2>
                {error.message && <p class="failure-message">{error.message.split("`").map((part, i) => (i % 2 ? <code key={i}>{part}</code> : part))}</p>}
                <p class="failure-where">
                    {one.attempt > 1 && <>Attempt {one.attempt}. </>}
                    Code <code>{error.code}</code>: <a href={manualOf(error.code)}>what this means and what to do</a>
                </p>
            </div>
        </section>
    );
}

function FirstRows({ one }: { one: Shape }) {
    const found = useGet<Preview>(`/api/v1/predictions/${one.prediction_id}/preview?limit=${PREVIEW_ROWS}`);
    const columns = found.data?.columns ?? [];
    const is_number = (at: number) => typeof found.data?.rows[0]?.[at] === "number";
    return (
        <Section title="First rows" aside={one.file && <span class="none num">of {number(one.file.rows)}</span>}>
            {found.error && <ErrorPanel error={found.error} retry={found.reload} />}
            {!found.data && !found.error && <Skeleton lines={6} label="Reading the file" />}
            {found.data && (
                <div class="table-scroll" tabIndex={0} role="region" aria-label="First rows of the file">
                    <table class="plain-table preview">
                        <thead>
                            <tr>
                                {columns.map((name, at) => (
                                    <th key={name} scope="col" class={is_number(at) ? "numeric" : undefined}>
                                        {name}
                                    </th>
                                ))}
                            </tr>
                        </thead>
                        <tbody>
                            {found.data.rows.map((row, i) => (
                                <tr key={i}>
                                    {row.map((value, at) => (
                                        <td key={at} class={is_number(at) ? "numeric num" : undefined}>
                                            {columns[at] === "score" ? Number(value).toPrecision(6) : value}
                                        </td>
                                    ))}
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </Section>
    );
}

function Request({ one }: { one: Shape }) {
    return (
        <Section title="Asked for">
            <Facts>
                <Fact name="Model">
                    <ModelLink one={one} />
                </Fact>
                <Fact name="Users">{usersWords(one)}</Fact>
                <Fact name="Items a user">
                    <span class="num">{number(one.k)}</span>
                </Fact>
                <Fact name="Seen items">{one.exclude_seen ? "left out" : "left in"}</Fact>
                <Fact name="Format">{one.format === "csv" ? "CSV" : "Parquet"}</Fact>
                {one.attempt > 1 && <Fact name="Attempts">{one.attempt}</Fact>}
            </Facts>
        </Section>
    );
}

function File({ one }: { one: Shape }) {
    const file = one.file!;
    return (
        <Section title="File">
            <Facts>
                <Fact name="Name">
                    <Code>{file.file_name}</Code>
                </Fact>
                <Fact name="Users">
                    <span class="num">{number(file.users)}</span>
                </Fact>
                <Fact name="Rows">
                    <span class="num">{number(file.rows)}</span>
                </Fact>
                <Fact name="Size">
                    <span class="num" title={`${number(file.size_bytes)} bytes`}>
                        {bytes(file.size_bytes)}
                    </span>
                </Fact>
                <Fact name="SHA-256">
                    <Code>{file.sha256}</Code>
                    <CopyButton text={file.sha256} label="Copy checksum" />
                </Fact>
            </Facts>
        </Section>
    );
}

/** Read once, when it is opened. */
function Log({ one, open }: { one: Shape; open: boolean }) {
    const box = useRef<HTMLPreElement>(null);
    const read = async () => {
        if (!box.current || box.current.textContent) return;
        try {
            const answer = await request("GET", `/api/v1/predictions/${one.prediction_id}/log`);
            box.current.textContent = (await answer.text()) || "No line was written.";
        } catch (reason) {
            box.current.textContent = `The log could not be read: ${asApiError(reason).message}`;
        }
    };
    useEffect(() => {
        if (open) void read();
    }, [open]);
    return (
        <details open={open} onToggle={(event) => event.currentTarget.open && void read()}>
            <summary>Log</summary>
            <pre ref={box} class="log log-short" tabIndex={0} aria-label="Log" />
        </details>
    );
}
