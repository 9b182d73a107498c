// What a version recommends: to a user whom it knows, to one whom it does not, or to somebody new by a
// history that is pasted in. What is asked stands in the URL.
import { useEffect, useMemo, useState } from "preact/hooks";
import { announce, Button, ErrorPanel, Field, Note, Skeleton } from "../components";
import { type ApiError, asApiError, get, isAborted, send } from "../lib/api";
import { number, plural } from "../lib/format";
import { useGet } from "../lib/hooks";
import type { Counted, Id, ModelWhole, Recommended } from "../lib/registry";
import { navigate, useLocation, withQuery } from "../lib/router";
import { Section } from "../pages/shared";
import { ItemList } from "./item_list";
import type { Asked } from "./reasons";
import { OtherItem } from "./reasons";
import { basisWords, parseHistory, parseIds } from "./words";

type Mode = "user" | "history";

interface Form {
    mode: Mode;
    user: string;
    history: string;
    k: string;
    seen: boolean; // leave in what the user has touched
    allow: string;
    deny: string;
}

const K = 40;

function formOf(query: URLSearchParams): Form {
    const history = query.get("items") ?? "";
    return {
        mode: history || query.get("by") === "history" ? "history" : "user",
        user: query.get("user") ?? "",
        history: history.replace(/,/g, "\n"),
        k: query.get("k") ?? String(K),
        seen: query.get("seen") === "1",
        allow: query.get("allow") ?? "",
        deny: query.get("deny") ?? "",
    };
}

function toQuery(form: Form): Record<string, string | null> {
    const items = parseHistory(form.history).items.map(({ item, count }) => (count === 1 ? item : `${item}:${count}`));
    return {
        by: form.mode === "history" ? "history" : null,
        user: form.mode === "user" ? form.user.trim() : null,
        items: form.mode === "history" ? items.join(",") : null,
        k: form.k.trim() === String(K) ? null : form.k.trim(),
        seen: form.seen ? "1" : null,
        allow: parseIds(form.allow).join(","),
        deny: parseIds(form.deny).join(","),
    };
}

export function askedOf(form: Pick<Form, "mode" | "user" | "history">): Asked | null {
    if (form.mode === "user") return form.user.trim() ? { user: form.user.trim() } : null;
    const { items } = parseHistory(form.history);
    return items.length > 0 ? { items } : null;
}

async function ask(model: ModelWhole, form: Form, asked: Asked, signal: AbortSignal): Promise<Recommended> {
    const path = `/api/v1/models/${model.model_id}/recommend`;
    const allow = parseIds(form.allow);
    const deny = parseIds(form.deny);
    if (asked.user !== undefined) {
        const query = new URLSearchParams({ user: asked.user, k: form.k.trim(), exclude_seen: String(!form.seen) });
        if (allow.length > 0) query.set("allow", allow.join(","));
        if (deny.length > 0) query.set("deny", deny.join(","));
        return get<Recommended>(`${path}?${query}`, { signal });
    }
    const body = {
        items: asked.items,
        k: Number(form.k),
        exclude_seen: !form.seen,
        ...(allow.length > 0 ? { allow } : {}),
        ...(deny.length > 0 ? { deny } : {}),
    };
    return send<Recommended>("POST", path, body, { signal });
}

interface Answer {
    key: string;
    data: Recommended | null;
    error: ApiError | null;
    is_loading: boolean;
}

/** Asks whenever what the URL says has changed. */
function useAnswer(model: ModelWhole, form: Form, asked: Asked | null): Answer & { reload: () => void } {
    const key = JSON.stringify([model.model_id, asked, form.k, form.seen, form.allow, form.deny]);
    const [answer, setAnswer] = useState<Answer>({ key: "", data: null, error: null, is_loading: false });
    const [round, setRound] = useState(0);
    useEffect(() => {
        if (!asked) return;
        const abort = new AbortController();
        setAnswer((old) => ({ ...old, key, error: null, is_loading: true }));
        ask(model, form, asked, abort.signal)
            .then((data) => {
                setAnswer({ key, data, error: null, is_loading: false });
                announce(`${plural(data.items.length, "recommendation")}. ${basisWords(data.basis, asked.user, model.model_type)}`);
            })
            .catch((error) => {
                if (!isAborted(error)) setAnswer({ key, data: null, error: asApiError(error), is_loading: false });
            });
        return () => abort.abort();
    }, [key, round]);
    const none = { key, data: null, error: null, is_loading: false };
    return { ...(asked ? answer : none), reload: () => setRound((n) => n + 1) };
}

export function useKnownUsers(model_id: number): Id[] {
    return useGet<{ users: Id[] }>(`/api/v1/models/${model_id}/users?limit=20`).data?.users ?? [];
}

export function UserChips({ users, onPick }: { users: Id[]; onPick: (user: string) => void }) {
    if (users.length === 0) return null;
    return (
        <p class="chips">
            <span class="none">Some that it knows:</span>
            {users.slice(0, 8).map((user) => (
                <button key={user} type="button" class="chip" onClick={() => onPick(String(user))}>
                    {user}
                </button>
            ))}
        </p>
    );
}

/** What was typed cannot be asked: what is wrong with it, by field. */
function faultsOf(form: Form): Record<string, string> {
    const faults: Record<string, string> = {};
    const k = Number(form.k.trim());
    if (!Number.isInteger(k) || k < 1 || k > 10_000) faults.k = "A whole number from 1 to 10,000";
    if (form.mode === "user" && !form.user.trim()) faults.user = "Enter the id of a user";
    if (form.mode === "history") {
        const { items, faults: wrong } = parseHistory(form.history);
        if (wrong.length > 0) faults.history = `Not understood: ${wrong.slice(0, 3).join(", ")}`;
        else if (items.length === 0) faults.history = "Paste at least one item";
    }
    return faults;
}

export function TryIt({ model }: { model: ModelWhole }) {
    const here = useLocation();
    const search = here.query.toString();
    const current = useMemo(() => formOf(here.query), [search]);
    const [form, setForm] = useState(current);
    const [faults, setFaults] = useState<Record<string, string>>({});
    const [more, setMore] = useState(current.allow !== "" || current.deny !== "" || current.seen);
    const users = useKnownUsers(model.model_id);
    useEffect(() => setForm(current), [current]);
    const asked = useMemo(() => askedOf(current), [current]);
    const answer = useAnswer(model, current, asked);

    const change = (changes: Partial<Form>) => {
        setForm((old) => ({ ...old, ...changes }));
        setFaults({});
    };
    const go = (next: Form) => {
        const wrong = faultsOf(next);
        setFaults(wrong);
        if (wrong.k || wrong.user || wrong.history) return;
        const to = withQuery(here, toQuery(next));
        if (to === here.path + (search ? "?" + decodeURIComponent(search) : "")) answer.reload();
        else navigate(to, { keep_scroll: true });
    };
    return (
        <div class="try">
            <form
                class="card try-form"
                noValidate
                onSubmit={(event) => {
                    event.preventDefault();
                    go(form);
                }}
            >
                <fieldset class="switch-line">
                    <legend class="visually-hidden">For whom</legend>
                    <span class="switch">
                        {(["user", "history"] as const).map((mode) => (
                            <label key={mode}>
                                <input type="radio" name="mode" checked={form.mode === mode} onChange={() => change({ mode })} />
                                {mode === "user" ? "A user" : "A history"}
                            </label>
                        ))}
                    </span>
                </fieldset>
                <div class="try-fields">
                    {form.mode === "user" ? (
                        <Field label="User" error={faults.user} hint="Known to the model or not.">
                            {(ties) => <input {...ties} name="user" autocomplete="off" spellcheck={false} value={form.user} onInput={(e) => change({ user: e.currentTarget.value })} />}
                        </Field>
                    ) : (
                        <Field label="History" class="try-history" error={faults.history} hint="Items, one a line or with commas; how often behind a colon: 33230:3">
                            {(ties) => (
                                <textarea {...ties} name="history" rows={4} spellcheck={false} value={form.history} onInput={(e) => change({ history: e.currentTarget.value })} />
                            )}
                        </Field>
                    )}
                    <Field label="How many" error={faults.k}>
                        {(ties) => <input {...ties} name="k" inputMode="numeric" autocomplete="off" value={form.k} onInput={(e) => change({ k: e.currentTarget.value })} />}
                    </Field>
                    <Button type="submit" kind="primary" class="try-go" busy={answer.is_loading}>
                        Recommend
                    </Button>
                </div>
                {form.mode === "user" && <UserChips users={users} onPick={(user) => go({ ...form, user })} />}
                <Button kind="quiet" size="small" icon={more ? "down" : "right"} class="try-more" aria-expanded={more} onClick={() => setMore(!more)}>
                    Bounds
                </Button>
                {more && (
                    <div class="try-bounds">
                        <Field label="Only these items" optional>
                            {(ties) => <input {...ties} autocomplete="off" value={form.allow} onInput={(e) => change({ allow: e.currentTarget.value })} />}
                        </Field>
                        <Field label="Never these items" optional>
                            {(ties) => <input {...ties} autocomplete="off" value={form.deny} onInput={(e) => change({ deny: e.currentTarget.value })} />}
                        </Field>
                        <label class="check-line">
                            <input type="checkbox" checked={form.seen} onChange={(e) => change({ seen: e.currentTarget.checked })} />
                            Leave in what they have touched
                        </label>
                    </div>
                )}
            </form>
            {asked && answer.error && <ErrorPanel error={answer.error} retry={answer.reload} />}
            {asked && answer.is_loading && !answer.data && <Skeleton lines={8} label="Asking the model" />}
            {asked && answer.data && <Result {...{ model, asked }} result={answer.data} k={Number(current.k)} />}
        </div>
    );
}

function Result({ model, asked, result, k }: { model: ModelWhole; asked: Asked; result: Recommended; k: number }) {
    const known = useGet<{ items: Counted[] }>(asked.user !== undefined ? `/api/v1/models/${model.model_id}/history?user=${encodeURIComponent(asked.user)}` : null);
    const history = asked.items ?? known.data?.items ?? [];
    return (
        <div class="try-result">
            <Section title={asked.user !== undefined ? `What user ${asked.user} did` : "The history"} class="card try-did" aside={history.length > 0 && <span class="none num">{number(history.length)}</span>}>
                {known.is_loading && asked.user !== undefined && <Skeleton lines={4} />}
                {!known.is_loading && history.length === 0 && <p class="none">{known.error ? known.error.title : "Nothing that this model knows of."}</p>}
                {result.unknown_items !== undefined && result.unknown_items > 0 && <Note tone="warn">{plural(result.unknown_items, "item")} of it {result.unknown_items === 1 ? "is" : "are"} not in the model, and left aside.</Note>}
                <Did items={history} />
            </Section>
            <Section title={`Top ${number(result.items.length)}`} class="card try-top">
                <p class={result.basis === "popular" && model.model_type !== "popular" ? "basis basis-popular" : "basis"}>{basisWords(result.basis, asked.user, model.model_type)}</p>
                <ItemList key={JSON.stringify(asked)} model={model} asked={asked} items={result.items} basis={result.basis} k={k} />
                <OtherItem model={model} asked={asked} k={k} />
            </Section>
        </div>
    );
}

const DID_SHOWN = 100;

function Did({ items }: { items: Counted[] }) {
    const most = Math.max(1, ...items.map((one) => Number(one.count)));
    return (
        <ul class="did" tabIndex={0} aria-label="Items, the most frequent first">
            {items.slice(0, DID_SHOWN).map((one) => (
                <li key={one.item}>
                    <span class="did-item num">{one.item}</span>
                    <meter class="did-bar" min={0} max={most} value={Number(one.count)} aria-label={`${one.item}: ${one.count} times`} />
                    <span class="num did-count">×{number(Number(one.count))}</span>
                </li>
            ))}
            {items.length > DID_SHOWN && <li class="none">and {number(items.length - DID_SHOWN)} more</li>}
        </ul>
    );
}
