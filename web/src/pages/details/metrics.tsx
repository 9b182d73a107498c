// How good the model is: the three figures that matter largest, and all others in a table.
import { metric, metricDifference } from "../../lib/format";
import type { Job, JobWhole, MetricInfo, Metrics, ModelTypes, Series } from "../../lib/types";
import { metricsOf, popularOf, titleOf } from "../shared";
import { curveOf } from "./logic";

const TILES = 3;

interface Props {
    job: JobWhole;
    types: ModelTypes | null;
    previous: Job | null;
    curves: Series | null;
}

/** A difference, told by sign and word too, since colour alone tells nothing. */
export function Difference({ name, value, base, higherIsBetter = true }: {
    name: string;
    value: number;
    base: number;
    higherIsBetter?: boolean;
}) {
    const better = value === base ? null : value > base === higherIsBetter;
    const tone = better === null ? "same" : better ? "better" : "worse";
    return <span class={`apart apart-${tone} num`}>{metricDifference(name, value, base)}</span>;
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
        <div class="tile">
            <h2 class="tile-title" title={info.help}>
                {titleOf(info, [job])}
            </h2>
            <div class="tile-value num">{metric(info.name, value ?? sampled?.[1])}</div>
            {sampled && <p class="tile-line">on a sample, after iteration {sampled[0]}</p>}
            {value !== undefined && floor !== undefined && (
                <p class="tile-line">
                    <Difference name={info.name} value={value} base={floor} higherIsBetter={info.higher_is_better} /> to popular (
                    {metric(info.name, floor)})
                </p>
            )}
            {value !== undefined && before !== undefined && previous && (
                <p class="tile-line">
                    <Difference name={info.name} value={value} base={before} higherIsBetter={info.higher_is_better} /> to{" "}
                    <a href={`/training/${previous.job_id}`}>job {previous.job_id}</a>, the last on this data
                </p>
            )}
        </div>
    );
}

/** Every metric, beside the floor and the job before. */
export function MetricTable({ job, types, previous }: Omit<Props, "curves">) {
    const popular = popularOf(job);
    const rows = metricsOf(types, job.metrics).filter((info) => job.metrics?.[info.name] !== undefined);
    if (rows.length === 0) return null;
    const shows_popular = job.model_type !== "popular" && rows.some((info) => popular[info.name] !== undefined);
    return (
        <div class="table-scroll" tabIndex={0} role="region" aria-label="All metrics">
            <table class="plain-table">
                <thead>
                    <tr>
                        <th scope="col">Metric</th>
                        <th scope="col" class="numeric">
                            Value
                        </th>
                        {shows_popular && (
                            <th scope="col" class="numeric">
                                Popular
                            </th>
                        )}
                        {previous && (
                            <th scope="col" class="numeric">
                                <a href={`/training/${previous.job_id}`}>Job {previous.job_id}</a>
                            </th>
                        )}
                    </tr>
                </thead>
                <tbody>
                    {rows.map((info) => (
                        <tr key={info.name}>
                            <th scope="row">
                                {titleOf(info, [job])}
                                {info.help && <span class="metric-help">{info.help}</span>}
                            </th>
                            <td class="numeric num strong">{metric(info.name, job.metrics![info.name])}</td>
                            {shows_popular && <td class="numeric num">{metric(info.name, popular[info.name])}</td>}
                            {previous && <td class="numeric num">{metric(info.name, previous.metrics?.[info.name])}</td>}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
