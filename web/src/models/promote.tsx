// Points an alias at a version. For the champion the gate has its say; who overrides it says why.
import { useState } from "preact/hooks";
import { ErrorPanel, Field, FormDialog, Note, Skeleton, toast } from "../components";
import { type ApiError, asApiError, send } from "../lib/api";
import { useGet } from "../lib/hooks";
import type { ModelRow, Move, NameRow, Verdict } from "../lib/registry";
import { nameFault } from "../lib/names";
import { useFlag } from "../pages/shared";
import { aliasPath } from "./actions";
import { VerdictCard } from "./verdict";
import { CHAMPION, moveWords } from "./words";

function Aliases({ id, name }: { id: string; name: NameRow | null }) {
    const known = new Set([CHAMPION, "candidate", ...(name?.aliases ?? []).map((one) => one.alias)]);
    return (
        <datalist id={id}>
            {[...known].map((alias) => (
                <option key={alias} value={alias} />
            ))}
        </datalist>
    );
}

export function PromoteDialog({ model, alias: given = CHAMPION, onClose, onMoved }: {
    model: ModelRow;
    alias?: string;
    onClose: () => void;
    onMoved: () => void;
}) {
    const [alias, setAlias] = useState(given);
    const [reason, setReason] = useState("");
    const [override, setOverride] = useState(false);
    const [faults, setFaults] = useState<Record<string, string>>({});
    const [failure, setFailure] = useState<ApiError | null>(null);
    const [refused, setRefused] = useState<Verdict | null>(null);
    const [busy, during] = useFlag();
    const name = useGet<NameRow>(`/api/v1/registry/${encodeURIComponent(model.name)}`);
    const is_champion = alias.trim() === CHAMPION;
    const asked = useGet<Verdict>(is_champion ? `/api/v1/models/${model.model_id}/verdict` : null);
    const verdict = is_champion ? (refused ?? asked.data) : null;
    const gate = is_champion && name.data?.gate !== false;
    const is_stopped = gate && verdict != null && !verdict.passes;
    const now = name.data?.aliases.find((one) => one.alias === alias.trim());

    const check = () => {
        const found: Record<string, string> = {};
        const fault = nameFault(alias.trim());
        if (fault) found.alias = fault;
        if (is_stopped && !override) found.override = "The gate says no. Tick this to promote it all the same.";
        if (is_stopped && override && !reason.trim()) found.reason = "Say why, for those who look at the history later.";
        setFaults(found);
        return Object.keys(found).length === 0;
    };
    const promote = async () => {
        if (!check()) return;
        setFailure(null);
        const body = { model_id: model.model_id, ...(reason.trim() ? { reason: reason.trim() } : {}), ...(is_stopped ? { override: true } : {}) };
        try {
            const move = await send<Move>("PUT", aliasPath(model.name, alias.trim()), body);
            toast(`${move.alias} of ${model.name} was ${moveWords(move)}`);
            onMoved();
            onClose();
        } catch (problem) {
            const error = asApiError(problem);
            if (error.code === "gate_refused" && error.body.verdict) setRefused(error.body.verdict as Verdict);
            else if (error.errors.length > 0) setFaults(Object.fromEntries(error.errors.map((one) => [one.field, one.message])));
            else setFailure(error);
        }
    };
    return (
        <FormDialog
            wide
            title={`Promote ${model.name}, version ${model.version}`}
            keep="Keep as it is"
            submit={is_stopped ? "Promote all the same" : "Promote"}
            kind={is_stopped ? "danger" : "primary"}
            busy={busy || asked.is_loading}
            onSubmit={() => void during(promote)}
            onClose={onClose}
        >
            <Field
                label="Alias"
                error={faults.alias}
                hint={
                    now
                        ? `Now at version ${now.version}. Whoever asks for ${model.name}@${alias.trim()} gets version ${model.version} from then on.`
                        : `Whoever asks for ${model.name}@${alias.trim() || "alias"} gets version ${model.version} from then on.`
                }
            >
                {(ties) => (
                    <>
                        <input {...ties} list="promote-aliases" autofocus autocomplete="off" spellcheck={false} value={alias} onInput={(e) => setAlias(e.currentTarget.value)} />
                        <Aliases id="promote-aliases" name={name.data} />
                    </>
                )}
            </Field>
            {is_champion && asked.is_loading && <Skeleton lines={3} label="Comparing with the champion" />}
            {is_champion && asked.error && <ErrorPanel error={asked.error} retry={asked.reload} title="The comparison failed" />}
            {verdict && <VerdictCard verdict={verdict} title={verdict.champion ? `Against the champion, ${verdict.champion.ref}` : "The gate"} />}
            {is_champion && name.data && !gate && <Note>The gate of {model.name} is off: nothing is asked for.</Note>}
            {is_stopped && (
                <div class="field">
                    <label class="check-line">
                        <input
                            type="checkbox"
                            checked={override}
                            aria-invalid={faults.override ? "true" : undefined}
                            aria-describedby={faults.override ? "override-error" : undefined}
                            onChange={(e) => setOverride(e.currentTarget.checked)}
                        />
                        Promote it all the same
                    </label>
                    {faults.override && (
                        <p class="field-error" id="override-error">
                            {faults.override}
                        </p>
                    )}
                </div>
            )}
            <Field label="Reason" optional={!is_stopped} error={faults.reason} hint="Stands in the history, beside your name and the time.">
                {(ties) => <input {...ties} maxLength={500} autocomplete="off" value={reason} onInput={(e) => setReason(e.currentTarget.value)} />}
            </Field>
            {failure && <ErrorPanel error={failure} />}
        </FormDialog>
    );
}
