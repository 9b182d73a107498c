// A ranked list of items; each opens to tell why it is there.
import { useId, useState } from "preact/hooks";
import { Icon } from "../components";
import type { Basis, Id, ModelWhole, Scored } from "../lib/registry";
import { type Asked, Reasons } from "./reasons";
import { score } from "./words";

function Row({ rank, one, share, model, asked, k }: { rank: number; one: Scored; share: number; model: ModelWhole; asked: Asked; k: number }) {
    const [open, setOpen] = useState(false);
    const id = useId();
    return (
        <li class={open ? "ranked ranked-open" : "ranked"}>
            <button type="button" class="ranked-row" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
                <span class="ranked-place num">{rank}</span>
                <span class="ranked-item num">{one.item}</span>
                <svg class="ranked-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="bar-fill" width={Math.max(1, 100 * share)} height="4" />
                </svg>
                <span class="ranked-score num">{score(one.score)}</span>
                <Icon name={open ? "down" : "right"} />
            </button>
            <div id={id} hidden={!open} class="ranked-why">
                {open && <Reasons model={model} asked={asked} item={one.item} k={k} />}
            </div>
        </li>
    );
}

export function ItemList({ model, asked, items, basis, k }: { model: ModelWhole; asked: Asked; items: Scored[]; basis: Basis; k: number }) {
    const most = Math.max(...items.map((one) => one.score), Number.MIN_VALUE);
    if (items.length === 0) return <p class="none">Nothing is left within these bounds.</p>;
    return (
        <>
            <p class="ranked-head">
                <span>Item</span>
                <span>{basis === "popular" ? "Rows in train" : "Score"}</span>
            </p>
            <ol class="ranked-list">
                {items.map((one: { item: Id; score: number }, index) => (
                    <Row key={one.item} rank={index + 1} one={one} share={Math.max(0, one.score / most)} {...{ model, asked, k }} />
                ))}
            </ol>
        </>
    );
}
