// Requests to the server. Whatever goes wrong arrives as ApiError, in words for people.
export interface FieldError {
    field: string;
    code?: string;
    message: string;
}

export class ApiError extends Error {
    constructor(
        readonly status: number, // 0: no answer came
        readonly code: string,
        readonly title: string,
        readonly detail: string,
        readonly type: string | null = null, // where it is explained
        readonly errors: FieldError[] = [],
        readonly requestId: string | null = null,
        readonly body: Record<string, unknown> = {}, // the whole answer, for what a code brings along
    ) {
        super(detail || title);
        this.name = "ApiError";
    }
}

export interface Options {
    signal?: AbortSignal;
    headers?: Record<string, string>;
    timeout_ms?: number;
}

const TIMEOUT_MS = 30_000;
let clock_offset_ms = 0;

/** Now by the server's clock, from which all times of jobs come. */
export function serverNow(): number {
    return Date.now() + clock_offset_ms;
}

/** The Date header is exact to a second only, so small differences say nothing. */
function noteServerClock(response: Response): void {
    const date = Date.parse(response.headers.get("Date") ?? "");
    if (Number.isNaN(date)) return;
    const apart = date + 500 - Date.now();
    clock_offset_ms = Math.abs(apart) > 2000 ? apart : 0;
}

const titles: Record<number, string> = {
    403: "This is not allowed",
    404: "There is no such thing here",
    409: "Something else was there first",
    413: "This is too large",
    429: "Too many requests",
    500: "The server met an error",
    502: "The server is not reachable just now",
    503: "The server is busy or starting",
    504: "The server took too long",
};

function problem(status: number, answer: string, request_id: string | null): ApiError {
    let body: Record<string, unknown> = {};
    try {
        body = JSON.parse(answer) as Record<string, unknown>;
    } catch {
        // A proxy's own page: the status alone has to do.
    }
    const text = (key: string) => (typeof body[key] === "string" ? (body[key] as string) : "");
    const errors = Array.isArray(body.errors) ? (body.errors as Record<string, string>[]) : [];
    return new ApiError(
        status,
        text("code") || `http_${status}`,
        text("title") || titles[status] || `The server answered ${status}`,
        text("detail"),
        text("type").startsWith("http") || text("type").startsWith("/") ? text("type") : null,
        errors.map((e) => ({ field: e.field ?? e.name ?? "", code: e.code ?? "", message: e.message ?? e.detail ?? "" })),
        text("request_id") || request_id,
        body,
    );
}

function noAnswer(late: boolean): ApiError {
    return late
        ? new ApiError(0, "timeout", "The server took too long", "No answer came in time. Try again.")
        : new ApiError(0, "network", "The server cannot be reached", "Check that it runs and that you are connected, then try again.");
}

/** Where to log in, and come back to from there. */
export function loginAddress(): string {
    return "/auth/login?next=" + encodeURIComponent(location.pathname + location.search);
}

let is_leaving = false;
function leaveForLogin(): void {
    if (is_leaving) return;
    is_leaving = true;
    location.assign(loginAddress());
}

/** The answer as it is, for what is no JSON or needs its headers; errors are thrown all the same.
 * 304 is no error. */
export async function request(method: string, path: string, body?: unknown, options: Options = {}): Promise<Response> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), options.timeout_ms ?? TIMEOUT_MS);
    const stop = () => abort.abort();
    options.signal?.addEventListener("abort", stop);
    if (options.signal?.aborted) abort.abort();
    let response: Response;
    try {
        const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
        const is_file = body instanceof Blob;
        if (body !== undefined) headers["Content-Type"] = is_file ? "application/octet-stream" : "application/json";
        response = await fetch(path, {
            method,
            headers,
            body: body === undefined || is_file ? body : JSON.stringify(body),
            signal: abort.signal,
            credentials: "same-origin",
        });
    } catch (error) {
        if (options.signal?.aborted) throw error;
        const late = abort.signal.aborted;
        throw noAnswer(late);
    } finally {
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", stop);
    }
    noteServerClock(response);
    if (response.status === 401) leaveForLogin();
    if (!response.ok && response.status !== 304) throw problem(response.status, await response.text(), response.headers.get("X-Request-ID"));
    return response;
}

export async function get<T>(path: string, options?: Options): Promise<T> {
    return (await (await request("GET", path, undefined, options)).json()) as T;
}

/** POST, PUT, PATCH, DELETE; undefined where the answer has no body. */
export async function send<T = void>(method: string, path: string, body?: unknown, options?: Options): Promise<T> {
    const response = await request(method, path, body, options);
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
}

/** POST a file as it is, telling how much of it has gone; fetch() cannot tell. */
export function upload<T>(path: string, file: Blob, onShare: (share: number) => void, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
        const sending = new XMLHttpRequest();
        sending.open("POST", path);
        sending.setRequestHeader("Accept", "application/json");
        sending.setRequestHeader("Content-Type", "application/octet-stream");
        sending.upload.onprogress = (event) => onShare(event.total > 0 ? event.loaded / event.total : 0);
        sending.onerror = () => reject(noAnswer(false));
        sending.onabort = () => reject(new DOMException("given up", "AbortError"));
        sending.onload = () => {
            if (sending.status === 401) leaveForLogin();
            if (sending.status < 300) resolve(JSON.parse(sending.responseText) as T);
            else reject(problem(sending.status, sending.responseText, sending.getResponseHeader("X-Request-ID")));
        };
        signal.addEventListener("abort", () => sending.abort());
        sending.send(file);
    });
}

export function isAborted(error: unknown): boolean {
    return error instanceof DOMException && error.name === "AbortError";
}

/** Any error as ApiError, so that a page has one kind to show. */
export function asApiError(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new ApiError(0, "page", "The page met an error", message);
}

/** A word for one request, so that sending it twice makes one job. */
export function newKey(): string {
    const random = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
