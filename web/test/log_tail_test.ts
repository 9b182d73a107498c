import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { LogTail, type LogText, TAIL_BYTES, TEXT_MAX } from "../src/pages/details/log_tail";

let log = new Uint8Array();
let asked: string[] = [];
let ranges = true; // whether the server knows of them
let broken = false;

/** A server that has `log` and answers ranges as HTTP says. */
globalThis.fetch = async (_, init) => {
    const range = new Headers(init?.headers).get("Range") ?? "";
    asked.push(range);
    if (broken) return new Response("{}", { status: 500 });
    if (!ranges) return new Response(log, { status: 200 });
    const suffix = /^bytes=-(\d+)$/.exec(range);
    const start = suffix ? Math.max(0, log.length - Number(suffix[1])) : Number(/^bytes=(\d+)-$/.exec(range)![1]);
    if (start >= log.length) return new Response("{}", { status: 416 });
    const headers = { "Content-Range": `bytes ${start}-${log.length - 1}/${log.length}` };
    return new Response(log.subarray(start), { status: 206, headers });
};

const bytes = (text: string) => new TextEncoder().encode(text);
const append = (more: Uint8Array) => (log = new Uint8Array([...log, ...more]));

/** Reads until nothing more is asked for; returns what the page was told last. */
async function settled(act: (tail: LogTail) => void, tail: LogTail, seen: { last: LogText | null }): Promise<LogText> {
    act(tail);
    for (let quiet = 0, before = -1; quiet < 3; quiet = asked.length === before ? quiet + 1 : 0) {
        before = asked.length;
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return seen.last!;
}

function start() {
    const seen: { last: LogText | null } = { last: null };
    const tail = new LogTail(7, (view) => (seen.last = view));
    return { tail, seen, after: (act: (tail: LogTail) => void) => settled(act, tail, seen) };
}

beforeEach(() => {
    log = new Uint8Array();
    asked = [];
    ranges = true;
    broken = false;
});

test("a short log is read whole, and only what is new afterwards", async () => {
    log = bytes("one\n");
    const { after } = start();
    assert.equal((await after((tail) => tail.read())).text, "one\n");
    append(bytes("two\n"));
    const view = await after((tail) => tail.grow(log.length));
    assert.equal(view.text, "one\ntwo\n");
    assert.equal(view.starts_at, 0);
    assert.deepEqual(asked, [`bytes=-${TAIL_BYTES}`, "bytes=4-"]);
});

test("a size that is known already asks for nothing", async () => {
    log = bytes("one\n");
    const { after } = start();
    await after((tail) => tail.read());
    await after((tail) => tail.grow(4));
    assert.equal(asked.length, 1);
});

test("of a long log the end is read, from a whole line on", async () => {
    log = bytes("x".repeat(99) + "\n" + ("y".repeat(99) + "\n").repeat(TAIL_BYTES / 100 + 10));
    const view = await start().after((tail) => tail.read());
    assert.ok(view.starts_at > 0);
    assert.ok(view.text.startsWith("y".repeat(99) + "\n"));
    assert.ok(view.text.length <= TAIL_BYTES);
});

test("a letter of several bytes that is cut by a range is put together", async () => {
    const whole = bytes("für\n");
    log = whole.subarray(0, 2); // within ü
    const { after } = start();
    assert.equal((await after((tail) => tail.read())).text, "f");
    append(whole.subarray(2));
    assert.equal((await after((tail) => tail.grow(log.length))).text, "für\n");
});

test("an empty log is no error, and is read when it begins", async () => {
    const { after } = start();
    const view = await after((tail) => tail.read());
    assert.equal(view.error, null);
    assert.equal(view.text, "");
    log = bytes("first\n");
    assert.equal((await after((tail) => tail.grow(6))).text, "first\n");
});

test("growth during a read is not missed", async () => {
    log = bytes("one\n");
    const { after } = start();
    const view = await after((tail) => {
        tail.read();
        append(bytes("two\n"));
        tail.grow(8);
    });
    assert.equal(view.text, "one\ntwo\n");
});

test("a server without ranges is understood", async () => {
    ranges = false;
    log = bytes("one\n");
    const { after } = start();
    await after((tail) => tail.read());
    append(bytes("two\n"));
    assert.equal((await after((tail) => tail.grow(8))).text, "one\ntwo\n");
});

test("a fault is told, and what was read stays", async () => {
    log = bytes("one\n");
    const { after } = start();
    await after((tail) => tail.read());
    broken = true;
    append(bytes("two\n"));
    const view = await after((tail) => tail.grow(8));
    assert.equal(view.error!.status, 500);
    assert.equal(view.text, "one\n");
    broken = false;
    assert.equal((await after((tail) => tail.read())).text, "one\ntwo\n");
});

test("what is kept has a limit", async () => {
    log = bytes("start\n");
    const { after } = start();
    await after((tail) => tail.read());
    append(bytes(("z".repeat(999) + "\n").repeat(TEXT_MAX / 1000 + 5)));
    const view = await after((tail) => tail.grow(log.length));
    assert.ok(view.text.length <= TEXT_MAX);
    assert.ok(view.text.startsWith("z"));
    assert.ok(view.starts_at > 0);
});
