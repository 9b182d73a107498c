import assert from "node:assert/strict";
import { test } from "node:test";
import { HIDDEN_MS, Live, OPEN_TIMEOUT_MS, POLL_MS, RETRY_MS, type LiveEnvironment } from "../src/lib/live";
import type { Job, JobPage } from "../src/lib/types";

/** A browser whose time and streams the test moves. */
class World {
    now = 0;
    streams: FakeStream[] = [];
    polls: (string | null)[] = [];
    answer: () => Promise<{ etag: string | null; page: JobPage | null }> = async () => ({ etag: "1", page: page([]) });
    private timers: { id: number; at: number; run: () => void }[] = [];
    private next_id = 1;

    environment: LiveEnvironment = {
        open: (url) => {
            const stream = new FakeStream(url);
            this.streams.push(stream);
            return stream as unknown as EventSource;
        },
        poll: (etag) => {
            this.polls.push(etag);
            return this.answer();
        },
        setTimeout: (run, ms) => {
            this.timers.push({ id: this.next_id, at: this.now + ms, run });
            return this.next_id++;
        },
        clearTimeout: (id) => {
            this.timers = this.timers.filter((timer) => timer.id !== id);
        },
    };

    async pass(ms: number): Promise<void> {
        const end = this.now + ms;
        for (;;) {
            const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
            if (!due) break;
            this.now = due.at;
            this.timers = this.timers.filter((timer) => timer !== due);
            due.run();
            await settle();
        }
        this.now = end;
    }

    get stream(): FakeStream {
        return this.streams[this.streams.length - 1]!;
    }
}

class FakeStream {
    readyState = 0;
    onopen: (() => void) | null = null;
    onerror: (() => void) | null = null;
    closed = false;
    private listeners: Record<string, (event: unknown) => void> = {};
    constructor(readonly url: string) {}
    addEventListener(type: string, listener: (event: unknown) => void) {
        this.listeners[type] = listener;
    }
    close() {
        this.closed = true;
    }
    open() {
        this.readyState = 1;
        this.onopen?.();
    }
    fail(readyState: 0 | 2) {
        this.readyState = readyState;
        this.onerror?.();
    }
    send(type: string, data: unknown, lastEventId = "") {
        this.listeners[type]?.({ data: JSON.stringify(data), lastEventId });
    }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const job = (job_id: number, progress = 0) => ({ job_id, progress }) as Job;
const page = (jobs: Job[], total = jobs.length): JobPage => ({ jobs, next: null, total });

function start() {
    const world = new World();
    const live = new Live(world.environment);
    const heard: string[] = [];
    live.subscribe("job", (j) => heard.push(`job ${j.job_id} ${j.progress}`));
    live.subscribe("job_removed", (e) => heard.push(`removed ${e.job_id}`));
    live.subscribe("prediction", (one) => heard.push(`prediction ${one.prediction_id} ${one.progress}`));
    live.subscribe("prediction_removed", (e) => heard.push(`prediction removed ${e.prediction_id}`));
    live.subscribe("alias", (move) => heard.push(`${move.name}@${move.alias} at ${move.to_version}`));
    live.subscribe("reset", () => heard.push("reset"));
    live.subscribe("poll", () => heard.push("poll"));
    live.start();
    return { world, live, heard };
}

test("events of the stream reach those who asked for them", () => {
    const { world, live, heard } = start();
    world.stream.open();
    assert.equal(live.connection.value, "live");
    world.stream.send("job", job(3, 0.5), "7-1");
    world.stream.send("job_removed", { job_id: 3 }, "7-2");
    world.stream.send("prediction", { prediction_id: 4, progress: 0.25 }, "7-3");
    world.stream.send("prediction_removed", { prediction_id: 4 }, "7-4");
    world.stream.send("alias", { name: "homepage", alias: "champion", to_version: 2 }, "7-5");
    world.stream.send("reset", {});
    assert.deepEqual(heard, ["job 3 0.5", "removed 3", "prediction 4 0.25", "prediction removed 4", "homepage@champion at 2", "reset"]);
});

test("an event that is no JSON does not end the others", (t) => {
    t.mock.method(console, "error", () => undefined);
    const { world, heard } = start();
    world.stream.open();
    (world.stream as unknown as { listeners: Record<string, (e: unknown) => void> }).listeners.job!({ data: "{", lastEventId: "" });
    world.stream.send("job", job(1));
    assert.deepEqual(heard, ["job 1 0"]);
});

test("a stream that does not open in time is replaced by polling", async () => {
    const { world, live, heard } = start();
    world.answer = async () => ({ etag: "a", page: page([job(1), job(2)]) });
    await world.pass(OPEN_TIMEOUT_MS - 1);
    assert.equal(live.connection.value, "connecting");
    await world.pass(1);
    assert.equal(live.connection.value, "polling");
    assert.equal(world.stream.closed, true);
    assert.deepEqual(heard, ["job 1 0", "job 2 0", "reset", "poll"]);
});

test("a refused stream is replaced by polling at once", async () => {
    const { world, live } = start();
    world.stream.fail(2);
    await settle();
    assert.equal(live.connection.value, "polling");
    assert.equal(world.polls.length, 1);
});

test("a stream that fails again and again within the time is replaced by polling too", async () => {
    const { world, live } = start();
    for (let i = 0; i < 5; i++) {
        world.stream.fail(0);
        await world.pass(OPEN_TIMEOUT_MS / 4);
    }
    assert.equal(live.connection.value, "polling");
});

test("polling sends the ETag back and tells only what has changed", async () => {
    const { world, heard } = start();
    world.answer = async () => ({ etag: "a", page: page([job(1), job(2)]) });
    world.stream.fail(2);
    await settle();
    heard.length = 0;
    world.answer = async () => ({ etag: "a", page: null });
    await world.pass(POLL_MS);
    assert.deepEqual(heard, ["poll"]);
    heard.length = 0;
    world.answer = async () => ({ etag: "b", page: page([job(2, 0.4), job(1)]) });
    await world.pass(POLL_MS);
    assert.deepEqual(heard, ["job 2 0.4", "poll"]);
    assert.deepEqual(world.polls, [null, "a", "a"]);
});

test("a job that is gone while polling makes the pages load anew", async () => {
    const { world, heard } = start();
    world.answer = async () => ({ etag: "a", page: page([job(1), job(2)]) });
    world.stream.fail(2);
    await settle();
    heard.length = 0;
    world.answer = async () => ({ etag: "b", page: page([job(1)]) });
    await world.pass(POLL_MS);
    assert.deepEqual(heard, ["reset", "poll"]);
});

test("polling goes on after an error of the network", async () => {
    const { world, heard } = start();
    world.answer = async () => {
        throw new Error("down");
    };
    world.stream.fail(2);
    await settle();
    world.answer = async () => ({ etag: "a", page: page([job(5)]) });
    await world.pass(POLL_MS);
    assert.deepEqual(heard, ["job 5 0", "reset", "poll"]);
});

test("the stream is tried again while polling, and takes over when it opens", async () => {
    const { world, live } = start();
    world.stream.fail(2);
    await settle();
    await world.pass(RETRY_MS);
    assert.equal(world.streams.length, 2);
    assert.equal(live.connection.value, "polling");
    world.stream.open();
    assert.equal(live.connection.value, "live");
    const polls = world.polls.length;
    await world.pass(10 * POLL_MS);
    assert.equal(world.polls.length, polls);
});

test("a cut that heals in time needs no polling", async () => {
    const { world, live } = start();
    world.stream.open();
    world.stream.fail(0);
    assert.equal(live.connection.value, "connecting");
    await world.pass(2000);
    world.stream.open();
    await world.pass(OPEN_TIMEOUT_MS);
    assert.equal(live.connection.value, "live");
    assert.equal(world.polls.length, 0);
});

test("a hidden tab closes its stream, and goes on where it was", async () => {
    const { world, live } = start();
    world.stream.open();
    world.stream.send("job", job(1), "7-41");
    live.setHidden(true);
    await world.pass(HIDDEN_MS);
    assert.equal(live.connection.value, "paused");
    assert.equal(world.stream.closed, true);
    live.setHidden(false);
    assert.equal(world.streams.length, 2);
    assert.equal(world.stream.url, "/api/v1/events?last_event_id=7-41");
});

test("a glance at another tab closes nothing", async () => {
    const { world, live } = start();
    world.stream.open();
    live.setHidden(true);
    await world.pass(HIDDEN_MS - 1);
    live.setHidden(false);
    await world.pass(HIDDEN_MS);
    assert.equal(live.connection.value, "live");
    assert.equal(world.streams.length, 1);
});

test("a stream that comes back without a place to go on from says so", async () => {
    const { world, live, heard } = start();
    world.stream.open();
    live.stop();
    live.start();
    world.stream.open();
    assert.deepEqual(heard, ["reset"]);
});
