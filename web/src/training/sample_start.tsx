// Before the first job: what to do, with a button that does it on data that is there.
import { useState } from "preact/hooks";
import { Button, EmptyState, toast } from "../components";
import { asApiError, newKey, send } from "../lib/api";
import { useGet } from "../lib/hooks";
import type { DataSource, DataSources, Job } from "../lib/types";

/** The demo's own data where it is there, else the smallest that is whole. */
export function pickSample(sources: DataSource[]): DataSource | undefined {
    const whole = sources.filter((source) => source.is_complete);
    return whole.find((source) => /\/(demo|sample)$/.test(source.path)) ?? [...whole].sort((a, b) => a.size_bytes - b.size_bytes)[0];
}

export function SampleStart({ onStarted }: { onStarted: (job: Job) => void }) {
    const sources = useGet<DataSources>("/api/v1/data_sources");
    const [busy, setBusy] = useState(false);
    const sample = pickSample(sources.data?.sources ?? []);
    const roots = sources.data?.roots.join(" or ") ?? "the data directory";

    const start = async () => {
        if (!sample) return;
        setBusy(true);
        try {
            for (const model_type of ["popular", "als"]) {
                const headers = { "Idempotency-Key": newKey() };
                onStarted(await send<Job>("POST", "/api/v1/jobs", { model_type, data_path: sample.path }, { headers }));
            }
        } catch (error) {
            const problem = asApiError(error);
            toast(problem.detail || problem.title, { tone: "bad" });
        } finally {
            setBusy(false);
        }
    };
    if (sources.data && !sample)
        return (
            <EmptyState icon="folder" title="No jobs yet, and no data">
                <p>
                    Put a directory with <code>clickstream.pq</code> and <code>events.pq</code> under {roots}, or let <code>rectrain synth</code> make one. Then
                    choose it above and start.
                </p>
            </EmptyState>
        );
    return (
        <EmptyState icon="train" title="No jobs yet">
            <p>Start one above. Or see how it goes: train both models on {sample ? <code>{sample.path}</code> : "the sample data"}, and compare them.</p>
            <div class="button-row">
                <Button kind="primary" busy={busy} disabled={!sample} onClick={() => void start()}>
                    {busy ? "Starting" : "Train on the sample data"}
                </Button>
            </div>
        </EmptyState>
    );
}
