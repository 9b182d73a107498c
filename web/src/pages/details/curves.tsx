// The curves of a run, growing while it trains.
import { useMemo } from "preact/hooks";
import { Chart } from "../../charts/chart";
import type { Reference } from "../../charts/series";
import { duration, figure, percent, percentTick } from "../../lib/format";
import type { JobWhole, Series } from "../../lib/types";
import { popularOf } from "../shared";
import { curveOf, isEnded } from "./logic";

const RECALL = "recall_at_k";

/** Whether this kind of model has curves at all. */
export function hasCurves(job: JobWhole, curves: Series | null): boolean {
    return job.params["iterations"] !== undefined || (curves?.series.length ?? 0) > 0;
}

function emptyWords(job: JobWhole, what: string): string {
    if (isEnded(job)) return `This run has no ${what}.`;
    return "The first point comes with the first iteration.";
}

/** One curve as a chart wants it; equal until a point comes in. */
function useCurve(curves: Series | null, name: string, label: string) {
    const points = curveOf(curves, name);
    return useMemo(() => [{ key: name, label, points }], [points, label]);
}

export function LossChart({ job, curves }: { job: JobWhole; curves: Series | null }) {
    const series = useCurve(curves, "loss", "Loss");
    return (
        <Chart
            title="Loss"
            xTitle="Iteration"
            yTitle="Loss (mean of all pairs)"
            xWhole
            series={series}
            formatY={figure}
            fileName={`job_${job.job_id}_loss`}
            empty={emptyWords(job, "loss curve")}
        />
    );
}

export function RecallChart({ job, curves }: { job: JobWhole; curves: Series | null }) {
    const k = job.run["k"] ?? "k";
    const series = useCurve(curves, RECALL, `Recall@${k}`);
    const floor = job.model_type === "popular" ? undefined : popularOf(job)[RECALL];
    const references: Reference[] = useMemo(
        () => (floor === undefined ? [] : [{ label: `Popular, ${percent(floor)}`, value: floor }]),
        [floor],
    );
    const off = Number(job.run["eval_every"]) === 0;
    return (
        <Chart
            title={`Recall@${k} while training`}
            xTitle="Iteration"
            yTitle={`Recall@${k} of a sample`}
            xWhole
            series={series}
            references={references}
            formatY={percent}
            formatTick={percentTick}
            fileName={`job_${job.job_id}_recall`}
            empty={off ? "Not measured: “Measure recall every” is 0." : emptyWords(job, "recall curve")}
        />
    );
}

export function SecondsChart({ job, curves }: { job: JobWhole; curves: Series | null }) {
    const series = useCurve(curves, "seconds", "Seconds");
    return (
        <Chart
            title="Time per iteration"
            xTitle="Iteration"
            yTitle="Time (s)"
            xWhole
            series={series}
            formatY={duration}
            fileName={`job_${job.job_id}_seconds`}
            empty={emptyWords(job, "times")}
        />
    );
}
