"""
The browser suite: Debian's Chromium on a throw-away instance with its story.

    python -m tests.e2e [--share] [pytest's own arguments]

The last line is `N passed, N failed`; `benchmarks/results/e2e.json` holds what was seen.
`--share` runs the few tests that every `make test` runs, and writes no file.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import chromium, watching

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "e2e.json"
_SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "OBJECTS_DIR")


class Tally:
    """Counts tests, and remembers which job of which person each of them does."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[str] = []
        self.jobs: dict[str, str] = {}
        self._does: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            self._does[item.nodeid] = [
                " ".join(mark.args) for mark in item.iter_markers(name="job")
            ]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            if report.nodeid in self.passed:
                self.passed.remove(report.nodeid)
            self._note(report.nodeid, self.failed, "failed")
        elif report.when == "call" and report.passed:
            self._note(report.nodeid, self.passed, "passed")

    def _note(self, nodeid: str, where: list[str], how: str) -> None:
        if nodeid not in where:
            where.append(nodeid)
        for job in self._does.get(nodeid, ()):
            if self.jobs.get(job) != "failed":
                self.jobs[job] = how


def main(arguments: list[str]) -> int:
    """Run the suite in this process, outside the reach of the other tests' servers."""
    share = "--share" in arguments
    told = [one for one in arguments if one != "--share"]
    if chromium.path() is None:
        print(chromium.MISSING, file=sys.stderr)
        return 3
    for name in _SERVERS:
        os.environ.pop(name, None)
    os.environ["E2E"] = "share" if share else "all"
    tally = Tally()
    began = time.monotonic()
    code = pytest.main(
        [
            str(Path(__file__).parent),
            f"--confcutdir={Path(__file__).parent}",
            f"--rootdir={ROOT}",
            *("-p", "no:django", "-p", "no:xdist", "-p", "no:cacheprovider", "-q"),
            *(["-m", "share"] if share else []),
            *told,
        ],
        plugins=[tally],
    )
    seen = watching.SEEN
    if not share:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(
            json.dumps(
                {
                    "commit": _commit(),
                    "passed": len(tally.passed),
                    "failed": len(tally.failed),
                    "csp_violations": len(seen.violations),
                    "axe_serious": len(seen.serious),
                    "jobs": dict(sorted(tally.jobs.items())),
                },
                indent=1,
            )
            + "\n"
        )
    for what in (*seen.violations, *seen.foreign, *seen.serious):
        print(what)
    print(
        f"Chromium {seen.browser}: {seen.requests} requests, {len(seen.foreign)} to other hosts; "
        f"axe looked {seen.axe_runs} times; {time.monotonic() - began:.0f} s"
    )
    print(f"{len(tally.passed)} passed, {len(tally.failed)} failed")
    return 0 if code == 0 and not tally.failed else 1


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
