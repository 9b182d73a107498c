// The table of batches.
import { Button, ButtonLink, type Column, EmptyState, ErrorPanel, hasEnded, isActive, Menu, type MenuItem, Skeleton, Table, Time } from "../components";
import { bytes, duration, number } from "../lib/format";
import { useNow } from "../lib/hooks";
import type { Prediction } from "../lib/registry";
import { useFlag } from "../pages/shared";
import { cancelBatch, deleteBatch, retryBatch } from "./actions";
import { BatchStatus } from "./status";
import type { Batches } from "./use_batches";
import { fileOf, predictionTitle, usersWords } from "./words";

function rowActions(one: Prediction, batches: Batches): MenuItem[] {
    if (!hasEnded(one.status)) return [{ label: "Cancel", icon: "stop", disabled: one.cancel_requested, onSelect: () => void cancelBatch(one, batches.put) }];
    return [
        { label: "Retry", icon: "retry", onSelect: () => void retryBatch(one, batches.put) },
        { label: "Delete", icon: "trash", danger: true, onSelect: () => void deleteBatch(one, () => batches.drop(one.prediction_id)) },
    ];
}

export function ModelLink({ one }: { one: Prediction }) {
    if (!one.model) return <span class="none">deleted since</span>;
    return <a href={`/models/${one.model.model_id}`}>{one.model.ref}</a>;
}

function columns(batches: Batches, now: number): Column<Prediction>[] {
    const dash = <span class="none">–</span>;
    return [
        { key: "status", label: "Status", title: "Status", cell: (one) => <BatchStatus one={one} /> },
        {
            key: "job",
            label: "Batch",
            title: "Batch",
            cell: (one) => (
                <>
                    <a class="job-link" href={`/predictions/${one.prediction_id}`} title={one.name ?? undefined}>
                        {predictionTitle(one)}
                    </a>
                    {one.name && <span class="job-sub">#{one.prediction_id}</span>}
                </>
            ),
        },
        { key: "of", label: "Model", title: "Model", cell: (one) => <ModelLink one={one} /> },
        {
            key: "users",
            label: "Users",
            title: "Users",
            cell: (one) => (
                <>
                    {usersWords(one)}
                    {one.file && <span class="job-sub num">{number(one.file.users)}</span>}
                </>
            ),
        },
        {
            key: "rows",
            label: "Rows",
            title: "Rows",
            class: "numeric",
            cell: (one) =>
                one.file ? (
                    <>
                        <span class="num">{number(one.file.rows)}</span>
                        <span class="job-sub num">{bytes(one.file.size_bytes)}</span>
                    </>
                ) : (
                    dash
                ),
        },
        { key: "duration", label: "Duration", title: "Duration", class: "numeric", cell: (one) => (one.duration_seconds == null ? dash : <span class="num">{duration(one.duration_seconds)}</span>) },
        { key: "started", label: "Asked for", title: "Asked for", cell: (one) => <Time at={one.created_at} now={now} /> },
        {
            key: "actions",
            label: "Actions",
            title: <span class="visually-hidden">Actions</span>,
            cell: (one) => (
                <div class="actions">
                    {one.file && (
                        <ButtonLink class="button button-small" icon="download" href={fileOf(one)} download={one.file.file_name} aria-label={`Download ${one.file.file_name}`}>
                            Download
                        </ButtonLink>
                    )}
                    <Menu label={`Actions for ${predictionTitle(one)}`} small items={rowActions(one, batches)} />
                </div>
            ),
        },
    ];
}

export function BatchTable({ batches }: { batches: Batches }) {
    const rows = batches.rows ?? [];
    const now = useNow(rows.some((one) => isActive(one.status)) ? 1000 : 15_000);
    const [busy, during] = useFlag();
    return (
        <section class="card batches" aria-labelledby="batches">
            <div class="jobs-head">
                <h2 id="batches">Batches</h2>
            </div>
            {batches.error && <ErrorPanel error={batches.error} title={rows.length > 0 ? "This may be out of date" : "The batches could not be loaded"} retry={batches.reload} />}
            {!batches.rows && !batches.error && <Skeleton lines={5} label="Loading the batches" />}
            {batches.rows?.length === 0 && (
                <EmptyState icon="list" title="No batches yet">
                    <p>Start one above: it writes the list of each user into one file, which you download here.</p>
                </EmptyState>
            )}
            {rows.length > 0 && <Table label="Batches" columns={columns(batches, now)} rows={rows} rowKey={(one) => one.prediction_id} />}
            {batches.next != null && (
                <Button busy={busy} onClick={() => void during(batches.more)}>
                    Show more
                </Button>
            )}
        </section>
    );
}
