"""The quickstart's blocks, run one after the other as a reader would."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from fintech.api.docs import pages
from fintech.kernel import clock, subscriptions
from fintech.notifications import services as notifications
from sandbox.receiver import Receiver

MISSING = [name for name in ("bash", "curl", "jq", "openssl") if shutil.which(name) is None]
BLOCKS = re.findall(r"```sh\n(.*?)```", pages.QUICKSTART.read_text(), re.DOTALL)
HEARD_AFTER = 3  # The block that makes the payment.


@pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}")
@pytest.mark.django_db(transaction=True)
def test_every_block_does_what_it_says(api, live_server, tmp_path, settings):
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    with Receiver() as receiver:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "BASE_URL": live_server.url,
            "API_KEY": api.secret,
            "HOOKS_URL": receiver.url,
        }
        for number, block in enumerate(BLOCKS):
            ran = subprocess.run(
                ["bash", "-eu", "-o", "pipefail", "-c", block],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert ran.returncode == 0, f"{block}\n{ran.stdout}{ran.stderr}"
            if number == HEARD_AFTER:
                _hear(receiver, tmp_path)
    assert len(BLOCKS) == 7


def _hear(receiver: Receiver, folder: Path) -> None:
    """What the workers do meanwhile: the event comes, and the reader keeps the delivery."""
    subscriptions.catch_up()
    notifications.deliver_due(at=clock.now())
    [got] = receiver.received
    told = {name.lower(): value for name, value in got.headers.items()}
    (folder / "hook.body").write_bytes(got.body)
    for name in ("id", "timestamp", "signature"):
        (folder / f"hook.{name}").write_text(told[f"webhook-{name}"])


def test_the_page_shows_it(db):
    page = Client().get("/docs/quickstart")

    assert page.status_code == 200
    shown = page.content.decode()
    assert "payment_intents" in shown
    assert shown.count("<pre") == len(BLOCKS)
    assert "<h2>" in shown
