// The tables of model kinds, run parameters and metrics: asked for once a visit.
import { useEffect } from "preact/hooks";
import { type ApiError, asApiError, get } from "./api";
import { Store, useStore } from "./store";
import type { MetricInfo, ModelType, ModelTypes } from "./types";

interface State {
    tables: ModelTypes | null;
    error: ApiError | null;
}

const state = new Store<State>({ tables: null, error: null });
let asked = false;

export function loadModelTypes(): void {
    asked = true;
    get<ModelTypes>("/api/v1/model_types")
        .then((tables) => state.set({ tables, error: null }))
        .catch((error) => {
            asked = false;
            state.set({ tables: null, error: asApiError(error) });
        });
}

export function useModelTypes(): State {
    useEffect(() => {
        if (!asked) loadModelTypes();
    }, []);
    return useStore(state);
}

export function findKind(tables: ModelTypes | null, name: string): ModelType | undefined {
    return tables?.model_types.find((kind) => kind.name === name);
}

export function findMetric(tables: ModelTypes | null, name: string): MetricInfo | undefined {
    return tables?.metrics.find((metric) => metric.name === name);
}
