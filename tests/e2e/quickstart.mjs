// The Quick Start of the brief, word by word, in a browser: log in, start ALS, watch it live, open
// Details, read the metrics, download the model and open it in Python.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { BASE, browse, DATA, EMAIL, eventually, logIn, PASSWORD, SLOW } from "./browser.mjs";

browse("the first page asks for a login, and leads on to where one wanted to go", { login: false }, async (page) => {
    await page.goto("/");
    assert.match(page.url(), /\/auth\/login/);
    await page.goto("/models/");
    assert.match(page.url(), /\/auth\/login\?next=/);
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL("**/models/");
});

browse("a wrong password is told on the form, which keeps the address", { login: false }, async (page, { ignore }) => {
    ignore(/401/);
    await page.goto("/auth/login");
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password", { exact: true }).fill("not this");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("Incorrect Email or Password").waitFor();
    assert.equal(await page.getByLabel("Email").inputValue(), EMAIL);
});

browse("test@example.com logs in, clicks Model Training and starts ALS, which completes live", {}, async (page) => {
    await page.goto("/models/");
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Model Training" }).click();
    await page.getByRole("heading", { level: 1, name: "Model Training" }).waitFor();
    await page.getByRole("radio", { name: /ALS/ }).check();
    await page.getByLabel("Data path").fill(SLOW);
    await page.getByLabel("Iterations").fill("15");
    await page.getByLabel("Factors").fill("32");
    await page.evaluate(() => {
        window.stayedHere = true;
        window.wordsSeen = new Set();
        const look = () => document.querySelectorAll(".status").forEach((chip) => window.wordsSeen.add(chip.textContent.trim()));
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.getByRole("button", { name: "Start Training" }).click();
    const row = page.getByRole("table").getByRole("row").filter({ hasText: "als" }).first();
    await row.getByText("Completed").waitFor();
    assert.ok(await page.evaluate(() => window.stayedHere), "the page was loaded anew");
    const seen = await page.evaluate(() => [...window.wordsSeen]);
    assert.ok(seen.includes("Training"), `the row never said Training, only ${seen}`);

    await row.getByRole("link", { name: "Details" }).click();
    await page.waitForURL(/\/training\/\d+/);
    for (const name of ["Recall@40", "Precision@40", "F1@40"]) {
        const tile = page.locator(".tile").filter({ hasText: name });
        assert.match(await tile.innerText(), /\d+\.\d+ ?%|0\.\d+/, `${name} has no figure`);
    }
    const id = page.url().match(/training\/(\d+)/)[1];
    await page.getByText(new RegExp(`als_model_${id}_\\d{8}_\\d{6}\\.pkl`)).first().waitFor();

    const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: /^Download/ }).first().click(),
    ]);
    assert.match(download.suggestedFilename(), new RegExp(`^als_model_${id}_.*\\.pkl$`));
    const shape = execFileSync(process.env.PYTHON ?? "/usr/bin/python3", ["-c",
        "import pickle, sys; m = pickle.load(open(sys.argv[1], 'rb')); print(m['model']['type'], m['model']['item_factors'].shape[1])",
        await download.path()], { encoding: "utf8" });
    assert.equal(shape.trim(), "als 32");
});

browse("popular is started with two clicks and needs no other field", {}, async (page) => {
    await page.goto("/training/");
    await page.getByRole("radio", { name: /Popular/ }).check();
    assert.equal(await page.getByLabel("Iterations").count(), 0);
    await page.getByLabel("Data path").fill(DATA);
    await page.getByRole("button", { name: "Start Training" }).click();
    const row = page.getByRole("row").filter({ hasText: "popular" }).first();
    await row.getByText("Completed").waitFor();
});

browse("Check data answers in place, with figures or with the fault", {}, async (page, { ignore }) => {
    ignore(/422/);
    await page.goto("/training/");
    await page.getByLabel("Data path").fill(DATA);
    await page.getByRole("button", { name: "Check data" }).click();
    await page.getByText(/20,000/).first().waitFor();
    await page.getByLabel("Data path").fill(`${DATA}-nowhere`);
    await page.getByRole("button", { name: "Check data" }).click();
    await page.getByText(/does not exist/).first().waitFor();
});

browse("a wrong field is told beside it, and the focus goes there", {}, async (page, { ignore }) => {
    ignore(/4\d\d/);
    await page.goto("/training/");
    await page.getByRole("radio", { name: /ALS/ }).check();
    await page.getByLabel("Data path").fill("/somewhere/else");
    await page.getByRole("button", { name: "Start Training" }).click();
    const path = page.getByLabel("Data path");
    await eventually(async () => (await path.getAttribute("aria-invalid")) === "true", "the field is marked");
    assert.ok(await path.evaluate((field) => field === document.activeElement), "the focus is elsewhere");
    const said = await path.getAttribute("aria-describedby");
    const texts = await Promise.all(said.split(" ").map((id) => page.locator(`[id="${id}"]`).innerText()));
    assert.match(texts.join(" "), /somewhere\/else|outside|not (in|below|under)/i);
});

test("the address of the server stands in no page", async () => {
    const page = await (await fetch(`${BASE}/auth/login`)).text();
    assert.ok(!page.includes("127.0.0.1"), "links are to be relative");
});

browse("logging out ends it", {}, async (page, { context }) => {
    await page.goto("/training/");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL(/\/auth\/login/);
    await page.goto("/training/");
    assert.match(page.url(), /\/auth\/login/);
    assert.equal((await context.cookies()).filter((one) => one.name.endsWith("access_token") && one.value).length, 0);
    await logIn(page);
});
