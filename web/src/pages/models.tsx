// Models: the names with what their aliases point at, and all versions; or, with ?name=, one name.
import { useEffect, useState } from "preact/hooks";
import { Button, ButtonLink, type Column, EmptyState, ErrorPanel, PageTitle, Skeleton, Table, Time } from "../components";
import { plural } from "../lib/format";
import { useNow } from "../lib/hooks";
import type { ModelPage, ModelRow, NamePage as NamePageShape, NameRow } from "../lib/registry";
import { setTitle, useLocation, withQuery } from "../lib/router";
import { ImportDialog } from "../models/import";
import { NamePage } from "../models/name_page";
import { AliasChip } from "../models/parts";
import { useModelChanges, usePaged } from "../models/use_paged";
import { Versions } from "../models/versions";
import { CHAMPION } from "../models/words";
import { Section, useFlag } from "./shared";

const LIMIT = 50;

export function namePath(name: string): string {
    return `/models/?name=${encodeURIComponent(name)}`;
}

function nameColumns(now: number): Column<NameRow>[] {
    return [
        {
            key: "name",
            label: "Name",
            title: "Name",
            cell: (row) => (
                <a class="version-link" href={namePath(row.name)}>
                    {row.name}
                </a>
            ),
        },
        {
            key: "champion",
            label: "Champion",
            title: "Champion",
            cell: (row) => {
                const champion = row.aliases.find((one) => one.alias === CHAMPION);
                if (!champion) return <span class="none">–</span>;
                return (
                    <>
                        <a href={`/models/${champion.model_id}`}>Version {champion.version}</a>{" "}
                        <span class="none">
                            since <Time at={champion.since} now={now} />
                        </span>
                    </>
                );
            },
        },
        {
            key: "others",
            label: "Other aliases",
            title: "Other aliases",
            cell: (row) => {
                const others = row.aliases.filter((one) => one.alias !== CHAMPION);
                if (others.length === 0) return <span class="none">–</span>;
                return (
                    <span class="alias-list">
                        {others.map((one) => (
                            <a key={one.alias} href={`/models/${one.model_id}`} title={`Version ${one.version}`}>
                                <AliasChip alias={one.alias} /> {one.version}
                            </a>
                        ))}
                    </span>
                );
            },
        },
        { key: "versions", label: "Versions", title: "Versions", class: "numeric", cell: (row) => <span class="num">{row.versions}</span> },
        { key: "latest", label: "Latest", title: "Latest", class: "numeric", cell: (row) => <span class="num">{row.latest_version}</span> },
        { key: "gate", label: "Gate", title: "Gate", cell: (row) => (row.gate ? "on" : "off") },
    ];
}

function Index({ tag }: { tag: string }) {
    useEffect(() => setTitle("Models"), []);
    const here = useLocation();
    const names = usePaged<NamePageShape, NameRow>(`/api/v1/registry?limit=${LIMIT}`, (page) => page.names);
    const query = tag ? `&tag=${encodeURIComponent(tag)}` : "";
    const models = usePaged<ModelPage, ModelRow>(`/api/v1/models?limit=${LIMIT}${query}`, (page) => page.models);
    const [importing, setImporting] = useState(false);
    const [busy, during] = useFlag();
    const now = useNow(30_000);
    const reload = () => {
        names.reload();
        models.reload();
    };
    useModelChanges(reload);
    const error = names.error ?? models.error;
    const is_empty = names.rows?.length === 0 && models.rows?.length === 0 && !tag;
    return (
        <div class="models">
            <PageTitle
                aside={
                    <Button icon="upload" onClick={() => setImporting(true)}>
                        Import
                    </Button>
                }
            >
                Models
            </PageTitle>
            {error && <ErrorPanel error={error} retry={reload} title="The models could not be loaded" />}
            {(!names.rows || !models.rows) && !error && <Skeleton lines={6} label="Loading the models" />}
            {is_empty && (
                <EmptyState icon="box" title="No models yet">
                    <p>Every completed job leaves a version here, under the name that you give it. Or import one that was trained elsewhere.</p>
                    <ButtonLink kind="primary" href="/training/">
                        Train a model
                    </ButtonLink>
                </EmptyState>
            )}
            {names.rows && names.rows.length > 0 && !tag && (
                <Section title="Names" class="card" aside={names.next == null && <span class="none num">{plural(names.rows.length, "name")}</span>}>
                    <Table label="Names" columns={nameColumns(now)} rows={names.rows} rowKey={(row) => row.name} />
                    {names.next != null && (
                        <Button busy={busy} onClick={() => void during(names.more)}>
                            Show more names
                        </Button>
                    )}
                </Section>
            )}
            {models.rows && !is_empty && (
                <Section
                    title={tag ? `Versions tagged “${tag}”` : "Versions, the newest first"}
                    class="card"
                    aside={tag ? <a href={withQuery(here, { tag: null })}>All versions</a> : undefined}
                >
                    {models.rows.length === 0 ? <p class="none">No version has this tag.</p> : <Versions models={models} named now={now} reload={reload} />}
                </Section>
            )}
            {importing && <ImportDialog onClose={() => setImporting(false)} onDone={reload} />}
        </div>
    );
}

export default function Models() {
    const query = useLocation().query;
    const name = query.get("name");
    return name ? <NamePage key={name} name={name} /> : <Index tag={query.get("tag") ?? ""} />;
}
