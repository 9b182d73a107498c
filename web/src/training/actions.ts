// What can be done with jobs, one or many, and what is said about it.
import { confirm, hasEnded, toast } from "../components";
import { asApiError, send } from "../lib/api";
import { jobTitle, plural } from "../lib/format";
import type { Job } from "../lib/types";

const AT_ONCE = 4;

/** Run one thing for each, a few at a time; how many went well, and the first failure. */
async function forEach(jobs: Job[], run: (job: Job) => Promise<void>): Promise<{ done: number; failure: string | null }> {
    const left = [...jobs];
    let done = 0;
    let failure: string | null = null;
    const worker = async () => {
        for (let job = left.shift(); job; job = left.shift()) {
            try {
                await run(job);
                done++;
            } catch (error) {
                const problem = asApiError(error);
                failure ??= `${jobTitle(job)}: ${problem.detail || problem.title}`;
            }
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { done, failure };
}

function tell(what: string, wanted: number, result: { done: number; failure: string | null }): void {
    if (!result.failure) toast(`${plural(result.done, "job")} ${what}`);
    else toast(`${result.done} of ${plural(wanted, "job")} ${what}. ${result.failure}`, { tone: "bad" });
}

export async function cancelJobs(jobs: Job[], put: (job: Job) => void): Promise<void> {
    const running = jobs.filter((job) => !hasEnded(job.status));
    if (running.length === 0) return;
    const one = running.length === 1 ? running[0] : undefined;
    const yes = await confirm({
        title: one ? `Cancel ${jobTitle(one)}?` : `Cancel ${plural(running.length, "job")}?`,
        text: "What is trained so far is lost. The job stays in the table, and can be retried from the start.",
        action: one ? "Cancel job" : "Cancel jobs",
        danger: true,
    });
    if (!yes) return;
    const result = await forEach(running, async (job) => put(await send<Job>("POST", `/api/v1/jobs/${job.job_id}/cancel`)));
    if (result.failure || running.length > 1) tell("asked to stop", running.length, result);
}

export async function deleteJobs(jobs: Job[], drop: (job_id: number) => void): Promise<void> {
    const ended = jobs.filter((job) => hasEnded(job.status));
    if (ended.length === 0) return;
    const one = ended.length === 1 ? ended[0] : undefined;
    const yes = await confirm({
        title: one ? `Delete ${jobTitle(one)}?` : `Delete ${plural(ended.length, "job")}?`,
        text: one?.model_path
            ? "Its metrics, log and model file are deleted with it. This cannot be undone."
            : "Metrics, logs and model files are deleted with them. This cannot be undone.",
        action: "Delete",
        danger: true,
    });
    if (!yes) return;
    const result = await forEach(ended, async (job) => {
        await send("DELETE", `/api/v1/jobs/${job.job_id}`);
        drop(job.job_id);
    });
    tell("deleted", ended.length, result);
}

export async function retryJob(job: Job, put: (job: Job) => void): Promise<void> {
    try {
        const again = await send<Job>("POST", `/api/v1/jobs/${job.job_id}/retry`);
        put(again);
        toast(`${jobTitle(again)} is started`, { href: `/training/${again.job_id}`, link: "Details" });
    } catch (error) {
        const problem = asApiError(error);
        toast(`${jobTitle(job)} could not be retried. ${problem.detail || problem.title}`, { tone: "bad" });
    }
}
