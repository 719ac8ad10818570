"""
The official Node SDK. It is not one of our packages: `npm install stripe` anywhere, and
name that folder's `node_modules` in STRIPE_NODE_MODULES; without it this is skipped.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKS = Path(__file__).parent / "node" / "checks.mjs"
MODULES = os.environ.get("STRIPE_NODE_MODULES", "")


@pytest.mark.skipif(
    not (MODULES and shutil.which("node")), reason="no node, or STRIPE_NODE_MODULES is not set"
)
def test_the_node_sdk_works_unchanged(base, secret):
    ran = subprocess.run(
        ["node", str(CHECKS)],
        env={**os.environ, "BASE_URL": base, "API_KEY": secret, "NODE_MODULES": MODULES},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    checks = [json.loads(line) for line in ran.stdout.splitlines()]

    assert len(checks) >= 25, ran.stderr[-2000:]
    assert [check for check in checks if not check["ok"]] == []
