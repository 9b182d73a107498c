"""Starts a platform for one file of browser tests and runs it; the output is Node.js's TAP.

    run.py FILE.mjs [--test-name-pattern=PATTERN]

E2E_SHOTS=DIR keeps a picture of each failed page."""

import os
import subprocess
import sys
from pathlib import Path

from processes import PATIENCE
from stack import Stack, make_data


def main():
    test = Path(__file__).resolve().parent / sys.argv[1]
    with Stack("sqlite", workers=2, environment={
            "MAX_STREAMS_PER_SESSION": "64", "LOGINS_PER_MINUTE": "10000"}) as stack:
        slow = make_data(stack.data_root / "slow", rows=300000, users=4000, items=3000)
        environment = os.environ | {
            "E2E_URL": stack.url, "E2E_DATA": str(stack.data), "E2E_SLOW_DATA": str(slow),
            "E2E_MODELS": str(stack.models)}
        stack.run("user", "add", "other@example.com", given="another pass phrase\n")
        done = subprocess.run(["node", "--test-reporter=tap", *sys.argv[2:], str(test)], env=environment,
                              timeout=PATIENCE * 9, check=False)
        if done.returncode != 0:
            print("\n".join(f"# {line}" for line in stack.room.logs(60).splitlines()))
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
