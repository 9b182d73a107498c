// Adds a job to the comparison: the latest, or those that a search finds.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Dialog, ErrorPanel, Field, Skeleton, StatusChip, Time } from "../../components";
import { jobTitle, metric } from "../../lib/format";
import { useGet } from "../../lib/hooks";
import type { JobPage } from "../../lib/types";

const LIMIT = 20;
const PAUSE_MS = 200; // after the last key, before the server is asked

export function Picker({ chosen, full, onPick, onClose }: {
    chosen: readonly number[];
    full: boolean;
    onPick: (id: number) => void;
    onClose: () => void;
}) {
    const [text, setText] = useState("");
    const [search, setSearch] = useState("");
    const timer = useRef(0);
    useEffect(() => {
        timer.current = setTimeout(() => setSearch(text.trim()), PAUSE_MS) as unknown as number;
        return () => clearTimeout(timer.current);
    }, [text]);
    const found = useGet<JobPage>(`/api/v1/jobs?sort=-created&limit=${LIMIT}&q=${encodeURIComponent(search)}`);
    const jobs = found.data?.jobs ?? [];
    return (
        <Dialog title="Add a job" onClose={onClose} wide>
            <Field label="Search" hint="By name, number, model or data path.">
                {(ties) => <input {...ties} type="search" autofocus value={text} onInput={(event) => setText(event.currentTarget.value)} />}
            </Field>
            {found.error && <ErrorPanel error={found.error} retry={found.reload} />}
            {!found.data && found.is_loading && <Skeleton lines={5} />}
            {found.data && jobs.length === 0 && <p class="none">No job fits “{search}”.</p>}
            {full && <p class="none">Twenty jobs are the most that fit. Remove one first.</p>}
            <ul class="picker">
                {jobs.map((job) => (
                    <li key={job.job_id}>
                        <div class="picker-job">
                            <span class="picker-name">{jobTitle(job)}</span>
                            <span class="picker-facts">
                                {job.description}, {job.data_path}, <Time at={job.created_at} />
                            </span>
                        </div>
                        <StatusChip status={job.status} />
                        <span class="num">{metric("recall_at_k", job.metrics?.["recall_at_k"])}</span>
                        <Button size="small" disabled={full || chosen.includes(job.job_id)} onClick={() => onPick(job.job_id)} aria-label={`${chosen.includes(job.job_id) ? "Added" : "Add"} ${jobTitle(job)}`}>
                            {chosen.includes(job.job_id) ? "Added" : "Add"}
                        </Button>
                    </li>
                ))}
            </ul>
        </Dialog>
    );
}
