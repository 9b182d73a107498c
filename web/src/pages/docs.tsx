// The API, from the server's own /openapi.json, and the manual on problems.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ComponentType } from "preact";
import { ButtonLink, EmptyState, ErrorPanel, Icon, PageTitle, Skeleton, Tabs } from "../components";
import { type ApiError, asApiError } from "../lib/api";
import { useGet, useKeys } from "../lib/hooks";
import { navigate, setTitle, useLocation, withQuery } from "../lib/router";
import { OperationView } from "./docs/operation";
import { byTag, type OpenApi, operationsOf, search } from "./docs/openapi";

const TOPICS = [
    { value: "api", label: "API" },
    { value: "troubleshooting", label: "Troubleshooting" },
] as const;
type Topic = (typeof TOPICS)[number]["value"];

export default function Docs() {
    const here = useLocation();
    const topic: Topic = here.query.get("topic") === "troubleshooting" ? "troubleshooting" : "api";
    useEffect(() => setTitle(topic === "api" ? "API documentation" : "Troubleshooting"), [topic]);
    return (
        <div class="docs">
            <PageTitle>Documentation</PageTitle>
            <Tabs
                id="docs"
                label="Topics"
                tabs={[...TOPICS]}
                value={topic}
                onChange={(value) => navigate(withQuery(here, { topic: value === "api" ? null : value }), { keep_scroll: true })}
            />
            <div id="docs-panel" role="tabpanel" aria-labelledby={`docs-${topic}`} tabIndex={-1}>
                {topic === "api" ? <Api /> : <Manual />}
            </div>
        </div>
    );
}

/** What stands after # in the address, as it changes. */
function useHash(): string {
    const read = () => decodeURIComponent(location.hash.slice(1));
    const [hash, setHash] = useState(read);
    const here = useLocation();
    useEffect(() => {
        const update = () => setHash(read());
        update();
        addEventListener("hashchange", update);
        return () => removeEventListener("hashchange", update);
    }, [here]);
    return hash;
}

function Manual() {
    const code = useHash();
    const [Page, setPage] = useState<ComponentType<{ code: string }> | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    useEffect(() => {
        import("./docs/troubleshooting").then(
            (module) => setPage(() => module.default),
            (reason) => setError(asApiError(reason)),
        );
    }, []);
    if (error) return <ErrorPanel error={error} title="The manual could not be loaded" retry={() => location.reload()} />;
    return Page ? <Page code={code} /> : <Skeleton lines={8} label="Loading the manual" />;
}

function Api() {
    const { data, error, reload } = useGet<OpenApi>("/openapi.json");
    if (error) return <ErrorPanel error={error} retry={reload} title="The description of the API could not be loaded" />;
    return data ? <Operations api={data} /> : <Skeleton lines={8} label="Loading the description of the API" />;
}

function Operations({ api }: { api: OpenApi }) {
    const here = useLocation();
    const hash = useHash();
    const text = here.query.get("q") ?? "";
    const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(hash ? [hash] : []));
    const all = useMemo(() => operationsOf(api), [api]);
    const groups = useMemo(() => byTag(api, search(all, text)), [api, all, text]);
    useEffect(() => {
        if (!hash) return;
        setOpen((old) => new Set(old).add(hash));
        requestAnimationFrame(() => document.getElementById(hash)?.scrollIntoView({ block: "start" }));
    }, [hash]);
    useKeys({
        "/": (event) => {
            event.preventDefault();
            document.getElementById("docs-search")?.focus();
        },
    });
    const toggle = (id: string, is_open: boolean) =>
        setOpen((old) => {
            const next = new Set(old);
            if (is_open) next.add(id);
            else next.delete(id);
            return next;
        });
    return (
        <>
            <div class="docs-head">
                <label class="docs-search">
                    <Icon name="search" />
                    <span class="visually-hidden">Search</span>
                    <input
                        id="docs-search"
                        type="search"
                        placeholder="Search operations"
                        value={text}
                        onInput={(event) => navigate(withQuery(here, { q: event.currentTarget.value }), { replace: true, keep_scroll: true })}
                    />
                </label>
                <ButtonLink icon="download" href="/openapi.json" download="openapi.json">
                    openapi.json
                </ButtonLink>
            </div>
            <p class="none docs-words">
                {api.info.title} {api.info.version}. Programs log in with a token of the <a href="/account/">account page</a>, sent as{" "}
                <code>Authorization: Bearer $RECTRAIN_TOKEN</code>.
            </p>
            {groups.length === 0 && (
                <EmptyState icon="search" title="Nothing fits">
                    <p>No operation has all words of “{text}”.</p>
                </EmptyState>
            )}
            {groups.map((group) => (
                <section key={group.name} class="docs-group">
                    <h2>{group.name}</h2>
                    {group.description && <p class="none">{group.description}</p>}
                    {group.operations.map((operation) => (
                        <OperationView
                            key={operation.id}
                            api={api}
                            operation={operation}
                            open={open.has(operation.id)}
                            onToggle={(is_open) => toggle(operation.id, is_open)}
                        />
                    ))}
                </section>
            ))}
        </>
    );
}
