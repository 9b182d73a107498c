// The table of jobs: live, sortable, filtered and paged, with the keyboard or the pointer.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, ButtonLink, EmptyState, ErrorPanel, hasEnded, isActive, Menu, type MenuItem, Skeleton, Table } from "../components";
import { jobTitle, number, plural } from "../lib/format";
import { keep, readKept, useKeys, useNow } from "../lib/hooks";
import { useModelTypes } from "../lib/model_types";
import { canGoBack, navigate, useLocation, withQuery } from "../lib/router";
import type { Job } from "../lib/types";
import { cancelJobs, deleteJobs, retryJob } from "./actions";
import { defaultColumns, jobColumns } from "./columns";
import { SampleStart } from "./sample_start";
import { BulkBar, COMPARE_MAX, Filters } from "./toolbar";
import type { Jobs } from "./use_jobs";
import { commonK, DEFAULT_SORT, isFiltered, PAGE_ROWS, viewOf } from "./view";

function rowActions(job: Job, jobs: Jobs): MenuItem[] {
    const id = job.job_id;
    const ended = hasEnded(job.status);
    const items: MenuItem[] = [];
    if (!ended) items.push({ label: "Cancel", icon: "stop", disabled: job.cancel_requested, onSelect: () => void cancelJobs([job], jobs.put) });
    // What one asked for oneself is shown at once, wherever the pointer is.
    const show = (again: Job) => {
        jobs.put(again);
        jobs.showWaiting();
    };
    if (ended) items.push({ label: "Retry", icon: "retry", onSelect: () => void retryJob(job, show) });
    items.push({ label: "Clone and edit", icon: "copy", href: `/training/?clone=${id}` });
    if (ended) items.push({ label: "Delete", icon: "trash", danger: true, onSelect: () => void deleteJobs([job], jobs.drop) });
    return items;
}

function useSelection(jobs: Job[]) {
    const [ids, setIds] = useState<Set<number>>(new Set());
    const selected = jobs.filter((job) => ids.has(job.job_id));
    const toggle = (id: number) =>
        setIds((old) => {
            const next = new Set(old);
            if (!next.delete(id)) next.add(id);
            return next;
        });
    return { ids, selected, toggle, set: (list: Job[]) => setIds(new Set(list.map((job) => job.job_id))), clear: () => setIds(new Set()) };
}

/** The row that has the focus, and moving it by a step. */
function focusedRow(body: HTMLElement | null): { rows: HTMLElement[]; at: number } {
    const rows = [...(body?.querySelectorAll<HTMLElement>("tbody tr") ?? [])];
    return { rows, at: rows.findIndex((row) => row.contains(document.activeElement)) };
}

function stepRow(room: HTMLElement | null, step: number): void {
    const { rows, at } = focusedRow(room);
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
    next?.querySelector<HTMLElement>(".job-link")?.focus();
    next?.scrollIntoView({ block: "nearest" });
}

function Pager({ jobs }: { jobs: Jobs }) {
    const at = useLocation();
    const is_first = !at.query.get("cursor");
    if (is_first && !jobs.next) return null;
    return (
        <nav class="pager" aria-label="Pages of jobs">
            {!is_first && (
                <>
                    <ButtonLink href={withQuery(at, { cursor: null })}>First page</ButtonLink>
                    {canGoBack() && (
                        <Button icon="left" onClick={() => history.back()}>
                            Back
                        </Button>
                    )}
                </>
            )}
            {jobs.next && <ButtonLink href={withQuery(at, { cursor: jobs.next })}>Next {PAGE_ROWS}</ButtonLink>}
        </nav>
    );
}

function Nothing({ filtered, onClear, onStarted }: { filtered: boolean; onClear: () => void; onStarted: (job: Job) => void }) {
    if (!filtered) return <SampleStart onStarted={onStarted} />;
    return (
        <EmptyState icon="search" title="No job fits">
            <p>Search and filters leave nothing over.</p>
            <div class="button-row">
                <Button onClick={onClear}>Show all jobs</Button>
            </div>
        </EmptyState>
    );
}

export function JobsTable({ jobs, onHelp }: { jobs: Jobs; onHelp: () => void }) {
    const at = useLocation();
    const view = viewOf(at);
    const { tables } = useModelTypes();
    const selection = useSelection(jobs.jobs);
    const [chosen, setChosen] = useState<string[]>(() => readKept("columns", defaultColumns()));
    const room = useRef<HTMLDivElement>(null);
    const now = useNow(jobs.jobs.some((job) => isActive(job.status)) ? 1000 : 15_000);

    const change = (changes: Record<string, string | null>) =>
        navigate(withQuery(at, { ...changes, cursor: null }), { replace: "q" in changes, keep_scroll: true });
    const sort = (next: string) => change({ sort: next === DEFAULT_SORT ? null : next });
    const clear = () => change({ status: null, model: null, q: null });
    useEffect(() => selection.clear(), [view.status, view.model, view.text, view.cursor]);

    const focused = () => {
        const { rows, at: index } = focusedRow(room.current);
        return jobs.jobs.find((job) => String(job.job_id) === rows[index]?.dataset.job);
    };
    useKeys({
        "/": (event) => {
            event.preventDefault();
            document.getElementById("job-search")?.focus();
        },
        j: () => stepRow(room.current, 1),
        k: () => stepRow(room.current, -1),
        x: () => {
            const job = focused();
            if (job) selection.toggle(job.job_id);
        },
        c: () => {
            const { selected } = selection;
            if (selected.length >= 2 && selected.length <= COMPARE_MAX) navigate(`/compare/?ids=${selected.map((job) => job.job_id).join(",")}`);
        },
        "?": onHelp,
        Escape: () => {
            if (selection.selected.length > 0) selection.clear();
            else (document.activeElement as HTMLElement | null)?.blur();
        },
    });

    const all_selected = jobs.jobs.length > 0 && selection.selected.length === jobs.jobs.length;
    const columns = jobColumns({
        tables,
        chosen,
        k: commonK(jobs.jobs),
        now,
        select: (job) => (
            <input type="checkbox" aria-label={`Select ${jobTitle(job)}`} checked={selection.ids.has(job.job_id)} onChange={() => selection.toggle(job.job_id)} />
        ),
        select_all: (
            <input
                type="checkbox"
                aria-label="Select all jobs on this page"
                checked={all_selected}
                onChange={() => (all_selected ? selection.clear() : selection.set(jobs.jobs))}
            />
        ),
        actions: (job) => (
            <>
                <a class="details-link" href={`/training/${job.job_id}`}>
                    Details
                </a>
                <Menu label={`Actions for ${jobTitle(job)}`} small items={rowActions(job, jobs)} />
            </>
        ),
    });

    const is_empty = !jobs.is_loading && !jobs.error && jobs.jobs.length === 0;
    return (
        <section class="card jobs" aria-labelledby="jobs-title">
            <div class="jobs-head">
                <h2 id="jobs-title">Jobs</h2>
                {jobs.total != null && jobs.total > 0 && <span class="none numeric">{number(jobs.total)}</span>}
                {jobs.waiting > 0 && (
                    <Button size="small" kind="quiet" icon="sort_up" onClick={jobs.showWaiting}>
                        Show {plural(jobs.waiting, "new job")}
                    </Button>
                )}
                <span class="toolbar-space" />
                <Button size="small" kind="quiet" icon="keyboard" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={onHelp} />
            </div>
            {(jobs.jobs.length > 0 || isFiltered(view)) && (
                <Filters
                    view={view}
                    tables={tables}
                    chosen={chosen}
                    onChange={(changes) => change(changes)}
                    onChoose={(keys) => {
                        setChosen(keys);
                        keep("columns", keys);
                    }}
                />
            )}
            {jobs.error && <ErrorPanel error={jobs.error} title={jobs.jobs.length > 0 ? undefined : "The jobs could not be loaded"} retry={jobs.reload} />}
            {jobs.is_loading && jobs.jobs.length === 0 && <Skeleton lines={6} label="Loading jobs" />}
            {is_empty && <Nothing filtered={isFiltered(view)} onClear={clear} onStarted={jobs.put} />}
            {jobs.jobs.length > 0 && (
                <div
                    ref={room}
                    onPointerMove={(event) => event.pointerType !== "touch" && jobs.hold(true)}
                    onPointerLeave={() => jobs.hold(false)}
                >
                    <Table
                        label="Jobs"
                        columns={columns}
                        rows={jobs.jobs}
                        rowKey={(job) => job.job_id}
                        rowClass={(job) => (jobs.fresh.has(job.job_id) ? "row-fresh" : selection.ids.has(job.job_id) ? "row-selected" : "")}
                        rowProps={(job) => ({ "data-job": job.job_id })}
                        sort={view.sort}
                        onSort={sort}
                    />
                </div>
            )}
            {selection.selected.length > 0 && (
                <BulkBar
                    selected={selection.selected}
                    onCancel={() => void cancelJobs(selection.selected, jobs.put)}
                    onDelete={() => void deleteJobs(selection.selected, jobs.drop)}
                    onClear={selection.clear}
                />
            )}
            <Pager jobs={jobs} />
        </section>
    );
}
