"""What people ask for that goes wrong: jobs that are cancelled, that kill each process, that need
more memory than there is."""

import time

from moments import ACTIVE, ENDED, child_of, found, kill, of_task, slot_of


def cancel(run, task, status):
    """Ask a job of this status to stop; it must have ended within seconds."""
    rows = found(run, lambda now: run.query(
        "SELECT job_id, user_id FROM jobs WHERE " + (
            f"status = '{now}'" if now else f"status NOT IN {ENDED}") +
        f" AND {of_task(run, task)} AND name LIKE 'load-%' ORDER BY job_id DESC LIMIT 1"), status)
    if not rows:
        return None
    job_id, user_id = map(int, rows[0])
    heard = run.load.cancel(run.token_of[user_id], job_id, task)
    started = time.monotonic()
    ended = run.wait_for(lambda: run.query(
        f"SELECT status FROM jobs WHERE job_id = {job_id} AND status IN {ENDED}"))
    if not ended:
        run.history.add("answer", path=f"cancel of job {job_id}", status="no end")
    return {"job_id": job_id, "status": status, "heard": heard,
            "seconds": round(time.monotonic() - started, 2)}


def poison(run, task):
    """A job whose every child dies: failed after three attempts, the others unharmed."""
    name = run.new_name("poison")
    if task == "train":
        body = {"model_type": "als", "data_path": run.load.data["medium"], "iterations": 200,
                "factors": 32}
    else:
        body = run.load.heavy_prediction(run.tokens[0])
        if body is None:
            return None
    job_id = run.load.submit(run.tokens[0], name, body, expect="poison", task=task)
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
                kill(run, child)
        time.sleep(0.02 if task == "predict" else 0.05)
    return {"job_id": job_id, "deaths": int(deaths)}
