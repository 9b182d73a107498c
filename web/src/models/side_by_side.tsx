// Two versions for the same user: their lists beside each other, and what moved between them.
import { useEffect, useState } from "preact/hooks";
import { Button, ErrorPanel, Field, Icon, Skeleton } from "../components";
import { number, percent } from "../lib/format";
import { useGet } from "../lib/hooks";
import type { Compared, Id, ModelPage, ModelRow, ModelWhole, Side } from "../lib/registry";
import { navigate, useLocation, withQuery } from "../lib/router";
import { UserChips, useKnownUsers } from "./try_it";
import { CHAMPION, describe, rankChange, versionTitle } from "./words";

const K = 40;
const ROW = 10; // height of a row in the drawing between the lists

/** The champion, else the version before, else any other. */
export function defaultOther(model: ModelRow, others: ModelRow[]): ModelRow | undefined {
    const same = others.filter((one) => one.name === model.name && one.model_id !== model.model_id);
    return (
        same.find((one) => one.aliases.includes(CHAMPION)) ??
        same.filter((one) => one.version < model.version).sort((a, b) => b.version - a.version)[0] ??
        same[0] ??
        others.find((one) => one.model_id !== model.model_id)
    );
}

function Options({ models, own }: { models: ModelRow[]; own: string }) {
    const groups = new Map<string, ModelRow[]>();
    for (const one of models) groups.set(one.name, [...(groups.get(one.name) ?? []), one]);
    const names = [...groups.keys()].sort((a, b) => Number(b === own) - Number(a === own) || a.localeCompare(b));
    return (
        <>
            {names.map((name) => (
                <optgroup key={name} label={name}>
                    {groups.get(name)!.map((one) => (
                        <option key={one.model_id} value={one.model_id}>
                            {versionTitle(one)}
                            {one.aliases.length > 0 && ` (${one.aliases.join(", ")})`}, {describe(one)}
                        </option>
                    ))}
                </optgroup>
            ))}
        </>
    );
}

export function SideBySide({ model }: { model: ModelWhole }) {
    const here = useLocation();
    const user = here.query.get("user") ?? "";
    const [typed, setTyped] = useState(user);
    useEffect(() => setTyped(user), [user]);
    const versions = useGet<ModelPage>("/api/v1/models?limit=100");
    const others = (versions.data?.models ?? []).filter((one) => one.model_id !== model.model_id);
    const other = others.find((one) => String(one.model_id) === here.query.get("with")) ?? defaultOther(model, others);
    const users = useKnownUsers(model.model_id);
    const query = `user=${encodeURIComponent(user)}&k=${K}`;
    const found = useGet<Compared>(user && other ? `/api/v1/models/${model.model_id}/compare?with=${other.model_id}&${query}` : null);
    const go = (changes: Record<string, string>) => navigate(withQuery(here, changes), { replace: true, keep_scroll: true });

    if (versions.error) return <ErrorPanel error={versions.error} retry={versions.reload} />;
    if (!versions.data) return <Skeleton lines={6} label="Loading the versions" />;
    if (!other) return <p class="none">There is no other version to put beside it. Train another one under the same name.</p>;
    return (
        <div class="try">
            <form
                class="card try-form"
                noValidate
                onSubmit={(event) => {
                    event.preventDefault();
                    go({ user: typed.trim() });
                }}
            >
                <div class="try-fields side-fields">
                    <Field label="Beside it">
                        {(ties) => (
                            <select {...ties} value={String(other.model_id)} onChange={(event) => go({ with: event.currentTarget.value })}>
                                <Options models={others} own={model.name} />
                            </select>
                        )}
                    </Field>
                    <Field label="User">
                        {(ties) => <input {...ties} name="user" autocomplete="off" spellcheck={false} value={typed} onInput={(e) => setTyped(e.currentTarget.value)} />}
                    </Field>
                    <Button type="submit" kind="primary" class="try-go" disabled={!typed.trim()} busy={found.is_loading && !!user}>
                        Compare
                    </Button>
                </div>
                <UserChips users={users} onPick={(picked) => go({ user: picked })} />
            </form>
            {user && found.error && <ErrorPanel error={found.error} retry={found.reload} />}
            {user && found.is_loading && !found.data && <Skeleton lines={8} label="Asking both" />}
            {user && found.data && <Lists compared={found.data} user={user} />}
        </div>
    );
}

function Lists({ compared, user }: { compared: Compared; user: string }) {
    const { left, right, moves, overlap } = compared;
    const [pointed, setPointed] = useState<Id | null>(null);
    const both = moves.filter((one) => one.left_rank != null && one.right_rank != null);
    const still = both.filter((one) => one.left_rank === one.right_rank).length;
    const rows = Math.max(left.items.length, right.items.length);
    return (
        <section class="card side" aria-label={`Both lists for user ${user}`}>
            <p class="side-words" role="status">
                <strong class="num">
                    {number(both.length)} of {number(rows)}
                </strong>{" "}
                items are in both lists ({percent(overlap, 0)}), {still === 0 ? "none" : number(still)} at the same place.
                {(left.basis === "popular" || right.basis === "popular") && " A version that does not know the user gives the list for everybody."}
            </p>
            <div class="side-lists">
                <SideList side={left} moves={moves} is_left pointed={pointed} onPoint={setPointed} />
                <svg class="side-lines" viewBox={`0 0 100 ${rows * ROW}`} preserveAspectRatio="none" aria-hidden="true">
                    {both.map((one) => (
                        <line
                            key={one.item}
                            class={`side-line side-line-${rankChange(one.left_rank, one.right_rank).kind} ${pointed === one.item ? "side-line-pointed" : ""}`}
                            x1="0"
                            x2="100"
                            y1={(one.left_rank! - 0.5) * ROW}
                            y2={(one.right_rank! - 0.5) * ROW}
                        />
                    ))}
                </svg>
                <SideList side={right} moves={moves} is_left={false} pointed={pointed} onPoint={setPointed} />
            </div>
        </section>
    );
}

/** "up 8", whose word an arrow stands for where there is little room. */
function ChangeWords({ words }: { words: string }) {
    const [word, by] = words.split(" ");
    if (by === undefined) return <>{words}</>;
    return (
        <>
            <span class="side-word">{word} </span>
            {by}
        </>
    );
}

interface SideProps {
    side: Side;
    moves: Compared["moves"];
    is_left: boolean;
    pointed: Id | null;
    onPoint: (item: Id | null) => void;
}

/** On the left is told what leaves the list, on the right where each came from. */
function SideList({ side, moves, is_left, pointed, onPoint }: SideProps) {
    const by_item = new Map(moves.map((one) => [one.item, one]));
    return (
        <div class="side-list">
            <h2>
                <a href={`/models/${side.model.model_id}`}>{versionTitle(side.model)}</a>
            </h2>
            <ol>
                {side.items.map(({ item, rank }) => {
                    const move = by_item.get(item);
                    const change = rankChange(move?.left_rank ?? null, move?.right_rank ?? null);
                    const told = is_left ? change.kind === "gone" : change.kind !== "gone";
                    return (
                        <li
                            key={item}
                            class={`side-item side-item-${change.kind} ${pointed === item ? "side-item-pointed" : ""}`}
                            onPointerEnter={() => onPoint(item)}
                            onPointerLeave={() => onPoint(null)}
                        >
                            <span class="side-rank num">{rank}</span>
                            <span class="num">{item}</span>
                            {told && change.kind !== "same" && (
                                <span class={`side-change side-change-${change.kind} num`}>
                                    {(change.kind === "up" || change.kind === "down") && <Icon name={change.kind === "up" ? "sort_up" : "sort_down"} size={12} />}
                                    <ChangeWords words={change.words} />
                                </span>
                            )}
                        </li>
                    );
                })}
            </ol>
        </div>
    );
}
