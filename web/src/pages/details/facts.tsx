// What a job was asked, what it ran on, and what it made.
import { ButtonLink, CopyButton } from "../../components";
import { bytes, number } from "../../lib/format";
import { paramLabel } from "../../lib/params";
import type { JobWhole, ModelTypes, ParamInfo } from "../../lib/types";
import { Code, Fact, Facts, Section } from "../shared";
import { funnelRows } from "./logic";
import { Bar } from "./timeline";

function shown(value: string | number | null | undefined): string {
    if (value === null || value === undefined) return "not set";
    return typeof value === "number" && Math.abs(value) >= 10_000 ? number(value) : String(value);
}

/** All parameters; those at other values than the default stand out. */
export function Parameters({ job, types }: { job: JobWhole; types: ModelTypes | null }) {
    const kind = types?.model_types.find((type) => type.name === job.model_type);
    const known = new Map<string, ParamInfo>([...(kind?.params ?? []), ...(types?.run_params ?? [])].map((info) => [info.name, info]));
    const rows = [...Object.entries(job.params), ...Object.entries(job.run)];
    return (
        <Section title="Parameters" class="parameters">
            <Facts>
                <Fact name="Model">{kind?.title ?? job.model_type}</Fact>
                {rows.map(([name, value]) => {
                    const info = known.get(name);
                    const changed = info !== undefined && value !== null && String(value) !== String(info.default) && name !== "eval_every";
                    return (
                        <Fact key={name} name={paramLabel(name)} help={info?.help}>
                            <span class={changed ? "num strong" : value === null ? "none" : "num"}>{shown(value)}</span>
                            {changed && info.default !== null && <span class="none"> default {shown(info.default)}</span>}
                        </Fact>
                    );
                })}
            </Facts>
        </Section>
    );
}

export function Funnel({ job, withHelp }: { job: JobWhole; withHelp?: boolean }) {
    const rows = funnelRows(job.result?.funnel);
    if (rows.length === 0) return null;
    return (
        <Section title="From rows to pairs" class="funnel">
            <ul class="bars">
                {rows.map((row) => (
                    <li key={row.name} title={row.help}>
                        <span class="bars-name">
                            {row.label}
                            {withHelp && <span class="bars-help">{row.help}</span>}
                        </span>
                        <span class="bars-count num">{number(row.count)}</span>
                        <Bar share={row.share} />
                    </li>
                ))}
            </ul>
        </Section>
    );
}

function snippet(job: JobWhole): string {
    const open = `import pickle

with open("${job.model!.file_name}", "rb") as file:
    model = pickle.load(file)`;
    if (job.model_type !== "als") return `${open}\n\nprint(model["model"].keys())`;
    return `${open}

users, items = model["mappings"]["users"], model["mappings"]["items"]
scores = model["model"]["user_factors"] @ model["model"]["item_factors"].T`;
}

export function ModelFile({ job }: { job: JobWhole }) {
    if (!job.model) return null;
    const code = snippet(job);
    return (
        <Section title="Model file" class="model-file">
            <Facts>
                {job.model.ref && (
                    <Fact name="Version">
                        <a href={`/models/${job.model.model_id}`}>{job.model.ref}</a>
                    </Fact>
                )}
                <Fact name="Path">
                    <Code>{job.model.path}</Code>
                </Fact>
                <Fact name="Size">
                    <span class="num" title={`${number(job.model.size_bytes)} bytes`}>
                        {bytes(job.model.size_bytes)}
                    </span>
                </Fact>
                <Fact name="SHA-256">
                    <Code>{job.model.sha256}</Code>
                    <CopyButton text={job.model.sha256} label="Copy checksum" />
                </Fact>
            </Facts>
            <div class="snippet">
                <div class="snippet-head">
                    <h3>Open in Python</h3>
                    <CopyButton text={code} label="Copy code" />
                </div>
                <pre class="code" tabIndex={0} aria-label="Python code">
                    {code}
                </pre>
            </div>
            <ButtonLink icon="download" href={`/api/v1/models/${job.model.model_id}/download`} download={job.model.file_name}>
                Download {bytes(job.model.size_bytes)}
            </ButtonLink>
        </Section>
    );
}

export function Environment({ job }: { job: JobWhole }) {
    const result = job.result;
    const worker = job.worker;
    if (!result && !worker) return null;
    const share = Number(result?.["scored_share"]);
    return (
        <Section title="Environment" class="environment">
            <Facts>
                {result?.["version"] !== undefined && <Fact name="rectrain">{String(result["version"])}</Fact>}
                {result?.["cpu"] !== undefined && <Fact name="Processor kernels">{String(result["cpu"])}</Fact>}
                {result?.["threads"] !== undefined && <Fact name="Threads">{String(result["threads"])}</Fact>}
                {result?.["peak_rss_bytes"] !== undefined && (
                    <Fact name="Peak memory">
                        <span class="num">{bytes(Number(result["peak_rss_bytes"]))}</span>
                    </Fact>
                )}
                {Number.isFinite(share) && (
                    <Fact name="Scores computed" help="Share of all scores of users and items that had to be computed for exact lists">
                        <span class="num">{(100 * share).toFixed(0)} %</span>
                    </Fact>
                )}
                {worker && (
                    <Fact name="Worker">
                        <Code>{worker}</Code>
                    </Fact>
                )}
                {job.attempt > 1 && <Fact name="Attempts">{job.attempt}</Fact>}
            </Facts>
        </Section>
    );
}
