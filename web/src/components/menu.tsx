// A button with a list of things to do. It lies in the browser's top layer (the popover attribute),
// so no table or card cuts it off, and Escape or a click beside it closes it.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export interface MenuItem {
    label: string;
    icon?: IconName;
    href?: string;
    onSelect?: () => void;
    danger?: boolean;
    disabled?: boolean;
}

const GAP = 4;

/** Below the button, to its right edge; above it where there is no room. */
function place(list: HTMLElement, button: HTMLElement): void {
    const at = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = list;
    const left = Math.max(GAP, Math.min(at.right - width, innerWidth - width - GAP));
    const below = at.bottom + GAP;
    const top = below + height > innerHeight ? Math.max(GAP, at.top - height - GAP) : below;
    list.style.left = `${left}px`;
    list.style.top = `${top}px`;
}

/** The button and what it opens; `children` may hold anything, as a list of checkboxes. */
export function Popover({ label, icon, text, small, role, onOpen, children }: {
    label: string;
    icon: IconName;
    text?: string | undefined;
    small?: boolean | undefined;
    role?: "menu" | "group";
    onOpen?: (list: HTMLElement) => void;
    children: (close: () => void) => ComponentChildren;
}) {
    const id = useId();
    const list = useRef<HTMLDivElement>(null);
    const button = useRef<HTMLButtonElement>(null);
    const [open, setOpen] = useState(false);
    useLayoutEffect(() => {
        if (!open || !list.current || !button.current) return;
        place(list.current, button.current);
        onOpen?.(list.current);
    }, [open]);
    const close = () => {
        list.current?.hidePopover();
        button.current?.focus();
    };
    const toggle = () => {
        if (open) list.current?.hidePopover();
        else list.current?.showPopover();
    };
    return (
        <>
            <button
                ref={button}
                type="button"
                class={`button ${text ? "" : "button-quiet button-icon"} ${small ? "button-small" : ""}`}
                aria-label={text ? undefined : label}
                title={text ? undefined : label}
                aria-haspopup={role === "menu" ? "menu" : undefined}
                aria-expanded={open}
                aria-controls={id}
                onClick={toggle}
            >
                <Icon name={icon} />
                {text}
            </button>
            <div
                ref={list}
                id={id}
                popover="auto"
                role={role ?? "group"}
                aria-label={label}
                class="popover"
                onToggle={(event) => setOpen(event.newState === "open")}
            >
                {open && children(close)}
            </div>
        </>
    );
}

function moveFocus(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role=menuitem]")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    items[(at + step + items.length) % items.length]?.focus();
}

export function Menu({ label, text, icon = "more", small, items }: { label: string; text?: string; icon?: IconName; small?: boolean; items: MenuItem[] }) {
    const focusFirst = (list: HTMLElement) => list.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    return (
        <Popover label={label} text={text} icon={icon} small={small} role="menu" onOpen={focusFirst}>
            {(close) => (
                <div role="none" class="popover-list" onKeyDown={moveFocus}>
                    {items.map((item) => {
                        const classes = `popover-item ${item.danger ? "popover-danger" : ""}`;
                        const inside = (
                            <>
                                {item.icon && <Icon name={item.icon} />}
                                {item.label}
                            </>
                        );
                        if (item.href)
                            return (
                                <a key={item.label} role="menuitem" class={classes} href={item.href} onClick={close}>
                                    {inside}
                                </a>
                            );
                        const select = () => {
                            close();
                            item.onSelect?.();
                        };
                        return (
                            <button key={item.label} type="button" role="menuitem" class={classes} disabled={item.disabled} onClick={select}>
                                {inside}
                            </button>
                        );
                    })}
                </div>
            )}
        </Popover>
    );
}
