// One name: where its aliases stand, its versions, its gate, its history.
import { useEffect, useState } from "preact/hooks";
import { Button, EmptyState, ButtonLink, ErrorPanel, Field, FormDialog, PageTitle, Skeleton, Time, toast } from "../components";
import { asApiError, send } from "../lib/api";
import { plural } from "../lib/format";
import { useGet, useNow } from "../lib/hooks";
import type { AliasRow, ModelPage, ModelRow, Move, MovePage, NameRow } from "../lib/registry";
import { setTitle } from "../lib/router";
import { Section, useFlag } from "../pages/shared";
import { removeAlias, undoMove } from "./actions";
import { ImportDialog } from "./import";
import { historyPath, Moves } from "./moves";
import { AliasChip } from "./parts";
import { useModelChanges, usePaged } from "./use_paged";
import { Versions } from "./versions";

function Aliases({ row, moves, now, reload }: { row: NameRow; moves: Move[]; now: number; reload: () => void }) {
    if (row.aliases.length === 0)
        return (
            <p class="none">
                No alias yet. Promote a version below: then programs ask for <code>{row.name}@champion</code>, whichever version that is.
            </p>
        );
    return (
        <ul class="rows">
            {row.aliases.map((one) => (
                <Alias key={one.alias} {...{ row, one, now, reload }} last={moves.find((move) => move.alias === one.alias) ?? null} />
            ))}
        </ul>
    );
}

function Alias({ row, one, last, now, reload }: { row: NameRow; one: AliasRow; last: Move | null; now: number; reload: () => void }) {
    const [busy, during] = useFlag();
    return (
        <li>
            <div class="rows-main">
                <span>
                    <AliasChip alias={one.alias} /> is <a href={`/models/${one.model_id}`}>version {one.version}</a>
                </span>
                <span class="rows-facts">
                    <code>
                        {row.name}@{one.alias}
                    </code>
                    <span>
                        since <Time at={one.since} now={now} />
                    </span>
                </span>
            </div>
            <div class="actions">
                <ButtonLink class="button button-small" href={`/models/${one.model_id}?tab=try`}>
                    Try it
                    <span class="visually-hidden">
                        {" "}
                        with {row.name}@{one.alias}
                    </span>
                </ButtonLink>
                <Button size="small" icon="undo" busy={busy} onClick={() => void during(() => undoMove(row.name, one.alias, last, reload))}>
                    <span>
                        {last?.from_version != null ? `Back to version ${last.from_version}` : "Undo"}
                        <span class="visually-hidden"> for {one.alias}</span>
                    </span>
                </Button>
                <Button size="small" kind="quiet" icon="cross" busy={busy} aria-label={`Remove the alias ${one.alias}`} onClick={() => void during(() => removeAlias(row.name, one.alias, reload))}>
                    Remove
                </Button>
            </div>
        </li>
    );
}

function GateDialog({ row, onClose, onSaved }: { row: NameRow; onClose: () => void; onSaved: () => void }) {
    const [gate, setGate] = useState(row.gate);
    const [margin, setMargin] = useState(String(Number((100 * row.margin).toFixed(6))));
    const [error, setError] = useState<string | null>(null);
    const [busy, during] = useFlag();
    const save = async () => {
        const share = Number(margin.replace(",", ".")) / 100;
        if (!Number.isFinite(share) || share < 0 || margin.trim() === "") return setError("Enter a number from 0 on");
        try {
            await send("PATCH", `/api/v1/registry/${encodeURIComponent(row.name)}`, { gate, margin: share });
            toast(gate ? `The gate of ${row.name} is on` : `The gate of ${row.name} is off`);
            onSaved();
            onClose();
        } catch (reason) {
            const found = asApiError(reason);
            setError(found.errors[0]?.message || found.detail || found.title);
        }
    };
    return (
        <FormDialog title={`The gate of ${row.name}`} busy={busy} onSubmit={() => void during(save)} onClose={onClose}>
            <p>
                Whoever shall be champion must beat the one before on the same data and the same held out users, beyond what chance explains, and beat
                popular. Who has a reason may still override it.
            </p>
            <label class="check-line">
                <input type="checkbox" checked={gate} onChange={(e) => setGate(e.currentTarget.checked)} />
                The gate is on
            </label>
            <Field label="Margin, in points of recall" error={error} hint="The whole 95 % interval of the difference must lie above it. 0: any real gain will do.">
                {(ties) => <input {...ties} inputMode="decimal" autocomplete="off" disabled={!gate} value={margin} onInput={(e) => setMargin(e.currentTarget.value)} />}
            </Field>
        </FormDialog>
    );
}

function Gate({ row, reload }: { row: NameRow; reload: () => void }) {
    const [open, setOpen] = useState(false);
    return (
        <div class="gate-line">
            <span>
                {row.gate ? "A champion must beat the one before" : "The gate is off: any version may become champion"}
                {row.gate && row.margin > 0 && ` by ${Number((100 * row.margin).toFixed(3))} points`}
                {row.gate && ", and popular."}
            </span>
            <Button size="small" kind="quiet" icon="pencil" onClick={() => setOpen(true)}>
                Change the gate
            </Button>
            {open && <GateDialog row={row} onClose={() => setOpen(false)} onSaved={reload} />}
        </div>
    );
}

export function NamePage({ name }: { name: string }) {
    useEffect(() => setTitle(name), [name]);
    const row = useGet<NameRow>(`/api/v1/registry/${encodeURIComponent(name)}`);
    const models = usePaged<ModelPage, ModelRow>(`/api/v1/models?name=${encodeURIComponent(name)}&limit=50`, (page) => page.models);
    const moves = usePaged<MovePage, Move>(historyPath(name), (page) => page.moves);
    const [importing, setImporting] = useState(false);
    const now = useNow(30_000);
    const reload = () => {
        row.reload();
        models.reload();
        moves.reload();
    };
    useModelChanges(reload);
    if (row.error?.status === 404)
        return (
            <>
                <PageTitle>{name}</PageTitle>
                <EmptyState icon="box" title="There is no model of this name">
                    <p>Its versions may have been renamed, or it belongs to somebody else.</p>
                    <ButtonLink kind="primary" href="/models/">
                        All models
                    </ButtonLink>
                </EmptyState>
            </>
        );
    return (
        <div class="models">
            <header>
                <nav aria-label="Where this is" class="crumbs">
                    <a href="/models/">Models</a> / <span>{name}</span>
                </nav>
                <PageTitle
                    aside={
                        <Button icon="upload" onClick={() => setImporting(true)}>
                            Import
                        </Button>
                    }
                >
                    {name}
                </PageTitle>
            </header>
            {row.error && <ErrorPanel error={row.error} retry={reload} />}
            {!row.data && !row.error && <Skeleton lines={6} label="Loading the model" />}
            {row.data && (
                <Section title="Aliases" class="card">
                    <Aliases row={row.data} moves={moves.rows ?? []} now={now} reload={reload} />
                    <Gate row={row.data} reload={reload} />
                </Section>
            )}
            <Section title="Versions" class="card" aside={row.data && <span class="none num">{plural(row.data.versions, "version")}</span>}>
                {models.error && <ErrorPanel error={models.error} retry={models.reload} />}
                {!models.rows && !models.error && <Skeleton lines={5} label="Loading the versions" />}
                {models.rows && <Versions models={models} named={false} now={now} reload={reload} />}
            </Section>
            <Moves name={name} moves={moves} now={now} />
            {importing && <ImportDialog name={name} onClose={() => setImporting(false)} onDone={reload} />}
        </div>
    );
}
