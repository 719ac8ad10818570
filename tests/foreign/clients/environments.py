"""
Environments of the clients: each pinned, each apart from ours, made once under `.run/`.

They come from the registries by their ordinary clients (pip, npm). Where a registry
cannot be reached, the client is told as not run, never as passed.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / ".run" / "clients"
NODE = {
    "stripe": "23.1.0",
    "@stripe/cli": "1.52.0",
    "standardwebhooks": "1.1.1",
    "openapi-typescript": "7.13.0",
    "openapi-fetch": "0.17.0",
    "typescript": "5.9.3",
}
PYTHON = {
    "schemathesis": ("schemathesis==4.32.5",),
    "dj-stripe": ("dj-stripe==2.11.0", "stripe==15.6.2"),
    "generated": ("openapi-python-client==0.29.1",),
    "localstripe": ("localstripe==1.15.10",),  # A processor, for tests/payments/providers.
}


class NotRun(Exception):
    """A client could not be installed here."""


def node_modules() -> Path:
    """Return the folder of the packages from npm."""
    folder = HOME / "node"
    wanted = json.dumps(NODE, sort_keys=True)
    done = folder / "installed"
    if not (done.exists() and done.read_text() == wanted):
        folder.mkdir(parents=True, exist_ok=True)
        package = {"name": "clients", "private": True, "dependencies": NODE}
        (folder / "package.json").write_text(json.dumps(package))
        _run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)
        done.write_text(wanted)
    return folder / "node_modules"


def cli() -> Path:
    """Return the program of the official command line client, from its npm package."""
    found = sorted(node_modules().glob("@stripe/cli-*/bin/stripe"))
    if not found:
        raise NotRun("its npm package has no program for this machine")
    return found[0]


def python(name: str) -> Path:
    """Return the interpreter of an environment with a client's pinned packages."""
    wanted = PYTHON[name]
    digest = hashlib.sha256(repr((wanted, sys.version)).encode()).hexdigest()[:12]
    folder = HOME / f"{name}-{digest}"
    interpreter = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *wanted])
        done.write_text("")
    return interpreter


def _run(command: list[str], cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise NotRun(str(failure)) from failure
    if done.returncode:
        raise NotRun((done.stderr or done.stdout)[-400:])
