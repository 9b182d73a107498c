"""Processes that die, stop, or fall asleep, while a job is in some status."""

import signal

from moments import ENDED, child_of, found, kill, kill_all_of, signal_to, slot_of, working


def kill_worker(run, task, status):
    hit = found(run, lambda now: working(run, now, task), status)
    return hit and kill(run, hit[2]) and {"job_id": hit[0], "status": hit[1]}


def kill_child(run, task, status):
    def with_child(now):
        hit = working(run, now, task)
        child = hit and child_of(hit[2])
        return child and (*hit, child)
    hit = found(run, with_child, status)
    return hit and kill(run, hit[3]) and {"job_id": hit[0], "status": hit[1]}


def kill_supervisor(run):
    """The process that started the workers, in the middle of a job: they die with it."""
    hit = run.wait_for(lambda: working(run))
    root = run.roots()[0]
    kill_all_of(run, root)
    return {"job_id": hit and hit[0], "process": root.name}


def stop_worker(run, task):
    """SIGTERM to a worker that has a job: it finishes or gives it back, without an attempt."""
    hit = run.wait_for(lambda: working(run, task=task))
    return hit and signal_to(hit[2], signal.SIGTERM) and {"job_id": hit[0], "status": hit[1]}


def freeze_worker(run, seconds_more=0):
    """SIGSTOP past the lease, so that another has the job by then, and SIGCONT: what the first one
    writes now must be refused."""
    job_id = run.load.submit(run.tokens[0], run.new_name("frozen"), {
        "model_type": "als", "data_path": run.load.data["medium"], "iterations": 100,
        "factors": 32})
    of_job = f"SELECT epoch, owner FROM jobs WHERE job_id = {job_id} AND status = 'training'"
    rows = run.wait_for(lambda: run.query(of_job), 60)
    if not rows or not signal_to(slot_of(rows[0][1]), signal.SIGSTOP):
        return None
    epoch, owner = rows[0]
    try:
        taken = run.wait_for(lambda: run.query(
            f"SELECT 1 FROM jobs WHERE job_id = {job_id} AND epoch > {epoch}"), 60)
        run.wait_for(lambda: run.query(
            f"SELECT 1 FROM jobs WHERE job_id = {job_id} AND status IN {ENDED}"), seconds_more)
    finally:
        signal_to(slot_of(owner), signal.SIGCONT)
    return {"job_id": job_id, "taken_over": bool(taken)} if taken else None


def kill_server(run):
    """kill -9 while posts are under way; its own workers die with it."""
    kill_all_of(run, run.stack.server)
    return {"process": run.stack.server.name}


def stop_server(run):
    status = run.stack.server.stop(signal.SIGTERM, 40)
    if status != 0:
        run.history.add("answer", path="SIGTERM to the server", status=status)
    return {"process": run.stack.server.name, "status": status}
