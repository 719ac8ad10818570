"""
The long correctness campaigns of payments, one row per check.

Each check is a file of tests at the given effort, or a measurement of as many payments as
the effort is worth, in a process of its own with servers of its own. The result is written
after every check, and a check that has passed at the same commit and effort is not run
again, so a campaign that was stopped goes on where it was.

    make prove-payments                     (EFFORT=1; PARTS="races kill_points" for some)
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from sandbox.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "prove-payments.json"
EFFORT = float(os.environ.get("EFFORT", "1"))
TESTS = "tests/payments"
# What is shown by which tests, the quick ones first.
CHECKS: dict[str, tuple[str, ...]] = {
    "constraints": (f"{TESTS}/test_constraints.py", f"{TESTS}/test_machines.py"),
    "currencies": (f"{TESTS}/test_currencies.py",),
    "sandbox_cards": ("tests/foreign/test_sandbox_cards.py",),
    "wallet_payments": (f"{TESTS}/test_wallet_payment.py",),
    "server_killed": (f"{TESTS}/test_losing_the_server.py",),
    "kill_points": (f"{TESTS}/test_kill_points.py",),
    "kill_points_at_the_hot_door": (f"{TESTS}/test_kill_points_at_the_hot_door.py",),
    "callback_orders": (f"{TESTS}/test_orders.py",),
    "races": (f"{TESTS}/test_races.py", f"{TESTS}/test_crossing.py"),
    "routing": (f"{TESTS}/test_routing.py", f"{TESTS}/test_fail_over.py"),
    "dry_runs": ("tests/api/test_every_dry_run.py",),
    "query_counts": ("tests/api/test_query_counts.py",),
    "misbehavior": (f"{TESTS}/test_misbehavior.py",),
    "money_model": (f"{TESTS}/test_money_model.py",),
}
# What is measured rather than tested, and how much of it at full effort and at least.
MEASURED: dict[str, tuple[str, int, int]] = {
    "worker_memory": ("benchmarks.worker_memory", 50_000, 5_000),
}
ALL = (*CHECKS, *MEASURED)


def main() -> int:
    """Run the checks that are wanted, and say what was found."""
    wanted = os.environ.get("PARTS", "").split() or list(ALL)
    progress = Progress()
    rows = _known()
    for name in wanted:
        if rows.get(name, {}).get("passed"):
            progress.say(f"{name}: passed before")
            continue
        progress.say(f"{name} …")
        rows[name] = _measure(name) if name in MEASURED else _run(name, CHECKS[name])
        progress.say(f"{name}: {json.dumps(rows[name])}")
        _write(rows)
    found = _write(rows)
    print(json.dumps(found, indent=1))
    return 0 if not found["failed"] and found["passed"] == len(ALL) else 1


def _run(name: str, paths: tuple[str, ...]) -> dict[str, Any]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fintech-prove-") as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths]
        ended = subprocess.run(
            [*command, "-o", "junit_family=xunit1", f"--junitxml={report}"],
            cwd=ROOT,
            env={**os.environ, "EFFORT": str(EFFORT)},
            capture_output=True,
            text=True,
            check=False,
        )
        tests, properties = _read(report)
    row = {
        "check": name,
        "passed": ended.returncode == 0 and tests > 0,
        "tests": tests,
        "seconds": round(time.monotonic() - began),
        **properties,
    }
    if ended.returncode != 0:
        row["said"] = ended.stdout.strip().splitlines()[-8:]
    return row


def _measure(name: str) -> dict[str, Any]:
    module, whole, least = MEASURED[name]
    payments = max(least, round(whole * EFFORT))
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", module, "--payments", str(payments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    lines = ended.stdout.strip().splitlines()
    told = json.loads(lines[-1]) if lines else {}
    return {
        "check": name,
        **told,
        "passed": ended.returncode == 0 and bool(told.get("passed")),
        "seconds": round(time.monotonic() - began),
    }


def _read(report: Path) -> tuple[int, dict[str, str]]:
    """Return how many tests ran, and what they have counted."""
    if not report.exists():
        return 0, {}
    suites = ET.parse(report).getroot()  # noqa: S314 - our own tests wrote it.
    ran = sum(
        int(suite.get("tests", 0)) - int(suite.get("skipped", 0))
        for suite in suites.iter("testsuite")
    )
    counted = {
        str(one.get("name")): str(one.get("value"))
        for case in suites.iter("testcase")
        for one in case.iter("property")
    }
    points = [int(value) for name, value in counted.items() if name.startswith("kill_points")]
    if points:
        counted["kill_points"] = str(sum(points))
    return ran, counted


def _known() -> dict[str, dict[str, Any]]:
    """Return the rows of an earlier run of the same commit at the same effort."""
    try:
        told = json.loads(RESULT.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    if told.get("commit") != _commit() or told.get("effort") != EFFORT:
        return {}
    return {row["check"]: row for row in told["rows"]}


def _write(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    found = {
        "commit": _commit(),
        "effort": EFFORT,
        "passed": sum(bool(row["passed"]) for row in rows.values()),
        "failed": sum(not row["passed"] for row in rows.values()),
        "not_run": [name for name in ALL if name not in rows],
        "rows": list(rows.values()),
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1))
    return found


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
