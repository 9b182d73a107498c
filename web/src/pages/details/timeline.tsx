// The phases of a run with their times, like the steps of a CI run.
import { Icon, type IconName } from "../../components";
import { duration } from "../../lib/format";
import type { JobWhole } from "../../lib/types";
import type { Step, StepState } from "./logic";

const NAMES: Record<string, string> = {
    queue: "Waiting in the queue",
    load: "Reading the files",
    split: "Splitting",
    train: "Fitting",
    evaluate: "Evaluating",
    save: "Saving the model",
};

export function stepName(name: string): string {
    return NAMES[name] ?? name;
}

const STATES: Record<StepState, { icon: IconName; word: string }> = {
    waiting: { icon: "clock", word: "not yet" },
    running: { icon: "train", word: "running" },
    done: { icon: "check", word: "done" },
    failed: { icon: "cross", word: "ended here" },
    skipped: { icon: "bar", word: "not reached" },
};

export function Timeline({ job, steps }: { job: JobWhole; steps: Step[] }) {
    const longest = Math.max(...steps.map((step) => step.seconds ?? 0), 1e-9);
    return (
        <ol class="steps">
            {steps.map((step) => {
                const cancelled = step.state === "failed" && job.status === "cancelled";
                const { icon, word } = cancelled ? { icon: "bar" as IconName, word: "cancelled here" } : STATES[step.state];
                return (
                    <li key={step.name} class={`step step-${cancelled ? "skipped" : step.state}`}>
                        <Icon name={icon} />
                        <span class="step-name">
                            {stepName(step.name)}
                            <span class="step-word">{step.state === "done" ? "" : word}</span>
                            <span class="visually-hidden">{step.state === "done" ? word : ""}</span>
                        </span>
                        <Bar share={(step.seconds ?? 0) / longest} />
                        <span class="step-time num">{step.seconds === null ? "–" : duration(step.seconds)}</span>
                    </li>
                );
            })}
        </ol>
    );
}

/** A bar as long as its share. */
export function Bar({ share }: { share: number }) {
    const width = Math.max(share > 0 ? 1 : 0, Math.min(100, share * 100));
    return (
        <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="bar-room" width="100" height="8" />
            <rect class="bar-fill" width={width} height="8" />
        </svg>
    );
}
