"""What faults look for: a job that is at work now, its worker, its training process. And how they
kill, so that each kill is counted."""

import os
import signal
from pathlib import Path

from processes import children_of, is_alive

ACTIVE = ("loading_data", "preprocessing", "training")
ENDED = "('completed', 'failed')"


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


def signal_to(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def kill(run, pid):
    """SIGKILL, counted; False where the process is gone."""
    done = signal_to(pid, signal.SIGKILL)
    run.kills += done
    return done


def kill_all_of(run, process):
    """SIGKILL to a process that the run started, and to all of its own."""
    process.kill()
    run.kills += 1


def of_task(run, task):
    """A condition on jobs; a program from before there were predictions knows no tasks."""
    return f"task = '{task}'" if run.load.predicts.is_set() else "1 = 1"


def working(run, status=None, task="train"):
    """(job, status, slot) of a job of the load that a worker of this machine has now."""
    rows = run.query(f"SELECT job_id, status, owner FROM jobs WHERE lease_until_ms > 0 AND "
                     f"{of_task(run, task)} AND name LIKE 'load-%' ORDER BY job_id")
    for job_id, now, owner in rows:
        if status in (None, now) and owner and is_alive(slot_of(owner)):
            return int(job_id), now, slot_of(owner)
    return None


def found(run, look, status):
    """What look(status) finds; where a busy machine lets a short status slip by, in any."""
    return run.wait_for(lambda: look(status), 12) or run.wait_for(lambda: look(None))
