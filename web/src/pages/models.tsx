// The models that jobs have made: look, download, delete.
import { useEffect, useState } from "preact/hooks";
import {
    Button,
    ButtonLink,
    type Column,
    confirm,
    CopyButton,
    EmptyState,
    ErrorPanel,
    PageTitle,
    Skeleton,
    Table,
    Time,
    toast,
} from "../components";
import { type ApiError, asApiError, get, isAborted, send } from "../lib/api";
import { bytes, metric, metricTitle, number, plural } from "../lib/format";
import { useNow } from "../lib/hooks";
import { live } from "../lib/live";
import { setTitle } from "../lib/router";
import type { MetricInfo, ModelRow } from "../lib/types";
import { metricsOf, useFlag, useModelTypes } from "./shared";

interface Page {
    models: ModelRow[];
    next: string | null;
}

interface State {
    models: ModelRow[] | null;
    next: string | null;
    error: ApiError | null;
}

const LIMIT = 50;
const METRICS_SHOWN = 3;

function useModels() {
    const [state, setState] = useState<State>({ models: null, next: null, error: null });
    const [round, setRound] = useState(0);
    useEffect(() => {
        const abort = new AbortController();
        get<Page>(`/api/v1/models?limit=${LIMIT}`, { signal: abort.signal })
            .then(({ models, next }) => setState({ models, next, error: null }))
            .catch((error) => {
                if (!isAborted(error)) setState((old) => ({ ...old, error: asApiError(error) }));
            });
        return () => abort.abort();
    }, [round]);
    const reload = () => setRound((n) => n + 1);
    useEffect(() => {
        // A job that is completed has made a model; one that is gone took its own along.
        const stops = [
            live.subscribe("job", (job) => job.status === "completed" && reload()),
            live.subscribe("job_removed", reload),
            live.subscribe("reset", reload),
        ];
        return () => stops.forEach((stop) => stop());
    }, []);
    const more = async () => {
        try {
            const page = await get<Page>(`/api/v1/models?limit=${LIMIT}&cursor=${encodeURIComponent(state.next ?? "")}`);
            setState((old) => ({ models: [...(old.models ?? []), ...page.models], next: page.next, error: null }));
        } catch (error) {
            toast(`More models could not be loaded: ${asApiError(error).message}`, { tone: "bad" });
        }
    };
    const forget = (id: number) => setState((old) => ({ ...old, models: (old.models ?? []).filter((one) => one.model_id !== id) }));
    return { ...state, reload, more, forget };
}

async function remove(model: ModelRow, forget: (id: number) => void): Promise<void> {
    const yes = await confirm({
        title: `Delete ${model.file_name}?`,
        text: `${bytes(model.size_bytes)} are freed, for good. Job ${model.job_id} stays, with its metrics and curves.`,
        action: "Delete the file",
        danger: true,
    });
    if (!yes) return;
    try {
        await send("DELETE", `/api/v1/models/${model.model_id}`);
        forget(model.model_id);
        toast(`${model.file_name} was deleted`);
    } catch (reason) {
        toast(`The model could not be deleted: ${asApiError(reason).message}`, { tone: "bad" });
    }
}

export default function Models() {
    useEffect(() => setTitle("Models"), []);
    const { models, next, error, reload, more, forget } = useModels();
    const [busy, during] = useFlag();
    const types = useModelTypes();
    const now = useNow(30_000);
    const shown = metricsOf(types, models?.[0]?.metrics).slice(0, METRICS_SHOWN);
    const total = (models ?? []).reduce((sum, model) => sum + model.size_bytes, 0);
    const aside = models && models.length > 0 && !next && (
        <span class="none num">
            {plural(models.length, "model")}, {bytes(total)}
        </span>
    );
    return (
        <div class="models">
            <PageTitle aside={aside || undefined}>Models</PageTitle>
            {error && <ErrorPanel error={error} retry={reload} title="The models could not be loaded" />}
            {!models && !error && <Skeleton lines={6} label="Loading the models" />}
            {models?.length === 0 && (
                <EmptyState icon="box" title="No models yet">
                    <p>Every completed job leaves one here, ready for Python.</p>
                    <ButtonLink kind="primary" href="/training/">
                        Train a model
                    </ButtonLink>
                </EmptyState>
            )}
            {models && models.length > 0 && (
                <Table label="Models" columns={columns(shown, lengthOf(models), now, forget)} rows={models} rowKey={(model) => model.model_id} />
            )}
            {next && (
                <Button busy={busy} onClick={() => void during(more)}>
                    Show more
                </Button>
            )}
        </div>
    );
}

/** The k of all models, where they have the same. */
function lengthOf(models: ModelRow[]): number | null {
    const lengths = new Set(models.map((model) => model.k));
    return lengths.size === 1 ? [...lengths][0]! : null;
}

function columns(metrics: MetricInfo[], k: number | null, now: number, forget: (id: number) => void): Column<ModelRow>[] {
    return [
        { key: "file", label: "File", title: "File", cell: (model) => <File model={model} /> },
        {
            key: "job",
            label: "Job",
            title: "Job",
            cell: (model) => <a href={`/training/${model.job_id}`}>{model.job_name || `Job ${model.job_id}`}</a>,
        },
        ...metrics.map((info): Column<ModelRow> => ({
            key: "metric",
            label: metricTitle(info.title, k),
            title: metricTitle(info.title, k),
            help: info.help,
            class: "numeric",
            cell: (model) => (
                <span class="num" title={model.k === null ? undefined : `k = ${model.k}`}>
                    {metric(info.name, model.metrics?.[info.name])}
                </span>
            ),
        })),
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
        { key: "actions", label: "Actions", title: <span class="visually-hidden">Actions</span>, cell: (model) => <RowActions model={model} forget={forget} /> },
    ];
}

function File({ model }: { model: ModelRow }) {
    return (
        <div class="model-name">
            <span class="model-file-name" title={model.path}>
                {model.file_name}
            </span>
            <span class="model-sum">
                <code title={`SHA-256 ${model.sha256}`}>sha256:{model.sha256.slice(0, 12)}…</code>
                <CopyButton text={model.sha256} label="Copy" />
            </span>
        </div>
    );
}

function RowActions({ model, forget }: { model: ModelRow; forget: (id: number) => void }) {
    const [busy, during] = useFlag();
    return (
        <div class="actions">
            <ButtonLink
                kind="quiet"
                icon="download"
                href={`/api/v1/models/${model.model_id}/download`}
                download={model.file_name}
                aria-label={`Download ${model.file_name}`}
            >
                Download
            </ButtonLink>
            <Button
                kind="quiet"
                icon="trash"
                busy={busy}
                aria-label={`Delete ${model.file_name}`}
                title="Delete"
                onClick={() => void during(() => remove(model, forget))}
            />
        </div>
    );
}
