// What can be done with a batch, and what is said about it.
import { confirm, hasEnded, toast } from "../components";
import { newKey, send } from "../lib/api";
import type { Prediction } from "../lib/registry";
import { complain } from "../models/actions";
import { predictionTitle } from "./words";

const path = (one: Prediction) => `/api/v1/predictions/${one.prediction_id}`;

export async function cancelBatch(one: Prediction, put: (one: Prediction) => void): Promise<void> {
    const yes = await confirm({
        title: `Cancel ${predictionTitle(one)}?`,
        text: "What it has written so far is thrown away: a file appears whole or not at all. It can be retried.",
        action: "Cancel the batch",
        danger: true,
    });
    if (!yes) return;
    try {
        put(await send<Prediction>("POST", `${path(one)}/cancel`, {}));
    } catch (reason) {
        complain(`${predictionTitle(one)} could not be cancelled`, reason);
    }
}

export async function retryBatch(one: Prediction, done: (again: Prediction) => void): Promise<void> {
    try {
        const again = await send<Prediction>("POST", `${path(one)}/retry`, {}, { headers: { "Idempotency-Key": newKey() } });
        toast(`${predictionTitle(again)} is started`, { href: `/predictions/${again.prediction_id}`, link: "Details" });
        done(again);
    } catch (reason) {
        complain(`${predictionTitle(one)} could not be retried`, reason);
    }
}

export async function deleteBatch(one: Prediction, done: () => void): Promise<void> {
    if (!hasEnded(one.status)) return;
    const yes = await confirm({
        title: `Delete ${predictionTitle(one)}?`,
        text: one.file ? `Its file ${one.file.file_name} and its log are deleted with it. This cannot be undone.` : "Its log is deleted with it. This cannot be undone.",
        action: "Delete",
        danger: true,
    });
    if (!yes) return;
    try {
        await send("DELETE", path(one));
        toast(`${predictionTitle(one)} was deleted`);
        done();
    } catch (reason) {
        complain(`${predictionTitle(one)} could not be deleted`, reason);
    }
}
