// One job: where it stands, how good it is, what it ran on and made. Grows while the job runs.
import { useEffect, useMemo } from "preact/hooks";
import {
    ButtonLink,
    EmptyState,
    ErrorPanel,
    hasEnded,
    isActive,
    PageTitle,
    ProgressBar,
    Skeleton,
    StatusChip,
    stepWords,
    Tabs,
    Time,
} from "../components";
import { clock, duration, jobSeconds, jobTitle, secondsLeft } from "../lib/format";
import { useGet, useNow } from "../lib/hooks";
import { navigate, setTitle, useLocation, withQuery } from "../lib/router";
import type { JobPage, JobWhole } from "../lib/types";
import { Actions, Rename } from "./details/actions";
import { hasCurves, LossChart, RecallChart, SecondsChart } from "./details/curves";
import { DataTab } from "./details/data";
import { EventsTab } from "./details/events";
import { Environment, Funnel, ModelFile, Parameters } from "./details/facts";
import { Failure } from "./details/failure";
import { LogTab } from "./details/log";
import { previousOf, timeline } from "./details/logic";
import { JobMetrics, Tiles } from "./details/metrics";
import { Timeline } from "./details/timeline";
import { type JobView, useJob } from "./details/use_job";
import { useLog } from "./details/use_log";
import { Section, useMe, useModelTypes } from "./shared";

const TABS = ["summary", "charts", "log", "events", "data"] as const;
type Tab = (typeof TABS)[number];
const TAB_WORDS: Record<Tab, string> = { summary: "Summary", charts: "Charts", log: "Log", events: "Events", data: "Data" };

export default function Details({ params }: { params: Record<string, string> }) {
    const id = Number(params["id"]);
    const view = useJob(id);
    const { job } = view;
    const title = job ? jobTitle(job) : `Job ${id}`;
    useEffect(() => setTitle(title), [title]);
    if (view.is_removed || view.error?.status === 404) return <Gone id={id} removed={view.is_removed} />;
    if (!job)
        return (
            <>
                <PageTitle>{title}</PageTitle>
                {view.error ? <ErrorPanel error={view.error} retry={view.reload} /> : <Waiting />}
            </>
        );
    return <Whole job={job} view={view} />;
}

function Gone({ id, removed }: { id: number; removed: boolean }) {
    return (
        <>
            <PageTitle>Job {id}</PageTitle>
            <EmptyState icon="train" title={removed ? "This job was deleted" : "There is no such job"}>
                <p>{removed ? "Its curves, its log and its model file went with it." : "It may have been deleted, or belong to somebody else."}</p>
                <ButtonLink kind="primary" href="/training/">
                    All jobs
                </ButtonLink>
            </EmptyState>
        </>
    );
}

function Waiting() {
    return (
        <div class="details-waiting">
            <Skeleton lines={2} label="Loading the job" />
            <div class="tiles">
                {[0, 1, 2].map((tile) => (
                    <div key={tile} class="tile">
                        <Skeleton lines={2} />
                    </div>
                ))}
            </div>
            <Skeleton lines={8} />
        </div>
    );
}

function Whole({ job, view }: { job: JobWhole; view: JobView }) {
    const here = useLocation();
    const asked = here.query.get("tab") as Tab;
    const tab = TABS.includes(asked) ? asked : "summary";
    const failed = job.status === "failed";
    const log = useLog(job.job_id, view.log_bytes, tab === "log" || failed);
    const now = useNow(hasEnded(job.status) ? 30_000 : 1000);
    const steps = useMemo(() => timeline(job, view.events, now), [job, view.events, hasEnded(job.status) ? 0 : now]);
    const query = `/api/v1/jobs?status=completed&q=${encodeURIComponent(job.data_path)}&sort=-created&limit=100`;
    const others = useGet<JobPage>(job.data_path ? query : null);
    const previous = useMemo(() => previousOf(job, others.data?.jobs ?? []), [job, others.data]);
    return (
        <article class="details">
            <Header job={job} now={now} reload={view.reload} />
            <Actions job={job} previous={previous} reload={view.reload} />
            {view.error && <ErrorPanel error={view.error} title="This may be out of date" retry={view.reload} />}
            {failed && <Failure job={job} steps={steps} log={log} logHref={withQuery(here, { tab: "log" })} />}
            <Tabs
                id="details"
                label="Parts of the job"
                tabs={TABS.map((value) => ({ value, label: TAB_WORDS[value] }))}
                value={tab}
                onChange={(value) => navigate(withQuery(here, { tab: value === "summary" ? null : value }), { replace: true, keep_scroll: true })}
            />
            <div id="details-panel" role="tabpanel" aria-labelledby={`details-${tab}`} tabIndex={-1}>
                {tab === "summary" && <Summary {...{ job, view, steps, previous }} />}
                {tab === "charts" && <Charts job={job} view={view} />}
                {tab === "log" && <LogTab job={job} log={log} size_bytes={view.log_bytes} />}
                {tab === "events" && <EventsTab events={view.events} now={now} />}
                {tab === "data" && <DataTab job={job} />}
            </div>
        </article>
    );
}

function Header({ job, now, reload }: { job: JobWhole; now: number; reload: () => void }) {
    const me = useMe();
    const seconds = jobSeconds(job, now);
    return (
        <header class="details-header">
            <nav aria-label="Where this is" class="crumbs">
                <a href="/training/">Model Training</a> / <span>Job {job.job_id}</span>
            </nav>
            <PageTitle aside={<Rename job={job} onSaved={reload} />}>{jobTitle(job)}</PageTitle>
            <div class="details-status" aria-live="polite">
                <StatusChip status={job.status} large />
                <Course job={job} now={now} />
            </div>
            <p class="details-facts">
                <span>{job.description}</span>
                <span class="details-path" title={job.data_path}>
                    {job.data_path}
                </span>
                <span>
                    asked for <Time at={job.created_at} now={now} />
                    {me && <> by {me.email}</>}
                </span>
                {seconds !== null && <span class="num">{hasEnded(job.status) ? `took ${duration(seconds)}` : clock(seconds)}</span>}
                {job.source_id && (
                    <span>
                        repeats <a href={`/training/${job.source_id}`}>job {job.source_id}</a>
                    </span>
                )}
            </p>
        </header>
    );
}

/** How far a job is, in a bar and in words. */
function Course({ job, now }: { job: JobWhole; now: number }) {
    if (hasEnded(job.status)) return null;
    const left = secondsLeft(job, now);
    return (
        <>
            {isActive(job.status) && <ProgressBar value={job.progress} label="Progress" />}
            <span class="num">
                {stepWords(job)}
                {left !== null && `, ${clock(left)} left`}
            </span>
        </>
    );
}

interface SummaryProps {
    job: JobWhole;
    view: JobView;
    steps: ReturnType<typeof timeline>;
    previous: ReturnType<typeof previousOf>;
}

function Summary({ job, view, steps, previous }: SummaryProps) {
    const types = useModelTypes();
    const shows_metrics = job.status !== "failed" && job.status !== "cancelled";
    return (
        <div class="summary">
            <div class="summary-main">
                {shows_metrics && <Tiles {...{ job, types, previous, curves: view.curves }} />}
                {hasCurves(job, view.curves) && job.status !== "failed" && (
                    <>
                        <h2 class="visually-hidden">Curves</h2>
                        <LossChart job={job} curves={view.curves} />
                        <RecallChart job={job} curves={view.curves} />
                    </>
                )}
                <Section title="Steps">
                    <Timeline job={job} steps={steps} />
                </Section>
                {job.metrics && (
                    <Section title="All metrics">
                        <JobMetrics {...{ job, types, previous }} />
                    </Section>
                )}
            </div>
            <div class="summary-side">
                <Parameters job={job} types={types} />
                <Funnel job={job} />
                <ModelFile job={job} />
                <Environment job={job} />
            </div>
        </div>
    );
}

function Charts({ job, view }: { job: JobWhole; view: JobView }) {
    if (!hasCurves(job, view.curves))
        return (
            <EmptyState icon="train" title="No curves">
                <p>This kind of model is made in one step, so there is nothing to draw.</p>
            </EmptyState>
        );
    return (
        <div class="charts">
            <h2 class="visually-hidden">Curves</h2>
            <LossChart job={job} curves={view.curves} />
            <RecallChart job={job} curves={view.curves} />
            <SecondsChart job={job} curves={view.curves} />
        </div>
    );
}
