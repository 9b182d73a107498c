// How good a version is: the verdict, the figures beside popular, what it was made of.
import { CopyButton, ErrorPanel, Skeleton } from "../components";
import { bytes, metricTitle, number } from "../lib/format";
import { useGet } from "../lib/hooks";
import { paramLabel } from "../lib/params";
import type { ModelWhole, Verdict } from "../lib/registry";
import type { MetricInfo, Metrics } from "../lib/types";
import { MetricTable, MetricTile, TILES, type MetricColumn } from "../pages/metrics";
import { Code, Fact, Facts, metricsOf, Section, useModelTypes } from "../pages/shared";
import { passportRows } from "./passport";
import { useModelChanges } from "./use_paged";
import { VerdictCard } from "./verdict";
import { CHAMPION } from "./words";

function Against({ model }: { model: ModelWhole }) {
    const is_champion = model.aliases.includes(CHAMPION);
    const found = useGet<Verdict>(is_champion ? null : `/api/v1/models/${model.model_id}/verdict`);
    useModelChanges(found.reload); // the champion may be another one
    if (is_champion)
        return (
            <p class="champion-line">
                This is the champion: <code>{model.name}@champion</code> gives it to whoever asks.
            </p>
        );
    if (found.error) return <ErrorPanel error={found.error} retry={found.reload} title="The comparison with the champion failed" />;
    if (!found.data) return <Skeleton lines={3} label="Comparing with the champion" />;
    return <VerdictCard verdict={found.data} title={found.data.champion ? `Against the champion, ${found.data.champion.ref}` : "The gate"} />;
}

/** What popular reaches on the same holdout; nothing beside popular itself. */
function floorOf(model: ModelWhole): Metrics {
    return (model.model_type === "popular" ? null : model.popular_metrics) ?? {};
}

function MetricRows({ infos, model }: { infos: MetricInfo[]; model: ModelWhole }) {
    const floor = floorOf(model);
    const columns: MetricColumn[] = [{ heading: "Value", metrics: model.metrics }];
    if (infos.some((info) => floor[info.name] != null)) columns.push({ heading: "Popular", metrics: floor });
    return <MetricTable infos={infos} titleOf={(info) => metricTitle(info.title, model.k)} columns={columns} />;
}

function snippet(model: ModelWhole): string {
    const open = `import pickle

with open("${model.file_name}", "rb") as file:
    model = pickle.load(file)`;
    if (model.model_type !== "als") return `${open}\n\nprint(model["model"].keys())`;
    return `${open}

users, items = model["mappings"]["users"], model["mappings"]["items"]
scores = model["model"]["user_factors"] @ model["model"]["item_factors"].T`;
}

function request(model: ModelWhole): string {
    const ref = model.aliases.includes(CHAMPION) ? `${model.name}@${CHAMPION}` : model.ref;
    return `curl -H "Authorization: Bearer $TOKEN" \\
  "${location.origin}/api/v1/models/${ref}/recommend?user=ID&k=${model.k ?? 40}"`;
}

function Snippet({ title, label, code }: { title: string; label: string; code: string }) {
    return (
        <div class="snippet">
            <div class="snippet-head">
                <h3>{title}</h3>
                <CopyButton text={code} label="Copy code" />
            </div>
            <pre class="code" tabIndex={0} aria-label={label}>
                {code}
            </pre>
        </div>
    );
}

export function VersionSummary({ model }: { model: ModelWhole }) {
    const types = useModelTypes();
    const infos = metricsOf(types, model.metrics).filter((info) => model.metrics?.[info.name] !== undefined);
    const kind = types?.model_types.find((type) => type.name === model.model_type);
    const passport = passportRows(model.data);
    return (
        <div class="summary">
            <div class="summary-main">
                <Against model={model} />
                <div class="tiles">
                    {infos.slice(0, TILES).map((info) => (
                        <MetricTile
                            key={info.name}
                            info={info}
                            title={metricTitle(info.title, model.k)}
                            value={model.metrics?.[info.name]}
                            floor={floorOf(model)[info.name]}
                        />
                    ))}
                </div>
                {infos.length === 0 && <p class="none">This file brought no metrics along, so there is nothing to judge it by.</p>}
                {infos.length > TILES && (
                    <Section title="All metrics">
                        <MetricRows infos={infos} model={model} />
                    </Section>
                )}
                <Section title="Use it">
                    <Snippet title="Ask the server" label="Request" code={request(model)} />
                    <Snippet title="Open in Python" label="Python code" code={snippet(model)} />
                </Section>
            </div>
            <div class="summary-side">
                <Section title="Parameters">
                    <Facts>
                        <Fact name="Model">{kind?.title ?? model.model_type}</Fact>
                        {Object.entries(model.params ?? {}).map(([name, value]) => (
                            <Fact key={name} name={paramLabel(name)}>
                                <span class={value == null ? "none" : "num"}>{value ?? "not set"}</span>
                            </Fact>
                        ))}
                        <Fact name="Seed">
                            <span class="num">{model.seed ?? "–"}</span>
                        </Fact>
                        <Fact name="rectrain">{model.program_version ?? "–"}</Fact>
                    </Facts>
                </Section>
                {passport.length > 0 && (
                    <Section title="Data">
                        <Facts>
                            {passport.map(([name, value]) => (
                                <Fact key={name} name={name}>
                                    <span class="num">{value}</span>
                                </Fact>
                            ))}
                            {model.holdout_sha256 && (
                                <Fact name="Held out users" help="Versions with the same checksum can be compared">
                                    <Code>{model.holdout_sha256.slice(0, 16)}…</Code>
                                </Fact>
                            )}
                        </Facts>
                    </Section>
                )}
                <Section title="File">
                    <Facts>
                        <Fact name="Path">
                            <Code>{model.path}</Code>
                        </Fact>
                        <Fact name="Size">
                            <span class="num" title={`${number(model.size_bytes)} bytes`}>
                                {bytes(model.size_bytes)}
                            </span>
                        </Fact>
                        <Fact name="SHA-256">
                            <Code>{model.sha256}</Code>
                            <CopyButton text={model.sha256} label="Copy checksum" />
                        </Fact>
                    </Facts>
                </Section>
            </div>
        </div>
    );
}
