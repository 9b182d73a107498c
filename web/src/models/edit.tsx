// Name, note and tags of a version.
import { useState } from "preact/hooks";
import { Field, FormDialog, toast } from "../components";
import { asApiError, send } from "../lib/api";
import type { ModelRow } from "../lib/registry";
import { nameFault } from "../lib/names";
import { useFlag } from "../pages/shared";
import { parseTags, versionTitle } from "./words";

/** What the form changes; the name only where it is another, since that makes another version. */
export function changesOf(model: ModelRow, name: string, note: string, tags: string): Record<string, unknown> {
    const changes: Record<string, unknown> = {};
    if (name.trim() !== model.name) changes.name = name.trim();
    if (note.trim() !== (model.note ?? "")) changes.note = note.trim() || null;
    const list = parseTags(tags);
    if (list.join(" ") !== model.tags.join(" ")) changes.tags = list;
    return changes;
}

export function EditDialog({ model, onClose, onSaved }: { model: ModelRow; onClose: () => void; onSaved: (model: ModelRow) => void }) {
    const [name, setName] = useState(model.name);
    const [note, setNote] = useState(model.note ?? "");
    const [tags, setTags] = useState(model.tags.join(", "));
    const [faults, setFaults] = useState<Record<string, string>>({});
    const [busy, during] = useFlag();
    const save = async () => {
        const fault = nameFault(name.trim());
        if (fault) return setFaults({ name: fault });
        const changes = changesOf(model, name, note, tags);
        if (Object.keys(changes).length === 0) return onClose();
        try {
            const saved = await send<ModelRow>("PATCH", `/api/v1/models/${model.model_id}`, changes);
            if (changes.name) toast(`It is ${versionTitle(saved)} now`);
            onSaved(saved);
            onClose();
        } catch (reason) {
            const error = asApiError(reason);
            if (error.errors.length > 0) setFaults(Object.fromEntries(error.errors.map((one) => [one.field, one.message])));
            else setFaults({ [changes.name ? "name" : "note"]: error.detail || error.title });
        }
    };
    return (
        <FormDialog title={`Edit ${versionTitle(model)}`} busy={busy} onSubmit={() => void during(save)} onClose={onClose}>
            <Field label="Note" optional error={faults.note} hint="What somebody should know who looks at it in a year.">
                {(ties) => <textarea {...ties} rows={4} maxLength={2000} autofocus value={note} onInput={(e) => setNote(e.currentTarget.value)} />}
            </Field>
            <Field label="Tags" optional error={faults.tags} hint="With commas between them.">
                {(ties) => <input {...ties} autocomplete="off" value={tags} onInput={(e) => setTags(e.currentTarget.value)} />}
            </Field>
            <Field
                label="Name"
                error={faults.name}
                hint={name.trim() === model.name ? "Under another name it becomes that name's next version." : `It becomes the next version of ${name.trim()}; an alias that points at it must be moved first.`}
            >
                {(ties) => <input {...ties} autocomplete="off" spellcheck={false} value={name} onInput={(e) => setName(e.currentTarget.value)} />}
            </Field>
        </FormDialog>
    );
}
