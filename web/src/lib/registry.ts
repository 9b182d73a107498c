// Versions of models, the aliases that point at them, and what they recommend: the shapes of
// /api/v1/registry, /models and /predictions.
import type { JobError, Metrics, ModelFile, Status, Values } from "./types";

export type Id = number | string; // of a user or an item, as the data has it

export interface ModelRow extends ModelFile {
    name: string;
    version: number;
    ref: string; // "homepage:3"
    aliases: string[];
    note: string | null;
    tags: string[];
    source: "training" | "import";
    job_id: number;
    job_name: string | null;
    model_type: string;
    params: Values;
    seed: number | null;
    program_version: string | null;
    created_at: string;
    metrics: Metrics | null;
    k: number | null;
}

export interface ModelWhole extends ModelRow {
    data: Record<string, unknown> | null; // the passport of what it was trained on
    popular_metrics: Metrics | null;
    holdout_sha256: string | null;
}

export interface ModelPage {
    models: ModelRow[];
    next: string | number | null;
}

export interface AliasRow {
    alias: string;
    version: number;
    model_id: number;
    since: string;
}

export interface NameRow {
    name: string;
    created_at: string;
    versions: number;
    latest_version: number;
    gate: boolean;
    margin: number; // a share: 0.001 is 0.1 points
    aliases: AliasRow[];
}

export interface NamePage {
    names: NameRow[];
    next: string | number | null;
}

export interface Measured {
    ref: string;
    value: number | null;
}

export interface Verdict {
    outcome: "better" | "worse" | "within_noise" | "not_comparable" | "no_champion";
    passes: boolean;
    words: string;
    metric: string;
    k: number | null;
    users: number | null;
    difference: number | null;
    low: number | null;
    high: number | null;
    margin: number;
    beats_popular: boolean | null;
    popular: number | null;
    candidate: Measured;
    champion: Measured | null;
    why?: string | null;
}

export interface Move {
    move_id: number;
    name: string; // of the model
    alias: string;
    from_version: number | null;
    to_version: number | null;
    from_model_id: number | null;
    to_model_id: number | null;
    by: string;
    kind: "move" | "undo" | "remove";
    overridden: boolean;
    reason: string | null;
    verdict: Verdict | null;
    at: string;
}

export interface MovePage {
    moves: Move[];
    next: string | number | null;
    then?: Record<string, number | null>; // alias → version on the day asked for
}

// ---- what a model recommends ----

export interface ServedModel {
    model_id: number;
    name: string;
    version: number;
    ref: string;
    alias: string | null;
    model_type: string;
}

export type Basis = "user" | "history" | "popular";

export interface Scored {
    item: Id;
    score: number;
}

export interface Recommended {
    model: ServedModel;
    user?: Id;
    basis: Basis;
    unknown_items?: number;
    items: Scored[];
}

export interface Counted {
    item: Id;
    count: number;
}

export interface Explanation {
    item: Id;
    basis: Basis;
    score: number;
    list_score: number | null;
    rank: number | null;
    cutoff: number | null;
    kept_out: string | null;
    words: string;
    reasons: { item: Id; count: number; part: number }[];
    reasons_total: number;
    rest: number;
}

export interface Side {
    model: ServedModel;
    basis: Basis;
    items: { item: Id; score: number; rank: number }[];
}

export interface Compared {
    left: Side;
    right: Side;
    moves: { item: Id; left_rank: number | null; right_rank: number | null }[];
    overlap: number;
}

// ---- batches ----

export interface PredictionFile {
    file_name: string;
    size_bytes: number;
    sha256: string;
    rows: number;
    users: number;
}

export interface Prediction {
    prediction_id: number;
    name: string | null;
    model: { model_id: number; ref: string; name: string; version: number } | null; // null: deleted since
    status: Status;
    progress: number;
    message: string | null;
    k: number;
    users: "all" | "evaluation" | "list";
    format: "parquet" | "csv";
    exclude_seen: boolean;
    created_at: string;
    started_at: string | null;
    ended_at: string | null;
    duration_seconds: number | null;
    eta_seconds: number | null;
    queue_position: number | null;
    attempt: number;
    cancel_requested: boolean;
    error: JobError | null;
    file: PredictionFile | null;
}

export interface PredictionPage {
    predictions: Prediction[];
    next: string | number | null;
}

export interface Preview {
    columns: string[];
    rows: (string | number)[][];
}
