// What is done with versions and aliases, and what is said about it.
import { confirm, toast } from "../components";
import { asApiError, send } from "../lib/api";
import { bytes } from "../lib/format";
import type { ModelRow, Move } from "../lib/registry";
import { moveWords, versionTitle } from "./words";

export function complain(title: string, reason: unknown): void {
    const error = asApiError(reason);
    toast(`${title}. ${error.errors[0]?.message || error.detail || error.title}`, { tone: "bad" });
}

export function aliasPath(name: string, alias: string): string {
    return `/api/v1/registry/${encodeURIComponent(name)}/aliases/${encodeURIComponent(alias)}`;
}

export async function removeModel(model: ModelRow, done: () => void): Promise<void> {
    const of = model.source === "training" ? ` Job ${model.job_id} stays, with its metrics and curves.` : "";
    const yes = await confirm({
        title: `Delete ${versionTitle(model)}?`,
        text: `The file ${model.file_name} is deleted for good, which frees ${bytes(model.size_bytes)}. Its number is not used again.${of}`,
        action: "Delete",
        danger: true,
    });
    if (!yes) return;
    try {
        await send("DELETE", `/api/v1/models/${model.model_id}`);
        toast(`${versionTitle(model)} was deleted`);
        done();
    } catch (reason) {
        complain(`${versionTitle(model)} could not be deleted`, reason);
    }
}

/** One step back: to where the alias was before its last move. */
export async function undoMove(name: string, alias: string, last: Move | null, done: () => void): Promise<void> {
    const to = last ? (last.from_version == null ? "It will point at nothing, as before." : `It goes back to version ${last.from_version}.`) : "It goes back to where it was.";
    const yes = await confirm({
        title: `Undo the last move of ${alias}?`,
        text: `${to} Whoever asks for ${name}@${alias} gets that version at once. The move stays in the history, and an undo can be undone.`,
        action: "Undo the move",
    });
    if (!yes) return;
    try {
        const move = await send<Move>("POST", `${aliasPath(name, alias)}/undo`, {});
        toast(`${alias} of ${name} was ${moveWords(move)}`);
        done();
    } catch (reason) {
        complain(`The move of ${alias} could not be undone`, reason);
    }
}

export async function removeAlias(name: string, alias: string, done: () => void): Promise<void> {
    const yes = await confirm({
        title: `Remove the alias ${alias}?`,
        text: `${name}@${alias} will not be found any more. The versions stay, and so does the history.`,
        action: "Remove",
        danger: true,
    });
    if (!yes) return;
    try {
        await send("DELETE", aliasPath(name, alias));
        toast(`${alias} of ${name} was removed`);
        done();
    } catch (reason) {
        complain(`${alias} could not be removed`, reason);
    }
}
