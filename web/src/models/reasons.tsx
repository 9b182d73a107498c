// Why an item stands where it does: what each thing that the user did adds to its score; and for one
// that is in no list, what kept it out.
import { useEffect, useState } from "preact/hooks";
import { Button, ErrorPanel, Field, Skeleton } from "../components";
import { type ApiError, asApiError, get, isAborted, send } from "../lib/api";
import { number, plural } from "../lib/format";
import { useGet } from "../lib/hooks";
import type { Explanation, Id, ModelWhole, Scored } from "../lib/registry";
import { capital, score } from "./words";

/** Whom a list is for: a user, or a history. */
export interface Asked {
    user?: string;
    items?: { item: string; count: number }[];
}

const REASONS = 12;

function useExplanation(model: ModelWhole, asked: Asked, item: Id, k: number) {
    const [state, setState] = useState<{ data: Explanation | null; error: ApiError | null }>({ data: null, error: null });
    const [round, setRound] = useState(0);
    const key = JSON.stringify([model.model_id, asked, item, k]);
    useEffect(() => {
        const abort = new AbortController();
        const path = `/api/v1/models/${model.model_id}/explain`;
        const query = new URLSearchParams({ user: asked.user ?? "", item: String(item), k: String(k), reasons: String(REASONS) });
        setState({ data: null, error: null });
        const answer =
            asked.user !== undefined
                ? get<Explanation>(`${path}?${query}`, { signal: abort.signal })
                : send<Explanation>("POST", path, { items: asked.items, item, k, reasons: REASONS }, { signal: abort.signal });
        answer
            .then((data) => setState({ data, error: null }))
            .catch((error) => {
                if (!isAborted(error)) setState({ data: null, error: asApiError(error) });
            });
        return () => abort.abort();
    }, [key, round]);
    return { ...state, reload: () => setRound((n) => n + 1) };
}

/** Parts as bars about a common zero, since some count against the item. */
function Parts({ explanation }: { explanation: Explanation }) {
    const { reasons, rest, reasons_total } = explanation;
    const left = reasons_total - reasons.length;
    const sizes = [...reasons.map((one) => one.part), left > 0 ? rest : 0];
    const low = Math.min(0, ...sizes);
    const high = Math.max(0, ...sizes);
    const scale = (value: number) => (100 * (value - low)) / (high - low || 1);
    const bar = (part: number) => (
        <svg class="part-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class={part < 0 ? "part-against" : "bar-fill"} x={scale(Math.min(0, part))} width={Math.max(0.5, Math.abs(scale(part) - scale(0)))} height="8" />
        </svg>
    );
    return (
        <table class="parts-table">
            <caption class="visually-hidden">What each item of the history adds to the score</caption>
            <thead class="visually-hidden">
                <tr>
                    <th scope="col">Item</th>
                    <th scope="col">How often</th>
                    <th scope="col">Bar</th>
                    <th scope="col">Part</th>
                </tr>
            </thead>
            <tbody>
                {reasons.map((one) => (
                    <tr key={one.item}>
                        <th scope="row" class="num">
                            {one.item}
                        </th>
                        <td class="num none">×{number(one.count)}</td>
                        <td class="part-room">{bar(one.part)}</td>
                        <td class="num numeric">{score(one.part)}</td>
                    </tr>
                ))}
                {left > 0 && (
                    <tr>
                        <th scope="row">{plural(left, "other")}</th>
                        <td />
                        <td class="part-room">{bar(rest)}</td>
                        <td class="num numeric">{score(rest)}</td>
                    </tr>
                )}
            </tbody>
            <tfoot>
                <tr>
                    <th scope="row">Together</th>
                    <td />
                    <td />
                    <td class="num numeric strong">{score(explanation.score)}</td>
                </tr>
            </tfoot>
        </table>
    );
}

function Alike({ model, item }: { model: ModelWhole; item: Id }) {
    const found = useGet<{ items: Scored[] }>(`/api/v1/models/${model.model_id}/similar?item=${encodeURIComponent(String(item))}&k=8`);
    if (!found.data || found.data.items.length === 0) return null;
    return (
        <p class="alike">
            <span class="none">Most like it:</span>
            {found.data.items.map((one) => (
                <span key={one.item} class="alike-item num" title={`Cosine ${one.score.toFixed(3)}`}>
                    {one.item}
                </span>
            ))}
        </p>
    );
}

export function Reasons({ model, asked, item, k }: { model: ModelWhole; asked: Asked; item: Id; k: number }) {
    const { data, error, reload } = useExplanation(model, asked, item, k);
    if (error) return <ErrorPanel error={error} retry={error.status === 0 || error.status >= 500 ? reload : undefined} />;
    if (!data) return <Skeleton lines={3} label="Asking for the reasons" />;
    return (
        <div class="reasons">
            <p class="reasons-words">{capital(data.words)}</p>
            {data.reasons.length > 0 && <Parts explanation={data} />}
            {data.reasons.length === 0 && data.basis === "popular" && <p class="none">It is in everybody's list: {plural(data.score, "row")} in train.</p>}
            {model.model_type !== "popular" && <Alike model={model} item={item} />}
        </div>
    );
}

/** Any item of the catalogue: where it stands, and what kept it out. */
export function OtherItem({ model, asked, k }: { model: ModelWhole; asked: Asked; k: number }) {
    const [typed, setTyped] = useState("");
    const [item, setItem] = useState("");
    return (
        <form
            class="other-item"
            onSubmit={(event) => {
                event.preventDefault();
                setItem(typed.trim());
            }}
        >
            <Field label="Why not another item?" hint="Its place, its score, and what kept it out of the list.">
                {(ties) => (
                    <span class="other-row">
                        <input {...ties} name="other" autocomplete="off" placeholder="Item" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} />
                        <Button type="submit" disabled={!typed.trim()}>
                            Explain
                        </Button>
                    </span>
                )}
            </Field>
            {item && <Reasons key={item} model={model} asked={asked} item={item} k={k} />}
        </form>
    );
}
