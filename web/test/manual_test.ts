import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { blocksOf, codesOf, inlineOf } from "../src/pages/docs/manual";

test("headings, paragraphs and tables are told apart", () => {
    const blocks = blocksOf("# Title\n\nOne line\nand its end.\n\n## Part\n| a | b |\n|---|---|\n| `x` | y |\n");
    assert.deepEqual(blocks, [
        { kind: "heading", level: 1, text: "Title" },
        { kind: "paragraph", text: "One line and its end." },
        { kind: "heading", level: 2, text: "Part" },
        { kind: "table", header: ["a", "b"], rows: [["`x`", "y"]] },
    ]);
});

test("a bar within code, or after a backslash, parts no cells", () => {
    const [table] = blocksOf("| a | b |\n|---|---|\n| `x|y` | p\\|q |");
    assert.deepEqual(table, { kind: "table", header: ["a", "b"], rows: [["`x|y`", "p|q"]] });
});

test("code, links and emphasis are found in a line, also code with backticks in it", () => {
    assert.deepEqual(inlineOf("see [data.md](data.md), *now*: `a` or ``b `c` d``."), [
        { text: "see " },
        { text: "data.md", href: "data.md" },
        { text: ", " },
        { text: "now" },
        { text: ": " },
        { text: "a", code: true },
        { text: " or " },
        { text: "b `c` d", code: true },
        { text: "." },
    ]);
});

test("the codes of an entry are those words that a program tells", () => {
    assert.deepEqual(codesOf("`open_failed`, `read_failed`"), ["open_failed", "read_failed"]);
    assert.deepEqual(codesOf("(none)"), []);
});

test("the manual itself is understood: every row of it has a code or says that it has none", () => {
    const text = readFileSync(`${process.env.RECTRAIN_SOURCE}/docs/troubleshooting.md`, "utf8");
    const rows = blocksOf(text).flatMap((block) => (block.kind === "table" ? block.rows : []));
    assert.ok(rows.length > 40, `${rows.length} rows`);
    for (const row of rows) {
        assert.ok(row.length > 1, row.join());
        assert.ok(codesOf(row[0]!).length > 0 || row[0]!.startsWith("("), row[0]);
    }
});
