"""The demo: one instance that stays, with its links and logins."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from sandbox import ports, supervisor
from sandbox.embedded import Embedded
from sandbox.instance import Instance
from sandbox.progress import Progress


def run(state: Path, *, base_port: int, bind: str, reset: bool, story: bool) -> int:
    """Start, tell where everything is, and stay until told to stop."""
    began = time.monotonic()
    progress = Progress()
    unfinished = state / "telling"  # There while the story is being told.
    if reset:
        _reset(state)
    elif unfinished.exists() and not supervisor.is_running(state):
        progress.say(" ! the story was interrupted; beginning again with an empty database")
        _reset(state)
    instance = Instance(state, base_port=base_port, bind=bind, progress=progress)
    try:
        instance.start()
        if story:
            unfinished.touch()
            for line in instance.seed("--logins", str(instance.state / "logins.json")):
                progress.say(f"   {line}")
            unfinished.unlink()
        logins = _logins(instance)
        progress.say()
        tell(progress, instance.facts(), logins)
        progress.say(f" Ready after {time.monotonic() - began:.1f} s. Stop: Ctrl-C or make down.")
        while True:
            time.sleep(0.5)
            instance.supervisor.watch_once()
    except supervisor.AlreadyRunning as running:
        progress.say(f"{running}; stop it with: make down")
        status(state)
        return 0
    except KeyboardInterrupt:
        return 0
    finally:
        # From here on a second Ctrl-C must not leave half of it behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if instance.has_started:
            with progress.step("stopped"):
                instance.stop()


def status(state: Path) -> int:
    """Say what runs; 0 when everything is ready, 3 when nothing runs, 1 in between."""
    if not supervisor.is_running(state):
        print("not running; start it with: make demo")
        return 3
    told = supervisor.record(state)
    alive = True
    print(f"supervisor   {told.get('pid')}")
    for child in told.get("children", []):
        lives = supervisor.is_alive(child)
        alive = alive and lives
        print(f"{child['name']:<12} {child['pid']}  {'running' if lives else 'ended'}")
    for name in ("base_url", "acquirer_url", "mail_url", "smtp", "database_url", "redis_url"):
        if name in told:
            print(f"{name:<12} {told[name]}")
    ready = alive and bool(told.get("children")) and ports.is_ok(f"{told['base_url']}/readyz")
    print("ready" if ready else "not ready")
    return 0 if ready else 1


def tell(progress: Progress, facts: dict[str, Any], logins: dict[str, Any]) -> None:
    """Say where everything is, who may enter, and how a first payment is taken."""
    base = facts["base_url"]
    owner, staff = logins.get("owner", {}), logins.get("staff", {})
    rows = [
        ("Dashboard", f"{base}/dashboard/", _pair(owner)),
        ("Back office", f"{base}/admin/", _pair(staff)),
        ("API", f"{base}/v1/", logins.get("secret_key", "")),
        ("Health", f"{base}/readyz", f"{base}/metrics"),
        ("Acquirer and bank", facts["acquirer_url"], ""),
        ("Mail box", facts["mail_url"], ""),
    ]
    for name, link, how in rows:
        progress.say(f" {name:<18} {link:<38} {how}".rstrip())
    if key := logins.get("secret_key"):
        progress.say()
        progress.say(" Take a payment:")
        progress.say(f"   curl {base}/v1/payment_intents -u {key}: \\")
        progress.say("     -d amount=4250 -d currency=eur -d payment_method=pm_card_visa \\")
        progress.say("     -d confirm=true")
    progress.say(f" Logs: {os.path.relpath(facts['state'])}/logs")


def _pair(login: dict[str, Any]) -> str:
    return f"{login['email']} / {login['password']}" if login else ""


def _logins(instance: Instance) -> dict[str, Any]:
    """Return the logins and the key of this instance; make them when there are none yet."""
    kept = instance.state / "logins.json"
    if not kept.exists():
        staff = {"email": "staff@example.com", "password": "demo-staff-password"}
        with instance.progress.step("a merchant with its owner and a key; the back office"):
            arguments = ["--name", "Example Books"]
            arguments += ["--email", "owner@example.com", "--password", "demo-owner-password"]
            opened = instance.open_merchant(*arguments)
            instance.open_back_office(**staff)
        kept.touch(mode=0o600)
        kept.write_text(json.dumps({**opened, "staff": staff}, indent=1))
    logins: dict[str, Any] = json.loads(kept.read_text())
    return logins


def _reset(state: Path) -> None:
    if supervisor.is_running(state) or Embedded(state).is_answering():
        print("running; stop it first with: make down", file=sys.stderr)
        raise SystemExit(1)
    Embedded(state).remove()
    shutil.rmtree(state)
