// The parameters of models and runs, as the tables of the server describe them: their names for
// people, their ranges in words, and whether a text is a value of one. The server checks again, and
// its word counts.
import { number } from "./format";
import type { ParamInfo } from "./types";

const labels: Record<string, string> = {
    cg_steps: "CG steps",
    k: "List length k",
    eval_days: "Days held out",
    sample_users: "Share of users",
    eval_every: "Measure recall every",
    memory_limit: "Memory for reading",
};

/** "user_column" → "User column". */
export function paramLabel(name: string): string {
    const words = labels[name] ?? name.replace(/_/g, " ");
    return words.charAt(0).toUpperCase() + words.slice(1);
}

/** "1 to 1,000", "above 0", "cg or cholesky"; "" where anything goes. */
export function paramRange(info: ParamInfo): string {
    if (info.type === "choice") return (info.choices ?? []).join(" or ");
    if (info.type === "text") return "";
    const plain = (value: number) => (Math.abs(value) >= 1000 ? number(value) : String(value));
    const has_max = info.max != null && info.max < 1e6;
    if (info.min == null) return has_max ? `at most ${plain(info.max!)}` : "";
    if (!has_max) return info.above_min ? `above ${plain(info.min)}` : `at least ${plain(info.min)}`;
    return info.above_min ? `above ${plain(info.min)}, at most ${plain(info.max!)}` : `${plain(info.min)} to ${plain(info.max!)}`;
}

/** What is wrong with a text as a value, or null. Empty stands for the default. */
export function checkParam(info: ParamInfo, text: string): string | null {
    const value = text.trim();
    if (value === "" || info.type === "text") return null;
    if (info.type === "choice") return info.choices?.includes(value) ? null : `Choose ${paramRange(info)}`;
    const parsed = Number(value);
    if (!Number.isFinite(parsed)) return "This is not a number";
    if (info.type === "int" && !/^[+-]?[0-9]+$/.test(value)) return "This must be a whole number";
    const too_small = info.min != null && (info.above_min ? parsed <= info.min : parsed < info.min);
    const too_large = info.max != null && parsed > info.max;
    return too_small || too_large ? `Must be ${paramRange(info)}` : null;
}

/** The parameters that stand in the open: the first two of a kind; the others are folded. */
export function mainParams(params: ParamInfo[]): ParamInfo[] {
    return params.slice(0, 2);
}
