// What the API answers: the shapes of /api/v1, as openapi.json describes them.

export type Status =
    | "pending"
    | "loading_data"
    | "preprocessing"
    | "training"
    | "predicting" // of a prediction
    | "completed"
    | "failed"
    | "cancelled";

export type Phase = "load" | "split" | "train" | "evaluate" | "save";
export type Values = Record<string, number | string | null>;
export type Metrics = Record<string, number>;

export interface JobError {
    code: string;
    title: string;
    message: string | null;
}

export interface Job {
    job_id: number;
    name: string | null;
    model_name?: string | null; // whose next version it makes
    description: string; // "als · 60 × 10"
    model_type: string;
    data_path: string;
    params: Values;
    run: Values;
    source_id: number | null;
    status: Status;
    phase: Phase | null;
    progress: number;
    iteration: number;
    message: string | null;
    attempt: number;
    queue_position: number | null;
    cancel_requested: boolean;
    error: JobError | null;
    worker: string | null;
    metrics: Metrics | null;
    popular_metrics?: Metrics | null; // of the list for everybody, on the same holdout: the floor
    model_path: string | null;
    created_at: string;
    started_at: string | null;
    ended_at: string | null;
    updated_at: string;
}

export interface ModelFile {
    model_id: number;
    file_name: string;
    path: string;
    size_bytes: number;
    sha256: string;
    ref?: string; // "homepage:3"
}

// docs/result.md describes it; a page reads what is there.
export interface JobResult {
    metrics?: Metrics;
    popular_metrics?: Metrics;
    funnel?: Record<string, number>;
    data?: Record<string, unknown>;
    iterations?: { iteration: number; loss: number | null; seconds: number | null; recall_at_k?: number }[];
    timings?: Record<string, number>;
    k?: number;
    [name: string]: unknown;
}

export interface JobWhole extends Job {
    result: JobResult | null;
    model: ModelFile | null;
    log_bytes: number;
}

export interface JobPage {
    jobs: Job[];
    next: string | null;
    total?: number;
}

export interface JobEvent {
    event_id: number;
    job_id: number;
    kind: string;
    message: string | null;
    at: string;
}

export interface Points {
    job_id: number;
    attempt: number;
    points: { name: string; step: number; value: number }[];
}

export interface Series {
    attempt: number;
    series: { name: string; points: [number, number][] }[];
}

export interface ParamInfo {
    name: string;
    type: "int" | "real" | "choice" | "text";
    default: number | string | null;
    min: number | null;
    max: number | null;
    above_min: boolean;
    choices: string[] | null;
    help: string;
}

export interface ModelType {
    name: string;
    title: string;
    summary: string;
    personal: boolean;
    params: ParamInfo[];
}

export interface MetricInfo {
    name: string;
    title: string; // "Recall@%d" or "Recall@40"
    help: string;
    higher_is_better: boolean;
}

export interface ModelTypes {
    model_types: ModelType[];
    run_params: ParamInfo[];
    metrics: MetricInfo[];
}

export interface DataSource {
    path: string;
    clickstream: string | null;
    events: string | null;
    size_bytes: number;
    modified_at: string;
    is_complete: boolean;
}

export interface DataFile {
    path: string;
    size_bytes: number;
    modified_at: string;
}

export interface DataSources {
    roots: string[];
    sources: DataSource[];
    files: DataFile[]; // tables that are neither clickstream nor events
}

export interface DataReport {
    rows: number;
    users: number;
    items: number;
    time: { min: string; max: string; threshold: string };
    holdout: { users: number; pairs: number };
    funnel: Record<string, number>;
    estimate: { memory_bytes: number | null; seconds: number | null } | null;
    warnings: (string | { message: string })[];
}

export interface Me {
    user_id: number;
    email: string;
    is_admin: boolean;
    created_at: string;
    is_demo: boolean;
    signup_open: boolean;
    version: string;
}
