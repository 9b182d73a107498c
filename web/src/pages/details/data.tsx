// The data that a run read: its passport, and where its rows went.
import { CopyButton, EmptyState } from "../../components";
import { bytes, number } from "../../lib/format";
import type { JobWhole } from "../../lib/types";
import { Code, Fact, Facts, Section, words } from "../shared";
import { Funnel } from "./facts";
import { isEnded } from "./logic";

interface Passport {
    source?: string;
    files?: { name: string; bytes: number; rows: number; fingerprint: string }[];
    schema?: { role: string; column: string; type: string }[];
    time?: { min: string; max: string; threshold: string; unit: string };
    eval_days?: number;
}

export function DataTab({ job }: { job: JobWhole }) {
    const data = job.result?.data as Passport | undefined;
    const funnel = job.result?.funnel;
    if (!data)
        return (
            <EmptyState icon="folder" title={isEnded(job) ? "This run left no account of its data" : "Not read yet"}>
                <p>
                    {isEnded(job)
                        ? "Only a completed job keeps it. “Check data” on the training page reads it again."
                        : "What was read stands here when the job is completed."}
                </p>
            </EmptyState>
        );
    return (
        <div class="data-grid">
            <Section title="Passport">
                <Facts>
                    <Fact name="Path">
                        <Code>{job.data_path}</Code>
                    </Fact>
                    {data.source && <Fact name="Format">{data.source === "csv" ? "CSV" : "Parquet"}</Fact>}
                    {data.time && (
                        <>
                            <Fact name="First event">{data.time.min}</Fact>
                            <Fact name="Train until">{data.time.threshold}</Fact>
                            <Fact name="Last event">{data.time.max}</Fact>
                        </>
                    )}
                    {data.eval_days !== undefined && <Fact name="Days held out">{data.eval_days}</Fact>}
                    {funnel && (
                        <>
                            <Fact name="Users in train">{number(funnel["users"])}</Fact>
                            <Fact name="Items in train">{number(funnel["items"])}</Fact>
                            <Fact name="Pairs in train">{number(funnel["nnz"])}</Fact>
                            <Fact name="Users judged">{number(funnel["eval_users"])}</Fact>
                            <Fact name="Density" help="Pairs in train over users × items">
                                {density(funnel)}
                            </Fact>
                        </>
                    )}
                </Facts>
                <Warnings funnel={funnel} />
            </Section>
            <Funnel job={job} withHelp />
            <Files files={data.files ?? []} />
            <Schema schema={data.schema ?? []} unit={data.time?.unit} />
            <Holdout job={job} />
        </div>
    );
}

function density(funnel: Record<string, number>): string {
    const cells = (funnel["users"] ?? 0) * (funnel["items"] ?? 0);
    return cells > 0 ? `${((100 * (funnel["nnz"] ?? 0)) / cells).toPrecision(3)} %` : "–";
}

function Warnings({ funnel }: { funnel: Record<string, number> | undefined }) {
    const unlisted = funnel?.["unlisted_events"] ?? 0;
    const unknown = funnel?.["null_contacts"] ?? 0;
    if (unlisted + unknown === 0) return null;
    return (
        <ul class="warnings">
            {unlisted > 0 && <li>{number(unlisted)} rows have an event that the events file does not list: no contact.</li>}
            {unknown > 0 && <li>{number(unknown)} events have no is_contact: no contact.</li>}
        </ul>
    );
}

function Files({ files }: { files: NonNullable<Passport["files"]> }) {
    return (
        <Section title="Files" class="wide">
            <div class="table-scroll" tabIndex={0} role="region" aria-label="Files">
                <table class="plain-table">
                    <thead>
                        <tr>
                            <th scope="col">File</th>
                            <th scope="col" class="numeric">
                                Rows
                            </th>
                            <th scope="col" class="numeric">
                                Size
                            </th>
                            <th scope="col">Fingerprint</th>
                        </tr>
                    </thead>
                    <tbody>
                        {files.map((file) => (
                            <tr key={file.name}>
                                <th scope="row">
                                    <Code>{file.name}</Code>
                                </th>
                                <td class="numeric num">{number(file.rows)}</td>
                                <td class="numeric num">{bytes(file.bytes)}</td>
                                <td class="fingerprint">
                                    <code title={file.fingerprint}>{short(file.fingerprint)}</code>
                                    <CopyButton text={file.fingerprint} />
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
        </Section>
    );
}

/** "sha256:e8ce6f75…549a" */
function short(fingerprint: string): string {
    const [kind, hash = ""] = fingerprint.split(":");
    return hash.length > 16 ? `${kind}:${hash.slice(0, 8)}…${hash.slice(-4)}` : fingerprint;
}

function Schema({ schema, unit }: { schema: NonNullable<Passport["schema"]>; unit: string | undefined }) {
    return (
        <Section title="Columns">
            <Facts>
                {schema.map((column) => (
                    <Fact key={column.role} name={words(column.role)}>
                        <code>{column.column}</code> <span class="none">{column.type}</span>
                    </Fact>
                ))}
                {unit && <Fact name="Unit of time">{unit}</Fact>}
            </Facts>
        </Section>
    );
}

function Holdout({ job }: { job: JobWhole }) {
    const sum = job.result?.["holdout_sha256"];
    if (typeof sum !== "string") return null;
    return (
        <Section title="Holdout">
            <p class="none">Two runs with the same checksum answered the same question, so their metrics compare.</p>
            <Facts>
                <Fact name="SHA-256">
                    <Code>{sum}</Code>
                    <CopyButton text={sum} label="Copy checksum" />
                </Fact>
            </Facts>
        </Section>
    );
}
