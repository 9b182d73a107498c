// The columns of the table of jobs. Metrics come from the server's table, so that a new one is there
// without a change here.
import type { ComponentChildren } from "preact";
import { type Column, JobStatus, Time } from "../components";
import { duration, jobSeconds, jobTitle, lastPart, metric, metricDifference, metricTitle } from "../lib/format";
import { findMetric } from "../lib/model_types";
import type { Job, MetricInfo, ModelTypes } from "../lib/types";

const SHOWN_FIRST = ["model", "data", "recall_at_k", "precision_at_k", "f1_at_k", "duration", "started"];

export interface ColumnChoice {
    key: string;
    title: string;
}

/** What may be shown or not; status, job and actions always are. */
export function columnChoices(tables: ModelTypes | null): ColumnChoice[] {
    return [
        { key: "model", title: "Model" },
        { key: "data", title: "Data" },
        ...(tables?.metrics ?? []).map(({ name, title }) => ({ key: name, title: metricTitle(title, null) })),
        { key: "duration", title: "Duration" },
        { key: "started", title: "Started" },
        { key: "worker", title: "Worker" },
    ];
}

export function defaultColumns(): string[] {
    return SHOWN_FIRST;
}

/** How far the metric lies from that of popular on the same holdout. */
function FloorDifference({ job, name }: { job: Job; name: string }) {
    const value = job.metrics?.[name];
    const floor = job.popular_metrics?.[name];
    if (value == null || floor == null) return null;
    const is_below = value < floor;
    return (
        <span class={`difference ${is_below ? "difference-bad" : "difference-good"}`} title={`Popular on the same data: ${metric(name, floor)}`}>
            {metricDifference(name, value, floor)}
        </span>
    );
}

function metricColumn(info: MetricInfo, k: number | null): Column<Job> {
    const title = metricTitle(info.title, k);
    const [name, at] = title.split("@");
    return {
        key: info.name,
        // Where there is little room, "Precision" and "@40" stand one above the other.
        title: (
            <>
                {name}
                {at && (
                    <>
                        <wbr />@{at}
                    </>
                )}
            </>
        ),
        label: title,
        class: "numeric",
        sort: `metric:${info.name}`,
        help: info.help,
        cell: (job) =>
            job.metrics?.[info.name] == null ? (
                <span class="none">–</span>
            ) : (
                <>
                    <span>{metric(info.name, job.metrics[info.name])}</span>
                    {info.name === "recall_at_k" && <FloorDifference job={job} name={info.name} />}
                </>
            ),
    };
}

const model: Column<Job> = {
    key: "model",
    title: "Model",
    label: "Model",
    sort: "model_type",
    cell: (job) => job.description,
};

const data: Column<Job> = {
    key: "data",
    title: "Data",
    label: "Data",
    cell: (job) => (
        <span class="clip" title={job.data_path}>
            {lastPart(job.data_path)}
        </span>
    ),
};

const worker: Column<Job> = { key: "worker", title: "Worker", label: "Worker", cell: (job) => job.worker ?? <span class="none">–</span> };

export interface ColumnContext {
    tables: ModelTypes | null;
    chosen: string[];
    k: number | null;
    now: number;
    select: (job: Job) => ComponentChildren;
    actions: (job: Job) => ComponentChildren;
    select_all: ComponentChildren;
}

export function jobColumns({ tables, chosen, k, now, select, actions, select_all }: ColumnContext): Column<Job>[] {
    const optional: Record<string, Column<Job>> = {
        model,
        data,
        worker,
        duration: {
            key: "duration",
            title: "Duration",
            label: "Duration",
            class: "numeric",
            sort: "duration",
            cell: (job) => (job.started_at ? duration(jobSeconds(job, now)) : <span class="none">–</span>),
        },
        started: {
            key: "started",
            title: "Started",
            label: "Started",
            sort: "created",
            cell: (job) => <Time at={job.started_at ?? job.created_at} now={now} />,
        },
    };
    for (const info of tables?.metrics ?? []) optional[info.name] = metricColumn(info, k);
    const order = columnChoices(tables).map((choice) => choice.key);
    return [
        { key: "select", title: select_all, label: "Selected", cell: select },
        { key: "status", title: "Status", label: "Status", sort: "status", cell: (job) => <JobStatus job={job} now={now} /> },
        {
            key: "job",
            title: "Job",
            label: "Job",
            sort: "name",
            cell: (job) => (
                <>
                    <a class="job-link" href={`/training/${job.job_id}`} title={job.name ?? undefined}>
                        {jobTitle(job)}
                    </a>
                    <span class="job-sub">
                        {job.name && <span>#{job.job_id}</span>}
                        <span class="job-sub-narrow">{job.description}</span>
                        <span class="job-sub-narrow" title={job.data_path}>
                            {lastPart(job.data_path)}
                        </span>
                    </span>
                </>
            ),
        },
        ...order.filter((key) => chosen.includes(key) && optional[key]).map((key) => optional[key]!),
        { key: "actions", title: <span class="visually-hidden">Actions</span>, label: "Actions", cell: actions },
    ];
}

export function isSortOfMetric(sort: string, tables: ModelTypes | null): boolean {
    return !!findMetric(tables, sort.replace(/^-?metric:/, ""));
}
