"""PostgreSQL killed under load, in a process of its own (see `losing_the_server`)."""

import json
import os
import subprocess
import sys
from pathlib import Path

EFFORT = float(os.environ.get("EFFORT", "0.02"))
KILLS = max(1, round(10 * EFFORT))
ROOT = Path(__file__).resolve().parent.parent.parent
# The test run's own servers and settings must not reach a process that has its own.
_OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "OBJECTS_DIR", "FINTECH_TEST_STATE")


def test_what_was_acknowledged_stays_and_nothing_is_doubled(record_property):
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    command = [sys.executable, "-m", "tests.ledger.losing_the_server", "--kills", str(KILLS)]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600
    )

    assert ended.stdout, ended.stderr[-3000:]
    found = json.loads(ended.stdout.strip().splitlines()[-1])
    for name, value in found.items():
        record_property(name, json.dumps(value))
    assert found["passed"], found
    assert found["kills"] == KILLS
    assert found["silences"] >= KILLS  # Somebody was hit each time.
