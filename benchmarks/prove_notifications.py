"""
The long proof of notifications: a campaign through every fault, and what strangers try.

Runs `benchmarks/telling.py` (10,000 events at EFFORT=1) and the tests of addresses, signatures,
order and texts; JavaScript's packages are fetched with npm where there is one. Writes
`benchmarks/results/prove-notifications.json`.

    make prove-notifications EFFORT=1        (PER_SECOND=25: some ten minutes and the tests)
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
TESTS = [
    f"tests/notifications/test_{name}.py"
    for name in ("hostile", "signatures", "order", "injection", "racing", "resting", "characters")
]


def campaign() -> list[dict[str, Any]]:
    """Run the campaign in a process of its own; return a row per check."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.telling"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    rows = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    if not rows:
        return [{"name": "campaign", "passed": False, "told": f"ended with {ran.returncode}"}]
    return [{**row, "name": f"campaign: {row['name']}"} for row in rows]


def node_modules(folder: Path) -> str:
    """Return where the JavaScript packages are; nothing where they cannot be had."""
    if given := os.environ.get("STRIPE_NODE_MODULES"):
        return given
    npm = shutil.which("npm")
    if npm is None:
        return ""
    subprocess.run(
        [npm, "install", "--silent", "--prefix", str(folder), "stripe", "standardwebhooks"],
        check=False,
        capture_output=True,
    )
    found = folder / "node_modules"
    return str(found) if found.is_dir() else ""


def tests(folder: Path) -> list[dict[str, Any]]:
    """Run the tests; return a row per test, those that were not run included."""
    report = folder / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *TESTS],
        cwd=ROOT,
        env={**os.environ, "STRIPE_NODE_MODULES": node_modules(folder)},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if not report.exists():
        return [{"name": "tests", "passed": False, "told": "did not run"}]
    rows = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it.
        ill = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        row: dict[str, Any] = {"name": f"{case.get('classname')}::{case.get('name')}"}
        if skipped is not None:
            rows.append({**row, "passed": None, "told": f"not run: {skipped.get('message')}"})
        else:
            told = "" if ill is None else str(ill.get("message"))[:300]
            rows.append({**row, "passed": ill is None, "told": told})
    return rows


def main() -> int:
    """Prove, print what failed, and write the rows."""
    with tempfile.TemporaryDirectory(prefix="fintech-prove-") as name:
        rows = [*campaign(), *tests(Path(name))]
    result = {
        "commit": subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip(),
        "effort": float(os.environ.get("EFFORT", "0.02")),
        "passed": sum(row["passed"] is True for row in rows),
        "failed": sum(row["passed"] is False for row in rows),
        "not_run": sum(row["passed"] is None for row in rows),
        "rows": rows,
    }
    target = ROOT / "benchmarks" / "results" / "prove-notifications.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    for row in rows:
        if row["passed"] is not True or row["name"].startswith("campaign"):
            mark = {True: "passed", False: "FAILED", None: "not run"}[row["passed"]]
            print(f"{mark}: {row['name']}: {row['told']}")
    print(json.dumps({key: value for key, value in result.items() if key != "rows"}))
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
