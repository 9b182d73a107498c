// One version of a model: how good it is beside the champion, what it recommends and why, and what
// became of the aliases of its name.
import { useEffect, useState } from "preact/hooks";
import { Button, ButtonLink, EmptyState, ErrorPanel, Menu, PageTitle, Skeleton, Tabs, Time } from "../components";
import { bytes } from "../lib/format";
import { useGet, useNow } from "../lib/hooks";
import type { ModelWhole, Move, MovePage } from "../lib/registry";
import { navigate, setTitle, useLocation, withQuery } from "../lib/router";
import { removeModel, undoMove } from "../models/actions";
import { EditDialog } from "../models/edit";
import { historyPath, Moves } from "../models/moves";
import { AliasChips, downloadItems, TagLinks } from "../models/parts";
import { PromoteDialog } from "../models/promote";
import { SideBySide } from "../models/side_by_side";
import { VersionSummary } from "../models/summary";
import { TryIt } from "../models/try_it";
import { type Paged, useModelChanges, usePaged } from "../models/use_paged";
import { CHAMPION, describe, versionTitle } from "../models/words";
import { useFlag } from "./shared";

const TABS = ["summary", "try", "compare", "history"] as const;
type Tab = (typeof TABS)[number];
const TAB_WORDS: Record<Tab, string> = { summary: "Summary", try: "Try it", compare: "Side by side", history: "History" };

export default function Model({ params }: { params: Record<string, string> }) {
    const id = Number(params["id"]);
    const found = useGet<ModelWhole>(`/api/v1/models/${id}`);
    const model = found.data;
    const title = model ? versionTitle(model) : `Model ${id}`;
    useEffect(() => setTitle(title), [title]);
    useModelChanges(found.reload);
    if (found.error?.status === 404)
        return (
            <>
                <PageTitle>Model {id}</PageTitle>
                <EmptyState icon="box" title="There is no such version">
                    <p>It may have been deleted, or belong to somebody else.</p>
                    <ButtonLink kind="primary" href="/models/">
                        All models
                    </ButtonLink>
                </EmptyState>
            </>
        );
    if (!model)
        return (
            <>
                <PageTitle>{title}</PageTitle>
                {found.error ? <ErrorPanel error={found.error} retry={found.reload} /> : <Skeleton lines={8} label="Loading the version" />}
            </>
        );
    return <Whole model={model} reload={found.reload} />;
}

function Whole({ model, reload }: { model: ModelWhole; reload: () => void }) {
    const here = useLocation();
    const asked = here.query.get("tab") as Tab;
    const tab = TABS.includes(asked) ? asked : "summary";
    const now = useNow(30_000);
    const moves = usePaged<MovePage, Move>(historyPath(model.name), (page) => page.moves);
    useModelChanges(moves.reload);
    const changed = () => {
        reload();
        moves.reload();
    };
    return (
        <article class="details model-page">
            <Header model={model} now={now} />
            <Actions model={model} moves={moves} is_main={tab === "summary" || tab === "history"} reload={changed} />
            <Tabs
                id="model"
                label="Parts of the version"
                tabs={TABS.map((value) => ({ value, label: TAB_WORDS[value] }))}
                value={tab}
                onChange={(value) => navigate(withQuery(here, { tab: value === "summary" ? null : value }), { replace: true, keep_scroll: true })}
            />
            <div id="model-panel" role="tabpanel" aria-labelledby={`model-${tab}`} tabIndex={-1}>
                {tab === "summary" && <VersionSummary key={model.aliases.join()} model={model} />}
                {tab === "try" && <TryIt model={model} />}
                {tab === "compare" && <SideBySide model={model} />}
                {tab === "history" && <Moves name={model.name} moves={moves} now={now} />}
            </div>
        </article>
    );
}

function Header({ model, now }: { model: ModelWhole; now: number }) {
    return (
        <header class="details-header">
            <nav aria-label="Where this is" class="crumbs">
                <a href="/models/">Models</a> / <a href={`/models/?name=${encodeURIComponent(model.name)}`}>{model.name}</a> /{" "}
                <span>Version {model.version}</span>
            </nav>
            <PageTitle
                aside={
                    model.aliases.length > 0 ? (
                        <span class="alias-list">
                            <AliasChips aliases={model.aliases} />
                        </span>
                    ) : undefined
                }
            >
                {versionTitle(model)}
            </PageTitle>
            <p class="details-facts">
                <span>{describe(model)}</span>
                <span>
                    {model.source === "import" ? "imported" : "made"} <Time at={model.created_at} now={now} />
                </span>
                {model.source === "training" && (
                    <span>
                        by <a href={`/training/${model.job_id}`}>{model.job_name || `job ${model.job_id}`}</a>
                    </span>
                )}
                <span class="num">{bytes(model.size_bytes)}</span>
                <TagLinks tags={model.tags} />
            </p>
            {model.note && <p class="model-note">{model.note}</p>}
        </header>
    );
}

/** Where a tab has its own main action, none of these is. */
function Actions({ model, moves, is_main, reload }: { model: ModelWhole; moves: Paged<Move>; is_main: boolean; reload: () => void }) {
    const [open, setOpen] = useState<"promote" | "edit" | null>(null);
    const [busy, during] = useFlag();
    const is_champion = model.aliases.includes(CHAMPION);
    const last = moves.rows?.find((move) => move.alias === CHAMPION) ?? null;
    const batch = `/predictions/?model=${encodeURIComponent(is_champion ? `${model.name}@${CHAMPION}` : model.ref)}`;
    return (
        <div class="actions">
            {!is_champion && (
                <Button kind={is_main ? "primary" : "plain"} icon="up" onClick={() => setOpen("promote")}>
                    Promote
                </Button>
            )}
            <ButtonLink kind={is_champion && is_main ? "primary" : "plain"} icon="list" href={batch}>
                Predict for many users
            </ButtonLink>
            {is_champion && (
                <Button icon="undo" busy={busy} onClick={() => void during(() => undoMove(model.name, CHAMPION, last, reload))}>
                    {last?.from_version != null ? `Roll back to version ${last.from_version}` : "Undo the promotion"}
                </Button>
            )}
            <Menu label="Download" text="Download" icon="download" items={downloadItems(model)} />
            {is_champion && (
                <Button icon="tag" onClick={() => setOpen("promote")}>
                    Point an alias at it
                </Button>
            )}
            <Button kind="quiet" icon="pencil" onClick={() => setOpen("edit")}>
                Edit
            </Button>
            <Button kind="quiet" icon="trash" busy={busy} onClick={() => void during(() => removeModel(model, () => navigate(`/models/?name=${encodeURIComponent(model.name)}`)))}>
                Delete
            </Button>
            {open === "promote" && <PromoteDialog model={model} alias={is_champion ? "" : CHAMPION} onClose={() => setOpen(null)} onMoved={reload} />}
            {open === "edit" && <EditDialog model={model} onClose={() => setOpen(null)} onSaved={reload} />}
        </div>
    );
}
