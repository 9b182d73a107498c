// What several pages know and show: who is here, the tables of models and metrics, lists of names
// and values.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../lib/api";
import { metricTitle } from "../lib/format";
import { Store, useStore } from "../lib/store";
import type { Job, Me, MetricInfo, Metrics, ModelTypes } from "../lib/types";

/** GET once for the whole visit; tried again by the next page where it failed. */
function once<T>(path: string): () => T | null {
    const store = new Store<T | null>(null);
    let is_asked = false;
    return () => {
        const value = useStore(store);
        useEffect(() => {
            if (is_asked) return;
            is_asked = true;
            get<T>(path)
                .then((data) => store.set(data))
                .catch(() => (is_asked = false));
        }, []);
        return value;
    };
}

export const useMe = once<Me>("/api/v1/me");
export const useModelTypes = once<ModelTypes>("/api/v1/model_types");

/** The metrics that a job may have, as the table says; from the job's own names until it is there. */
export function metricsOf(types: ModelTypes | null, metrics: Metrics | null | undefined): MetricInfo[] {
    if (types) return types.metrics;
    return Object.keys(metrics ?? {})
        .filter((name) => !name.startsWith("popular_"))
        .map((name) => ({ name, title: words(name), help: "", higher_is_better: true }));
}

export function titleOf(info: MetricInfo, jobs: readonly Pick<Job, "run">[]): string {
    const lengths = new Set(jobs.map((job) => Number(job.run?.["k"])));
    return metricTitle(info.title, lengths.size === 1 ? [...lengths][0]! : null);
}

/** The floor on the same holdout, by name. */
export function popularOf(job: Job & { result?: { popular_metrics?: Metrics } | null }): Metrics {
    return job.popular_metrics ?? job.result?.popular_metrics ?? {};
}

/** "eval_days" → "Eval days". */
export function words(name: string): string {
    const text = name.replaceAll("_", " ");
    return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Names and values, one a line. */
export function Facts({ children }: { children: ComponentChildren }) {
    return <dl class="facts">{children}</dl>;
}

export function Fact({ name, help, children }: { name: string; help?: string | undefined; children: ComponentChildren }) {
    return (
        <div class="fact">
            <dt title={help}>{name}</dt>
            <dd>{children}</dd>
        </div>
    );
}

/** A part of a page with its own heading. */
export function Section({ title, aside, class: extra, children }: {
    title: string;
    aside?: ComponentChildren;
    class?: string;
    children: ComponentChildren;
}) {
    return (
        <section class={`part ${extra ?? ""}`}>
            <div class="part-head">
                <h2>{title}</h2>
                {aside}
            </div>
            {children}
        </section>
    );
}

/** A long text of a machine, such as a checksum, that may be broken anywhere. */
export function Code({ children }: { children: ComponentChildren }) {
    return <code class="code-line">{children}</code>;
}

/** The entry of the manual on a problem. */
export function manualOf(code: string): string {
    return `/docs?topic=troubleshooting#${encodeURIComponent(code)}`;
}

/** Whether something is under way, and a way to say that it is. */
export function useFlag(): [boolean, (run: () => Promise<unknown>) => Promise<void>] {
    const [busy, setBusy] = useState(false);
    const during = async (run: () => Promise<unknown>) => {
        setBusy(true);
        try {
            await run();
        } finally {
            setBusy(false);
        }
    };
    return [busy, during];
}
