"""The import contracts hold, and each of these trespasses is refused by one of them."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fintech

ROOT = Path(fintech.__file__).parents[1]
LINTER = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [LINTER, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for package in ("fintech", "config", "sandbox"):
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=shutil.ignore_patterns("static", "templates", "__pycache__"),
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_all_contracts_are_kept(copy):
    code, told = lint(copy)
    assert code == 0, told


def test_every_package_is_placed():
    law = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = law["tool"]["importlinter"]["contracts"][0]["layers"]
    placed = {name.strip() for layer in layers for name in layer.split("|")}
    found = {path.name for path in (ROOT / "fintech").iterdir() if (path / "__init__.py").exists()}
    assert placed == found


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        (
            "fintech/payments/services/stray.py",
            "import fintech.ledger.models",
            "five public modules",
        ),
        (
            "fintech/ledger/queries/stray.py",
            "import fintech.payments.data",
            "layers of the platform",
        ),
        ("fintech/wallets/stray.py", "import fintech.fraud.data", "layers of the platform"),
        ("fintech/payments/utils.py", "", "has its layer"),
        ("fintech/payments/data/stray.py", "import django", "no framework"),
        ("fintech/audit/stray.py", "import fintech.ledger.queries", "only the kernel"),
        ("fintech/kernel/stray.py", "import config.settings", "imported by nothing"),
        ("fintech/payments/stray.py", "import rest_framework", "HTTP frameworks"),
        ("config/stray.py", "import sandbox.embedded", "knows the sandbox"),
        ("fintech/drawer/__init__.py", "", "layers of the platform"),
    ],
)
def test_a_trespass_is_refused(copy, file, line, contract):
    path = copy / file
    target = path
    appended = None
    if not path.parent.exists() and path.parent.with_suffix(".py").exists():
        # The subject is one module here, not a package: trespass in the module itself.
        target = path.parent.with_suffix(".py")
        appended = target.read_text()
        target.write_text(f"{appended}\n{line}\n")
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{line}\n")
    try:
        code, told = lint(copy)
    finally:
        if appended is not None:
            target.write_text(appended)
        else:
            path.unlink()
            if file.endswith("__init__.py"):
                path.parent.rmdir()
    assert code == 1, told
    broken = [row for row in told.splitlines() if row.endswith("BROKEN")]
    assert any(contract in row for row in broken), told
