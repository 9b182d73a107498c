// The curves of all jobs in one chart, by iteration or by the seconds that had passed.
import { useMemo } from "preact/hooks";
import { Chart } from "../../charts/chart";
import { overSeconds, type Point, type Reference } from "../../charts/series";
import { clock, figure, jobTitle, percent, percentTick } from "../../lib/format";
import type { JobWhole } from "../../lib/types";
import { curveOf } from "../details/logic";
import { popularOf } from "../shared";
import type { Entry } from "./use_jobs";

export type XAxis = "iteration" | "seconds";

const RECALL = "recall_at_k";
const FLOORS_MAX = 3;

interface Curve {
    key: string;
    label: string;
    points: Point[];
}

function curvesOf(entries: readonly Entry[], name: string, x: XAxis): Curve[] {
    return entries
        .map(({ id, job, curves }) => {
            const points = curveOf(curves, name);
            const at = x === "seconds" ? overSeconds(points, curveOf(curves, "seconds")) : points;
            return { key: String(id), label: job?.name ? `${id} ${job.name}` : `Job ${id}`, points: at };
        })
        .filter((curve) => curve.points.length > 0);
}

/** The floors: one line where all jobs have the same, else one for each, up to a few. */
export function floorsOf(jobs: readonly JobWhole[]): Reference[] {
    const byText = new Map<string, { value: number; names: string[] }>();
    for (const job of jobs) {
        const value = job.model_type === "popular" ? job.metrics?.[RECALL] : popularOf(job)[RECALL];
        if (value === undefined) continue;
        const text = percent(value);
        const known = byText.get(text) ?? { value, names: [] };
        known.names.push(jobTitle(job));
        byText.set(text, known);
    }
    const floors = [...byText];
    if (floors.length === 1) return [{ label: `Popular, ${floors[0]![0]}`, value: floors[0]![1].value }];
    return floors.slice(0, FLOORS_MAX).map(([text, { value, names }]) => ({ label: `Popular, ${text} (${names[0]})`, value }));
}

/** Half the longest step: a crosshair at one curve's point reads the others' nearest. */
function slackOf(curves: readonly Curve[], x: XAxis): number {
    if (x === "iteration") return 0;
    const steps = curves.flatMap(({ points }) => points.slice(1).map((point, index) => point[0] - points[index]![0]));
    return Math.max(0, ...steps) / 2;
}

function useKept<T>(value: T, text: string): T {
    return useMemo(() => value, [text]);
}

function fingerprint(curves: readonly Curve[]): string {
    return curves.map(({ label, points }) => `${label} ${points.length} ${points.at(-1)?.join()}`).join("\n");
}

export function CompareCurves({ entries, jobs, x }: { entries: readonly Entry[]; jobs: readonly JobWhole[]; x: XAxis }) {
    const loss = curvesOf(entries, "loss", x);
    const recall = curvesOf(entries, RECALL, x);
    const keptLoss = useKept(loss, x + fingerprint(loss));
    const keptRecall = useKept(recall, x + fingerprint(recall));
    const floors = floorsOf(jobs);
    const keptFloors = useKept(floors, JSON.stringify(floors));
    const axis = {
        xTitle: x === "seconds" ? "Time in training (s)" : "Iteration",
        xWhole: x === "iteration",
        ...(x === "seconds" ? { formatX: (seconds: number) => (seconds < 60 ? figure(seconds, 3) : clock(seconds)) } : {}),
    };
    const lengths = new Set(jobs.map((job) => job.run["k"]));
    const k = lengths.size === 1 ? [...lengths][0] : "k";
    return (
        <div class="charts">
            <Chart
                title={`Recall@${k} while training`}
                {...axis}
                yTitle={`Recall@${k} of a sample`}
                series={keptRecall}
                references={keptFloors}
                slack={slackOf(recall, x)}
                formatY={percent}
                formatTick={percentTick}
                fileName="compare_recall"
                empty="None of these jobs has a recall curve."
            />
            <Chart
                title="Loss"
                {...axis}
                yTitle="Loss (mean of all pairs)"
                series={keptLoss}
                slack={slackOf(loss, x)}
                formatY={figure}
                fileName="compare_loss"
                empty="None of these jobs has a loss curve."
            />
        </div>
    );
}
