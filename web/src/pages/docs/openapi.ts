// Reading an OpenAPI 3.1 document: as much of it as the page shows. Pure functions, tested by node.

export interface Schema {
    $ref?: string;
    type?: string | string[];
    title?: string;
    description?: string;
    format?: string;
    enum?: unknown[];
    const?: unknown;
    default?: unknown;
    example?: unknown;
    examples?: unknown[];
    minimum?: number;
    maximum?: number;
    exclusiveMinimum?: number;
    minLength?: number;
    maxLength?: number;
    items?: Schema;
    properties?: Record<string, Schema>;
    additionalProperties?: boolean | Schema;
    required?: string[];
    oneOf?: Schema[];
    anyOf?: Schema[];
    allOf?: Schema[];
}

interface Example {
    $ref?: string;
    summary?: string;
    value?: unknown;
}

interface Media {
    schema?: Schema;
    example?: unknown;
    examples?: Record<string, Example>;
}

export interface Parameter {
    $ref?: string;
    name: string;
    in: "path" | "query" | "header" | "cookie";
    required?: boolean;
    description?: string;
    schema?: Schema;
    example?: unknown;
}

interface Body {
    $ref?: string;
    description?: string;
    required?: boolean;
    content?: Record<string, Media>;
}

interface RawOperation {
    operationId?: string;
    summary?: string;
    description?: string;
    tags?: string[];
    deprecated?: boolean;
    security?: unknown[];
    parameters?: Parameter[];
    requestBody?: Body;
    responses?: Record<string, Body>;
}

export interface OpenApi {
    info: { title: string; version: string; description?: string };
    tags?: { name: string; description?: string }[];
    paths: Record<string, Record<string, unknown>>;
    security?: unknown[];
    components?: Record<string, Record<string, unknown>>;
}

export interface Operation {
    id: string; // for the address: "post-start_training"
    method: string; // "POST"
    path: string;
    tag: string;
    summary: string;
    description: string;
    deprecated: boolean;
    isPublic: boolean; // needs no login
    parameters: Parameter[];
    body: BodyView | null;
    responses: ResponseView[];
}

export interface MediaView {
    type: string; // "application/json"
    schema: Schema | null;
    example: unknown; // undefined: none can be made
}

export interface BodyView {
    required: boolean;
    description: string;
    media: MediaView[];
}

export interface ResponseView {
    status: string;
    description: string;
    media: MediaView[];
}

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];
const DEPTH_MAX = 12;

/** What a $ref within the document names; the thing itself where it is no reference. */
export function resolve<T extends { $ref?: string }>(api: OpenApi, thing: T): T {
    let found: unknown = thing;
    for (let i = 0; i < DEPTH_MAX; i++) {
        const ref = (found as { $ref?: string } | undefined)?.$ref;
        if (typeof ref !== "string" || !ref.startsWith("#/")) break;
        found = ref
            .slice(2)
            .split("/")
            .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
            .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], api);
    }
    return (found ?? thing) as T;
}

/** The name of a referenced schema, "Job". */
export function refName(schema: Schema | undefined): string | null {
    return schema?.$ref?.split("/").pop() ?? null;
}

export function operationsOf(api: OpenApi): Operation[] {
    const operations: Operation[] = [];
    for (const [path, item] of Object.entries(api.paths)) {
        const shared = (item["parameters"] as Parameter[] | undefined) ?? [];
        for (const method of METHODS) {
            const raw = item[method] as RawOperation | undefined;
            if (raw) operations.push(operationOf(api, method, path, raw, shared));
        }
    }
    return operations;
}

function operationOf(
    api: OpenApi,
    method: string,
    path: string,
    raw: RawOperation,
    shared: Parameter[],
): Operation {
    const body = raw.requestBody ? resolve(api, raw.requestBody) : null;
    const own = (raw.parameters ?? []).map((one) => resolve(api, one));
    const names = new Set(own.map((one) => `${one.in} ${one.name}`));
    const inherited = shared
        .map((one) => resolve(api, one))
        .filter((one) => !names.has(`${one.in} ${one.name}`));
    return {
        id: `${method}-${path.replace(/[^A-Za-z0-9_]+/g, "-").replace(/^-|-$/g, "") || "root"}`,
        method: method.toUpperCase(),
        path,
        tag: raw.tags?.[0] ?? "Other",
        summary: raw.summary ?? "",
        description: raw.description ?? "",
        deprecated: raw.deprecated ?? false,
        isPublic: isPublic(raw.security ?? api.security),
        parameters: [...inherited, ...own],
        body: body && {
            required: body.required ?? false,
            description: body.description ?? "",
            media: mediaOf(api, body),
        },
        responses: Object.entries(raw.responses ?? {}).map(([status, response]) => {
            const whole = resolve(api, response);
            return { status, description: whole.description ?? "", media: mediaOf(api, whole) };
        }),
    };
}

function isPublic(security: unknown[] | undefined): boolean {
    if (security === undefined || security.length === 0) return true;
    return security.some((one) => Object.keys(one as object).length === 0);
}

function mediaOf(api: OpenApi, body: Body): MediaView[] {
    return Object.entries(body.content ?? {}).map(([type, media]) => ({
        type,
        schema: media.schema ?? null,
        example: exampleOf(api, media),
    }));
}

function exampleOf(api: OpenApi, media: Media): unknown {
    if (media.example !== undefined) return media.example;
    const first = Object.values(media.examples ?? {})[0];
    if (first) return resolve(api, first).value;
    return media.schema ? sampleOf(api, media.schema) : undefined;
}

/** A value that fits the schema: its own example, or one made from its parts. */
export function sampleOf(api: OpenApi, schema: Schema, depth = 0): unknown {
    const whole = resolve(api, schema);
    if (whole.example !== undefined) return whole.example;
    if (whole.examples?.length) return whole.examples[0];
    if (whole.const !== undefined) return whole.const;
    if (whole.default !== undefined) return whole.default;
    if (whole.enum?.length) return whole.enum[0];
    if (depth > DEPTH_MAX) return null;
    if (whole.allOf)
        return Object.assign({}, ...whole.allOf.map((part) => sampleOf(api, part, depth + 1)));
    const choice = (whole.oneOf ?? whole.anyOf)?.[0];
    if (choice) return sampleOf(api, choice, depth + 1);
    return sampleOfType(api, whole, depth);
}

function sampleOfType(api: OpenApi, schema: Schema, depth: number): unknown {
    const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
    if (type === "object" || schema.properties) {
        const entries = Object.entries(schema.properties ?? {});
        return Object.fromEntries(entries.map(([name, one]) => [name, sampleOf(api, one, depth + 1)]));
    }
    if (type === "array") return schema.items ? [sampleOf(api, schema.items, depth + 1)] : [];
    if (type === "integer" || type === "number") return schema.minimum ?? 0;
    if (type === "boolean") return false;
    if (type === "string") return schema.format === "date-time" ? "2026-01-02T03:04:05.000Z" : "text";
    return null;
}

/** A type in a few words: "integer, 1 to 512", "array of Job", "text or null". */
export function typeWords(api: OpenApi, schema: Schema | undefined): string {
    if (!schema) return "any";
    const name = refName(schema);
    const whole = resolve(api, schema);
    if (name && (whole.properties || whole.allOf)) return name;
    if (whole.enum) return whole.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (whole.const !== undefined) return JSON.stringify(whole.const);
    const choices = whole.oneOf ?? whole.anyOf;
    if (choices) return choices.map((one) => typeWords(api, one)).join(" or ");
    if (whole.allOf) return whole.allOf.map((one) => typeWords(api, one)).join(" and ");
    const types = (Array.isArray(whole.type) ? whole.type : [whole.type ?? "any"]).map((type) =>
        type === "array" ? `array of ${typeWords(api, whole.items)}` : type,
    );
    const format = whole.format ? ` (${whole.format})` : "";
    const range = rangeWords(whole);
    return types.join(" or ") + format + (range ? `, ${range}` : "");
}

function rangeWords(schema: Schema): string {
    const { minimum, maximum, exclusiveMinimum, minLength, maxLength } = schema;
    if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
    if (exclusiveMinimum !== undefined)
        return `above ${exclusiveMinimum}` + (maximum !== undefined ? `, up to ${maximum}` : "");
    if (minimum !== undefined) return `from ${minimum}`;
    if (maximum !== undefined) return `up to ${maximum}`;
    if (maxLength !== undefined) return `${minLength ?? 0} to ${maxLength} characters`;
    return "";
}

export interface Field {
    name: string;
    type: string;
    required: boolean;
    description: string;
    schema: Schema; // to look into it
}

/** The fields of an object, those of all its parts. Empty for what is no object. */
export function fieldsOf(api: OpenApi, schema: Schema): Field[] {
    const whole = resolve(api, schema);
    if (whole.type === "array" && whole.items) return fieldsOf(api, whole.items);
    const parts = (whole.allOf ?? []).flatMap((part) => fieldsOf(api, part));
    const required = new Set(whole.required ?? []);
    const own = Object.entries(whole.properties ?? {}).map(([name, one]) => ({
        name,
        type: typeWords(api, one),
        required: required.has(name),
        description: resolve(api, one).description ?? one.description ?? "",
        schema: one,
    }));
    return [...parts, ...own];
}

/** The call as a line for a shell. */
export function curlLine(operation: Operation, origin: string): string {
    const path = operation.path.replace(/\{(\w+)(?:\.\.\.)?\}/g, (_, name: string) => {
        const one = operation.parameters.find((parameter) => parameter.name === name);
        return encodeURIComponent(String(one?.example ?? one?.schema?.example ?? 1));
    });
    const query = operation.parameters
        .filter((one) => one.in === "query" && one.required)
        .map((one) => `${one.name}=${encodeURIComponent(String(one.example ?? one.schema?.example ?? ""))}`)
        .join("&");
    const parts = ["curl"];
    if (operation.method !== "GET") parts.push(`-X ${operation.method}`);
    if (!operation.isPublic) parts.push('-H "Authorization: Bearer $RECTRAIN_TOKEN"');
    const json = operation.body?.media.find((one) => one.type === "application/json");
    const form = operation.body?.media.find((one) => one.type.endsWith("form-urlencoded"));
    if (json) {
        parts.push('-H "Content-Type: application/json"');
        if (json.example !== undefined) parts.push(`-d ${shellQuote(JSON.stringify(json.example))}`);
    } else if (form && form.example && typeof form.example === "object")
        for (const [name, value] of Object.entries(form.example))
            parts.push(`--data-urlencode ${shellQuote(`${name}=${String(value)}`)}`);
    parts.push(shellQuote(origin + path + (query ? `?${query}` : "")));
    return parts.join(" \\\n  ");
}

export function shellQuote(text: string): string {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Operations that have all words of the search in their path, method, words or names. */
export function search(operations: readonly Operation[], text: string): Operation[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return operations.filter((one) => {
        const names = one.parameters.map((parameter) => parameter.name);
        const all = [one.method, one.path, one.tag, one.summary, one.description, ...names];
        const hay = all.join(" ").toLowerCase();
        return words.every((word) => hay.includes(word));
    });
}

/** Operations by tag, in the order of the document's tags, then of first use. */
export function byTag(api: OpenApi, operations: readonly Operation[]) {
    const names = new Set([...(api.tags ?? []).map((tag) => tag.name), ...operations.map((o) => o.tag)]);
    return [...names]
        .map((name) => ({
            name,
            description: api.tags?.find((tag) => tag.name === name)?.description ?? "",
            operations: operations.filter((operation) => operation.tag === name),
        }))
        .filter((group) => group.operations.length > 0);
}
