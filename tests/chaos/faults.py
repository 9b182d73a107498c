"""The faults by name: each a function of the run that breaks one thing, and returns what it hit, or
None where there was nothing to hit in time. What was broken is mended by the fault itself or by
Run.mend(), as a process manager would."""

from typing import Callable, NamedTuple

import faults_deploy as deploying
import faults_jobs as jobs
import faults_machine as machine
import faults_points as points
import faults_process as process
import faults_services as services
from moments import ACTIVE

BOTH, FLEET = ("sqlite", "fleet"), ("fleet",)
PREDICTING = ("loading_data", "training")  # "training" is shown as "predicting"


class Fault(NamedTuple):
    function: Callable
    arguments: tuple = ()
    flavours: tuple = BOTH
    is_quick: object = True  # in the small set, which runs with the tests; or of which flavour's


_KILLS = {
    **{f"kill_worker_{status}": Fault(process.kill_worker, ("train", status)) for status in ACTIVE},
    **{f"kill_child_{status}": Fault(process.kill_child, ("train", status)) for status in ACTIVE},
    **{f"kill_predict_worker_{status}": Fault(process.kill_worker, ("predict", status),
                                              is_quick=status == "training")
       for status in PREDICTING},
    **{f"kill_predict_child_{status}": Fault(process.kill_child, ("predict", status),
                                             is_quick=status == "training" and "sqlite")
       for status in PREDICTING},
    "kill_supervisor": Fault(process.kill_supervisor, flavours=FLEET),
    "kill_server": Fault(process.kill_server),
}
_POINTS = {
    **{f"kill_at_{point}": Fault(points.kill_worker_at, ("train", point),
                                 is_quick=point == "renamed")
       for point in points.PARENT + points.CHILD["train"]},
    **{f"kill_predict_at_{point}": Fault(points.kill_worker_at, ("predict", point),
                                         is_quick=point == "tmp_written")
       for point in points.PARENT + points.CHILD["predict"]},
    "kill_server_at_job_created": Fault(points.kill_server_at, ("job_created",),
                                        is_quick="sqlite"),
    **{f"kill_server_at_{point}": Fault(points.kill_server_at, (point,), FLEET,
                                        is_quick=point == "published")
       for point in ("outbox_taken", "published", "outbox_settled")},
    "kill_server_at_leases_reaped": Fault(points.kill_server_reaping, (), FLEET, False),
}
_SLEEP = {
    "stop_worker": Fault(process.stop_worker, ("train",)),
    "stop_predict_worker": Fault(process.stop_worker, ("predict",), is_quick=False),
    "stop_server": Fault(process.stop_server),
    "freeze_worker": Fault(process.freeze_worker),
    "freeze_worker_60": Fault(process.freeze_worker, (60,), is_quick=False),
}
_JOBS = {
    **{f"cancel_{status}": Fault(jobs.cancel, ("train", status)) for status in ("pending", *ACTIVE)},
    **{f"cancel_predict_{status}": Fault(jobs.cancel, ("predict", status), is_quick=False)
       for status in ("pending", *PREDICTING)},
    "poison": Fault(jobs.poison, ("train",)),
    "poison_predict": Fault(jobs.poison, ("predict",), is_quick=False),
}
_SERVICES = {
    "kill_broker": Fault(services.kill_broker, flavours=FLEET),
    "kill_broker_60": Fault(services.kill_broker, (60,), FLEET, False),
    "stop_database": Fault(services.stop_database, flavours=FLEET),
    "stop_both": Fault(services.stop_both, flavours=FLEET),
}
_NETWORK = {
    "cut_clients": Fault(services.break_link, ("clients", "cut", 1), is_quick="sqlite"),
    **{f"{how}_{link}": Fault(services.break_link, (link, how, seconds), FLEET, quick)
       for link, how, seconds, quick in (
           ("database", "cut", 2, True), ("database", "hold", 8, False),
           ("database", "slow", 6, False), ("broker", "cut", 2, True),
           ("broker", "hold", 8, False), ("broker", "slow", 6, False))},
    "cut_far_worker": Fault(services.lose_far_worker, ("cut",), FLEET, False),
    "hold_far_worker": Fault(services.lose_far_worker, ("hold",), FLEET, False),
}
_DEPLOY = {
    "deploy": Fault(deploying.deploy, ("stop",)),
    "deploy_by_force": Fault(deploying.deploy, ("kill",), is_quick=False),
}
_MACHINE = {name: fault._replace(is_quick=False) for name, fault in {
    "fill_disk": Fault(machine.fill_disk),
    "fail_calls": Fault(machine.fail_calls, ("train",)),
    "fail_calls_predict": Fault(machine.fail_calls, ("predict",)),
    "starve_server": Fault(machine.starve_server),
    "hungry_job": Fault(machine.hungry_job),
    "clock_ahead": Fault(machine.jump_clock, (3600,)),
    "clock_back": Fault(machine.jump_clock, (-3600,)),
}.items()}

GROUPS = {"kills": _KILLS, "points": _POINTS, "sleep": _SLEEP, "jobs": _JOBS,
          "services": _SERVICES, "network": _NETWORK, "deploy": _DEPLOY,
          "machine": _MACHINE}
ANY_VERSION = [name for name in (*_KILLS, *_JOBS) if "predict" not in name]
FAULTS = {name: fault for group in GROUPS.values() for name, fault in group.items()}


def deck(flavour, groups=None, quick=False):
    """The names of the faults for a flavour; those of the machine only where they are asked for."""
    chosen = [group for name, group in GROUPS.items()
              if (name != "machine" if groups is None else name in groups)]
    return [name for group in chosen for name, fault in group.items()
            if flavour in fault.flavours and (not quick or fault.is_quick in (True, flavour))]
