// The card that starts a batch.
import { useEffect, useRef, useState } from "preact/hooks";
import { announce, Button, ButtonLink, EmptyState, ErrorPanel, Field, Skeleton, toast } from "../components";
import { type ApiError, asApiError, newKey, send } from "../lib/api";
import { ago, bytes } from "../lib/format";
import { keep, readKept, useGet } from "../lib/hooks";
import type { ModelPage, NamePage, Prediction } from "../lib/registry";
import { useLocation } from "../lib/router";
import type { DataSources } from "../lib/types";
import { filterPaths, PathCombo } from "../training/path_combo";
import { type BatchForm, EMPTY_FORM, findFaults, predictionTitle, refChoices, requestOf, USERS } from "./words";

const KEY = "new_batch";

/** What was used last, but for the list itself; ?model= wins. */
function firstForm(model: string | null): BatchForm {
    const kept = readKept<Partial<BatchForm>>(KEY, {});
    return { ...EMPTY_FORM, ...kept, user_ids: "", name: "", ...(model ? { model } : {}) };
}

type Change = (changes: Partial<BatchForm>) => void;

export function NewBatch({ onStarted }: { onStarted: (one: Prediction) => void }) {
    const names = useGet<NamePage>("/api/v1/registry?limit=200");
    const models = useGet<ModelPage>("/api/v1/models?limit=100");
    const error = names.error ?? models.error;
    if (error && !models.data)
        return (
            <section class="card">
                <ErrorPanel error={error} title="The models could not be loaded" retry={() => (names.reload(), models.reload())} />
            </section>
        );
    if (!names.data || !models.data)
        return (
            <section class="card new-job">
                <h2>New batch</h2>
                <Skeleton lines={5} label="Loading the form" />
            </section>
        );
    if (models.data.models.length === 0)
        return (
            <section class="card">
                <EmptyState icon="box" title="No model to predict with">
                    <p>Train one, or import one. Then its lists for many users are written here, as a file.</p>
                    <div class="button-row">
                        <ButtonLink kind="primary" href="/training/">
                            Train a model
                        </ButtonLink>
                    </div>
                </EmptyState>
            </section>
        );
    return <BatchCard choices={refChoices(names.data.names, models.data.models)} onStarted={onStarted} />;
}

function BatchCard({ choices, onStarted }: { choices: ReturnType<typeof refChoices>; onStarted: (one: Prediction) => void }) {
    const asked = useLocation().query.get("model");
    const [form, setForm] = useState(() => firstForm(asked));
    const [faults, setFaults] = useState<Record<string, string>>({});
    const [failure, setFailure] = useState<ApiError | null>(null);
    const [busy, setBusy] = useState(false);
    const key = useRef(newKey());
    const room = useRef<HTMLFormElement>(null);
    const all = [...choices.aliases, ...choices.versions];
    // What is asked for by the address is offered even where the lists do not reach back to it.
    const known = all.some((one) => one.ref === form.model);
    const model = known || form.model === asked ? form.model : (all[0]?.ref ?? "");
    useEffect(() => keep(KEY, { ...form, user_ids: "", name: "" }), [form]);

    const change: Change = (changes) => {
        setForm((old) => ({ ...old, ...changes }));
        key.current = newKey();
        setFailure(null);
        setFaults((old) => Object.fromEntries(Object.entries(old).filter(([field]) => !(field in changes))));
    };
    const refuse = (wrong: Record<string, string>) => {
        setFaults(wrong);
        announce(Object.values(wrong)[0] ?? "");
        requestAnimationFrame(() => room.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
    };
    const start = async (event: Event) => {
        event.preventDefault();
        if (busy) return;
        const full = { ...form, model };
        const wrong = findFaults(full);
        if (Object.keys(wrong).length > 0) return refuse(wrong);
        setBusy(true);
        try {
            const one = await send<Prediction>("POST", "/api/v1/predictions", requestOf(full), { headers: { "Idempotency-Key": key.current } });
            key.current = newKey();
            setForm((old) => ({ ...old, name: "" }));
            toast(`${predictionTitle(one)} is started`, { href: `/predictions/${one.prediction_id}`, link: "Details" });
            onStarted(one);
        } catch (problem) {
            const error = asApiError(problem);
            const by_field = Object.fromEntries(error.errors.filter((one) => one.field).map((one) => [one.field, one.message]));
            if (Object.keys(by_field).length > 0) refuse(by_field);
            else setFailure(error);
        } finally {
            setBusy(false);
        }
    };
    return (
        <section class="card new-job" aria-labelledby="new-batch">
            <h2 id="new-batch">New batch</h2>
            <form ref={room} noValidate class="new-job-form" onSubmit={(event) => void start(event)}>
                <Field label="Model" error={faults.model} hint="An alias is looked up when the batch starts, and stays with that version.">
                    {(ties) => (
                        <select {...ties} name="model" value={model} onChange={(e) => change({ model: e.currentTarget.value })}>
                            {!known && form.model === asked && asked && <option value={asked}>{asked}</option>}
                            {choices.aliases.length > 0 && (
                                <optgroup label="Aliases">
                                    {choices.aliases.map((one) => (
                                        <option key={one.ref} value={one.ref}>
                                            {one.label}
                                        </option>
                                    ))}
                                </optgroup>
                            )}
                            <optgroup label="Versions">
                                {choices.versions.map((one) => (
                                    <option key={one.ref} value={one.ref}>
                                        {one.label}
                                    </option>
                                ))}
                            </optgroup>
                        </select>
                    )}
                </Field>
                <UserChoice form={form} change={change} />
                {form.users === "list" && <UserList form={form} faults={faults} change={change} />}
                <Details form={form} faults={faults} change={change} />
                <label class="check-line">
                    <input type="checkbox" checked={form.exclude_seen} onChange={(e) => change({ exclude_seen: e.currentTarget.checked })} />
                    Leave out what a user has touched
                </label>
                {failure && <ErrorPanel error={failure} />}
                <div class="button-row">
                    <Button type="submit" kind="primary" busy={busy}>
                        {busy ? "Starting" : "Start the batch"}
                    </Button>
                </div>
            </form>
        </section>
    );
}

function UserChoice({ form, change }: { form: BatchForm; change: Change }) {
    return (
        <fieldset class="choices">
            <legend>Users</legend>
            <div class="choice-row choice-row-three">
                {USERS.map((one) => (
                    <label key={one.value} class="choice">
                        <input type="radio" name="users" checked={form.users === one.value} onChange={() => change({ users: one.value })} />
                        <span class="choice-text">
                            <strong>{one.title}</strong>
                            <span>{one.text}</span>
                        </span>
                    </label>
                ))}
            </div>
        </fieldset>
    );
}

interface PartProps {
    form: BatchForm;
    faults: Record<string, string>;
    change: Change;
}

function UsersFile({ form, faults, change }: PartProps) {
    const sources = useGet<DataSources>("/api/v1/data_sources");
    const shown = filterPaths(sources.data?.files ?? [], form.users_path);
    const none = sources.error ? sources.error.title : sources.is_loading ? "Looking for files" : "No Parquet or CSV file beneath the data directories yet";
    return (
        <Field
            label="Path of the file"
            error={faults.users_path}
            hint={
                <>
                    Parquet or CSV beneath the server's data directories, with a column <code>cookie</code>
                </>
            }
        >
            {(ties) => (
                <div class="path-row">
                    <PathCombo
                        ties={ties}
                        name="users_path"
                        value={form.users_path}
                        placeholder="/data/users.csv"
                        label="Known files"
                        icon="list"
                        shown={shown.map((file) => ({ path: file.path, more: `${bytes(file.size_bytes)}, ${ago(file.modified_at)}` }))}
                        none={form.users_path && !sources.error ? null : none}
                        onOpen={sources.reload}
                        onChange={(users_path) => change({ users_path })}
                    />
                </div>
            )}
        </Field>
    );
}

function UserList({ form, faults, change }: PartProps) {
    return (
        <div class="user-list">
            <fieldset class="switch-line">
                <legend class="visually-hidden">Where the list comes from</legend>
                <span class="switch">
                    {(["paste", "file"] as const).map((source) => (
                        <label key={source}>
                            <input type="radio" name="source" checked={form.source === source} onChange={() => change({ source })} />
                            {source === "paste" ? "Paste" : "A file"}
                        </label>
                    ))}
                </span>
            </fieldset>
            {form.source === "paste" ? (
                <Field label="User ids" error={faults.user_ids} hint="One a line, or with commas between them.">
                    {(ties) => (
                        <textarea {...ties} name="user_ids" rows={5} spellcheck={false} value={form.user_ids} onInput={(e) => change({ user_ids: e.currentTarget.value })} />
                    )}
                </Field>
            ) : (
                <UsersFile form={form} faults={faults} change={change} />
            )}
        </div>
    );
}

function Details({ form, faults, change }: PartProps) {
    return (
        <div class="new-job-params">
            <Field label="Items a user" error={faults.k} hint="1 to 10,000">
                {(ties) => <input {...ties} name="k" inputMode="numeric" autocomplete="off" value={form.k} onInput={(e) => change({ k: e.currentTarget.value })} />}
            </Field>
            <Field label="Format" hint={form.format === "csv" ? "cookie,node,rank,score" : "Columns cookie, node, rank, score"}>
                {(ties) => (
                    <select {...ties} name="format" value={form.format} onChange={(e) => change({ format: e.currentTarget.value as BatchForm["format"] })}>
                        <option value="parquet">Parquet</option>
                        <option value="csv">CSV</option>
                    </select>
                )}
            </Field>
            <Field label="Batch name" optional error={faults.name} hint="To find it again; the number does as well">
                {(ties) => <input {...ties} name="name" maxLength={200} autocomplete="off" value={form.name} onInput={(e) => change({ name: e.currentTarget.value })} />}
            </Field>
        </div>
    );
}
