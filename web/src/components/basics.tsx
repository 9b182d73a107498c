// Buttons, fields and the small parts that every page is made of.
import type { ComponentChildren, JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { ago, exactTime } from "../lib/format";
import { Icon, type IconName } from "./icons";

type ButtonProps = Omit<JSX.IntrinsicElements["button"], "icon" | "size"> & {
    kind?: "primary" | "plain" | "quiet" | "danger";
    size?: "small" | "normal";
    icon?: IconName;
    busy?: boolean; // works on it: may not be pressed again
};

/** A button with a verb on it. Without children it must have aria-label. */
export function Button({ kind = "plain", size = "normal", icon, busy, children, disabled, class: extra, ...rest }: ButtonProps) {
    const classes = `button button-${kind}${size === "small" ? " button-small" : ""}${children ? "" : " button-icon"} ${extra ?? ""}`;
    return (
        <button type="button" class={classes} disabled={disabled || busy} aria-busy={busy || undefined} {...rest}>
            {icon && <Icon name={icon} />}
            {children}
        </button>
    );
}

/** A link that looks like a button. */
export function ButtonLink({ kind = "plain", icon, children, ...rest }: JSX.IntrinsicElements["a"] & { kind?: "primary" | "plain" | "quiet"; icon?: IconName }) {
    return (
        <a class={`button button-${kind}`} {...rest}>
            {icon && <Icon name={icon} />}
            {children}
        </a>
    );
}

interface FieldProps {
    label: string;
    hint?: ComponentChildren;
    error?: string | null | undefined;
    optional?: boolean;
    class?: string;
    /** Draws the control with what ties it to label, hint and error. */
    children: (ties: { id: string; "aria-describedby": string | undefined; "aria-invalid": "true" | undefined }) => ComponentChildren;
}

/** A control with its label, its hint, and what is wrong with it beside it. */
export function Field({ label, hint, error, optional, class: extra, children }: FieldProps) {
    const id = useId();
    const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;
    return (
        <div class={`field ${error ? "field-wrong" : ""} ${extra ?? ""}`}>
            <label for={id}>
                {label}
                {optional && <span class="field-optional"> optional</span>}
            </label>
            {children({ id, "aria-describedby": described, "aria-invalid": error ? "true" : undefined })}
            {error && (
                <p class="field-error" id={`${id}-error`}>
                    <Icon name="alert" size={14} />
                    {error}
                </p>
            )}
            {hint && (
                <p class="field-hint" id={`${id}-hint`}>
                    {hint}
                </p>
            )}
        </div>
    );
}

/** "4 min ago", with the exact time on hover. */
export function Time({ at, now }: { at: string | null; now?: number }) {
    if (!at) return <span class="none">–</span>;
    return (
        <time dateTime={at} title={exactTime(at)}>
            {ago(at, now)}
        </time>
    );
}

/** Copies a text, and says so. Needs no secure context. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
    const [done, setDone] = useState(false);
    const timer = useRef(0);
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text);
        } catch {
            const area = document.createElement("textarea");
            area.value = text;
            area.className = "visually-hidden";
            document.body.append(area);
            area.select();
            document.execCommand("copy");
            area.remove();
        }
        setDone(true);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setDone(false), 2000) as unknown as number;
    };
    return (
        <Button kind="quiet" size="small" icon={done ? "check" : "copy"} onClick={() => void copy()}>
            <span aria-live="polite">{done ? "Copied" : label}</span>
        </Button>
    );
}

/** Tabs whose choice the caller holds (in the URL). The panel is the caller's: role="tabpanel",
 * id={`${id}-panel`}. */
export function Tabs<T extends string>({ id, label, tabs, value, onChange }: {
    id: string;
    label: string;
    tabs: { value: T; label: string; count?: number }[];
    value: T;
    onChange: (value: T) => void;
}) {
    const onKey = (event: KeyboardEvent) => {
        const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (step === 0) return;
        event.preventDefault();
        const at = tabs.findIndex((tab) => tab.value === value);
        const next = tabs[(at + step + tabs.length) % tabs.length];
        if (!next) return;
        onChange(next.value);
        document.getElementById(`${id}-${next.value}`)?.focus();
    };
    return (
        <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKey}>
            {tabs.map((tab) => (
                <button
                    key={tab.value}
                    type="button"
                    role="tab"
                    id={`${id}-${tab.value}`}
                    aria-selected={tab.value === value}
                    aria-controls={`${id}-panel`}
                    tabIndex={tab.value === value ? 0 : -1}
                    onClick={() => onChange(tab.value)}
                >
                    {tab.label}
                    {tab.count != null && <span class="tab-count">{tab.count}</span>}
                </button>
            ))}
        </div>
    );
}

/** The page's title, which takes the focus after a change of pages. */
export function PageTitle({ children, aside }: { children: ComponentChildren; aside?: ComponentChildren }) {
    return (
        <div class="page-title">
            <h1 id="page-title" tabIndex={-1}>
                {children}
            </h1>
            {aside && <div class="page-title-aside">{aside}</div>}
        </div>
    );
}
