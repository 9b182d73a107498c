// What Check data found, in place: the size of the data and what a run will take, or the fault.
import { ErrorPanel, Icon, Note } from "../components";
import type { ApiError } from "../lib/api";
import { bytes, clock, day, number, plural } from "../lib/format";
import type { DataReport } from "../lib/types";

export type Check =
    | { state: "none" }
    | { state: "busy" }
    | { state: "good"; report: DataReport }
    | { state: "bad"; error: ApiError };

function Figure({ title, value, more }: { title: string; value: string; more?: string | undefined }) {
    return (
        <div>
            <dt>{title}</dt>
            <dd>
                <span class="check-value">{value}</span>
                {more && <span class="check-more">{more}</span>}
            </dd>
        </div>
    );
}

function estimateWords(report: DataReport): { value: string; more: string | undefined } | null {
    const { memory_bytes, seconds } = report.estimate ?? { memory_bytes: null, seconds: null };
    if (memory_bytes == null && seconds == null) return null;
    if (seconds == null) return { value: bytes(memory_bytes), more: "of memory" };
    const time = seconds < 5 ? "a few seconds" : `about ${clock(seconds)}`;
    return { value: time, more: memory_bytes == null ? undefined : `${bytes(memory_bytes)} of memory` };
}

export function CheckResult({ check }: { check: Check }) {
    return (
        <div class="check-room" aria-live="polite">
            {check.state === "busy" && <p class="check-busy">Reading the files; large ones take a while.</p>}
            {check.state === "bad" && <ErrorPanel error={check.error} />}
            {check.state === "good" && <Report report={check.report} />}
        </div>
    );
}

function Report({ report }: { report: DataReport }) {
    const estimate = estimateWords(report);
    return (
        <>
            <div class="check">
                <p class="check-head">
                    <Icon name="check" /> Ready to train
                </p>
                <dl>
                    <Figure title="Rows" value={number(report.rows)} />
                    <Figure title="Users" value={number(report.users)} />
                    <Figure title="Items" value={number(report.items)} />
                    <Figure title="Dates" value={day(report.time.min)} more={`to ${day(report.time.max)}`} />
                    <Figure
                        title="Held out"
                        value={plural(report.holdout.users, "user")}
                        more={`${plural(report.holdout.pairs, "pair")} after ${day(report.time.threshold)}`}
                    />
                    {estimate && <Figure title="Takes" value={estimate.value} more={estimate.more} />}
                </dl>
            </div>
            {report.warnings.length > 0 && (
                <Note tone="warn">
                    <ul class="plain-list">
                        {report.warnings.map((warning, i) => (
                            <li key={i}>{typeof warning === "string" ? warning : warning.message}</li>
                        ))}
                    </ul>
                </Note>
            )}
        </>
    );
}
