// How good the model is: the three figures that matter largest, and all others in a table.
import type { Job, JobWhole, MetricInfo, Metrics, ModelTypes, Series } from "../../lib/types";
import { Difference, MetricTable, MetricTile, TILES, type MetricColumn } from "../metrics";
import { metricsOf, popularOf, titleOf } from "../shared";
import { curveOf } from "./logic";

interface Props {
    job: JobWhole;
    types: ModelTypes | null;
    previous: Job | null;
    curves: Series | null;
}

export function Tiles({ job, types, previous, curves }: Props) {
    const popular = popularOf(job);
    return (
        <div class="tiles">
            {metricsOf(types, job.metrics)
                .slice(0, TILES)
                .map((info) => (
                    <Tile key={info.name} {...{ info, job, previous, popular, curves }} />
                ))}
        </div>
    );
}

function Tile({ info, job, previous, popular, curves }: {
    info: MetricInfo;
    job: JobWhole;
    previous: Job | null;
    popular: Metrics;
    curves: Series | null;
}) {
    const value = job.metrics?.[info.name];
    const floor = job.model_type === "popular" ? undefined : popular[info.name];
    const before = previous?.metrics?.[info.name];
    const sampled = value === undefined ? curveOf(curves, info.name).at(-1) : undefined;
    return (
        <MetricTile info={info} title={titleOf(info, [job])} value={value} shown={value ?? sampled?.[1]} floor={floor}>
            {sampled && <p class="tile-line">on a sample, after iteration {sampled[0]}</p>}
            {value !== undefined && before !== undefined && previous && (
                <p class="tile-line">
                    <Difference name={info.name} value={value} base={before} higherIsBetter={info.higher_is_better} /> to{" "}
                    <a href={`/training/${previous.job_id}`}>job {previous.job_id}</a>, the last on this data
                </p>
            )}
        </MetricTile>
    );
}

/** Every metric, beside the floor and the job before. */
export function JobMetrics({ job, types, previous }: Omit<Props, "curves">) {
    const popular = popularOf(job);
    const infos = metricsOf(types, job.metrics).filter((info) => job.metrics?.[info.name] !== undefined);
    if (infos.length === 0) return null;
    const columns: MetricColumn[] = [{ heading: "Value", metrics: job.metrics }];
    if (job.model_type !== "popular" && infos.some((info) => popular[info.name] !== undefined))
        columns.push({ heading: "Popular", metrics: popular });
    if (previous)
        columns.push({ heading: <a href={`/training/${previous.job_id}`}>Job {previous.job_id}</a>, metrics: previous.metrics });
    return <MetricTable infos={infos} titleOf={(info) => titleOf(info, [job])} columns={columns} />;
}
