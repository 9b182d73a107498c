// What the registry's pages say and read: pure functions, tested by node.
import { percent } from "../lib/format";
import type { Basis, Id, ModelRow, Move, Verdict } from "../lib/registry";

export const CHAMPION = "champion";

export function versionTitle(model: Pick<ModelRow, "name" | "version">): string {
    return `${model.name}, version ${model.version}`;
}

/** "als · 60 × 10", as jobs are described. */
export function describe(model: Pick<ModelRow, "model_type" | "params">): string {
    const { factors, iterations } = model.params ?? {};
    if (factors == null || iterations == null) return model.model_type;
    return `${model.model_type} · ${factors} × ${iterations}`;
}

// ---- verdicts ----

export type Tone = "good" | "warn" | "bad" | "info";

export function verdictTone(verdict: Pick<Verdict, "outcome" | "passes">): Tone {
    if (verdict.passes) return verdict.outcome === "no_champion" ? "info" : "good";
    return verdict.outcome === "worse" ? "bad" : "warn";
}

export function capital(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A difference of shares in points, with its sign: 0.0094 → "+0.94". */
export function signedPoints(share: number): string {
    const text = (100 * Math.abs(share)).toFixed(2);
    return (Number(text) === 0 ? "" : share < 0 ? "−" : "+") + text;
}

/** Where a value stands on a scale that shows 0, the margin and the whole interval, from 0 to 1. */
export function intervalScale(low: number, high: number, margin: number): (value: number) => number {
    const from = Math.min(0, low);
    const to = Math.max(0, high, margin);
    const room = 0.12 * (to - from || 1);
    return (value) => (value - from + room) / (to - from + 2 * room);
}

/** What a gate looked at, in a sentence. */
export function verdictFacts(verdict: Verdict): string {
    const { candidate, champion, users } = verdict;
    const parts = [`Recall@${verdict.k ?? "k"}: ${percent(candidate.value)}`];
    if (champion) parts[0] += `, against ${percent(champion.value)} of ${champion.ref}`;
    if (users) parts[0] += `, on the same ${users.toLocaleString("en-US")} users`;
    if (verdict.beats_popular != null && verdict.popular != null)
        parts.push(`It ${verdict.beats_popular ? "beats" : "does not beat"} popular (${percent(verdict.popular)})`);
    return parts.join(". ") + ".";
}

// ---- moves of aliases ----

const versionWords = (version: number | null) => (version == null ? "nothing" : `version ${version}`);

/** "from version 2 to version 3", "to version 1", "taken away from version 2". */
export function moveWords(move: Pick<Move, "kind" | "from_version" | "to_version">): string {
    if (move.to_version == null) return `taken away from ${versionWords(move.from_version)}`;
    const from = move.from_version == null ? "" : `from ${versionWords(move.from_version)} `;
    return `${move.kind === "undo" ? "rolled back" : "moved"} ${from}to ${versionWords(move.to_version)}`;
}

// ---- what people type ----

export interface Typed {
    items: { item: string; count: number }[];
    faults: string[]; // what was not understood
}

const COUNT = /^(.+?)\s*[:×*]\s*([0-9]+(?:\.[0-9]+)?)$/;

const split = (text: string) => text.split(/[\s,;]+/).filter(Boolean);

/** Ids, one a line or with commas or spaces between them. */
export function parseIds(text: string): string[] {
    return [...new Set(split(text))];
}

/** A history: ids as above, each with how often behind a colon or × ("33230:3"), or behind a tab as
 * it comes from a table. An id that comes twice is counted together. */
export function parseHistory(text: string): Typed {
    const counts = new Map<string, number>();
    const faults: string[] = [];
    const add = (item: string, count: number) => {
        if (count > 0) counts.set(item, (counts.get(item) ?? 0) + count);
        else faults.push(item);
    };
    for (const line of text.split("\n")) {
        const [first, second, ...more] = line.trim().split("\t");
        if (first && second !== undefined && more.length === 0) {
            add(first.trim(), Number(second.trim()));
            continue;
        }
        for (const word of split(line.replace(/\s*([:×*])\s*/g, "$1"))) {
            const match = COUNT.exec(word);
            if (match) add(match[1]!, Number(match[2]));
            else add(word, 1);
        }
    }
    return { items: [...counts].map(([item, count]) => ({ item, count })), faults };
}

// ---- lists ----

export function basisWords(basis: Basis, user: Id | undefined, model_type: string): string {
    if (basis === "user") return "From what the model learned of this user.";
    if (basis === "history") return "From this history, folded in: the exact solution for somebody with it.";
    if (model_type === "popular") return "This model has one list for everybody, without what they have touched.";
    if (user === undefined) return "The list that everybody gets: the model knows nothing of this history.";
    return `The model does not know user ${user}: this is the list that everybody gets.`;
}

export interface Change {
    kind: "same" | "up" | "down" | "new" | "gone";
    words: string;
}

/** What became of an item from the left list to the right one. */
export function rankChange(left: number | null, right: number | null): Change {
    if (left == null) return { kind: "new", words: "new" };
    if (right == null) return { kind: "gone", words: "gone" };
    const by = left - right;
    if (by === 0) return { kind: "same", words: "same place" };
    return { kind: by > 0 ? "up" : "down", words: `${by > 0 ? "up" : "down"} ${Math.abs(by)}` };
}

/** A score of a list: counts of rows whole, others with three digits that count. */
export function score(value: number): string {
    if (Number.isInteger(value) && Math.abs(value) >= 1) return value.toLocaleString("en-US");
    return value.toFixed(Math.abs(value) >= 10 ? 1 : 4);
}

// ---- tags ----

export function parseTags(text: string): string[] {
    return [...new Set(text.split(/[,\s]+/).filter(Boolean))];
}
