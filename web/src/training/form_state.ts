// What stands in the form of a new job: kept in this browser as it is typed, so that last used
// values come back, and filled from a job that is to be run again with changes.
import { keep, readKept } from "../lib/hooks";
import { nameFault } from "../lib/names";
import { checkParam } from "../lib/params";
import type { Job, ModelType, ModelTypes, ParamInfo } from "../lib/types";

export interface FormValues {
    model_type: string;
    data_path: string;
    name: string;
    model_name: string; // whose next version it makes; "": its kind's
    params: Record<string, string>; // of all kinds and of the run, as typed; "" or absent: the default
}

const KEY = "new_job";
const EMPTY: FormValues = { model_type: "", data_path: "", name: "", model_name: "", params: {} };

export function readForm(): FormValues {
    const kept = readKept<Partial<FormValues>>(KEY, {});
    return { ...EMPTY, ...kept, params: { ...kept.params } };
}

export function keepForm(values: FormValues): void {
    keep(KEY, values);
}

/** The form that would make this job again. Values that are the defaults are left open. */
export function formOfJob(job: Job, tables: ModelTypes): FormValues {
    const kind = tables.model_types.find((known) => known.name === job.model_type);
    const params: Record<string, string> = {};
    const take = (infos: ParamInfo[], values: Record<string, number | string | null>) => {
        for (const info of infos) {
            const value = values[info.name];
            if (value != null && String(value) !== String(info.default)) params[info.name] = String(value);
        }
    };
    take(kind?.params ?? [], job.params);
    take(tables.run_params, job.run);
    return { model_type: job.model_type, data_path: job.data_path, name: job.name ?? "", model_name: job.model_name ?? "", params };
}

function givenParams(values: FormValues, infos: ParamInfo[]): Record<string, string> {
    const given: Record<string, string> = {};
    for (const { name } of infos) {
        const text = values.params[name]?.trim();
        if (text) given[name] = text;
    }
    return given;
}

/** The body of POST /api/v1/jobs: only what was given; the server knows the defaults. */
export function requestOf(values: FormValues, kind: ModelType, run_params: ParamInfo[]): Record<string, string> {
    const name = values.name.trim();
    const model_name = values.model_name.trim();
    return {
        model_type: values.model_type,
        data_path: values.data_path.trim(),
        ...(name ? { name } : {}),
        ...(model_name ? { model_name } : {}),
        ...givenParams(values, kind.params),
        ...givenParams(values, run_params),
    };
}

/** The body of POST /api/v1/data_sources/check. */
export function checkRequestOf(values: FormValues, run_params: ParamInfo[]): Record<string, string> {
    return { data_path: values.data_path.trim(), ...givenParams(values, run_params) };
}

/** Field → what is wrong with it, as far as the page can tell. */
export function findFaults(values: FormValues, kind: ModelType | undefined, run_params: ParamInfo[]): Record<string, string> {
    const faults: Record<string, string> = {};
    if (!kind) faults.model_type = "Choose a model";
    if (!values.data_path.trim()) faults.data_path = "Enter the directory of the data, or choose one";
    const name_fault = values.model_name.trim() ? nameFault(values.model_name.trim()) : null;
    if (name_fault) faults.model_name = name_fault;
    for (const info of [...(kind?.params ?? []), ...run_params]) {
        const fault = checkParam(info, values.params[info.name] ?? "");
        if (fault) faults[info.name] = fault;
    }
    return faults;
}
