"""
Smoke: the whole journey on an instance of its own, which is gone afterwards.

Standard output is one JSON object and nothing else; people follow on standard error.
"""

import json
import re
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from sandbox.instance import Instance
from sandbox.journey import Journey
from sandbox.progress import Progress
from sandbox.receiver import Receiver

KEYS = (
    "merchant",
    "sdk_payment",
    "idempotent_replay",
    "declined",
    "blocked",
    "ledger",
    "wallet",
    "events",
    "webhook",
    "mail",
    "reconciliation",
    "audit",
    "web",
    "invariants",
    "replay",
)
_FIRST_PORT = 18_000


def run() -> int:
    """Boot, drive the journey, print what came of it, and leave nothing behind."""
    progress = Progress(sys.stderr)
    state = Path(tempfile.mkdtemp(prefix="fintech-smoke-"))
    state.chmod(0o711)  # The database's own account walks through it.
    told: dict[str, Any] = {key: {"ok": False, "ms": 0} for key in KEYS}
    began = time.monotonic()
    instance = Instance(state, base_port=_FIRST_PORT, progress=progress, throwaway=True)
    try:
        with instance, Receiver() as receiver:
            told["boot"] = {"ok": True, "ms": _since(began)}
            for name, step in Journey(instance, receiver).steps().items():
                told[name] = _take(name, step, progress)
            if not all(told[key]["ok"] for key in KEYS):
                _show_logs(state, progress)
    except Exception as failure:
        told["boot"] = {"ok": False, "ms": _since(began), "detail": str(failure)[-2000:]}
        progress.say(str(failure))
    finally:
        shutil.rmtree(state, ignore_errors=True)
    told["ok"] = all(told[key]["ok"] for key in KEYS)
    told["ms"] = _since(began)
    print(json.dumps(told, indent=1, default=str))
    return 0 if told["ok"] else 1


def _take(name: str, step: Any, progress: Progress) -> dict[str, Any]:
    began = time.monotonic()
    try:
        with progress.step(name):
            detail = step()
    except Exception as failure:
        kind = type(failure).__name__
        progress.say(traceback.format_exc(limit=-4))
        return {"ok": False, "ms": _since(began), "detail": f"{kind}: {failure}"[:2000]}
    return {"ok": True, "ms": _since(began), **({"detail": detail} if detail else {})}


def _show_logs(state: Path, progress: Progress) -> None:
    """Show what the processes complained about, each thing once: the folder is about to go."""
    for log in sorted(state.glob("logs/*.log")):
        told: dict[str, str] = {}
        for line in log.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                if "ERROR" in line:
                    told.setdefault(line[:200], "")
                continue
            if isinstance(entry, dict) and entry.get("level") == "error":
                trace = str(entry.get("exception", "")).splitlines()[-8:]
                event = re.sub(r"\[[0-9a-f-]{36}\]", "", str(entry.get("event")))
                told.setdefault(event[:200], "\n".join(trace))
        for what, ending in told.items():
            progress.say(f"--- {log.name}: {what}\n{ending}")


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
