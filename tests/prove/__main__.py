"""
The long correctness campaigns of a room: its own tests, at their whole counts.

    make prove-ledger                     (EFFORT=1; ARGS="-k machine" runs a part)

Writes `benchmarks/results/prove-<room>.json`: passed, failed and a row per check. A part
that is run later on the same commit and at the same effort joins the rows that are there.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGNS = {
    "api": [
        "tests/api/test_authorization.py",
        "tests/api/test_bad_input.py",
        "tests/api/test_fuzz.py",
        "tests/api/test_load.py",
        "tests/api/test_oauth.py",
        "tests/api/test_races.py",
        "tests/api/test_tenants.py",
        "tests/api/test_twins.py",
    ],
    "ledger": [
        "tests/ledger/test_machine.py",
        "tests/ledger/test_races.py",
        "tests/ledger/test_tampering.py",
        "tests/ledger/test_losing_the_server.py",
        "tests/ledger/test_verifying_many.py",
        "tests/api/test_bad_entries.py",
    ],
    "reconciliation": [
        "tests/reconciliation/test_real_files.py",
        "tests/reconciliation/test_mutations.py",
        "tests/reconciliation/test_planted.py",
        "tests/reconciliation/test_invariant.py",
        "tests/reconciliation/test_kills.py",
    ],
}


class Recorder:
    """What pytest is told to remember: a row per check."""

    def __init__(self) -> None:
        self.rows: dict[str, dict] = {}

    def pytest_runtest_logreport(self, report) -> None:
        if report.when != "call" and report.passed:
            return
        self.rows[report.nodeid] = {
            "check": report.nodeid,
            "outcome": report.outcome,
            "seconds": round(report.duration, 1),
            **dict(report.user_properties),
        }


def main(room: str, *arguments: str) -> int:
    os.environ.setdefault("EFFORT", "1")
    import pytest

    recorder = Recorder()
    began = time.time()
    code = pytest.main(
        [*CAMPAIGNS[room], "-q", "-p", "no:cacheprovider", *arguments], plugins=[recorder]
    )
    write(room, list(recorder.rows.values()), seconds=time.time() - began)
    return int(code)


def write(room: str, rows: list[dict], *, seconds: float) -> None:
    file = ROOT / "benchmarks" / "results" / f"prove-{room}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    told = {"commit": _commit(), "effort": float(os.environ["EFFORT"])}
    before = json.loads(file.read_text()) if file.exists() else {}
    if {name: before.get(name) for name in told} == told:
        known = {row["check"]: row for row in before["checks"]}
        rows = list({**known, **{row["check"]: row for row in rows}}.values())
    outcomes = [row["outcome"] for row in rows]
    summary = {
        **told,
        "passed": outcomes.count("passed"),
        "failed": outcomes.count("failed"),
        "skipped": outcomes.count("skipped"),
        "checks": sorted(rows, key=lambda row: row["check"]),
    }
    file.write_text(json.dumps(summary, indent=2) + "\n")
    print(
        f"{summary['passed']} passed, {summary['failed']} failed, in {seconds:.0f} s; "
        f"effort {told['effort']:g}; {file.relative_to(ROOT)}"
    )


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
