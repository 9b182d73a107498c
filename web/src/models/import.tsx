// Brings in a model that was trained elsewhere: the file is checked in full before it counts.
import { useRef, useState } from "preact/hooks";
import { ErrorPanel, Field, FormDialog, ProgressBar, toast } from "../components";
import { type ApiError, asApiError, isAborted, request, upload } from "../lib/api";
import { bytes } from "../lib/format";
import { nameFault } from "../lib/names";
import type { ModelRow } from "../lib/registry";
import { navigate } from "../lib/router";
import { versionTitle } from "./words";

const CHECK_MS = 300_000; // that the server may look at a file

/** What was wrong with the hits; null: they were taken. The model is there by then, with or without. */
async function sendHits(made: ModelRow, hits: File, signal: AbortSignal): Promise<string | null> {
    try {
        await request("PUT", `/api/v1/models/${made.model_id}/hits`, hits, { signal, timeout_ms: CHECK_MS });
        return null;
    } catch (reason) {
        const error = asApiError(reason);
        return error.detail || error.title;
    }
}

export function ImportDialog({ name: given, onClose, onDone }: { name?: string | undefined; onClose: () => void; onDone: () => void }) {
    const [file, setFile] = useState<File | null>(null);
    const [hits, setHits] = useState<File | null>(null);
    const [name, setName] = useState(given ?? "");
    const [note, setNote] = useState("");
    const [share, setShare] = useState<number | null>(null); // null: not under way
    const [faults, setFaults] = useState<Record<string, string>>({});
    const [failure, setFailure] = useState<ApiError | null>(null);
    const abort = useRef<AbortController | null>(null);

    const close = () => {
        abort.current?.abort();
        onClose();
    };
    const start = async () => {
        const found: Record<string, string> = {};
        if (!file) found.file = "Choose a model file";
        const fault = name.trim() ? nameFault(name.trim()) : null;
        if (fault) found.name = fault;
        setFaults(found);
        setFailure(null);
        if (!file || fault) return;
        const query = new URLSearchParams();
        if (name.trim()) query.set("name", name.trim());
        if (note.trim()) query.set("note", note.trim());
        const control = new AbortController();
        abort.current = control;
        setShare(0);
        try {
            const made = await upload<ModelRow>(`/api/v1/models/import?${query}`, file, setShare, control.signal);
            const refused = hits ? await sendHits(made, hits, control.signal) : null;
            if (refused) toast(`${versionTitle(made)} was imported without its hits: ${refused}`, { tone: "bad" });
            else toast(`${versionTitle(made)} was imported`);
            onDone();
            onClose();
            navigate(`/models/${made.model_id}`);
        } catch (reason) {
            if (isAborted(reason)) return;
            const error = asApiError(reason);
            if (error.errors.length > 0) setFaults(Object.fromEntries(error.errors.map((one) => [one.field, one.message])));
            else setFailure(error);
        } finally {
            setShare(null);
        }
    };
    const is_busy = share !== null;
    return (
        <FormDialog
            title="Import a model"
            keep={is_busy ? "Give up" : "Close"}
            submit="Import"
            busy={is_busy}
            onSubmit={() => void start()}
            onClose={close}
        >
            <Field
                label="Model file"
                error={faults.file}
                hint={file ? bytes(file.size) : "A .pkl that rectrain train has written. It is read by our own strict reader, never executed."}
            >
                {(ties) => <input {...ties} type="file" accept=".pkl" disabled={is_busy} onChange={(e) => setFile(e.currentTarget.files?.[0] ?? null)} />}
            </Field>
            <Field
                label="Hits file"
                optional
                error={faults.hits}
                hint={hits ? bytes(hits.size) : "The .hits.json that lay beside it. With it the model can be weighed against other versions."}
            >
                {(ties) => <input {...ties} type="file" accept=".json" disabled={is_busy} onChange={(e) => setHits(e.currentTarget.files?.[0] ?? null)} />}
            </Field>
            <Field label="Name" optional error={faults.name} hint="It becomes the next version of it. Without one it goes by its kind, as “als”.">
                {(ties) => <input {...ties} autocomplete="off" spellcheck={false} disabled={is_busy} value={name} onInput={(e) => setName(e.currentTarget.value)} />}
            </Field>
            <Field label="Note" optional error={faults.note}>
                {(ties) => <input {...ties} autocomplete="off" maxLength={2000} disabled={is_busy} value={note} onInput={(e) => setNote(e.currentTarget.value)} />}
            </Field>
            {is_busy && (
                <div class="import-course" aria-live="polite">
                    <ProgressBar value={share} label="Sent" />
                    <span class="none num">{share < 1 ? `${Math.round(100 * share)} % sent` : "Checking the file in full"}</span>
                </div>
            )}
            {failure && <ErrorPanel error={failure} />}
        </FormDialog>
    );
}
