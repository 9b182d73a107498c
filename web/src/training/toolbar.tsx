// Above the table: search, filters, columns; and what can be done with the rows that are selected.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, ButtonLink, hasEnded, Icon, Popover } from "../components";
import { plural } from "../lib/format";
import type { Job, ModelTypes } from "../lib/types";
import { type ColumnChoice, columnChoices, defaultColumns } from "./columns";
import { isFiltered, type View } from "./view";

const STATUSES = [
    { value: "", label: "All statuses" },
    { value: "running", label: "Waiting or running" },
    { value: "completed", label: "Completed" },
    { value: "failed", label: "Failed" },
    { value: "cancelled", label: "Cancelled" },
];
const TYPING_MS = 250;

export type Change = (changes: { status?: string; model?: string; q?: string }) => void;

/** Asks a moment after the last key, and at once on Enter. */
function Search({ text, onSearch }: { text: string; onSearch: (text: string) => void }) {
    const [typed, setTyped] = useState(text);
    const timer = useRef(0);
    useEffect(() => setTyped(text), [text]);
    const later = (next: string, ms: number) => {
        setTyped(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onSearch(next.trim()), ms) as unknown as number;
    };
    return (
        <form
            role="search"
            class="search"
            onSubmit={(event) => {
                event.preventDefault();
                later(typed, 0);
            }}
        >
            <Icon name="search" />
            <input
                id="job-search"
                type="search"
                aria-label="Search jobs"
                aria-keyshortcuts="/"
                placeholder="Search name, data, model"
                value={typed}
                onInput={(event) => later(event.currentTarget.value, TYPING_MS)}
                onKeyDown={(event) => {
                    if (event.key !== "Escape") return;
                    event.stopPropagation();
                    if (typed) later("", 0);
                    else event.currentTarget.blur();
                }}
            />
        </form>
    );
}

function ColumnChooser({ choices, chosen, onChoose }: { choices: ColumnChoice[]; chosen: string[]; onChoose: (keys: string[]) => void }) {
    return (
        <Popover label="Columns" icon="columns" text="Columns">
            {() => (
                <div class="popover-list">
                    {choices.map(({ key, title }) => (
                        <label key={key} class="popover-item">
                            <input
                                type="checkbox"
                                checked={chosen.includes(key)}
                                onChange={(event) => onChoose(event.currentTarget.checked ? [...chosen, key] : chosen.filter((other) => other !== key))}
                            />
                            {title}
                        </label>
                    ))}
                    <button type="button" class="popover-item popover-last" onClick={() => onChoose(defaultColumns())}>
                        Reset
                    </button>
                </div>
            )}
        </Popover>
    );
}

export function Filters({ view, tables, chosen, onChange, onChoose }: {
    view: View;
    tables: ModelTypes | null;
    chosen: string[];
    onChange: Change;
    onChoose: (keys: string[]) => void;
}) {
    return (
        <div class="toolbar">
            <Search text={view.text} onSearch={(q) => onChange({ q })} />
            <select aria-label="Status" value={view.status} onChange={(event) => onChange({ status: event.currentTarget.value })}>
                {STATUSES.map(({ value, label }) => (
                    <option key={value} value={value}>
                        {label}
                    </option>
                ))}
            </select>
            <select aria-label="Model" value={view.model} onChange={(event) => onChange({ model: event.currentTarget.value })}>
                <option value="">All models</option>
                {tables?.model_types.map(({ name, title }) => (
                    <option key={name} value={name}>
                        {title}
                    </option>
                ))}
            </select>
            {isFiltered(view) && (
                <Button kind="quiet" icon="cross" onClick={() => onChange({ status: "", model: "", q: "" })}>
                    Clear
                </Button>
            )}
            <span class="toolbar-space" />
            <ColumnChooser choices={columnChoices(tables)} chosen={chosen} onChoose={onChoose} />
        </div>
    );
}

export const COMPARE_MAX = 20;

export function BulkBar({ selected, onCancel, onDelete, onClear }: { selected: Job[]; onCancel: () => void; onDelete: () => void; onClear: () => void }) {
    const ended = selected.filter((job) => hasEnded(job.status)).length;
    const may_compare = selected.length >= 2 && selected.length <= COMPARE_MAX;
    return (
        <div class="toolbar bulk" role="group" aria-label="Selected jobs">
            <strong>{plural(selected.length, "job")} selected</strong>
            {may_compare ? (
                <ButtonLink icon="compare" href={`/compare/?ids=${selected.map((job) => job.job_id).join(",")}`}>
                    Compare
                </ButtonLink>
            ) : (
                <Button icon="compare" disabled title={selected.length < 2 ? "Select two or more" : `At most ${COMPARE_MAX} at once`}>
                    Compare
                </Button>
            )}
            <Button icon="stop" disabled={ended === selected.length} onClick={onCancel}>
                Cancel
            </Button>
            <Button icon="trash" disabled={ended === 0} onClick={onDelete}>
                Delete
            </Button>
            <span class="toolbar-space" />
            <Button kind="quiet" onClick={onClear}>
                Clear selection
            </Button>
        </div>
    );
}
