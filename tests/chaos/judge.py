"""Whether the platform kept its promises, judged from outside: what clients were told, what the
store says, which files there are. Pure functions over plain data; judge_test.py shows each counter
rise for the fault that it stands for.

The history is a list of records, one JSON object a line in the file:
  {"kind": "submit", "name": …, "expect": "completed" | "poison" | "hungry" | "cancel"}
                                                                              about to be sent
  {"kind": "ack", "name": …, "job_id": …}                                     a 2xx came back
  {"kind": "cancel", "job_id": …}                                             asked to stop
  {"kind": "answer", "status": …, "path": …}                                  one that nobody expects
  {"kind": "fault", "fault": …, …}                                            what was done
  {"kind": "excuse", "codes": […]}        from now on jobs may fail so: the machine was made to
"""

COUNTERS = (
    "attempted", "acknowledged", "completed", "failed", "cancelled", "lost",
    "duplicated_completed", "unexpected", "recovered", "redelivered", "stuck",
    "stale_writes_rejected", "bad_hash", "orphan_files",
)
MUST_BE_ZERO = ("lost", "duplicated_completed", "unexpected", "stuck", "bad_hash", "orphan_files")

_RANK = {"pending": 0, "loading_data": 1, "preprocessing": 2, "training": 3, "completed": 4,
         "failed": 4}
_PHASES = {"load": 1, "split": 2, "train": 3, "evaluate": 3, "save": 3}
# A job whose worker was killed again and again may end so; anything else has no right to fail.
_DEATHS = ("worker_died", "crashed", "nomem")
_HUNGRY = ("nomem", "engine_memory")


class Verdict:
    def __init__(self):
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.findings = []  # a line for each thing that must not be

    def blame(self, counter, text):
        self.counters[counter] += 1
        self.findings.append(f"{counter}: {text}")

    @property
    def is_good(self):
        return all(self.counters[name] == 0 for name in MUST_BE_ZERO)


def judge(history, store, files, stale_writes=0):
    """`store`: {"jobs": [dict], "events": [dict], "models": [dict], "predictions": [dict]} with the
    columns of the tables; `files`: path → (size, sha256, whether it opens; of a CSV its rows), all
    below the model directory but the logs; beside a model may lie its hits, as X.hits.json.
    Everything was drained before."""
    verdict = Verdict()
    verdict.counters["stale_writes_rejected"] = stale_writes
    submitted = {r["name"]: r for r in history if r["kind"] == "submit"}
    acked = [r for r in history if r["kind"] == "ack"]
    verdict.counters["attempted"] = len(submitted)
    verdict.counters["acknowledged"] = len({r["name"] for r in acked})
    jobs = {job["job_id"]: job for job in store["jobs"]}
    cancelled = {r["job_id"] for r in history if r["kind"] == "cancel"}
    excused = {code for r in history if r["kind"] == "excuse" for code in r["codes"]}

    for record in acked:
        job = jobs.get(record["job_id"])
        if job is None or job["name"] != record["name"]:
            verdict.blame("lost", f"job {record['job_id']} ({record['name']}) was acknowledged")
    for record in history:
        if record["kind"] == "answer":
            verdict.blame("unexpected", f"{record['path']} answered {record['status']}")
    _judge_names(verdict, jobs, submitted)
    _judge_ends(verdict, jobs, submitted, cancelled, excused)
    _judge_events(verdict, jobs, store["events"])
    models, predictions = store["models"], store["predictions"]
    _judge_products(verdict, jobs, files, "train", "model", [
        (model["job_id"], model["path"], model["sha256"], model["size_bytes"], None)
        for model in models])
    _judge_products(verdict, jobs, files, "predict", "file of predictions", [
        (one["job_id"], one["file_path"], one["file_sha256"], one["file_bytes"], one["file_rows"])
        for one in predictions if one["file_path"] is not None])
    named = {model["path"] for model in models} | {one["file_path"] for one in predictions}
    for path in sorted(files):
        if model_of(path) not in named:
            verdict.blame("orphan_files", path)
    return verdict


def _judge_names(verdict, jobs, submitted):
    seen = {}
    for job in jobs.values():
        if job["name"] not in submitted:
            verdict.blame("unexpected", f"nobody asked for job {job['job_id']} ({job['name']})")
        elif job["name"] in seen:
            verdict.blame("duplicated_completed",
                          f"jobs {seen[job['name']]} and {job['job_id']} are one submission")
        seen[job["name"]] = job["job_id"]


def _judge_ends(verdict, jobs, submitted, cancelled, excused):
    for number, job in jobs.items():
        expect = submitted.get(job["name"], {}).get("expect")
        code = job["error_code"]
        if job["status"] == "completed":
            verdict.counters["completed"] += 1
            if not job["metrics"]:
                verdict.blame("unexpected", f"job {number} is completed without metrics")
            if expect in ("poison", "hungry"):
                verdict.blame("unexpected", f"job {number} is completed, but it was {expect}")
        elif job["status"] != "failed":
            verdict.blame("stuck", f"job {number} is {job['status']} after all was drained")
        elif code == "cancelled":
            verdict.counters["cancelled"] += 1
            if number not in cancelled:
                verdict.blame("unexpected", f"job {number} is cancelled, but nobody asked for it")
        else:
            verdict.counters["failed"] += 1
            if code in excused or (expect == "hungry" and code in _HUNGRY):
                continue
            if code not in _DEATHS:
                verdict.blame("unexpected", f"job {number} failed with {code}: "
                                            f"{job.get('error_message')}")
            elif job["deaths"] < 2:  # it was given back twice; the third death ended it
                verdict.blame("unexpected", f"job {number} failed with {code} after it was given "
                                            f"back {job['deaths']} times")


def _judge_events(verdict, jobs, events):
    """The order of each job's events: P2 (completed once) and P4 (never backwards)."""
    state = {}
    for event in sorted(events, key=lambda one: one["event_id"]):
        number, kind = event["job_id"], event["kind"]
        now = state.setdefault(number, {"rank": 0, "claims": 0, "ended": None, "completed": 0})
        if kind == "completed":
            now["completed"] += 1
        if now["ended"] and kind in ("claimed", "status", "released", "worker_died", "completed",
                                     "failed"):
            verdict.blame("unexpected", f"job {number}: {kind} after {now['ended']}")
        if kind == "claimed":
            now["claims"] += 1
            if now["rank"] != 0:
                verdict.blame("unexpected", f"job {number} was claimed while it was not pending")
            now["rank"] = _RANK["loading_data"]
        elif kind == "status":
            rank = _PHASES.get(event["message"], _RANK.get(event["message"], 0))
            if rank < now["rank"]:
                verdict.blame("unexpected", f"job {number} went back to {event['message']}")
            now["rank"] = rank
        elif kind in ("released", "worker_died"):
            now["rank"] = 0
        elif kind in ("completed", "failed"):
            now["ended"] = kind
    for number, now in state.items():
        if now["completed"] > 1:
            verdict.blame("duplicated_completed",
                          f"job {number} has {now['completed']} completions")
        verdict.counters["redelivered"] += max(0, now["claims"] - 1)
        if now["claims"] > 1 and jobs.get(number, {}).get("status") == "completed":
            verdict.counters["recovered"] += 1


def _judge_products(verdict, jobs, files, task, what, products):
    """What completed jobs of the task must have, and no other may: (job, path, sha256, size, rows
    or None)."""
    seen = set()
    for number, path, recorded, recorded_size, rows in products:
        if number in seen:
            verdict.blame("duplicated_completed", f"job {number} has two of {what}")
        seen.add(number)
        if jobs.get(number, {}).get("status") != "completed":
            verdict.blame("unexpected", f"job {number} has a {what} but is not completed")
        size, sha256, opens = files.get(path, (None, None, False))
        if size is None:
            verdict.blame("bad_hash", f"{path} is not there")
        elif sha256 != recorded or size != recorded_size:
            verdict.blame("bad_hash", f"{path} is not what was recorded")
        elif opens is False:
            verdict.blame("bad_hash", f"{path} does not open")
        elif rows is not None and opens is not True and opens != rows:
            verdict.blame("bad_hash", f"{path} has {opens} rows, not {rows}")
    for number, job in jobs.items():
        if job["status"] == "completed" and job["task"] == task and number not in seen:
            verdict.blame("bad_hash", f"job {number} is completed without a {what}")


def restarts(events):
    """Seconds from each death of a worker to the next claim of its job, in ascending order."""
    died, seconds = {}, []
    for event in sorted(events, key=lambda one: one["event_id"]):
        if event["kind"] == "worker_died":
            died[event["job_id"]] = event["at_ms"]
        elif event["kind"] == "claimed" and event["job_id"] in died:
            seconds.append((event["at_ms"] - died.pop(event["job_id"])) / 1000)
    return sorted(seconds)


def model_of(path):
    """The model that a file in the model directory is of: itself, or the one it lies beside."""
    return path.removesuffix(".hits.json") + ".pkl" if path.endswith(".hits.json") else path
