// What becomes of a trained model: its versions are judged, promoted and rolled back, asked for
// recommendations and reasons, and predict for all users; all in the browser, as a new user would.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { api, browse, eventually, jobUntil, SLOW, startJob } from "./browser.mjs";

const room = mkdtempSync(join(tmpdir(), "rectrain-models-"));
test.after(() => rmSync(room, { recursive: true }));

// A version of `name`, trained in a moment. Few factors find less of the planted tastes than many.
async function train(page, name, fields) {
    const { job_id } = await startJob(page, { model_type: "als", data_path: SLOW, model_name: name, ...fields });
    await jobUntil(page, job_id);
    const { models } = await api(page, "GET", `/api/v1/models?name=${name}&limit=1`);
    return models[0];
}

const weak = { iterations: 1, factors: 2 };
const strong = { iterations: 6, factors: 32 };

async function promote(page, model) {
    await page.goto(`/models/${model.model_id}`);
    await page.getByRole("button", { name: "Promote" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/points|champion yet|noise/).first().waitFor();
    return dialog;
}

const aliasesOf = async (page, model) => (await api(page, "GET", `/api/v1/models/${model.model_id}`)).aliases;

browse("train twice, see the verdict, promote, recommend, explain, predict for all, roll back", {}, async (page) => {
    // Two versions of one name, by the form.
    for (const [iterations, factors] of [["4", "8"], ["6", "32"]]) {
        await page.goto("/training/");
        await page.getByRole("radio", { name: /ALS/ }).check();
        await page.getByLabel("Data path").fill(SLOW);
        await page.getByLabel("Iterations").fill(iterations);
        await page.getByLabel("Factors").fill(factors);
        await page.getByLabel("Model name").fill("story");
        await page.getByRole("button", { name: "Start Training" }).click();
        const row = page.getByRole("table").getByRole("row").filter({ hasText: `als · ${factors} × ${iterations}` }).first();
        await row.getByText("Completed").waitFor();
    }

    // The first is promoted: there is no champion yet.
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Models" }).click();
    await page.getByRole("table", { name: "Names" }).getByRole("link", { name: "story" }).click();
    await page.getByRole("heading", { level: 1, name: "story" }).waitFor();
    await page.getByRole("button", { name: "Promote story, version 1" }).click();
    await page.getByRole("dialog").getByText(/no champion yet/i).waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Promote" }).click();
    await page.getByRole("listitem").filter({ hasText: "story@champion" }).getByRole("link", { name: "version 1" }).waitFor();

    // The second is better, and says so.
    await page.getByRole("link", { name: "Version 2", exact: true }).click();
    await page.waitForURL(/\/models\/\d+$/);
    const first = (await api(page, "GET", "/api/v1/models/story:1")).model_id;
    await page.getByRole("region", { name: "Against the champion, story:1" }).getByText(/^Better by [\d.]+ to [\d.]+ points$/).waitFor();
    await page.getByRole("button", { name: "Promote" }).click();
    await page.getByRole("dialog").getByText(/^Better by/).waitFor();
    await page.getByRole("dialog").getByLabel("Reason").fill("More factors find more");
    await page.getByRole("dialog").getByRole("button", { name: "Promote" }).click();
    await page.getByText("This is the champion").waitFor();

    // A user whom it knows: what they did, what they get, and why.
    await page.getByRole("tab", { name: "Try it" }).click();
    await page.locator(".chip").first().click();
    await page.locator(".basis", { hasText: "From what the model learned of this user." }).waitFor();
    assert.equal(await page.locator(".ranked").count(), 40);
    assert.ok((await page.locator(".did li").count()) > 0, "the user's history is not shown");
    await page.locator(".ranked-row").nth(2).click();
    const parts = page.locator(".ranked-open .parts-table");
    await parts.waitFor();
    const figures = (await parts.locator("tbody td.numeric").allInnerTexts()).map(Number);
    const sum = Number(await parts.locator("tfoot td.numeric").innerText());
    assert.ok(Math.abs(figures.reduce((a, b) => a + b, 0) - sum) < 0.0001 * (figures.length + 1), `${figures} do not add up to ${sum}`);

    // One whom it does not know gets the list for everybody, and is told so.
    await page.getByLabel("User", { exact: true }).fill("987654321");
    await page.getByRole("button", { name: "Recommend" }).click();
    await page.locator(".basis", { hasText: "does not know user 987654321" }).waitFor();
    await page.getByText("Nothing that this model knows of.").waitFor();

    // Somebody new, by a history that is pasted in.
    const { items } = await api(page, "GET", `/api/v1/models/${first}/items?limit=3`);
    await page.getByRole("radio", { name: "A history" }).check({ force: true });
    await page.getByRole("textbox", { name: "History" }).fill(`${items[0]}:3\n${items[1]}\nno-such-item`);
    await page.getByRole("button", { name: "Recommend" }).click();
    await page.locator(".basis", { hasText: "From this history, folded in" }).waitFor();
    await page.getByText("1 item of it is not in the model").waitFor();
    await page.getByLabel("Why not another item?").fill(String(items[0]));
    await page.getByRole("button", { name: "Explain" }).click();
    await page.locator(".other-item .reasons-words").waitFor();
    const link = page.url();
    await page.goto(link);
    await page.locator(".basis", { hasText: "From this history, folded in" }).waitFor();

    // A file with the lists of all users.
    await page.getByRole("link", { name: "Predict for many users" }).click();
    await page.waitForURL(/\/predictions\//);
    assert.equal(await page.getByLabel("Model", { exact: true }).inputValue(), "story@champion");
    await page.getByLabel("Format").selectOption("csv");
    await page.getByLabel("Items a user").fill("5");
    await page.getByLabel("Batch name").fill("everybody");
    await page.getByRole("button", { name: "Start the batch" }).click();
    const row = page.getByRole("table", { name: "Batches" }).getByRole("row").filter({ hasText: "everybody" });
    await row.getByText("Completed").waitFor();
    await row.getByRole("link", { name: "everybody" }).click();
    const preview = page.getByRole("region", { name: "First rows of the file" });
    await preview.locator("tbody tr").first().waitFor();
    assert.deepEqual(await preview.locator("thead th").allInnerTexts(), ["cookie", "node", "rank", "score"]);
    assert.equal(await preview.locator("tbody tr").count(), 20);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /^Download/ }).click()]);
    assert.match(download.suggestedFilename(), /^predictions_\d+_\d{8}_\d{6}\.csv$/);
    const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
    assert.equal(lines[0].trim(), "cookie,node,rank,score");
    const seen = new Map();
    for (const line of lines.slice(1)) {
        const user = line.split(",")[0];
        seen.set(user, (seen.get(user) ?? 0) + 1);
    }
    assert.ok(seen.size > 3000 && [...seen.values()].every((count) => count <= 5), `${seen.size} users`);

    // Back to the version before; the history tells all of it.
    await page.goto("/models/?name=story");
    await page.getByRole("button", { name: "Back to version 1" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Undo the move" }).click();
    await page.getByRole("listitem").filter({ hasText: "story@champion" }).getByRole("link", { name: "version 1" }).waitFor();
    const history = page.locator(".moves");
    await history.getByText("rolled back from version 2 to version 1").waitFor();
    await history.getByText("More factors find more").waitFor();
    await history.getByLabel("Which version was champion on").fill(new Date().toISOString().slice(0, 10));
    await history.locator(".on-day-words").getByText("Version 1").waitFor();
    assert.match(page.url(), /[?&]on=\d{4}-\d{2}-\d{2}/);
    const { items: now } = await api(page, "GET", "/api/v1/models/story@champion/recommend?user=1&k=1");
    assert.equal(now.length, 1);
});

browse("a page of models follows what others do to its aliases", {}, async (page) => {
    const model = await train(page, "followed", weak);
    await page.goto("/models/?name=followed");
    await page.getByRole("heading", { level: 1, name: "followed" }).waitFor();
    await eventually(async () => (await page.getByRole("listitem").filter({ hasText: "followed@" }).count()) === 0);
    await api(page, "PUT", "/api/v1/registry/followed/aliases/shown", { model_id: model.model_id, reason: "by a script" });
    await page.getByRole("listitem").filter({ hasText: "followed@shown" }).getByRole("link", { name: "version 1" }).waitFor();
    await page.locator(".moves").getByText("by a script").waitFor();
    await page.getByRole("link", { name: "Try it with followed@shown" }).click();
    await page.waitForURL(/\/models\/\d+\?tab=try$/);
});

browse("the gate refuses what is worse, until somebody says why", {}, async (page) => {
    const good = await train(page, "gated", strong);
    const worse = await train(page, "gated", weak);
    await (await promote(page, good)).getByRole("button", { name: "Promote" }).click();
    await page.getByText("This is the champion").waitFor();

    const dialog = await promote(page, worse);
    await dialog.getByText(/^Worse by/).waitFor();
    await dialog.getByRole("button", { name: "Promote all the same" }).click();
    await dialog.getByText("The gate says no.").waitFor();
    await dialog.getByLabel("Promote it all the same").check();
    await dialog.getByRole("button", { name: "Promote all the same" }).click();
    await dialog.getByText("Say why").waitFor();
    assert.deepEqual(await aliasesOf(page, worse), []);
    await dialog.getByLabel("Reason").fill("The shop asked for it");
    await dialog.getByRole("button", { name: "Promote all the same" }).click();
    await page.getByText("This is the champion").waitFor();

    await page.getByRole("tab", { name: "History" }).click();
    const move = page.locator(".moves li").first();
    await move.getByText("against the gate").waitFor();
    await move.getByText("The shop asked for it").waitFor();
    await move.getByText("Worse by").waitFor();
    await page.getByRole("button", { name: `Roll back to version ${good.version}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Undo the move" }).click();
    await page.getByRole("button", { name: "Promote" }).waitFor();
    assert.deepEqual(await aliasesOf(page, good), ["champion"]);
});

browse("a gate that is off asks for nothing, and a margin is kept", {}, async (page) => {
    const good = await train(page, "open", strong);
    const worse = await train(page, "open", weak);
    await api(page, "PUT", "/api/v1/registry/open/aliases/champion", { model_id: good.model_id });
    await page.goto("/models/?name=open");
    await page.getByRole("button", { name: "Change the gate" }).click();
    await page.getByRole("dialog").getByLabel("Margin").fill("0.5");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("by 0.5 points").waitFor();
    assert.equal((await api(page, "GET", "/api/v1/registry/open")).margin, 0.005);
    await page.getByRole("button", { name: "Change the gate" }).click();
    await page.getByRole("dialog").getByLabel("The gate is on").uncheck();
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("The gate is off").first().waitFor();
    const dialog = await promote(page, worse);
    await dialog.getByText("The gate of open is off").waitFor();
    await dialog.getByRole("button", { name: "Promote" }).click();
    await page.getByText("This is the champion").waitFor();
});

browse("two versions side by side for one user show what moved", {}, async (page) => {
    const one = await train(page, "sides", weak);
    const two = await train(page, "sides", strong);
    await page.goto(`/models/${two.model_id}?tab=compare`);
    await page.getByLabel("Beside it").waitFor();
    assert.equal(await page.getByLabel("Beside it").inputValue(), String(one.model_id));
    await page.locator(".chip").first().click();
    await page.getByText(/items are in both lists/).waitFor();
    assert.equal(await page.locator(".side-list").count(), 2);
    assert.equal(await page.locator(".side-list").first().locator(".side-item").count(), 40);
    const both = Number((await page.locator(".side-words strong").innerText()).split(" ")[0]);
    assert.equal(await page.locator(".side-line").count(), both);
    assert.equal(await page.locator(".side-change-new").count(), 40 - both);
    assert.equal(await page.locator(".side-change-gone").count(), 40 - both);
});

browse("note, tags and name of a version are edited; what an alias points at is not deleted", {}, async (page, { ignore }) => {
    ignore(/409/);
    const model = await train(page, "edited", weak);
    await page.goto(`/models/${model.model_id}`);
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByRole("dialog").getByLabel("Note").fill("The small one");
    await page.getByRole("dialog").getByLabel("Tags").fill("spring, small");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("The small one").waitFor();
    await page.getByRole("link", { name: "Versions tagged spring" }).click();
    await page.getByRole("heading", { name: "Versions tagged “spring”" }).waitFor();
    await page.getByRole("link", { name: "edited, version 1", exact: true }).click();

    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Not A Name");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").getByText("Begin with a small letter").waitFor();
    await page.getByRole("dialog").getByLabel("Name").fill("renamed");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: "renamed, version 1" }).waitFor();

    await api(page, "PUT", "/api/v1/registry/renamed/aliases/candidate", { model_id: model.model_id });
    await page.reload();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("could not be deleted").waitFor();
    await page.goto("/models/?name=renamed");
    await page.getByRole("button", { name: "Remove the alias candidate" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("No alias yet").waitFor();
    await page.goto(`/models/${model.model_id}`);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await eventually(async () => (await page.request.get(`/api/v1/models/${model.model_id}`)).status() === 404, "it is gone");
});

browse("a model is exported in three forms, and imported again under another name", {}, async (page, { ignore }) => {
    ignore(/422/);
    const model = await train(page, "exported", weak);
    await page.goto(`/models/${model.model_id}`);
    const files = {};
    for (const [item, ending] of [["Model file (.pkl)", "pkl"], ["For implicit (.npz)", "npz"], ["safetensors", "safetensors"]]) {
        await page.getByRole("button", { name: "Download" }).click();
        const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: item }).click()]);
        assert.match(download.suggestedFilename(), new RegExp(`\\.${ending}$`));
        files[ending] = await download.path();
    }
    assert.equal(readFileSync(files.npz).subarray(0, 2).toString(), "PK");

    const bytes = readFileSync(files.pkl);
    const whole = join(room, "whole.pkl");
    const damaged = join(room, "damaged.pkl");
    writeFileSync(whole, bytes);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(damaged, bytes);
    await page.goto("/models/");
    await page.getByRole("button", { name: "Import" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Import" }).click();
    await dialog.getByText("Choose a model file").waitFor();
    await dialog.getByLabel("Model file").setInputFiles(damaged);
    await dialog.getByLabel("Name", { exact: false }).fill("brought");
    await dialog.getByRole("button", { name: "Import" }).click();
    await dialog.getByRole("alert").waitFor();
    assert.equal((await page.request.get("/api/v1/registry/brought")).status(), 404);
    await dialog.getByLabel("Model file").setInputFiles(whole);
    await dialog.getByLabel("Note").fill("from the other machine");
    const hits = join(room, "other.hits.json");
    writeFileSync(hits, "{}");
    await dialog.getByLabel("Hits file").setInputFiles(hits);
    await dialog.getByRole("button", { name: "Import" }).click();
    await page.getByRole("heading", { level: 1, name: "brought, version 1" }).waitFor();
    await page.getByText(/was imported without its hits: .*no file of hits/).waitFor();
    await page.getByText("from the other machine").waitFor();
    await page.getByRole("tab", { name: "Try it" }).click();
    await page.locator(".chip").first().click();
    await page.locator(".basis", { hasText: "From what the model learned of this user." }).waitFor();
});

browse("a batch for a pasted list; one is cancelled, retried and deleted", {}, async (page, { ignore }) => {
    ignore(/4\d\d/);
    const model = await train(page, "listed", strong);
    await page.goto(`/predictions/?model=${model.ref}`);
    await page.getByRole("radio", { name: /A list/ }).check();
    await page.getByRole("button", { name: "Start the batch" }).click();
    const ids = page.getByLabel("User ids");
    await eventually(async () => (await ids.getAttribute("aria-invalid")) === "true", "the field is marked");
    assert.ok(await ids.evaluate((field) => field === document.activeElement), "the focus is elsewhere");
    const { users } = await api(page, "GET", `/api/v1/models/${model.model_id}/users?limit=3`);
    await ids.fill(users.join(", "));
    await page.getByLabel("Items a user").fill("4");
    await page.getByLabel("Batch name").fill("a few");
    await page.getByRole("button", { name: "Start the batch" }).click();
    const row = page.getByRole("row").filter({ hasText: "a few" });
    await row.getByText("Completed").waitFor();
    assert.match(await row.innerText(), /\b12\b/);

    await row.getByRole("button", { name: "Actions for a few" }).click();
    await page.getByRole("menuitem", { name: "Retry" }).click();
    await eventually(async () => (await page.getByRole("row").filter({ hasText: "a few" }).count()) === 2, "it is there twice");
    await eventually(async () => (await page.getByRole("row").filter({ hasText: "Completed" }).count()) === 2, "both are completed");
    await page.getByRole("row").filter({ hasText: "a few" }).first().getByRole("link", { name: "a few" }).click();
    await page.getByRole("heading", { level: 1, name: "a few" }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(/\/predictions\/$/);
    await eventually(async () => (await page.getByRole("row").filter({ hasText: "a few" }).count()) === 1, "one is left");
});

browse("a batch on a file that is not there is told beside the field", {}, async (page, { ignore }) => {
    ignore(/4\d\d/);
    const model = await train(page, "filed", weak);
    await page.goto(`/predictions/?model=${model.ref}`);
    await page.getByRole("radio", { name: /A list/ }).check();
    await page.getByText("A file", { exact: true }).click();
    const path = page.getByRole("combobox", { name: "Path of the file" });
    await path.fill(`${SLOW}/no-such-file.csv`);
    await page.getByRole("button", { name: "Start the batch" }).click();
    await eventually(async () => (await path.getAttribute("aria-invalid")) === "true", "the field is marked");

    // One that is there is picked from what the server knows.
    const list = join(SLOW, "some_users.csv");
    writeFileSync(list, "cookie\n1\n2\n3\n");
    await path.fill("");
    await path.press("Escape");
    await page.getByRole("button", { name: "Known files" }).click();
    await page.getByRole("option", { name: /some_users\.csv/ }).click();
    assert.equal(await path.inputValue(), list);
    await page.getByLabel("Batch name").fill("picked");
    await page.getByRole("button", { name: "Start the batch" }).click();
    await page.getByRole("table", { name: "Batches" }).getByRole("row").filter({ hasText: "picked" }).getByText("Completed").waitFor();
    rmSync(list);
});

browse("the page of a job leads to its version, and another name's page says what is not there", {}, async (page, { ignore }) => {
    ignore(/404/);
    const model = await train(page, "linked", weak);
    await page.goto(`/training/${model.job_id}`);
    await page.getByRole("link", { name: "Model version" }).click();
    await page.getByRole("heading", { level: 1, name: "linked, version 1" }).waitFor();
    await page.goto("/models/?name=nobody");
    await page.getByText("There is no model of this name").waitFor();
    await page.goto("/models/999999");
    await page.getByText(/no such version|nothing here/i).first().waitFor();
});
