// One operation of the API: what it takes, what it answers, and a line to try it.
import { useState } from "preact/hooks";
import { CopyButton, Icon } from "../../components";
import {
    type BodyView,
    curlLine,
    type Field,
    fieldsOf,
    type MediaView,
    type OpenApi,
    type Operation,
    type Parameter,
    type ResponseView,
    type Schema,
    typeWords,
} from "./openapi";

const DEPTH_MAX = 6;

export function OperationView({ api, operation, open, onToggle }: {
    api: OpenApi;
    operation: Operation;
    open: boolean;
    onToggle: (open: boolean) => void;
}) {
    return (
        <details id={operation.id} class="operation" open={open} onToggle={(event) => onToggle(event.currentTarget.open)}>
            <summary>
                <span class={`method method-${operation.method.toLowerCase()}`}>{operation.method}</span>
                <code class="operation-path">{operation.path}</code>
                <span class="operation-summary">{operation.summary}</span>
                {operation.isPublic && <span class="operation-note">no login</span>}
                {operation.deprecated && <span class="operation-note">deprecated</span>}
            </summary>
            {open && <OperationBody api={api} operation={operation} />}
        </details>
    );
}

function OperationBody({ api, operation }: { api: OpenApi; operation: Operation }) {
    const line = curlLine(operation, location.origin);
    return (
        <div class="operation-body">
            {operation.description && <Text>{operation.description}</Text>}
            <Parameters api={api} parameters={operation.parameters} />
            {operation.body && <Body api={api} body={operation.body} />}
            <h4>
                Try it <CopyButton text={line} />
            </h4>
            <pre class="code" tabIndex={0} aria-label="A line for the shell">
                {line}
            </pre>
            <h4>Answers</h4>
            {operation.responses.map((response) => (
                <Response key={response.status} api={api} response={response} />
            ))}
        </div>
    );
}

/** A line with `code` in it. */
function withCode(line: string) {
    return line.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}

function Text({ children }: { children: string }) {
    return (
        <>
            {children.split(/\n{2,}/).map((paragraph, index) => (
                <p key={index}>{withCode(paragraph)}</p>
            ))}
        </>
    );
}

function Parameters({ api, parameters }: { api: OpenApi; parameters: Parameter[] }) {
    if (parameters.length === 0) return null;
    return (
        <>
            <h4>Parameters</h4>
            <ul class="schema">
                {parameters.map((one) => (
                    <li key={`${one.in} ${one.name}`}>
                        <code class="schema-name">{one.name}</code>
                        <span class="schema-type">
                            {one.in}, {typeWords(api, one.schema)}
                            {one.required && <strong>, required</strong>}
                        </span>
                        {one.description && <Text>{one.description}</Text>}
                    </li>
                ))}
            </ul>
        </>
    );
}

function Body({ api, body }: { api: OpenApi; body: BodyView }) {
    return (
        <>
            <h4>Body{body.required ? "" : " (may be left out)"}</h4>
            {body.description && <Text>{body.description}</Text>}
            <Media api={api} media={body.media} asked />
        </>
    );
}

function Response({ api, response }: { api: OpenApi; response: ResponseView }) {
    const good = response.status.startsWith("2") || response.status.startsWith("3");
    const [open, setOpen] = useState(good && response.media.length > 0);
    const head = (
        <>
            <span class={good ? "response-status response-good" : "response-status"}>{response.status}</span> {withCode(response.description)}
        </>
    );
    if (response.media.length === 0)
        return (
            <p class="response">
                <span class="response-gap" />
                {head}
            </p>
        );
    return (
        <details class="response" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
            <summary>{head}</summary>
            {open && <Media api={api} media={response.media} />}
        </details>
    );
}

/** `asked`: the caller sends it, so that what may not be left out is told; else what may not come. */
function Media({ api, media, asked = false }: { api: OpenApi; media: MediaView[]; asked?: boolean }) {
    const [chosen, setChosen] = useState(0);
    const one = media[Math.min(chosen, media.length - 1)];
    if (!one) return null;
    const example = one.example === undefined ? null : typeof one.example === "string" ? one.example : JSON.stringify(one.example, null, 2);
    return (
        <div class="media">
            {media.length > 1 ? (
                <fieldset class="switch">
                    <legend class="visually-hidden">Kind of content</legend>
                    {media.map(({ type }, index) => (
                        <label key={type}>
                            <input type="radio" checked={index === chosen} onChange={() => setChosen(index)} />
                            {type}
                        </label>
                    ))}
                </fieldset>
            ) : (
                <p class="none">{one.type}</p>
            )}
            <div class="media-parts">
                {one.schema && <SchemaView api={api} schema={one.schema} asked={asked} />}
                {example !== null && (
                    <div class="media-example">
                        <div class="media-example-head">
                            <span class="none">Example</span> <CopyButton text={example} />
                        </div>
                        <pre class="code" tabIndex={0} aria-label="Example">
                            {example}
                        </pre>
                    </div>
                )}
            </div>
        </div>
    );
}

function SchemaView({ api, schema, asked, depth = 0 }: { api: OpenApi; schema: Schema; asked: boolean; depth?: number }) {
    const fields = fieldsOf(api, schema);
    if (fields.length === 0) return depth === 0 ? <p class="none">{typeWords(api, schema)}</p> : null;
    return (
        <ul class="schema">
            {fields.map((field) => (
                <FieldView key={field.name} {...{ api, field, asked, depth }} />
            ))}
        </ul>
    );
}

function FieldView({ api, field, asked, depth }: { api: OpenApi; field: Field; asked: boolean; depth: number }) {
    const [open, setOpen] = useState(false);
    const inner = depth < DEPTH_MAX && fieldsOf(api, field.schema).length > 0;
    return (
        <li>
            <code class="schema-name">{field.name}</code>
            <span class="schema-type">
                {field.type}
                {asked && field.required && <strong>, required</strong>}
                {!asked && !field.required && ", not always there"}
            </span>
            {field.description && <Text>{field.description}</Text>}
            {inner && (
                <>
                    <button type="button" class="schema-more" aria-expanded={open} aria-label={`Fields of ${field.name}`} onClick={() => setOpen(!open)}>
                        <Icon name={open ? "down" : "right"} size={14} /> {open ? "Fewer" : "Its fields"}
                    </button>
                    {open && <SchemaView api={api} schema={field.schema} asked={asked} depth={depth + 1} />}
                </>
            )}
        </li>
    );
}
