// The built site as a whole: what a first visit costs, and that it keeps to the content policy.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const site = process.env.WEB_SITE ?? "";
const read = (path: string) => readFileSync(`${site}/${path}`, "utf8");
const size = (path: string) => readFileSync(`${site}/${path}`).length;
const assets = readdirSync(site).filter((name) => /\.(js|css)$/.test(name));
const pages = readdirSync(`${site}/pages`);
const FIRST_LOAD_BYTES_MAX = 100_000;

/** What a page loads before it can do anything, by its template: links, scripts, preloads. */
function firstLoad(template: string): string[] {
    const found = [...read(template).matchAll(/(?:href|src)="\/assets\/([^"]+)"/g)].map((match) => match[1]!);
    return [...new Set(found)];
}

test("the first load is at most 100 KB, compressed by gzip", (t) => {
    const files = firstLoad("pages/shell.html").filter((name) => /\.(js|css)$/.test(name));
    assert.ok(files.some((name) => name.startsWith("app.")), "the shell loads no script");
    assert.ok(files.some((name) => name.startsWith("style.")), "the shell loads no style");
    const bytes = files.reduce((sum, name) => sum + size(name + ".gz"), 0);
    t.diagnostic(`${bytes} bytes in ${files.length} files`);
    assert.ok(bytes <= FIRST_LOAD_BYTES_MAX, `${bytes} bytes`);
});

test("what the app imports from the start is all preloaded", () => {
    const files = firstLoad("pages/shell.html");
    const entry = files.find((name) => name.startsWith("app."))!;
    for (const match of read(entry).matchAll(/(?:from|import)"\.\/(chunk\.[A-Z0-9]+\.js)"/g))
        assert.ok(files.includes(match[1]!), `${match[1]} is not preloaded`);
});

test("every asset that a template names is there", () => {
    for (const page of pages)
        for (const name of firstLoad("pages/" + page)) assert.ok(size(name) > 0, `${page}: ${name}`);
});

test("templates hold no script, style or handler of their own", () => {
    for (const page of pages) {
        const text = read("pages/" + page);
        assert.doesNotMatch(text, /\sstyle\s*=/i, page);
        assert.doesNotMatch(text, /<style/i, page);
        assert.doesNotMatch(text, /\son[a-z]+\s*=/i, page);
        assert.doesNotMatch(text, /<script(?![^>]*\ssrc=)/i, page);
        assert.doesNotMatch(text, /javascript:/i, page);
    }
});

test("nothing is loaded from another host", () => {
    const names = ["http://www.w3.org/", "http://localhost"]; // names of namespaces, a base for parsing
    for (const file of [...assets, ...pages.map((page) => "pages/" + page)])
        for (const [url] of read(file).matchAll(/\b(?:https?:)?\/\/[a-z0-9][a-z0-9.-]*\.?[a-z0-9-]*\/?/gi)) {
            const is_name = names.some((name) => url.startsWith(name));
            const is_comment = !url.startsWith("http"); // a regular expression or a division
            assert.ok(is_name || is_comment, `${file}: ${url}`);
        }
});

test("styles import nothing and load nothing by address", () => {
    for (const file of assets.filter((name) => name.endsWith(".css"))) {
        assert.doesNotMatch(read(file), /@import/, file);
        assert.doesNotMatch(read(file), /url\((?!['"]?data:)/, file);
    }
});

test("scripts evaluate no text", () => {
    for (const file of assets.filter((name) => name.endsWith(".js")))
        assert.doesNotMatch(read(file), /\beval\(|\bnew Function\b|document\.write\(/, file);
});

test("each file has its compressed variants beside it", () => {
    for (const file of assets)
        for (const ending of [".gz", ".br"]) assert.ok(size(file + ending) > 0, file + ending);
});
