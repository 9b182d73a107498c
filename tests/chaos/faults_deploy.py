"""A new version comes while jobs wait and run: all stops, the store is brought up to date, all
starts again. With --old PROGRAM the run begins with that program, and this is its end."""

import signal

import stack as stack_module
from moments import kill_all_of


def deploy(run, how):
    """`how`: "stop" asks everything to end first, as an operator does; "kill" does not ask."""
    stack = run.stack
    states = dict(run.query("SELECT status, count(*) FROM jobs GROUP BY status"))
    everything = [stack.server, *stack.workers]
    for process in everything:
        if how == "stop":
            process.send(signal.SIGTERM)
        else:
            kill_all_of(run, process)
    for process in everything:
        process.stop(signal.SIGTERM, 30)
    stack_module.RECTRAIN = run.new_program
    stack.run("db", "migrate")
    stack.workers.clear()
    stack.start_server(wait=False)
    if run.flavour == "fleet":
        run.start_fleet()
    run.load.predicts.set()
    return {"jobs": {status: int(count) for status, count in states.items()}}
