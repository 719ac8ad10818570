"""
The long correctness campaigns of wallets and limits, one part after the other.

Each part is a test of `tests/wallets` at full effort, in a process and on servers of its
own; what it counted is in the result. The result is written after each part, and parts
that passed at this commit and effort are not run again with RESUME=1.

    make prove-wallets            (EFFORT=1 PARTS=races,machine RESUME=1)
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from defusedxml import ElementTree

from sandbox.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "benchmarks" / "results" / "prove-wallets.json"
EFFORT = os.environ.get("EFFORT", "1")
PARTS = {
    "races": ("a hundred callers race one balance, one hold, one limit", "test_races.py"),
    "crossing": ("sixteen clients among 8 and 64 wallets", "test_crossing.py"),
    "limits": ("limits against a brute-force oracle", "test_limit_histories.py"),
    "machine": ("wallets against a pure-Python model", "test_machine.py"),
}


def checks(part: str) -> list[dict[str, Any]]:
    """Run one part; return a row per test."""
    about, file = PARTS[part]
    with tempfile.TemporaryDirectory(prefix="fintech-prove-") as folder:
        report = Path(folder) / "report.xml"
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                f"tests/wallets/{file}",
                "-q",
                "-o",
                "junit_family=xunit1",
                f"--junitxml={report}",
            ],
            cwd=ROOT,
            env={**os.environ, "EFFORT": EFFORT},
            check=False,
        )
        if not report.exists():
            return [{"part": part, "check": about, "passed": False, "why": "it did not end"}]
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    return [
        {
            "part": part,
            "check": case.get("name"),
            "passed": case.find("failure") is None and case.find("error") is None,
            "seconds": round(float(case.get("time") or 0), 1),
            **{one.get("name"): _number(one.get("value")) for one in case.iter("property")},
        }
        for case in cases
    ]


def _number(text: str | None) -> int | str | None:
    return int(text) if text and text.isdigit() else text


def main() -> int:
    """Run the parts, print what they found, and write benchmarks/results/prove-wallets.json."""
    progress = Progress()
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    rows: list[dict[str, Any]] = []
    if os.environ.get("RESUME") and TARGET.exists():
        former = json.loads(TARGET.read_text())
        if (former["commit"], former["effort"]) == (commit, EFFORT):
            rows = [row for row in former["checks"] if row["passed"]]
    known = {row["part"] for row in rows}
    wanted = os.environ.get("PARTS", ",".join(PARTS)).split(",")
    for part in wanted:
        if part in known:
            continue
        progress.say(f"{part}: {PARTS[part][0]}")
        began = time.perf_counter()
        rows += checks(part)
        progress.say(f"{part}: {time.perf_counter() - began:.0f} s")
        _write(rows, commit)
    failed = [row for row in rows if not row["passed"]]
    print(json.dumps(rows, indent=1))
    print(f"{len(rows) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not rows else 0


def _write(rows: list[dict[str, Any]], commit: str) -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    passed = sum(row["passed"] for row in rows)
    told = {
        "commit": commit,
        "effort": EFFORT,
        "passed": passed,
        "failed": len(rows) - passed,
        "checks": rows,
    }
    TARGET.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
