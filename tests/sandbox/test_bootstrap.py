"""The script that runs before any of our Python can: quick when done, one clear line when not."""

import hashlib
import os
import shutil
import subprocess
import sys

import pytest

from sandbox.instance import ROOT

TOOLS = ("bash", "dirname", "sha256sum", "cut", "cat", "mkdir", "flock", "grep", "tail")


@pytest.fixture
def clone(tmp_path):
    (tmp_path / "sandbox").mkdir()
    shutil.copy(ROOT / "sandbox" / "bootstrap.sh", tmp_path / "sandbox")
    (tmp_path / "requirements.lock").write_text("six==1.17.0 \\\n    --hash=sha256:00\n")
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (tools / tool).symlink_to(found)
    return tmp_path


def bootstrap(clone, **env) -> subprocess.CompletedProcess:
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return subprocess.run(
        ["bash", clone / "sandbox" / "bootstrap.sh"],
        env={"PATH": str(clone / "bin"), "HOME": str(clone / "home"), **kept, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_python_it_says_so_in_one_line(clone):
    done = bootstrap(clone)

    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.12 or newer is needed")
    assert done.stderr.count("\n") == 1
    assert not (clone / ".venv").exists()


def test_without_a_network_it_says_so_and_the_next_run_tries_again(clone):
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    nowhere |= {"PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1", "PYTHON": sys.executable}

    done = bootstrap(clone, **nowhere)

    assert done.returncode == 1
    assert "The package index cannot be reached" in done.stderr.splitlines()[-1]
    assert not (clone / ".venv" / "lock.sha256").exists()


def test_when_the_lock_is_installed_it_does_nothing(clone):
    binaries = clone / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    digest = hashlib.sha256((clone / "requirements.lock").read_bytes()).hexdigest()
    (clone / ".venv" / "lock.sha256").write_text(f"{digest}\n")

    done = bootstrap(clone)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_says_nothing_on_standard_output(clone):
    """Smoke's standard output is JSON alone, also when the environment had to be made first."""
    assert bootstrap(clone).stdout == ""
