// What happened to a job, newest last.
import { EmptyState, Icon, type IconName } from "../../components";
import { ago, exactTime } from "../../lib/format";
import type { JobEvent } from "../../lib/types";
import { manualOf } from "../shared";
import { stepName } from "./timeline";

const KINDS: Record<string, { icon: IconName; words: string }> = {
    created: { icon: "clock", words: "Asked for" },
    claimed: { icon: "system", words: "Taken by worker" },
    status: { icon: "train", words: "" },
    message: { icon: "info", words: "" },
    renamed: { icon: "docs", words: "Renamed" },
    completed: { icon: "check", words: "Completed" },
    failed: { icon: "cross", words: "Failed" },
    cancel_requested: { icon: "stop", words: "Asked to stop" },
    worker_died: { icon: "alert", words: "The worker died" },
    released: { icon: "retry", words: "Given back to the queue" },
};

/** `steps` names the phases; those of a training by themselves. */
export function EventsTab({ events, now, steps = stepName }: { events: JobEvent[]; now: number; steps?: (name: string) => string }) {
    if (events.length === 0)
        return (
            <EmptyState icon="clock" title="No events">
                <p>They are kept for 30 days.</p>
            </EmptyState>
        );
    return (
        <ol class="events">
            {events.map((event) => {
                const cancelled = event.kind === "failed" && event.message === "cancelled";
                const kind = cancelled ? { icon: "bar" as IconName, words: "Cancelled" } : KINDS[event.kind];
                return (
                    <li key={event.event_id} class={`event event-${cancelled ? "cancelled" : event.kind}`}>
                        <Icon name={kind?.icon ?? "info"} />
                        <span class="event-words">
                            {kind?.words ?? event.kind} <Message event={event} cancelled={cancelled} steps={steps} />
                        </span>
                        <time dateTime={event.at} title={`${ago(event.at, now)}, ${exactTime(event.at)}`}>
                            {exactTime(event.at).slice(0, 19)}
                        </time>
                    </li>
                );
            })}
        </ol>
    );
}

function Message({ event, cancelled, steps }: { event: JobEvent; cancelled: boolean; steps: (name: string) => string }) {
    if (event.message === null || cancelled) return null;
    if (event.kind === "status") return <>{steps(event.message)}</>;
    if (event.kind === "claimed") return <code class="code-line">{event.message}</code>;
    if (event.kind === "failed")
        return (
            <a href={manualOf(event.message)}>
                <code>{event.message}</code>
            </a>
        );
    return <>{event.message}</>;
}
