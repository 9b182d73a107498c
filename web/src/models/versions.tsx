// A table of versions, of one name or of all, and what can be done with each.
import { useState } from "preact/hooks";
import { Button, ButtonLink, type Column, Menu, type MenuItem, Table, Time } from "../components";
import { bytes, metric, metricTitle, number } from "../lib/format";
import type { ModelRow } from "../lib/registry";
import type { MetricInfo } from "../lib/types";
import { metricsOf, useFlag, useModelTypes } from "../pages/shared";
import { removeModel } from "./actions";
import { EditDialog } from "./edit";
import { AliasChips, downloadItems, TagLinks } from "./parts";
import { PromoteDialog } from "./promote";
import type { Paged } from "./use_paged";
import { CHAMPION, describe, versionTitle } from "./words";

const METRICS_SHOWN = 3;

/** The k of all rows, where they have the same. */
function lengthOf(models: ModelRow[]): number | null {
    const lengths = new Set(models.map((model) => model.k));
    return lengths.size === 1 ? [...lengths][0]! : null;
}

function Version({ model, named }: { model: ModelRow; named: boolean }) {
    return (
        <div class="version">
            <span class="version-name">
                <a class="version-link" href={`/models/${model.model_id}`}>
                    {named ? versionTitle(model) : `Version ${model.version}`}
                </a>
                <AliasChips aliases={model.aliases} />
            </span>
            <span class="version-more">
                {describe(model)}
                {model.source === "import" && ", imported"}
            </span>
            {model.note && (
                <span class="version-note" title={model.note}>
                    {model.note}
                </span>
            )}
            <TagLinks tags={model.tags} />
        </div>
    );
}

function metricColumn(info: MetricInfo, k: number | null): Column<ModelRow> {
    return {
        key: `metric-${info.name}`,
        label: metricTitle(info.title, k),
        title: metricTitle(info.title, k),
        help: info.help,
        class: "numeric",
        cell: (model) =>
            model.metrics?.[info.name] == null ? (
                <span class="none">–</span>
            ) : (
                <span class="num" title={model.k === null ? undefined : `k = ${model.k}`}>
                    {metric(info.name, model.metrics[info.name])}
                </span>
            ),
    };
}

type Act = { what: "promote" | "edit"; model: ModelRow } | null;

function rowActions(model: ModelRow, act: (act: Act) => void, reload: () => void): MenuItem[] {
    return [
        { label: "Point an alias at it", icon: "tag", onSelect: () => act({ what: "promote", model }) },
        { label: "Side by side", icon: "compare", href: `/models/${model.model_id}?tab=compare` },
        { label: "Predict for many users", icon: "list", href: `/predictions/?model=${encodeURIComponent(model.ref)}` },
        { label: "Edit name, note, tags", icon: "pencil", onSelect: () => act({ what: "edit", model }) },
        ...downloadItems(model),
        { label: "Delete", icon: "trash", danger: true, onSelect: () => void removeModel(model, reload) },
    ];
}

export function Versions({ models, named, now, reload }: { models: Paged<ModelRow>; named: boolean; now: number; reload: () => void }) {
    const types = useModelTypes();
    const [open, setOpen] = useState<Act>(null);
    const [busy, during] = useFlag();
    const rows = models.rows ?? [];
    const shown = metricsOf(types, rows[0]?.metrics).slice(0, METRICS_SHOWN);
    const columns: Column<ModelRow>[] = [
        { key: "version", label: "Version", title: "Version", cell: (model) => <Version model={model} named={named} /> },
        ...shown.map((info) => metricColumn(info, lengthOf(rows))),
        {
            key: "size",
            label: "Size",
            title: "Size",
            class: "numeric",
            cell: (model) => (
                <span class="num" title={`${number(model.size_bytes)} bytes`}>
                    {bytes(model.size_bytes)}
                </span>
            ),
        },
        { key: "made", label: "Made", title: "Made", cell: (model) => <Time at={model.created_at} now={now} /> },
        {
            key: "actions",
            label: "Actions",
            title: <span class="visually-hidden">Actions</span>,
            cell: (model) => (
                <div class="actions">
                    {!model.aliases.includes(CHAMPION) && (
                        <Button size="small" aria-label={`Promote ${versionTitle(model)}`} onClick={() => setOpen({ what: "promote", model })}>
                            Promote
                        </Button>
                    )}
                    <ButtonLink class="button button-small" href={`/models/${model.model_id}?tab=try`}>
                        Try it<span class="visually-hidden"> with {versionTitle(model)}</span>
                    </ButtonLink>
                    <Menu label={`More for ${versionTitle(model)}`} small items={rowActions(model, setOpen, reload)} />
                </div>
            ),
        },
    ];
    return (
        <>
            <Table label="Versions" columns={columns} rows={rows} rowKey={(model) => model.model_id} />
            {models.next != null && (
                <Button busy={busy} onClick={() => void during(models.more)}>
                    Show more
                </Button>
            )}
            {open?.what === "promote" && <PromoteDialog model={open.model} onClose={() => setOpen(null)} onMoved={reload} />}
            {open?.what === "edit" && <EditDialog model={open.model} onClose={() => setOpen(null)} onSaved={reload} />}
        </>
    );
}
