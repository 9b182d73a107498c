// Metrics as every page shows them: the large figure of one, and all of them in a table.
import type { ComponentChildren } from "preact";
import { metric, metricDifference } from "../lib/format";
import type { MetricInfo, Metrics } from "../lib/types";

/** How many metrics are shown large; the rest stand in the table. */
export const TILES = 3;

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

/** One metric, and how far it is from popular's on the same holdout. `shown` stands in for a value that is still to come. */
export function MetricTile({ info, title, value, shown = value, floor, children }: {
    info: MetricInfo;
    title: string;
    value: number | undefined;
    shown?: number | undefined;
    floor: number | undefined;
    children?: ComponentChildren;
}) {
    return (
        <div class="tile">
            <h2 class="tile-title" title={info.help}>
                {title}
            </h2>
            <div class="tile-value num">{metric(info.name, shown)}</div>
            {value !== undefined && floor != null && (
                <p class="tile-line">
                    <Difference name={info.name} value={value} base={floor} higherIsBetter={info.higher_is_better} /> to popular (
                    {metric(info.name, floor)})
                </p>
            )}
            {children}
        </div>
    );
}

export interface MetricColumn {
    heading: ComponentChildren;
    metrics: Metrics | null | undefined;
}

/** All metrics, one a row; the first column is what the page is about, the others are beside it. */
export function MetricTable({ infos, titleOf, columns }: {
    infos: readonly MetricInfo[];
    titleOf: (info: MetricInfo) => string;
    columns: readonly MetricColumn[];
}) {
    return (
        <div class="table-scroll" tabIndex={0} role="region" aria-label="All metrics">
            <table class="plain-table">
                <thead>
                    <tr>
                        <th scope="col">Metric</th>
                        {columns.map(({ heading }, column) => (
                            <th key={column} scope="col" class="numeric">
                                {heading}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {infos.map((info) => (
                        <tr key={info.name}>
                            <th scope="row">
                                {titleOf(info)}
                                {info.help && <span class="metric-help">{info.help}</span>}
                            </th>
                            {columns.map(({ metrics }, column) => (
                                <td key={column} class={column === 0 ? "numeric num strong" : "numeric num"}>
                                    {metric(info.name, metrics?.[info.name])}
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
