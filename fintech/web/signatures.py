"""A webhook's signature, checked step by step as a receiver should: each step says what it saw."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
_SHOWN = 60  # Bytes of a body.
_TWO_MINUTES = 120
_PART = re.compile(r"(t|v1)=([0-9a-f]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the check: what is done, whether it holds, and what was seen."""

    title: str
    holds: bool
    seen: str


def explain(*, header: str, body: bytes, secret: str, at: datetime) -> list[Step]:
    """Return the steps up to the first that does not hold."""
    parts = _PART.findall(header)
    stamps = [value for name, value in parts if name == "t" and value.isdecimal()]
    codes = [value for name, value in parts if name == "v1"]
    steps = [
        Step(
            title="The header has a time and a signature",
            holds=bool(stamps and codes),
            seen=f"t={stamps[0]}, and {len(codes)} signature{'s' if len(codes) != 1 else ''} (v1)"
            if stamps and codes
            else "It should read t=…,v1=…: copy the whole value of the header.",
        )
    ]
    if not steps[0].holds:
        return steps
    sent = datetime.fromtimestamp(min(int(stamps[0]), 2**33), tz=UTC)
    apart = abs(at - sent)
    steps.append(
        Step(
            title="The time is not more than 5 minutes off",
            holds=apart <= TOLERANCE,
            seen=f"It was signed at {sent:%Y-%m-%d %H:%M:%S} UTC, {_written(apart)} from now. "
            "An old one may be somebody's replay.",
        )
    )
    signed = f"{stamps[0]}.".encode() + body
    steps.append(
        Step(
            title="What is signed: the time, a dot, and the body as it came",
            holds=True,
            seen=f"{stamps[0]}.{_start(body)} "
            f"({len(signed)} bytes, SHA-256 {hashlib.sha256(signed).hexdigest()[:16]}…)",
        )
    )
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    matches = any(hmac.compare_digest(expected, code) for code in codes)
    steps.append(
        Step(
            title="HMAC-SHA256 of that, with your secret, is one of the signatures",
            holds=matches,
            seen=f"With this secret it is {expected[:16]}…; the header has "
            f"{', '.join(code[:16] + '…' for code in codes)}. "
            + ("They are equal." if matches else _why(body)),
        )
    )
    return steps


def _start(body: bytes) -> str:
    return body[:_SHOWN].decode(errors="replace") + ("…" if len(body) > _SHOWN else "")


def _why(body: bytes) -> str:
    """Say what most likely went wrong."""
    if body != body.strip():
        return "The body begins or ends with white space: was it copied with a line break too many?"
    if b"\n" in body:
        return (
            "The body has line breaks: it was formatted. Sign the bytes as they came, not parsed."
        )
    return (
        "Either the secret is another endpoint's, or the body is not byte for byte what was sent."
    )


def _written(apart: timedelta) -> str:
    seconds = int(apart.total_seconds())
    return f"{seconds} s" if seconds < _TWO_MINUTES else f"{seconds // 60} min"
