"""The machine itself fails: the disk is full, memory is short, calls of the system fail, the clock
jumps. These need a run that was prepared for it (Run(machine=True)): models and store on a small
disk of their own, the clock behind libfaketime. What jobs then fail with is excused by its code;
all else is judged as ever: no partial file, nothing lost, the next job works."""

import os
import signal
import subprocess
import time
from pathlib import Path

from moments import kill, kill_all_of, working
from processes import LIBC, children_of, descendants_of

DISK_BYTES = 512 << 20
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
# What a job may be told when a call that it made was made to fail.
_IO = ("io", "disk_full", "open_failed", "read_failed", "engine_failed", "engine_memory", "nomem",
       "spawn_failed", "internal", "output_denied", "output_missing", "model_file_missing")
# Which call may fail how, and up to which in the order of a process's own.
CALLS = {"write": (("EIO", "ENOSPC"), 60), "pwrite64": (("EIO", "ENOSPC"), 20),
         "fsync": (("EIO",), 4), "fdatasync": (("EIO",), 10), "openat": (("EMFILE", "EIO"), 120),
         "read": (("EIO",), 120), "pread64": (("EIO",), 40), "mmap": (("ENOMEM",), 200),
         "renameat": (("EIO",), 2), "renameat2": (("EIO",), 2), "linkat": (("EIO",), 2),
         "mkdir": (("ENOSPC",), 2), "ftruncate": (("EIO",), 2), "close": (("EIO",), 120)}


def mount(directory):
    """A file system in memory that can be made smaller and larger: needs root."""
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0755", "chaos",
                    str(directory)], check=True)


def unmount(directory):
    if os.path.ismount(directory):
        LIBC.umount2(os.fsencode(directory), 2)  # MNT_DETACH


def _resize(directory, size):
    return subprocess.run(["mount", "-o", f"remount,size={size}", str(directory)],
                          capture_output=True, check=False).returncode == 0


def fill_disk(run, seconds=8):
    """Nothing or little is free for a while: each writer meets the end of the disk somewhere."""
    run.history.add("excuse", codes=["disk_full", "io"])
    left = run.rng.choice((0, 4, 16, 64, 256)) << 10
    space = os.statvfs(run.disk)
    used = (space.f_blocks - space.f_bfree) * space.f_frsize
    failed_before = len(_failures(run))
    if not _resize(run.disk, max(used + left, 4096)):
        return None
    try:
        run.wait_for(lambda: False, seconds)
    finally:
        _resize(run.disk, DISK_BYTES)
    return {"left": left, "failed": len(_failures(run)) - failed_before}


def _failures(run):
    return run.query("SELECT job_id FROM jobs WHERE error_code IN ('disk_full', 'io')")


def fail_calls(run, task):
    """A worker more, whose n-th call of a kind fails, in each of its processes."""
    run.history.add("excuse", codes=_IO)
    call = run.rng.choice(sorted(CALLS))
    errors, most = CALLS[call]
    error, number = run.rng.choice(errors), run.rng.randint(1, most)
    command = ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={call}",
               "-e", f"inject={call}:error={error}:when={number}"]
    worker = run.extra_worker(task, command)
    hit = run.wait_for(lambda: " job_claimed " in worker.output(), 30)
    run.wait_for(lambda: worker.output().count(" job_claimed ") > 2, 8)
    output, traced = worker.output(), descendants_of(worker.pid)
    kill_all_of(run, worker)
    for pid in traced:  # whose calls fail for good once their tracer is gone: they hear nothing
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return hit and {"call": call, "error": error, "number": number,
            "jobs": output.count(" job_claimed "), "ended": output.count(" job_ended ")}


def starve_server(run, seconds=6):
    """For a while one allocation of some thousands fails in the server and in its libraries."""
    run.history.add("excuse", codes=_IO)
    kill_all_of(run, run.stack.server)
    pipe = str(run.stack.room.directory / run.new_name("fiu"))
    server = run.start_server_by(["fiu-run", "-x", "-f", pipe])
    run.stack.wait_for_server()
    here = next((pid for pid in (server.pid, *children_of(server.pid))
                 if Path(f"{pipe}-{pid}.in").exists()), None)
    if here is None:
        return None
    every = run.rng.choice((300, 1000, 3000, 10000))
    for order in (f"enable_random name=libc/mm/*,probability={1 / every:.6f}",
                  "disable name=libc/mm/*"):
        subprocess.run(["fiu-ctrl", "-f", pipe, "-c", order, str(here)], timeout=20,
                       capture_output=True, check=False)
        run.wait_for(lambda: not server.is_running(), seconds, mend=False)
        seconds = 1
    ended = not server.is_running()
    if not ended:
        kill_all_of(run, server)
    return {"one_of": every, "ended_itself": ended}


def hungry_job(run):
    """A job that needs more than JOB_MEMORY ends for want of memory, the others unharmed."""
    job_id = run.load.submit(run.tokens[0], run.new_name("hungry"), {
        "model_type": "als", "data_path": run.load.data["wide"], "iterations": 2,
        "factors": 512}, expect="hungry")
    rows = run.wait_for(lambda: run.query(
        f"SELECT error_code FROM jobs WHERE job_id = {job_id} AND status = 'failed'"), 180)
    return rows and {"job_id": job_id, "code": rows[0][0]}


def jump_clock(run, seconds):
    """The clock of the store, the server and the workers jumps, a worker dies, the clock is set
    right again, which is the opposite jump."""
    clock = Path(run.clock)
    clock.write_text(f"{seconds:+d}\n")
    try:
        time.sleep(2)
        hit = run.wait_for(lambda: working(run))
        done = hit and kill(run, hit[2])
        run.wait_for(lambda: False, 5)
    finally:
        clock.write_text("+0\n")
    return {"seconds": seconds, "killed": bool(done)}


def clock_environment(clock):
    """Settings that put the clock of a program behind the file."""
    Path(clock).write_text("+0\n")
    os.chmod(clock, 0o644)
    return {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1"}
