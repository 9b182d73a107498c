// Jobs as columns: what differs among their settings on top, then their metrics.
import type { ComponentChildren } from "preact";
import { Button, StatusChip } from "../../components";
import { duration, jobSeconds, jobTitle, metric, percent } from "../../lib/format";
import { paramLabel } from "../../lib/params";
import type { JobWhole, MetricInfo, ModelTypes } from "../../lib/types";
import { Difference } from "../metrics";
import { metricsOf, popularOf, titleOf } from "../shared";
import { best, difference, settingRows, type Setting, type SettingRow } from "./logic";

interface Props {
    jobs: JobWhole[];
    base: JobWhole;
    types: ModelTypes | null;
    onBase: (id: number) => void;
    onRemove: (id: number) => void;
}

export function CompareTable(props: Props) {
    const { jobs, types } = props;
    const { differing, same } = settingRows(jobs);
    const metrics = metricsOf(types, jobs.find((job) => job.metrics)?.metrics);
    const shown = metrics.filter((info) => jobs.some((job) => job.metrics?.[info.name] !== undefined));
    return (
        <div class="compare-scroll" tabIndex={0} role="region" aria-label="Comparison">
            <table class="compare-table">
                <thead>
                    <HeadRow {...props} />
                </thead>
                <Group title={differing.length > 0 ? "Settings that differ" : "Settings: none differs"} span={jobs.length}>
                    {differing.map((row) => (
                        <SettingLine key={row.name} row={row} />
                    ))}
                </Group>
                <Group title="Metrics" span={jobs.length}>
                    {shown.map((info) => (
                        <MetricLine key={info.name} info={info} {...props} />
                    ))}
                    {shown.length === 0 && (
                        <tr>
                            <th scope="row">None yet</th>
                            <td class="none" colSpan={jobs.length}>
                                They are there when a job is completed.
                            </td>
                        </tr>
                    )}
                </Group>
                <Group title="Run" span={jobs.length}>
                    <tr>
                        <th scope="row">Time</th>
                        {jobs.map((job) => (
                            <td key={job.job_id} class="num">
                                {duration(jobSeconds(job))}
                            </td>
                        ))}
                    </tr>
                </Group>
                <Folded rows={same} span={jobs.length} />
            </table>
        </div>
    );
}

function HeadRow({ jobs, base, onBase, onRemove }: Props) {
    return (
        <tr>
            <th scope="col" class="compare-corner">
                Job
            </th>
            {jobs.map((job) => (
                <th key={job.job_id} scope="col">
                    <div class="compare-job">
                        <div class="compare-name">
                            <a href={`/training/${job.job_id}`} title={jobTitle(job)}>
                                {jobTitle(job)}
                            </a>
                            <Button kind="quiet" size="small" icon="cross" aria-label={`Remove ${jobTitle(job)} from the comparison`} onClick={() => onRemove(job.job_id)} />
                        </div>
                        <StatusChip status={job.status} />
                        <label class="compare-base">
                            <input type="radio" name="base" checked={job === base} onChange={() => onBase(job.job_id)} />
                            Base
                        </label>
                    </div>
                </th>
            ))}
        </tr>
    );
}

function Group({ title, span, children }: { title: string; span: number; children: ComponentChildren }) {
    return (
        <tbody>
            <tr class="compare-group">
                <th scope="rowgroup" colSpan={span + 1}>
                    <span>{title}</span>
                </th>
            </tr>
            {children}
        </tbody>
    );
}

function setting(value: Setting): string {
    if (value === undefined) return "–";
    return value === null ? "not set" : String(value);
}

function SettingLine({ row }: { row: SettingRow }) {
    return (
        <tr>
            <th scope="row">{paramLabel(row.name)}</th>
            {row.values.map((value, index) => (
                <td key={index} class={value === undefined || value === null ? "num none" : "num"}>
                    {setting(value)}
                </td>
            ))}
        </tr>
    );
}

function MetricLine({ info, jobs, base }: Props & { info: MetricInfo }) {
    const values = jobs.map((job) => job.metrics?.[info.name] ?? null);
    const bests = best(values, info.higher_is_better);
    const from = base.metrics?.[info.name] ?? null;
    const floors = jobs.map((job) => (job.model_type === "popular" ? undefined : popularOf(job)[info.name]));
    const texts = new Set(floors.filter((floor) => floor !== undefined).map((floor) => metric(info.name, floor)));
    return (
        <tr>
            <th scope="row" title={info.help}>
                {titleOf(info, jobs)}
                {texts.size === 1 && <span class="compare-line">popular {[...texts][0]}</span>}
            </th>
            {jobs.map((job, index) => {
                const value = values[index]!;
                if (value === null)
                    return (
                        <td key={job.job_id} class="none">
                            –
                        </td>
                    );
                const apart = difference(value, from);
                const floor = floors[index];
                return (
                    <td key={job.job_id} class={bests.has(index) ? "num compare-best" : "num"}>
                        <span class="compare-value">
                            {metric(info.name, value)}
                            {bests.has(index) && <span class="visually-hidden">, the best</span>}
                        </span>
                        {job !== base && apart && from !== null && (
                            <span class="compare-line">
                                <Difference name={info.name} value={value} base={from} higherIsBetter={info.higher_is_better} />
                                {apart.relative !== null && <span class="compare-relative"> ({signed(apart.relative)})</span>}
                            </span>
                        )}
                        {texts.size > 1 && floor !== undefined && (
                            <span class="compare-line compare-floor" title="Popular, on the same holdout">
                                popular {metric(info.name, floor)}
                            </span>
                        )}
                    </td>
                );
            })}
        </tr>
    );
}

function signed(share: number): string {
    return `${share < 0 ? "−" : "+"}${percent(Math.abs(share), 1)}`;
}

/** What is equal in all jobs, out of the way. */
function Folded({ rows, span }: { rows: SettingRow[]; span: number }) {
    return (
        <tbody>
            <tr class="compare-folded">
                <td colSpan={span + 1}>
                    <details>
                        <summary>{rows.length} settings that are the same</summary>
                        <dl class="facts">
                            {rows.map((row) => (
                                <div key={row.name} class="fact">
                                    <dt>{paramLabel(row.name)}</dt>
                                    <dd>{setting(row.values.find((value) => value !== undefined))}</dd>
                                </div>
                            ))}
                        </dl>
                    </details>
                </td>
            </tr>
        </tbody>
    );
}
