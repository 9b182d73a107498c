// The data path: typed, or picked from the directories that the server knows (a combobox).
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Button, Field, Icon } from "../components";
import { ago, bytes } from "../lib/format";
import type { Loaded } from "../lib/hooks";
import type { DataSource, DataSources } from "../lib/types";

function SourceOption({ id, source, is_active, onPick }: { id: string; source: DataSource; is_active: boolean; onPick: () => void }) {
    const option = useRef<HTMLLIElement>(null);
    useEffect(() => {
        if (is_active) option.current?.scrollIntoView({ block: "nearest" });
    }, [is_active]);
    return (
        // The pointer is taken down here, so that the field keeps the focus.
        <li ref={option} id={id} role="option" aria-selected={is_active} class="option" onPointerDown={(e) => e.preventDefault()} onClick={onPick}>
            <Icon name="folder" />
            <span class="option-path">{source.path}</span>
            <span class="option-more">
                {source.is_complete ? `${bytes(source.size_bytes)}, ${ago(source.modified_at)}` : source.clickstream ? "no events file" : "no clickstream"}
            </span>
        </li>
    );
}

/** The sources whose path has the text, those that can be used first. */
export function filterSources(sources: DataSource[], text: string): DataSource[] {
    const wanted = text.trim().toLowerCase();
    const is_exact = sources.some((source) => source.path.toLowerCase() === wanted);
    const found = is_exact ? sources : sources.filter((source) => source.path.toLowerCase().includes(wanted));
    return [...found].sort((a, b) => Number(b.is_complete) - Number(a.is_complete));
}

export function PathField({ value, error, sources, busy, onChange, onCheck }: {
    value: string;
    error: string | undefined;
    sources: Loaded<DataSources>;
    busy: boolean;
    onChange: (path: string) => void;
    onCheck: () => void;
}) {
    const list_id = useId();
    const room = useRef<HTMLDivElement>(null);
    const input = useRef<HTMLInputElement>(null);
    const [open, setOpen] = useState(false);
    const [active, setActive] = useState(-1);
    const shown = filterSources(sources.data?.sources ?? [], value);

    const openList = () => {
        if (!open) sources.reload(); // a directory may have come since
        setOpen(true);
        setActive(-1);
    };
    const pick = (source: DataSource) => {
        onChange(source.path);
        setOpen(false);
        input.current?.focus();
    };
    const onKey = (event: KeyboardEvent) => {
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            if (!open) openList();
            const step = event.key === "ArrowDown" ? 1 : -1;
            if (shown.length > 0) setActive((at) => (at + step + (at < 0 && step < 0 ? 1 : 0) + shown.length) % shown.length);
        } else if (event.key === "Enter" && open && shown[active]) {
            event.preventDefault();
            pick(shown[active]);
        } else if (event.key === "Escape" && open) {
            event.preventDefault();
            setOpen(false);
        }
    };
    const roots = sources.data?.roots.join(" or ");
    return (
        <Field
            label="Data path"
            error={error}
            hint={
                <>
                    A directory with <code>clickstream.pq</code> and <code>events.pq</code>
                    {roots ? <> under {roots}</> : null}
                </>
            }
        >
            {(ties) => (
                <div class="path-row">
                    <div
                        ref={room}
                        class="path-room"
                        onFocusOut={(event) => {
                            if (!room.current?.contains(event.relatedTarget as Node | null)) setOpen(false);
                        }}
                    >
                        <input
                            {...ties}
                            ref={input}
                            name="data_path"
                            role="combobox"
                            aria-expanded={open}
                            aria-controls={list_id}
                            aria-autocomplete="list"
                            aria-activedescendant={open && active >= 0 ? `${list_id}-${active}` : undefined}
                            autocomplete="off"
                            autocapitalize="off"
                            spellcheck={false}
                            value={value}
                            placeholder="/data"
                            onInput={(event) => {
                                onChange(event.currentTarget.value);
                                setActive(-1);
                                if (!open && sources.data?.sources.length) setOpen(true);
                            }}
                            onKeyDown={onKey}
                        />
                        <button type="button" class="path-pick" tabIndex={-1} aria-label="Known directories" onClick={() => {
                            input.current?.focus();
                            if (open) setOpen(false);
                            else openList();
                        }}>
                            <Icon name="down" />
                        </button>
                        <ul id={list_id} role="listbox" aria-label="Known directories" class="options" hidden={!open || (shown.length === 0 && !!value && !sources.error)}>
                            {shown.map((source, i) => (
                                <SourceOption key={source.path} id={`${list_id}-${i}`} source={source} is_active={i === active} onPick={() => pick(source)} />
                            ))}
                            {shown.length === 0 && (
                                <li class="option-none" role="option" aria-disabled="true" aria-selected="false">
                                    {sources.error ? sources.error.title : sources.is_loading ? "Looking for data" : `No data under ${roots ?? "the data roots"} yet`}
                                </li>
                            )}
                        </ul>
                    </div>
                    <Button icon="search" busy={busy} onClick={onCheck}>
                        {busy ? "Checking" : "Check data"}
                    </Button>
                </div>
            )}
        </Field>
    );
}
