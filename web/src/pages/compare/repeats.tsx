// Runs of the same settings with other seeds: what is spread and what is a difference.
import { metric } from "../../lib/format";
import type { JobWhole, ModelTypes } from "../../lib/types";
import { metricsOf, Section, titleOf } from "../shared";
import { repeatsOf } from "./logic";

const METRICS_SHOWN = 4;

export function RepeatsTable({ jobs, types }: { jobs: JobWhole[]; types: ModelTypes | null }) {
    const groups = repeatsOf(jobs);
    if (groups.length === 0) return null;
    const shown = metricsOf(types, jobs[0]?.metrics).slice(0, METRICS_SHOWN);
    const name = (id: number) => jobs.find((job) => job.job_id === id)?.description ?? "";
    return (
        <Section title="Repeats" class="repeats">
            <p class="none">Jobs with the same settings, the seed aside: mean ± standard deviation.</p>
            <div class="table-scroll" tabIndex={0} role="region" aria-label="Repeats">
                <table class="plain-table">
                    <thead>
                        <tr>
                            <th scope="col">Settings</th>
                            <th scope="col" class="numeric">
                                Runs
                            </th>
                            {shown.map((info) => (
                                <th key={info.name} scope="col" class="numeric">
                                    {titleOf(info, jobs)}
                                </th>
                            ))}
                        </tr>
                    </thead>
                    <tbody>
                        {groups.map((group) => (
                            <tr key={group.ids.join()}>
                                <th scope="row">
                                    {name(group.ids[0]!)} <span class="none">jobs {group.ids.join(", ")}</span>
                                </th>
                                <td class="numeric num">
                                    {group.ids.length}
                                    {group.seeds < group.ids.length && <span class="none"> ({group.seeds} seeds)</span>}
                                </td>
                                {shown.map((info) => {
                                    const value = group.metrics[info.name];
                                    return (
                                        <td key={info.name} class="numeric num">
                                            {value ? `${metric(info.name, value.mean)} ± ${metric(info.name, value.deviation)}` : "–"}
                                        </td>
                                    );
                                })}
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
        </Section>
    );
}
