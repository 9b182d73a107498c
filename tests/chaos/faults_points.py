"""Death at a named point of the code (src/base/fail_point.h), too short a moment to be hit from
outside. A worker more is started that dies there in a job's first attempt; a server is started
again so that it dies there."""

import re
import signal

from moments import kill_all_of, signal_to, slot_of

PARENT = ("claimed", "spawned", "result", "renamed", "committed", "acked")
CHILD = {"train": ("phase_load", "phase_split", "phase_train", "iteration_first",
                   "iteration_middle", "iteration_last", "phase_evaluate", "phase_save",
                   "tmp_written"),
         "predict": ("phase_load", "phase_evaluate", "phase_save", "tmp_written")}

_DEATH = re.compile(r" slot_ended .*signal 9| job_ended .*end=(?:died|poison) .*signal 9")


def deaths_of(process):
    return len(_DEATH.findall(process.output()))


def kill_worker_at(run, task, point):
    """A worker, or its child, dies at the point in the first attempt of each job that it gets.
    `acked` knows no attempts: there it dies after each job, so one must be enough."""
    worker = run.extra_worker(task, RECTRAIN_FAIL_POINTS=f"{point}:1:1")
    hit = run.wait_for(lambda: deaths_of(worker), 40)
    worker.stop(signal.SIGTERM, 10)
    deaths = deaths_of(worker)
    run.kills += deaths
    return {"deaths": deaths} if hit else None


def kill_server_at(run, point):
    """The server dies at the first moment that it comes to the point."""
    kill_all_of(run, run.stack.server)
    server = run.stack.start_server(wait=False, RECTRAIN_FAIL_POINTS=f"{point}:1")
    hit = run.wait_for(lambda: not server.is_running(), 30, mend=False)
    run.kills += bool(hit)
    if not hit:
        kill_all_of(run, server)  # what it was started with must not hit later
    return {"process": server.name} if hit else None


def kill_server_reaping(run):
    """The server dies when it has just taken a job from a worker that fell silent."""
    kill_all_of(run, run.stack.server)
    server = run.stack.start_server(RECTRAIN_FAIL_POINTS="leases_reaped:1")
    rows = run.wait_for(lambda: run.query(
        "SELECT owner FROM jobs WHERE status = 'training' AND task = 'train'"), 30, mend=False)
    if rows:
        signal_to(slot_of(rows[0][0]), signal.SIGSTOP)
    hit = run.wait_for(lambda: not server.is_running(), 20, mend=False) if rows else None
    if rows:
        signal_to(slot_of(rows[0][0]), signal.SIGCONT)
    if server.is_running():
        kill_all_of(run, server)
        return None
    run.kills += 1
    return {"process": server.name} if hit else None
