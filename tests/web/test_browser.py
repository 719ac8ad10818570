"""A small share of the browser suite in every run; the whole of it is `make e2e`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import chromium

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(chromium.path() is None, reason=chromium.MISSING)
def test_the_first_jobs_are_done_in_a_real_browser():
    """On servers of its own, in a process of its own: a browser's loop and the ORM don't mix."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e", "--share"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    last = done.stdout.strip().splitlines()[-1]
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert last.endswith("passed, 0 failed")
    assert int(last.split()[0]) >= 5
