// The batches of the list, kept up by events; without a stream asked for in each round of polling.
import { useEffect, useRef } from "preact/hooks";
import { announce, hasEnded, statusWord } from "../components";
import { live } from "../lib/live";
import type { Prediction, PredictionPage } from "../lib/registry";
import { type Paged, usePaged } from "../models/use_paged";
import { predictionTitle } from "./words";

/** `one` in its place, or on top where it is new. */
export function withBatch(rows: Prediction[], one: Prediction): Prediction[] {
    const at = rows.findIndex((known) => known.prediction_id === one.prediction_id);
    if (at < 0) return [one, ...rows];
    return rows.map((known, i) => (i === at ? { ...known, ...one } : known));
}

export interface Batches extends Paged<Prediction> {
    put: (one: Prediction) => void;
    drop: (id: number) => void;
}

export function useBatches(): Batches {
    const paged = usePaged<PredictionPage, Prediction>("/api/v1/predictions?limit=50", (page) => page.predictions);
    const rows = useRef<Prediction[]>([]);
    rows.current = paged.rows ?? [];
    const put = (one: Prediction) => {
        const before = rows.current.find((known) => known.prediction_id === one.prediction_id);
        if (before && hasEnded(before.status) && !hasEnded(one.status)) return; // a late answer
        if (before && before.status !== one.status && hasEnded(one.status)) announce(`${predictionTitle(one)}: ${statusWord(one.status)}`);
        paged.change((old) => withBatch(old, one));
    };
    const drop = (id: number) => paged.change((old) => old.filter((one) => one.prediction_id !== id));
    const latest = useRef({ put, drop, reload: paged.reload });
    latest.current = { put, drop, reload: paged.reload };
    useEffect(() => {
        const stops = [
            live.subscribe("prediction", (one) => latest.current.put(one)),
            live.subscribe("prediction_removed", ({ prediction_id }) => latest.current.drop(prediction_id)),
            live.subscribe("reset", () => latest.current.reload()),
            live.subscribe("poll", () => latest.current.reload()),
        ];
        return () => stops.forEach((stop) => stop());
    }, []);
    return { ...paged, put, drop };
}
