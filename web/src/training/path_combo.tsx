// A path that is typed, or picked from those that the server knows (a combobox).
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "../components";

export interface PathChoice {
    path: string;
    more: string; // beside it: size and age
}

interface Ties {
    id: string;
    "aria-describedby"?: string | undefined;
    "aria-invalid"?: "true" | undefined;
}

function Option({ id, choice, icon, is_active, onPick }: { id: string; choice: PathChoice; icon: IconName; is_active: boolean; onPick: () => void }) {
    const option = useRef<HTMLLIElement>(null);
    useEffect(() => {
        if (is_active) option.current?.scrollIntoView({ block: "nearest" });
    }, [is_active]);
    return (
        // The pointer is taken down here, so that the field keeps the focus.
        <li ref={option} id={id} role="option" aria-selected={is_active} class="option" onPointerDown={(e) => e.preventDefault()} onClick={onPick}>
            <Icon name={icon} />
            <span class="option-path">{choice.path}</span>
            <span class="option-more">{choice.more}</span>
        </li>
    );
}

/** Those whose path has the text; all, where it is one of them. */
export function filterPaths<T extends { path: string }>(choices: T[], text: string): T[] {
    const wanted = text.trim().toLowerCase();
    const is_exact = choices.some((one) => one.path.toLowerCase() === wanted);
    return is_exact ? choices : choices.filter((one) => one.path.toLowerCase().includes(wanted));
}

/** `shown`: what fits to the value. `none`: said where nothing is known; null: then the list stays closed. */
export function PathCombo({ ties, name, value, placeholder, label, icon, shown, none, onOpen, onChange }: {
    ties: Ties;
    name: string;
    value: string;
    placeholder: string;
    label: string; // of the list: "Known directories"
    icon: IconName;
    shown: PathChoice[];
    none: string | null;
    onOpen: () => void; // something may have come since
    onChange: (path: string) => void;
}) {
    const list_id = useId();
    const room = useRef<HTMLDivElement>(null);
    const input = useRef<HTMLInputElement>(null);
    const [open, setOpen] = useState(false);
    const [active, setActive] = useState(-1);

    const openList = () => {
        if (!open) onOpen();
        setOpen(true);
        setActive(-1);
    };
    const pick = (choice: PathChoice) => {
        onChange(choice.path);
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
    return (
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
                name={name}
                role="combobox"
                aria-expanded={open}
                aria-controls={list_id}
                aria-autocomplete="list"
                aria-activedescendant={open && active >= 0 ? `${list_id}-${active}` : undefined}
                autocomplete="off"
                autocapitalize="off"
                spellcheck={false}
                value={value}
                placeholder={placeholder}
                onInput={(event) => {
                    onChange(event.currentTarget.value);
                    setActive(-1);
                    if (!open && (shown.length > 0 || none === null)) setOpen(true);
                }}
                onKeyDown={onKey}
            />
            <button type="button" class="path-pick" tabIndex={-1} aria-label={label} onClick={() => {
                input.current?.focus();
                if (open) setOpen(false);
                else openList();
            }}>
                <Icon name="down" />
            </button>
            <ul id={list_id} role="listbox" aria-label={label} class="options" hidden={!open || (shown.length === 0 && none === null)}>
                {shown.map((choice, i) => (
                    <Option key={choice.path} id={`${list_id}-${i}`} choice={choice} icon={icon} is_active={i === active} onPick={() => pick(choice)} />
                ))}
                {shown.length === 0 && none !== null && (
                    <li class="option-none" role="option" aria-disabled="true" aria-selected="false">
                        {none}
                    </li>
                )}
            </ul>
        </div>
    );
}
