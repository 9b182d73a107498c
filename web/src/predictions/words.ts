// What the pages of batches say and send: pure functions, tested by node.
import type { ModelRow, NameRow, Prediction } from "../lib/registry";
import { ordinal } from "./ordinal";

export const USERS = [
    { value: "all", title: "All users", text: "Everybody whom the model knows." },
    { value: "evaluation", title: "Evaluation users", text: "Those it was judged on, as the baseline's checker wants them." },
    { value: "list", title: "A list", text: "Ids that you paste, or a file of them. Those that the model does not know are left out." },
] as const;

export function predictionTitle(one: Pick<Prediction, "prediction_id" | "name">): string {
    return one.name || `Batch ${one.prediction_id}`;
}

export function usersWords(one: Pick<Prediction, "users">): string {
    return USERS.find((known) => known.value === one.users)?.title ?? one.users;
}

export function fileOf(one: Prediction): string {
    return `/api/v1/predictions/${one.prediction_id}/download`;
}

/** What it is at: "2nd in the queue", "35,000 of 100,000 users", "Stopping". */
export function stepOf(one: Prediction): string {
    const ended = one.status === "completed" || one.status === "failed" || one.status === "cancelled";
    if (ended) return one.status === "failed" ? (one.error?.title ?? "") : "";
    if (one.cancel_requested) return "Stopping";
    if (one.status === "pending") return one.queue_position ? `${ordinal(one.queue_position)} in the queue` : "in the queue";
    return one.message ?? "";
}

const PHASES: Record<string, string> = { load: "Opening the model", evaluate: "Predicting", save: "Saving the file" };

export function phaseName(name: string): string {
    return PHASES[name] ?? name;
}

export interface BatchForm {
    model: string; // a ref
    users: "all" | "evaluation" | "list";
    source: "paste" | "file"; // of a list
    user_ids: string;
    users_path: string;
    k: string;
    format: "parquet" | "csv";
    exclude_seen: boolean;
    name: string;
}

export const EMPTY_FORM: BatchForm = {
    model: "",
    users: "all",
    source: "paste",
    user_ids: "",
    users_path: "",
    k: "40",
    format: "parquet",
    exclude_seen: true,
    name: "",
};

export function findFaults(form: BatchForm): Record<string, string> {
    const faults: Record<string, string> = {};
    const k = Number(form.k.trim());
    if (!form.model) faults.model = "Choose a model";
    if (!Number.isInteger(k) || k < 1 || k > 10_000) faults.k = "A whole number from 1 to 10,000";
    if (form.users === "list" && form.source === "paste" && !form.user_ids.trim()) faults.user_ids = "Paste at least one id";
    if (form.users === "list" && form.source === "file" && !form.users_path.trim()) faults.users_path = "Enter the path of the file";
    return faults;
}

/** The body of POST /api/v1/predictions. */
export function requestOf(form: BatchForm): Record<string, unknown> {
    const list = form.users === "list";
    return {
        model: form.model,
        users: form.users,
        k: Number(form.k),
        format: form.format,
        exclude_seen: form.exclude_seen,
        ...(list && form.source === "paste" ? { user_ids: form.user_ids } : {}),
        ...(list && form.source === "file" ? { users_path: form.users_path.trim() } : {}),
        ...(form.name.trim() ? { name: form.name.trim() } : {}),
    };
}

export interface RefChoice {
    ref: string;
    label: string;
}

/** What can be predicted with: aliases first, since they are what stays. */
export function refChoices(names: NameRow[], models: ModelRow[]): { aliases: RefChoice[]; versions: RefChoice[] } {
    const aliases = names.flatMap((row) =>
        row.aliases.map((one) => ({ ref: `${row.name}@${one.alias}`, label: `${row.name}@${one.alias} (version ${one.version})` })),
    );
    const versions = models.map((one) => ({ ref: one.ref, label: `${one.name}, version ${one.version}` }));
    return { aliases, versions };
}
