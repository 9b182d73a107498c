// A failed job opens with what failed, where, and what to do.
import { Button, ButtonLink, Icon } from "../../components";
import type { JobWhole } from "../../lib/types";
import { manualOf, useFlag } from "../shared";
import { retryJob } from "./actions";
import { lastLines, type Step } from "./logic";
import { stepName } from "./timeline";
import type { LogView } from "./use_log";

const LINES = 8;

/** Names in a message stand between backticks. */
function withCode(message: string) {
    return message.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}

export function Failure({ job, steps, log, logHref }: { job: JobWhole; steps: Step[]; log: LogView; logHref: string }) {
    const [busy, during] = useFlag();
    const error = job.error ?? { code: "internal", title: "Internal error", message: null };
    const place = steps.find((step) => step.state === "failed");
    return (
        <section class="panel panel-bad failure" aria-labelledby="failure-title">
            <Icon name="cross" size={20} />
            <div class="failure-body">
                <h2 id="failure-title">{error.title}</h2>
                {error.message && <p class="failure-message">{withCode(error.message)}</p>}
                <p class="failure-where">
                    {place && <>While {stepName(place.name).toLowerCase()}. </>}
                    {job.attempt > 1 && <>Attempt {job.attempt}. </>}
                    {job.worker && <>On {job.worker.split(":")[0]}. </>}
                    Code <code>{error.code}</code>: <a href={manualOf(error.code)}>what this means and what to do</a>
                </p>
                <div class="actions">
                    <ButtonLink kind="primary" icon="copy" href={`/training/?clone=${job.job_id}`}>
                        Clone and edit
                    </ButtonLink>
                    <Button icon="retry" busy={busy} onClick={() => void during(() => retryJob(job))}>
                        Retry
                    </Button>
                </div>
                {log.text && (
                    <>
                        <h3 class="failure-log-title">
                            Last lines of the log <a href={logHref}>All of it</a>
                        </h3>
                        <pre class="log log-short" tabIndex={0} aria-label="Last lines of the log">
                            {lastLines(log.text, LINES)}
                        </pre>
                    </>
                )}
            </div>
        </section>
    );
}
