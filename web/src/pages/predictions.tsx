// Predictions: the lists of many users, written into a file by a worker.
import { useEffect } from "preact/hooks";
import { PageTitle } from "../components";
import { setTitle } from "../lib/router";
import { NewBatch } from "../predictions/new_batch";
import { BatchTable } from "../predictions/table";
import { useBatches } from "../predictions/use_batches";

export default function Predictions() {
    useEffect(() => setTitle("Predictions"), []);
    const batches = useBatches();
    return (
        <>
            <PageTitle>Predictions</PageTitle>
            <NewBatch onStarted={batches.put} />
            <BatchTable batches={batches} />
        </>
    );
}
