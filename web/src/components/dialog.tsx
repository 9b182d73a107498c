// Dialogs: the browser's own <dialog>, which holds the focus and closes on Escape.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Store, useStore } from "../lib/store";
import { Button } from "./basics";

const FOCUS_BACK_MS = 50;
const FOCUS_BACK_TRIES = 20;

/** Give the focus back to what had it. A button that waited for the answer is disabled, and takes no
 * focus, until the page is drawn again; whoever has moved on meanwhile is left alone. */
function focusBack(element: HTMLElement | null, tries = FOCUS_BACK_TRIES): void {
    if (!element?.isConnected || tries === 0) return;
    const active = document.activeElement;
    if (active && active !== document.body && active !== element) return;
    element.focus();
    if (document.activeElement !== element) setTimeout(() => focusBack(element, tries - 1), FOCUS_BACK_MS);
}

export function Dialog({ title, onClose, children, actions, wide }: {
    title: string;
    onClose: () => void;
    children: ComponentChildren;
    actions?: ComponentChildren;
    wide?: boolean;
}) {
    const dialog = useRef<HTMLDialogElement>(null);
    const id = useId();
    // In the turn that opens the dialog: by the next one, the browser has taken the focus from a button
    // that this turn disabled.
    useLayoutEffect(() => {
        const element = dialog.current;
        const before = document.activeElement as HTMLElement | null;
        element?.showModal();
        return () => {
            element?.close();
            setTimeout(() => focusBack(before), FOCUS_BACK_MS);
        };
    }, []);
    return (
        <dialog
            ref={dialog}
            class={wide ? "dialog dialog-wide" : "dialog"}
            aria-labelledby={id}
            onCancel={(event) => {
                event.preventDefault();
                onClose();
            }}
            onClick={(event) => {
                if (event.target === dialog.current) onClose(); // beside it
            }}
        >
            <div class="dialog-body">
                <div class="dialog-head">
                    <h2 id={id}>{title}</h2>
                    <Button kind="quiet" size="small" icon="cross" aria-label="Close" onClick={onClose} />
                </div>
                {children}
                {actions && <div class="dialog-actions">{actions}</div>}
            </div>
        </dialog>
    );
}

/** A dialog that is one form: the words of `keep` close it, those of `submit` send it. */
export function FormDialog({ title, wide, keep = "Keep", submit = "Save", kind = "primary", busy, onSubmit, onClose, children }: {
    title: string;
    wide?: boolean;
    keep?: string;
    submit?: string;
    kind?: "primary" | "danger";
    busy: boolean;
    onSubmit: () => void;
    onClose: () => void;
    children: ComponentChildren;
}) {
    const id = useId();
    return (
        <Dialog
            title={title}
            wide={wide ?? false}
            onClose={onClose}
            actions={
                <>
                    <Button onClick={onClose}>{keep}</Button>
                    <Button kind={kind} busy={busy} type="submit" form={id}>
                        {submit}
                    </Button>
                </>
            }
        >
            <form
                id={id}
                class="dialog-form"
                noValidate
                onSubmit={(event) => {
                    event.preventDefault();
                    onSubmit();
                }}
            >
                {children}
            </form>
        </Dialog>
    );
}

// ---- confirm(): asks, and resolves to what was answered ----

interface Question {
    title: string;
    text: ComponentChildren;
    action: string; // the verb on the button
    danger?: boolean;
    answer: (yes: boolean) => void;
}

const question = new Store<Question | null>(null);

/** Ask before something that cannot be undone. */
export function confirm(ask: Omit<Question, "answer">): Promise<boolean> {
    return new Promise((resolve) => {
        question.value?.answer(false);
        question.set({
            ...ask,
            answer: (yes) => {
                question.set(null);
                resolve(yes);
            },
        });
    });
}

/** Stands once in the frame. */
export function Confirm() {
    const asked = useStore(question);
    if (!asked) return null;
    return (
        <Dialog
            key={asked.title}
            title={asked.title}
            onClose={() => asked.answer(false)}
            actions={
                <>
                    <Button onClick={() => asked.answer(false)}>Keep</Button>
                    <Button kind={asked.danger ? "danger" : "primary"} onClick={() => asked.answer(true)}>
                        {asked.action}
                    </Button>
                </>
            }
        >
            <p>{asked.text}</p>
        </Dialog>
    );
}
