// Where a job stands: always an icon and the word, never colour alone.
import { clock, secondsLeft } from "../lib/format";
import type { Job, Phase, Status } from "../lib/types";
import { Icon, type IconName } from "./icons";

const statuses: Record<Status, { word: string; icon: IconName; tone: string }> = {
    pending: { word: "Pending", icon: "clock", tone: "idle" },
    loading_data: { word: "Loading data", icon: "train", tone: "busy" },
    preprocessing: { word: "Preprocessing", icon: "train", tone: "busy" },
    training: { word: "Training", icon: "train", tone: "busy" },
    predicting: { word: "Predicting", icon: "train", tone: "busy" },
    completed: { word: "Completed", icon: "check", tone: "good" },
    failed: { word: "Failed", icon: "cross", tone: "bad" },
    cancelled: { word: "Cancelled", icon: "bar", tone: "idle" },
};

export function statusWord(status: Status): string {
    return statuses[status]?.word ?? status;
}

export function isActive(status: Status): boolean {
    return status === "loading_data" || status === "preprocessing" || status === "training" || status === "predicting";
}

export function hasEnded(status: Status): boolean {
    return status === "completed" || status === "failed" || status === "cancelled";
}

export function StatusChip({ status, large }: { status: Status; large?: boolean }) {
    const { word, icon, tone } = statuses[status] ?? statuses.pending;
    return (
        <span class={`status status-${tone}${large ? " status-large" : ""}`}>
            <Icon name={icon} size={large ? 20 : 16} />
            {word}
        </span>
    );
}

const phases: Record<Phase, string> = {
    load: "Reading the files",
    split: "Splitting",
    train: "Fitting",
    evaluate: "Evaluating",
    save: "Saving the model",
};

/** What a job is at, in words: "iteration 7 of 10", "Evaluating", "2nd in the queue". */
export function stepWords(job: Job): string {
    if (job.cancel_requested && !hasEnded(job.status)) return "Stopping";
    if (job.status === "pending") return job.queue_position ? `number ${job.queue_position} in the queue` : "in the queue";
    if (!isActive(job.status)) return "";
    const iterations = Number(job.params.iterations);
    if (job.phase === "train" && iterations > 0) return `iteration ${Math.min(job.iteration + 1, iterations)} of ${iterations}`;
    return job.phase ? phases[job.phase] : "";
}

export function ProgressBar({ value, label }: { value: number; label: string }) {
    const share = Math.max(0, Math.min(1, value));
    return (
        <span class="progress" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(100 * share)}>
            <span class="progress-fill" style={{ width: `${(100 * share).toFixed(1)}%` }} />
        </span>
    );
}

/** The chip, and while it runs the bar, the step and the time left. */
export function JobStatus({ job, now }: { job: Job; now: number }) {
    const left = secondsLeft(job, now);
    const words = stepWords(job);
    return (
        <div class="job-status">
            <StatusChip status={job.status} />
            {isActive(job.status) && <ProgressBar value={job.progress} label={`Progress of job ${job.job_id}`} />}
            {(words || left != null) && (
                <span class="job-step">
                    {words}
                    {left != null && <span class="job-left">{clock(left)} left</span>}
                </span>
            )}
            {job.status === "failed" && job.error && <span class="job-step">{job.error.title}</span>}
        </div>
    );
}
