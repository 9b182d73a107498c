// The card that starts a job. Nothing that is typed here is lost: not by updates of the table, not
// by going to another page, not by an error.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { announce, Button, ErrorPanel, Field, Note, Skeleton, toast } from "../components";
import { type ApiError, asApiError, get, newKey, send } from "../lib/api";
import { jobTitle } from "../lib/format";
import { useGet } from "../lib/hooks";
import { findKind, loadModelTypes, useModelTypes } from "../lib/model_types";
import { mainParams, paramLabel, paramRange } from "../lib/params";
import type { NamePage } from "../lib/registry";
import { navigate, useLocation, withQuery } from "../lib/router";
import type { DataReport, DataSources, Job, ModelType, ModelTypes, ParamInfo } from "../lib/types";
import { type Check, CheckResult } from "./check_result";
import { checkRequestOf, findFaults, type FormValues, formOfJob, keepForm, readForm, requestOf } from "./form_state";
import { PathField } from "./path_field";

const CHECK_TIMEOUT_MS = 180_000;

function ModelChoice({ kinds, value, error, onChange }: { kinds: ModelType[]; value: string; error: string | undefined; onChange: (name: string) => void }) {
    return (
        <fieldset class="choices" aria-describedby={error ? "model-error" : undefined}>
            <legend>Model</legend>
            <div class="choice-row">
                {kinds.map((kind) => (
                    <label key={kind.name} class="choice">
                        <input type="radio" name="model_type" value={kind.name} checked={kind.name === value} onChange={() => onChange(kind.name)} />
                        <span class="choice-text">
                            <strong>{kind.title}</strong>
                            <span>{kind.summary}</span>
                        </span>
                    </label>
                ))}
            </div>
            {error && (
                <p class="field-error" id="model-error">
                    {error}
                </p>
            )}
        </fieldset>
    );
}

/** With a capital, unless it starts with the name of a choice, as "cg approaches …". */
function sentence(text: string, names: string[] | null = null): string {
    return names?.includes(text.split(" ")[0] ?? "") ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

function ParamField({ info, value, error, onChange }: { info: ParamInfo; value: string; error: string | undefined; onChange: (text: string) => void }) {
    const range = paramRange(info);
    const hint = info.type === "choice" || !range ? sentence(info.help, info.choices) : `${sentence(info.help)}. ${sentence(range)}`;
    return (
        <Field label={paramLabel(info.name)} error={error} hint={hint}>
            {(ties) =>
                info.type === "choice" ? (
                    <select {...ties} name={info.name} value={value || String(info.default ?? "")} onChange={(e) => onChange(e.currentTarget.value)}>
                        {info.choices?.map((choice) => (
                            <option key={choice} value={choice}>
                                {choice}
                            </option>
                        ))}
                    </select>
                ) : (
                    <input
                        {...ties}
                        name={info.name}
                        inputMode={info.type === "int" ? "numeric" : info.type === "real" ? "decimal" : "text"}
                        autocomplete="off"
                        spellcheck={false}
                        value={value}
                        placeholder={info.default == null ? "not set" : String(info.default)}
                        onInput={(event) => onChange(event.currentTarget.value)}
                    />
                )
            }
        </Field>
    );
}

/** The names that there are, as suggestions; a new one begins with version 1. */
function ModelName({ value, kind, error, onChange }: { value: string; kind: string; error: string | undefined; onChange: (name: string) => void }) {
    const [asked, setAsked] = useState(false);
    const known = useGet<NamePage>(asked ? "/api/v1/registry?limit=100" : null);
    const list = useId();
    const row = known.data?.names.find((one) => one.name === value.trim());
    const next = row ? `Makes version ${row.latest_version + 1} of ${row.name}` : `Makes the next version of it; without one, of “${kind}”`;
    return (
        <Field label="Model name" optional error={error} hint={next}>
            {(ties) => (
                <>
                    <input
                        {...ties}
                        name="model_name"
                        list={list}
                        maxLength={63}
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck={false}
                        placeholder={kind}
                        value={value}
                        onFocus={() => setAsked(true)}
                        onInput={(event) => onChange(event.currentTarget.value)}
                    />
                    <datalist id={list}>
                        {known.data?.names.map(({ name }) => (
                            <option key={name} value={name} />
                        ))}
                    </datalist>
                </>
            )}
        </Field>
    );
}

/** ?clone=17 fills the form from that job, and leaves the URL. */
function useClone(tables: ModelTypes | null, fill: (values: FormValues, of: Job) => void, fail: (error: ApiError) => void): void {
    const at = useLocation();
    const clone = at.query.get("clone");
    useEffect(() => {
        if (!clone || !tables) return;
        get<Job>(`/api/v1/jobs/${encodeURIComponent(clone)}`)
            .then((job) => fill(formOfJob(job, tables), job))
            .catch((error) => fail(asApiError(error)))
            .finally(() => navigate(withQuery(at, { clone: null }), { replace: true }));
    }, [clone, tables]);
}

function focusFirstFault(form: HTMLFormElement | null): void {
    requestAnimationFrame(() => form?.querySelector<HTMLElement>("[aria-invalid=true], fieldset[aria-describedby] input")?.focus());
}

export function NewJob({ onStarted }: { onStarted: (job: Job) => void }) {
    const { tables, error } = useModelTypes();
    if (error && !tables)
        return (
            <section class="card">
                <ErrorPanel error={error} title="The form could not be loaded" retry={loadModelTypes} />
            </section>
        );
    if (!tables)
        return (
            <section class="card new-job">
                <h2>New job</h2>
                <Skeleton lines={5} label="Loading the form" />
            </section>
        );
    return <JobForm tables={tables} onStarted={onStarted} />;
}

function JobForm({ tables, onStarted }: { tables: ModelTypes; onStarted: (job: Job) => void }) {
    const [values, setValues] = useState(readForm);
    const [faults, setFaults] = useState<Record<string, string>>({});
    const [failure, setFailure] = useState<ApiError | null>(null);
    const [check, setCheck] = useState<Check>({ state: "none" });
    const [busy, setBusy] = useState(false);
    const [cloned, setCloned] = useState<Job | null>(null);
    const [show_more, setShowMore] = useState(false);
    const key = useRef(newKey());
    const form = useRef<HTMLFormElement>(null);
    const checking = useRef<AbortController | null>(null);
    const sources = useGet<DataSources>("/api/v1/data_sources");

    const kind = findKind(tables, values.model_type) ?? tables.model_types.find((one) => one.personal) ?? tables.model_types[0];
    const main = kind ? mainParams(kind.params) : [];
    const more = kind?.params.slice(main.length) ?? [];

    // Changes are made to what the form holds by then: an answer may come between two of them.
    const change = (changes: Partial<FormValues>, field: string) => {
        setValues((old) => ({ ...old, ...changes }));
        key.current = newKey();
        setFailure(null);
        setFaults(({ [field]: _, ...rest }) => rest);
    };
    useEffect(() => keepForm(values), [values]);
    // What was never touched shows its default; what was emptied shows it as a hint.
    const shownValue = (info: ParamInfo) => values.params[info.name] ?? String(info.default ?? "");
    const setParam = (name: string) => (text: string) => {
        change({}, name);
        setValues((old) => ({ ...old, params: { ...old.params, [name]: text } }));
        if (tables.run_params.some((info) => info.name === name)) forgetCheck();
    };
    const forgetCheck = () => {
        checking.current?.abort();
        setCheck({ state: "none" });
    };

    const drawParam = (info: ParamInfo) => (
        <ParamField key={info.name} info={info} value={shownValue(info)} error={faults[info.name]} onChange={setParam(info.name)} />
    );
    const changed = [...more, ...tables.run_params].filter((info) => {
        const text = values.params[info.name]?.trim();
        return text && text !== String(info.default ?? "");
    }).length;

    // The first directory that is whole stands in an empty field, unless somebody is about to type there.
    const suggestion = sources.data?.sources.find((source) => source.is_complete)?.path;
    useEffect(() => {
        const field = form.current?.querySelector("input[name=data_path]");
        if (suggestion && document.activeElement !== field) setValues((now) => (now.data_path ? now : { ...now, data_path: suggestion }));
    }, [suggestion]);
    useClone(
        tables,
        (filled, of) => {
            change(filled, "");
            setCloned(of);
            setShowMore(Object.keys(filled.params).some((name) => !main.some((info) => info.name === name)));
            form.current?.scrollIntoView({ block: "start" });
            form.current?.querySelector<HTMLElement>("input[name=data_path]")?.focus({ preventScroll: true });
        },
        setFailure,
    );

    const refuse = (wrong: Record<string, string>) => {
        setFaults(wrong);
        const in_open = ["model_type", "data_path", "name", "model_name", ...main.map((info) => info.name)];
        if (Object.keys(wrong).some((name) => !in_open.includes(name))) setShowMore(true);
        focusFirstFault(form.current);
        announce(Object.values(wrong)[0] ?? "");
    };
    const takeProblem = (problem: ApiError) => {
        const wrong = Object.fromEntries(problem.errors.filter((e) => e.field).map((e) => [e.field, e.message]));
        if (Object.keys(wrong).length > 0) refuse(wrong);
        else setFailure(problem);
    };

    const start = async (event: Event) => {
        event.preventDefault();
        if (busy || !kind) return;
        const full = { ...values, model_type: kind.name };
        const wrong = findFaults(full, kind, tables.run_params);
        if (Object.keys(wrong).length > 0) return refuse(wrong);
        setBusy(true);
        setFailure(null);
        setFaults({});
        try {
            const headers = { "Idempotency-Key": key.current };
            const job = await send<Job>("POST", "/api/v1/jobs", requestOf(full, kind, tables.run_params), { headers });
            key.current = newKey();
            setCloned(null);
            setValues((old) => ({ ...old, model_type: kind.name, name: "" }));
            toast(`${jobTitle(job)} is started`, { href: `/training/${job.job_id}`, link: "Details" });
            onStarted(job);
        } catch (problem) {
            takeProblem(asApiError(problem));
        } finally {
            setBusy(false);
        }
    };

    const checkData = async () => {
        if (!values.data_path.trim()) return refuse({ data_path: "Enter the directory of the data, or choose one" });
        checking.current?.abort();
        const abort = new AbortController();
        checking.current = abort;
        setCheck({ state: "busy" });
        const options = { signal: abort.signal, timeout_ms: CHECK_TIMEOUT_MS };
        try {
            const body = checkRequestOf(values, tables.run_params);
            const report = await send<DataReport>("POST", "/api/v1/data_sources/check", body, options);
            setCheck({ state: "good", report });
        } catch (problem) {
            if (!abort.signal.aborted) setCheck({ state: "bad", error: asApiError(problem) });
        }
    };

    return (
        <section class="card new-job" aria-labelledby="new-job">
            <h2 id="new-job">New job</h2>
            {cloned && (
                <Note>
                    Filled in from <a href={`/training/${cloned.job_id}`}>{jobTitle(cloned)}</a>. Change what you like, then start it.
                </Note>
            )}
            <form ref={form} noValidate onSubmit={(event) => void start(event)} class="new-job-form">
                <ModelChoice
                    kinds={tables.model_types}
                    value={kind?.name ?? ""}
                    error={faults.model_type}
                    onChange={(name) => change({ model_type: name }, "model_type")}
                />
                <div class="new-job-path">
                    <PathField
                        value={values.data_path}
                        error={faults.data_path}
                        sources={sources}
                        busy={check.state === "busy"}
                        onChange={(path) => {
                            change({ data_path: path }, "data_path");
                            forgetCheck();
                        }}
                        onCheck={() => void checkData()}
                    />
                </div>
                <CheckResult check={check} />
                <div class="new-job-params">
                    {main.map(drawParam)}
                    <ModelName value={values.model_name} kind={kind?.name ?? "als"} error={faults.model_name} onChange={(name) => change({ model_name: name }, "model_name")} />
                    <Field label="Job name" optional error={faults.name} hint="To find it again; the number does as well">
                        {(ties) => (
                            <input {...ties} name="name" maxLength={200} autocomplete="off" value={values.name} onInput={(e) => change({ name: e.currentTarget.value }, "name")} />
                        )}
                    </Field>
                </div>
                {show_more && (
                    <div class="new-job-more" id="new-job-more">
                        {more.length > 0 && <h3>Model</h3>}
                        {more.length > 0 && <div class="field-grid">{more.map(drawParam)}</div>}
                        <h3>Data and evaluation</h3>
                        <div class="field-grid">{tables.run_params.map(drawParam)}</div>
                    </div>
                )}
                {failure && <ErrorPanel error={failure} />}
                <div class="button-row">
                    <Button type="submit" kind="primary" busy={busy}>
                        {busy ? "Starting" : "Start Training"}
                    </Button>
                    <Button
                        kind="quiet"
                        icon={show_more ? "down" : "right"}
                        aria-expanded={show_more}
                        aria-controls="new-job-more"
                        onClick={() => setShowMore(!show_more)}
                    >
                        Advanced parameters{!show_more && changed > 0 && `, ${changed} changed`}
                    </Button>
                </div>
            </form>
        </section>
    );
}
