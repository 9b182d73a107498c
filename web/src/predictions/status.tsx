// Where a batch stands: the chip, and while it runs the bar, the step and the time left.
import { hasEnded, isActive, ProgressBar, StatusChip } from "../components";
import { clock } from "../lib/format";
import type { Prediction } from "../lib/registry";
import { predictionTitle, stepOf } from "./words";

export function BatchStatus({ one, large }: { one: Prediction; large?: boolean }) {
    const words = stepOf(one);
    const left = hasEnded(one.status) ? null : one.eta_seconds;
    return (
        <div class={large ? "details-status" : "job-status"} aria-live={large ? "polite" : undefined}>
            <StatusChip status={one.status} large={large} />
            {isActive(one.status) && <ProgressBar value={one.progress} label={`Progress of ${predictionTitle(one)}`} />}
            {(words || left != null) && (
                <span class="job-step">
                    {words}
                    {left != null && <span class="job-left">{clock(left)} left</span>}
                </span>
            )}
        </div>
    );
}
