// What can be done with a job, and its name.
import { useState } from "preact/hooks";
import { Button, ButtonLink, confirm, Field, FormDialog, hasEnded, toast } from "../../components";
import { asApiError, newKey, request, send } from "../../lib/api";
import { jobTitle } from "../../lib/format";
import { navigate } from "../../lib/router";
import type { Job, JobWhole } from "../../lib/types";
import { useFlag } from "../shared";

function complain(title: string, reason: unknown): void {
    const error = asApiError(reason);
    toast(`${title}: ${error.detail || error.title}`, { tone: "bad" });
}

export async function retryJob(job: Job): Promise<void> {
    try {
        const headers = { "Idempotency-Key": newKey() };
        const made = await send<Job>("POST", `/api/v1/jobs/${job.job_id}/retry`, {}, { headers });
        toast(`Job ${made.job_id} repeats job ${job.job_id}`);
        navigate(`/training/${made.job_id}`);
    } catch (reason) {
        complain("The job could not be repeated", reason);
    }
}

async function cancelJob(job: Job, reload: () => void): Promise<void> {
    const yes = await confirm({
        title: `Cancel ${jobTitle(job)}?`,
        text: "What it has computed so far is lost. Its curves and its log stay.",
        action: "Cancel the job",
        danger: true,
    });
    if (!yes) return;
    try {
        await send("POST", `/api/v1/jobs/${job.job_id}/cancel`, {});
        reload();
    } catch (reason) {
        complain("The job could not be cancelled", reason);
    }
}

async function deleteJob(job: Job): Promise<void> {
    const yes = await confirm({
        title: `Delete ${jobTitle(job)}?`,
        text: "The job, its curves, its log and its model file are removed for good.",
        action: "Delete",
        danger: true,
    });
    if (!yes) return;
    try {
        await send("DELETE", `/api/v1/jobs/${job.job_id}`);
        toast(`${jobTitle(job)} was deleted`);
        navigate("/training/");
    } catch (reason) {
        complain("The job could not be deleted", reason);
    }
}

/** Retry and "Clone and edit" are on the red panel of a failed job, so not here again. */
export function Actions({ job, previous, reload }: { job: JobWhole; previous: Job | null; reload: () => void }) {
    const [busy, during] = useFlag();
    const ended = hasEnded(job.status);
    const others = previous ? `${previous.job_id},${job.job_id}` : String(job.job_id);
    return (
        <div class="actions">
            {job.model && (
                <ButtonLink kind="primary" icon="download" href={`/api/v1/models/${job.model.model_id}/download`} download={job.model.file_name}>
                    Download
                </ButtonLink>
            )}
            {job.model && (
                <ButtonLink icon="box" href={`/models/${job.model.model_id}`}>
                    Model version
                </ButtonLink>
            )}
            {!ended && (
                <Button
                    kind="danger"
                    icon="stop"
                    busy={busy || job.cancel_requested}
                    onClick={() => void during(() => cancelJob(job, reload))}
                >
                    {job.cancel_requested ? "Stopping" : "Cancel"}
                </Button>
            )}
            {ended && job.status !== "failed" && (
                <Button icon="retry" busy={busy} onClick={() => void during(() => retryJob(job))}>
                    Retry
                </Button>
            )}
            {job.status !== "failed" && (
                <ButtonLink icon="copy" href={`/training/?clone=${job.job_id}`}>
                    Clone
                </ButtonLink>
            )}
            <ButtonLink icon="compare" href={`/compare/?ids=${others}`}>
                Compare
            </ButtonLink>
            {ended && (
                <Button kind="quiet" icon="trash" busy={busy} onClick={() => void during(() => deleteJob(job))}>
                    Delete
                </Button>
            )}
        </div>
    );
}

/** Save a name unless the job was changed elsewhere between reading and writing: then once more,
 * on what it is now. */
async function saveName(job: Job, name: string): Promise<Job> {
    for (let tries = 0; ; tries++) {
        const now = await request("GET", `/api/v1/jobs/${job.job_id}`);
        const tag = now.headers.get("ETag");
        const headers: Record<string, string> = tag ? { "If-Match": tag } : {};
        try {
            return await send<Job>("PATCH", `/api/v1/jobs/${job.job_id}`, { name: name || null }, { headers });
        } catch (reason) {
            if (asApiError(reason).status !== 412 || tries === 3) throw reason;
        }
    }
}

const NAME_MAX = 200; // bytes

export function Rename({ job, onSaved }: { job: Job; onSaved: () => void }) {
    const [open, setOpen] = useState(false);
    const [name, setName] = useState("");
    const [error, setError] = useState<string | null>(null);
    const [busy, during] = useFlag();
    const save = async () => {
        const trimmed = name.trim();
        if (new TextEncoder().encode(trimmed).length > NAME_MAX) {
            setError(`A name has at most ${NAME_MAX} bytes.`);
            return;
        }
        try {
            await saveName(job, trimmed);
            setOpen(false);
            onSaved();
        } catch (reason) {
            const found = asApiError(reason);
            setError(found.errors[0]?.message || found.detail || found.title);
        }
    };
    const start = () => {
        setName(job.name ?? "");
        setError(null);
        setOpen(true);
    };
    return (
        <>
            <Button kind="quiet" size="small" icon="pencil" aria-label={job.name ? "Rename" : "Give a name"} onClick={start} />
            {open && (
                <FormDialog
                    title={job.name ? "Rename" : `Name job ${job.job_id}`}
                    busy={busy}
                    onSubmit={() => void during(save)}
                    onClose={() => setOpen(false)}
                >
                    <Field label="Name" hint="Empty: the job goes by its number." error={error}>
                        {(ties) => (
                            <input {...ties} type="text" autocomplete="off" autofocus value={name} onInput={(e) => setName(e.currentTarget.value)} />
                        )}
                    </Field>
                </FormDialog>
            )}
        </>
    );
}
