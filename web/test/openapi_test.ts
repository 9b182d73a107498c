import assert from "node:assert/strict";
import { test } from "node:test";
import {
    byTag,
    curlLine,
    fieldsOf,
    operationsOf,
    resolve,
    sampleOf,
    search,
    shellQuote,
    typeWords,
    type OpenApi,
} from "../src/pages/docs/openapi";

const api: OpenApi = {
    info: { title: "rectrain", version: "1" },
    tags: [{ name: "Jobs", description: "of training" }],
    security: [{ bearer: [] }],
    paths: {
        "/api/v1/jobs/{id}": {
            parameters: [{ $ref: "#/components/parameters/Id" }],
            get: {
                tags: ["Jobs"],
                summary: "Read a job",
                responses: {
                    200: {
                        description: "the job",
                        content: { "application/json": { schema: { $ref: "#/components/schemas/Job" } } },
                    },
                    404: { $ref: "#/components/responses/Missing" },
                },
            },
            patch: {
                tags: ["Jobs"],
                summary: "Rename a job",
                requestBody: {
                    required: true,
                    content: { "application/json": { schema: {}, example: { name: "it's" } } },
                },
                responses: {},
            },
        },
        "/token": { post: { summary: "Get a token", security: [], responses: {} } },
    },
    components: {
        parameters: {
            Id: { name: "id", in: "path", required: true, schema: { type: "integer" }, example: 42 },
        },
        responses: { Missing: { description: "no such job" } },
        schemas: {
            Job: {
                type: "object",
                required: ["job_id"],
                properties: {
                    job_id: { type: "integer", minimum: 1 },
                    name: { type: ["string", "null"] },
                    tags: { type: "array", items: { type: "string", enum: ["a", "b"] } },
                    parent: { $ref: "#/components/schemas/Job" },
                },
            },
        },
    },
};

test("operations come with what their path shares, references followed", () => {
    const [read, rename, token] = operationsOf(api);
    assert.equal(read!.method, "GET");
    assert.equal(read!.id, "get-api-v1-jobs-id");
    assert.equal(read!.parameters[0]!.name, "id");
    assert.deepEqual(read!.responses.map((one) => one.description), ["the job", "no such job"]);
    assert.equal(rename!.body!.required, true);
    assert.equal(token!.tag, "Other");
});

test("an operation needs a login unless it says otherwise", () => {
    assert.deepEqual(operationsOf(api).map((one) => one.isPublic), [false, false, true]);
});

test("a schema that holds itself ends somewhere", () => {
    const sample = sampleOf(api, { $ref: "#/components/schemas/Job" }) as { tags: string[] };
    assert.deepEqual(sample.tags, ["a"]);
});

test("a reference that leads nowhere, or in a circle, is harmless", () => {
    const broken = { $ref: "#/components/schemas/None" };
    assert.equal(resolve(api, broken), broken);
    const circle: OpenApi = { ...api, components: { schemas: { A: { $ref: "#/components/schemas/A" } } } };
    assert.equal(typeWords(circle, { $ref: "#/components/schemas/A" }), "any");
});

test("types are told in words", () => {
    assert.equal(typeWords(api, { type: "integer", minimum: 1, maximum: 512 }), "integer, 1 to 512");
    assert.equal(typeWords(api, { type: "number", exclusiveMinimum: 0 }), "number, above 0");
    assert.equal(typeWords(api, { type: ["string", "null"] }), "string or null");
    assert.equal(typeWords(api, { type: "array", items: { $ref: "#/components/schemas/Job" } }), "array of Job");
    assert.equal(typeWords(api, { enum: ["a", 1] }), '"a" | 1');
    assert.equal(typeWords(api, undefined), "any");
});

test("fields say which are required", () => {
    const fields = fieldsOf(api, { $ref: "#/components/schemas/Job" });
    assert.deepEqual(fields.map((one) => [one.name, one.required]), [
        ["job_id", true],
        ["name", false],
        ["tags", false],
        ["parent", false],
    ]);
});

test("the line for a shell is quoted", () => {
    const [read, rename, token] = operationsOf(api);
    assert.match(curlLine(read!, "http://h"), /^curl \\\n {2}-H "Authorization: Bearer \$RECTRAIN_TOKEN"/);
    assert.match(curlLine(read!, "http://h"), /http:\/\/h\/api\/v1\/jobs\/42$/);
    assert.ok(curlLine(rename!, "http://h").includes(`-d '{"name":"it'\\''s"}'`));
    assert.equal(curlLine(token!, "http://h"), "curl \\\n  -X POST \\\n  http://h/token");
    assert.equal(shellQuote("a b"), "'a b'");
});

test("a search wants all words, anywhere", () => {
    const all = operationsOf(api);
    assert.equal(search(all, "").length, 3);
    assert.deepEqual(search(all, "JOB rename").map((one) => one.method), ["PATCH"]);
    assert.equal(search(all, "nothing").length, 0);
});

test("groups follow the tags of the document", () => {
    const groups = byTag(api, operationsOf(api));
    assert.deepEqual(groups.map((group) => [group.name, group.operations.length]), [["Jobs", 2], ["Other", 1]]);
});
