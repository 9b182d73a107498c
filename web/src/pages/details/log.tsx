// The log, growing at its end.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, ButtonLink, EmptyState, ErrorPanel, Skeleton } from "../../components";
import { bytes } from "../../lib/format";
import type { JobWhole } from "../../lib/types";
import { isEnded } from "./logic";
import type { LogView } from "./use_log";

const NEAR_PX = 24; // so close to the end counts as there

export function LogTab({ job, log, size_bytes }: { job: JobWhole; log: LogView; size_bytes: number }) {
    const box = useRef<HTMLPreElement>(null);
    const [follows, setFollows] = useState(true);
    const toEnd = () => {
        if (box.current) box.current.scrollTop = box.current.scrollHeight;
    };
    useEffect(() => {
        if (follows) toEnd();
    }, [log.text, follows]);

    if (log.error) return <ErrorPanel error={log.error} title="The log could not be read" retry={log.reload} />;
    if (log.is_loading) return <Skeleton lines={8} label="Loading the log" />;
    if (!log.text)
        return (
            <EmptyState icon="docs" title="No line yet">
                <p>{isEnded(job) ? "This job ended before it wrote one." : "Lines appear here as the job writes them."}</p>
            </EmptyState>
        );
    const atEnd = (element: HTMLElement) => element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    return (
        <div class="log-view">
            <div class="log-head">
                <span class="none">
                    {log.starts_at > 0 ? `The end of ${bytes(size_bytes)}` : bytes(size_bytes)}
                    {isEnded(job) ? "" : ", live"}. Times are UTC.
                </span>
                <ButtonLink icon="download" kind="quiet" href={`/api/v1/jobs/${job.job_id}/log?download=1`} download={`job_${job.job_id}.log`}>
                    Download
                </ButtonLink>
            </div>
            <pre
                ref={box}
                class="log"
                tabIndex={0}
                role="log"
                aria-label={`Log of job ${job.job_id}`}
                aria-live="off"
                onScroll={(event) => setFollows(atEnd(event.currentTarget))}
            >
                {log.text}
            </pre>
            {!follows && (
                <Button size="small" icon="down" class="log-end" onClick={() => setFollows(true)}>
                    To the end
                </Button>
            )}
        </div>
    );
}
