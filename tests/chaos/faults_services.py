"""What the platform stands on goes away: RabbitMQ, PostgreSQL, the network between."""

import time

from moments import kill_all_of, slot_of


def _accepted_while_away(run, away):
    """A start must be answered with 202 all the same while RabbitMQ is away."""
    started = time.monotonic()
    run.load.submit(run.tokens[0], run.new_name("load-away"), {
        "model_type": "popular", "data_path": run.load.data["small"]})
    took = time.monotonic() - started
    if took > away:
        run.history.add("answer", path="a start while RabbitMQ is away", status=f"{took:.1f} s")


def _last_claim(run):
    rows = run.query("SELECT coalesce(max(event_id), 0) FROM job_events WHERE kind = 'claimed'")
    return int(rows[0][0]) if rows else 0


def kill_broker(run, seconds=None):
    """kill -9 of RabbitMQ, back after a while."""
    away = run.rng.uniform(0, 3) if seconds is None else seconds
    kill_all_of(run, run.stack.rabbitmq.process)
    if seconds:
        _accepted_while_away(run, seconds)
    run.wait_for(lambda: False, away)
    run.stack.rabbitmq.start()
    back, last = time.monotonic(), _last_claim(run)
    if not seconds:
        return {"away": round(away, 1)}
    if not run.wait_for(lambda: _last_claim(run) > last, 60):
        run.history.add("answer", path="a job after RabbitMQ came back", status="no claim")
    return {"away": round(away, 1), "delivered": round(time.monotonic() - back, 1)}


def stop_database(run):
    """An immediate stop of PostgreSQL, which kills all its sessions."""
    run.stack.postgres.stop_immediately()
    run.kills += 1
    time.sleep(run.rng.uniform(0, 3))
    run.stack.postgres.start()
    return {}


def stop_both(run):
    run.stack.postgres.stop_immediately()
    kill_all_of(run, run.stack.rabbitmq.process)
    run.kills += 1
    run.stack.postgres.start()
    run.stack.rabbitmq.start()
    return {}


def break_link(run, name, how, seconds):
    """The way to the database, the broker or the server is cut, held or slow for a while."""
    link = run.links[name]
    if how == "slow":
        link.slow(0.2)
    else:
        getattr(link, how)()
    try:
        run.wait_for(lambda: False, seconds)
    finally:
        link.mend()
    return {"seconds": seconds}


def lose_far_worker(run, how):
    """One worker alone loses database and broker for longer than its lease: another must get its
    job, and what it writes when it is back must be refused."""
    job_id = run.load.submit(run.tokens[0], run.new_name("far"), {
        "model_type": "als", "data_path": run.load.data["medium"], "iterations": 100,
        "factors": 32})
    far = run.far_worker()
    slots = set(run.slots_of(far))
    rows = run.wait_for(lambda: [row for row in run.query(
        "SELECT job_id, epoch, owner FROM jobs WHERE status = 'training' AND task = 'train'")
        if slot_of(row[2]) in slots], 40)
    if not rows:
        return None
    lost, epoch, _ = rows[0]
    links = (run.links["far_database"], run.links["far_broker"])
    for link in links:
        getattr(link, how)()
    try:
        taken = run.wait_for(lambda: run.query(
            f"SELECT 1 FROM jobs WHERE job_id = {lost} AND epoch > {epoch}"), 60)
    finally:
        for link in links:
            link.mend()
    return {"job_id": int(lost), "asked": job_id} if taken else None
