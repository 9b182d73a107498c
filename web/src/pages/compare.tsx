// Jobs side by side. The address holds all: ?ids=1,2 &base=1 &x=seconds.
import { useEffect, useState } from "preact/hooks";
import { saveAs } from "../charts/chart";
import { csvText } from "../charts/series";
import { Button, CopyButton, EmptyState, ErrorPanel, Note, PageTitle, Skeleton } from "../components";
import { paramLabel } from "../lib/params";
import { navigate, setTitle, useLocation, withQuery } from "../lib/router";
import type { JobWhole } from "../lib/types";
import { CompareCurves, type XAxis } from "./compare/curves";
import { COMPARE_MAX, COMPARE_MIN, compareTable, parseIds, unlike } from "./compare/logic";
import { Picker } from "./compare/picker";
import { RepeatsTable } from "./compare/repeats";
import { CompareTable } from "./compare/table";
import { type Entry, useJobs } from "./compare/use_jobs";
import { metricsOf, Section, useModelTypes } from "./shared";

export default function Compare() {
    const here = useLocation();
    const ids = parseIds(here.query.get("ids"));
    const { entries, reload } = useJobs(ids);
    const [picks, setPicks] = useState(false);
    const change = (changes: Parameters<typeof withQuery>[1]) => navigate(withQuery(here, changes), { replace: true, keep_scroll: true });
    const setIds = (next: number[]) => change({ ids: next.join(",") || null });
    const jobs = entries.map((entry) => entry.job).filter((job): job is JobWhole => job !== null);
    useEffect(() => setTitle(ids.length > 0 ? `Compare ${ids.join(", ")}` : "Compare"), [ids.join()]);
    return (
        <div class="compare">
            <PageTitle aside={<Tools jobs={jobs} onAdd={() => setPicks(true)} />}>Compare</PageTitle>
            {ids.length < COMPARE_MIN && <Few count={ids.length} onAdd={() => setPicks(true)} />}
            <Problems entries={entries} reload={reload} onRemove={(id) => setIds(ids.filter((one) => one !== id))} />
            {jobs.length > 0 && <Body {...{ entries, jobs, change }} onRemove={(id) => setIds(ids.filter((one) => one !== id))} />}
            {jobs.length === 0 && entries.some((entry) => !entry.error) && <Skeleton lines={8} label="Loading the jobs" />}
            {picks && (
                <Picker
                    chosen={ids}
                    full={ids.length >= COMPARE_MAX}
                    onPick={(id) => setIds([...ids, id])}
                    onClose={() => setPicks(false)}
                />
            )}
        </div>
    );
}

function Tools({ jobs, onAdd }: { jobs: JobWhole[]; onAdd: () => void }) {
    const types = useModelTypes();
    const save = () => {
        const names = metricsOf(types, jobs.find((job) => job.metrics)?.metrics).map((info) => info.name);
        saveAs(new Blob([csvText(compareTable(jobs, names))], { type: "text/csv" }), "compare.csv");
    };
    return (
        <div class="actions">
            {jobs.length > 0 && (
                <>
                    <CopyButton text={location.href} label="Copy link" />
                    <Button icon="download" onClick={save}>
                        CSV
                    </Button>
                </>
            )}
            <Button kind="primary" icon="plus" onClick={onAdd}>
                Add a job
            </Button>
        </div>
    );
}

function Few({ count, onAdd }: { count: number; onAdd: () => void }) {
    if (count === 1) return <Note>Add another job to compare this one with.</Note>;
    return (
        <EmptyState icon="compare" title="Nothing to compare yet">
            <p>Choose 2 to 20 jobs here, or mark them in the table of jobs and press Compare.</p>
            <Button kind="primary" onClick={onAdd}>
                Choose jobs
            </Button>
        </EmptyState>
    );
}

/** Jobs of the address that did not load. */
function Problems({ entries, reload, onRemove }: { entries: Entry[]; reload: () => void; onRemove: (id: number) => void }) {
    const gone = entries.filter((entry) => entry.error?.status === 404);
    const broken = entries.find((entry) => entry.error && entry.error.status !== 404);
    return (
        <>
            {gone.map(({ id }) => (
                <Note key={id} tone="warn">
                    There is no job {id}: it was deleted, or belongs to somebody else.{" "}
                    <Button size="small" onClick={() => onRemove(id)}>
                        Leave it out
                    </Button>
                </Note>
            ))}
            {broken && <ErrorPanel error={broken.error!} title={`Job ${broken.id} could not be loaded`} retry={reload} />}
        </>
    );
}

interface BodyProps {
    entries: Entry[];
    jobs: JobWhole[];
    change: (changes: Parameters<typeof withQuery>[1]) => void;
    onRemove: (id: number) => void;
}

function Body({ entries, jobs, change, onRemove }: BodyProps) {
    const types = useModelTypes();
    const here = useLocation();
    const asked = Number(here.query.get("base"));
    const base = jobs.find((job) => job.job_id === asked) ?? jobs[0]!;
    const x: XAxis = here.query.get("x") === "seconds" ? "seconds" : "iteration";
    const apart = unlike(jobs);
    return (
        <>
            {apart.length > 0 && (
                <Note tone="warn">
                    These jobs answer different questions, so their metrics do not compare: they differ in {apart.map((name) => paramLabel(name)).join(", ")}.
                </Note>
            )}
            <CompareTable {...{ jobs, base, types, onRemove }} onBase={(id) => change({ base: id === jobs[0]!.job_id ? null : id })} />
            <RepeatsTable jobs={jobs} types={types} />
            <Section title="Curves" aside={<AxisSwitch x={x} onChange={(next) => change({ x: next === "seconds" ? next : null })} />}>
                <CompareCurves {...{ entries, jobs, x }} />
            </Section>
        </>
    );
}

function AxisSwitch({ x, onChange }: { x: XAxis; onChange: (x: XAxis) => void }) {
    return (
        <fieldset class="switch">
            <legend class="visually-hidden">Horizontal axis</legend>
            {(["iteration", "seconds"] as const).map((value) => (
                <label key={value}>
                    <input type="radio" name="axis" checked={x === value} onChange={() => onChange(value)} />
                    {value === "iteration" ? "By iteration" : "By seconds"}
                </label>
            ))}
        </fieldset>
    );
}
