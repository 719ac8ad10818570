"""`make` explains itself, and every target it names is one."""

import re
import subprocess

from sandbox.instance import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


def test_bare_make_names_every_target():
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    targets = set(re.findall(r"(?m)^([a-z0-9-]+):", MAKEFILE))
    assert targets == set(re.findall(r"(?m)^  ([a-z0-9-]+) +\S", shown))
    assert {"demo", "down", "status", "tour", "smoke", "test", "check"} <= targets


def test_no_target_is_taken_for_a_file():
    phony = re.search(r"(?m)^\.PHONY: (.*)$", MAKEFILE)

    assert phony
    assert set(phony[1].split()) == set(re.findall(r"(?m)^([a-z0-9-]+):", MAKEFILE))


def test_the_gate_is_the_same_targets_as_a_persons():
    gate = (ROOT / ".ci" / "run").read_text()

    assert re.findall(r"(?m)^make (.*)$", gate) == [
        "check",
        "test",
        "smoke >/dev/null",
        'foreign-clients ARGS="--skip-unreachable --requests 1000"',
    ]
    assert "set -euo pipefail" in gate
