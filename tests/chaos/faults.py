"""The faults: each a function of the run that breaks one thing, and returns what it hit, or None
where there was nothing to hit in time. What was broken is mended by the fault itself or by
Run.mend(), as a process manager would."""

import os
import signal
import time
from pathlib import Path

from processes import children_of, is_alive

ACTIVE = ("loading_data", "preprocessing", "training")


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def child_of(slot):
    return next((pid for pid in children_of(slot) if b"child" in command_line(pid)), None)


def slot_of(owner):
    """The pid in a worker's name, host:pid:…"""
    return int(owner.split(":")[1])


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def working(run, status=None):
    """(job, status, slot) of a job that a worker has now; by the owner's name, host:pid:…"""
    rows = run.query("SELECT job_id, status, owner FROM jobs WHERE lease_until_ms > 0 "
                     "AND name LIKE 'load-%' ORDER BY job_id")
    for job_id, now, owner in rows:
        if status in (None, now) and owner:
            slot = slot_of(owner)
            if is_alive(slot):
                return int(job_id), now, slot
    return None


def found(run, look, status):
    """What look(status) finds; where a busy machine lets a short status slip by, in any."""
    return run.wait_for(lambda: look(status), 12) or run.wait_for(lambda: look(None))


def kill_worker(run, status):
    hit = found(run, lambda now: working(run, now), status)
    return hit and kill(hit[2]) and {"job_id": hit[0], "status": hit[1]}


def kill_child(run, status):
    def with_child(now):
        hit = working(run, now)
        child = hit and child_of(hit[2])
        return child and (*hit, child)
    hit = found(run, with_child, status)
    return hit and kill(hit[3]) and {"job_id": hit[0], "status": hit[1]}


def kill_supervisor(run):
    """The process that started the workers, in the middle of a job: they die with it."""
    hit = run.wait_for(lambda: working(run))
    root = run.roots()[0]
    root.kill()
    return {"job_id": hit and hit[0], "process": root.name}


def stop_worker(run):
    """SIGTERM to a worker that has a job: it finishes or gives it back, without an attempt."""
    hit = run.wait_for(lambda: working(run))
    return hit and kill(hit[2], signal.SIGTERM) and {"job_id": hit[0], "status": hit[1]}


def freeze_worker(run):
    """SIGSTOP past the lease, so that another has the job by then, and SIGCONT: what the first one
    writes now must be refused."""
    job_id = run.load.submit(run.tokens[0], run.new_name("frozen"), {
        "model_type": "als", "data_path": run.load.data["medium"], "iterations": 100,
        "factors": 32})
    of_job = f"SELECT epoch, owner FROM jobs WHERE job_id = {job_id} AND status = 'training'"
    rows = run.wait_for(lambda: run.query(of_job))
    if not rows or not kill(slot_of(rows[0][1]), signal.SIGSTOP):
        return None
    epoch, owner = rows[0]
    try:
        taken = run.wait_for(lambda: run.query(
            f"SELECT 1 FROM jobs WHERE job_id = {job_id} AND epoch > {epoch}"), 60)
    finally:
        kill(slot_of(owner), signal.SIGCONT)
    return {"job_id": job_id, "taken_over": bool(taken)} if taken else None


def kill_server(run):
    """kill -9 while posts are under way; its own workers die with it."""
    run.stack.server.kill()
    return {"process": run.stack.server.name}


def stop_server(run):
    status = run.stack.server.stop(signal.SIGTERM, 40)
    if status != 0:
        run.history.add("answer", path="SIGTERM to the server", status=status)
    return {"process": run.stack.server.name, "status": status}


def kill_broker(run):
    run.stack.rabbitmq.kill()
    time.sleep(run.rng.uniform(0, 3))
    run.stack.rabbitmq.start()
    return {}


def stop_database(run):
    run.stack.postgres.stop_immediately()
    time.sleep(run.rng.uniform(0, 3))
    run.stack.postgres.start()
    return {}


def stop_both(run):
    run.stack.postgres.stop_immediately()
    run.stack.rabbitmq.kill()
    run.stack.postgres.start()
    run.stack.rabbitmq.start()
    return {}


def cancel(run, status):
    """Ask a job of this status to stop; it must have ended within seconds."""
    rows = found(run, lambda now: run.query(
        "SELECT job_id, user_id FROM jobs WHERE " + (
            f"status = '{now}'" if now else "status NOT IN ('completed', 'failed')") +
        " AND name LIKE 'load-%' ORDER BY job_id DESC LIMIT 1"), status)
    if not rows:
        return None
    job_id, user_id = map(int, rows[0])
    heard = run.load.cancel(run.token_of[user_id], job_id)
    started = time.monotonic()
    ended = run.wait_for(lambda: run.query(
        f"SELECT status FROM jobs WHERE job_id = {job_id} AND status IN ('completed', 'failed')"))
    if not ended:
        run.history.add("answer", path=f"cancel of job {job_id}", status="no end")
    return {"job_id": job_id, "status": status, "heard": heard,
            "seconds": round(time.monotonic() - started, 2)}


def poison(run):
    """A job whose every child dies: failed after three attempts, the others unharmed."""
    name = run.new_name("poison")
    job_id = run.load.submit(run.tokens[0], name, {
        "model_type": "als", "data_path": run.load.data["medium"], "iterations": 200,
        "factors": 32}, expect="poison")
    deadline = time.monotonic() + 90
    deaths = 0
    while time.monotonic() < deadline:
        run.mend()
        rows = run.query(f"SELECT status, owner, deaths FROM jobs WHERE job_id = {job_id}")
        status, owner, deaths = rows[0] if rows else ("gone", None, 0)
        if status in ("completed", "failed", "gone"):
            break
        if status in ACTIVE and owner:
            child = child_of(slot_of(owner))
            if child:
                kill(child)
        time.sleep(0.05)
    return {"job_id": job_id, "deaths": int(deaths)}


# Name → (function, arguments, flavours). Every one is done at least once in a run.
FAULTS = {
    **{f"kill_worker_{status}": (kill_worker, (status,), ("sqlite", "fleet")) for status in ACTIVE},
    **{f"kill_child_{status}": (kill_child, (status,), ("sqlite", "fleet")) for status in ACTIVE},
    **{f"cancel_{status}": (cancel, (status,), ("sqlite", "fleet"))
       for status in ("pending", *ACTIVE)},
    "kill_supervisor": (kill_supervisor, (), ("fleet",)),
    "stop_worker": (stop_worker, (), ("sqlite", "fleet")),
    "freeze_worker": (freeze_worker, (), ("sqlite", "fleet")),
    "kill_server": (kill_server, (), ("sqlite", "fleet")),
    "stop_server": (stop_server, (), ("sqlite", "fleet")),
    "kill_broker": (kill_broker, (), ("fleet",)),
    "stop_database": (stop_database, (), ("fleet",)),
    "stop_both": (stop_both, (), ("fleet",)),
    "poison": (poison, (), ("sqlite", "fleet")),
}
