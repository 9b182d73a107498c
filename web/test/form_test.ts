import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job, ModelType, ModelTypes, ParamInfo } from "../src/lib/types";
import { checkRequestOf, findFaults, formOfJob, requestOf, type FormValues } from "../src/training/form_state";

const int = (name: string, initial: number): ParamInfo => ({
    name,
    type: "int",
    default: initial,
    min: 1,
    max: 1000,
    above_min: false,
    choices: null,
    help: "",
});
const als: ModelType = { name: "als", title: "ALS", summary: "", personal: true, params: [int("iterations", 10), int("factors", 60)] };
const popular: ModelType = { name: "popular", title: "Popular", summary: "", personal: false, params: [] };
const tables: ModelTypes = { model_types: [popular, als], run_params: [int("k", 40)], metrics: [] };
const form = (changes: Partial<FormValues> = {}): FormValues => ({
    model_type: "als",
    data_path: " /data ",
    name: " ",
    model_name: "",
    params: { iterations: " 15 ", factors: "", k: "20" },
    ...changes,
});

test("a request has what was given, trimmed, and no defaults", () => {
    assert.deepEqual(requestOf(form(), als, tables.run_params), { model_type: "als", data_path: "/data", iterations: "15", k: "20" });
    assert.deepEqual(requestOf(form({ name: " night " }), als, tables.run_params).name, "night");
    assert.deepEqual(requestOf(form({ model_name: " homepage " }), als, tables.run_params).model_name, "homepage");
});

test("a request leaves out the parameters of other kinds", () => {
    assert.deepEqual(requestOf(form({ model_type: "popular" }), popular, []), { model_type: "popular", data_path: "/data" });
});

test("a check of data has the path and the run's parameters alone", () => {
    assert.deepEqual(checkRequestOf(form(), tables.run_params), { data_path: "/data", k: "20" });
});

test("faults are told by field", () => {
    assert.deepEqual(findFaults(form(), als, tables.run_params), {});
    const faults = findFaults(form({ data_path: " ", params: { factors: "0", k: "x" } }), als, tables.run_params);
    assert.deepEqual(Object.keys(faults).sort(), ["data_path", "factors", "k"]);
    assert.equal(findFaults(form(), undefined, []).model_type, "Choose a model");
    assert.match(findFaults(form({ model_name: "Home Page" }), als, []).model_name!, /small letter/);
});

test("a form that is filled from a job leaves defaults open", () => {
    const job = { model_type: "als", data_path: "/data/shop", name: "Night", params: { iterations: 10, factors: 80 }, run: { k: 40 } };
    assert.deepEqual(formOfJob(job as unknown as Job, tables), {
        model_type: "als",
        data_path: "/data/shop",
        name: "Night",
        model_name: "",
        params: { factors: "80" },
    });
    assert.equal(formOfJob({ ...job, model_name: "homepage" } as unknown as Job, tables).model_name, "homepage");
});
