"""
The caller's idempotency key over three beats.

It is claimed with the decision and settled with the outcome. In between, the operation's
row keeps it, so that whoever records the outcome (the caller, a callback, the janitor
after a crash) settles it with the value that the caller would have got.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from fintech.kernel import idempotency
from fintech.kernel.errors import Refusal
from fintech.kernel.idempotency import Claim, Done, Key, KeyInUse, KeyReused
from fintech.payments import data


def taken(key: Key | None, *, at: datetime) -> Done[Any] | None:
    """
    Claim a key, or give the earlier answer to it again.

    Needs the transaction. The row that the command is about is locked before: a key's
    row is this transaction's first write.

    Raises:
        KeyInUse, KeyReused: see `idempotency`.
        Refusal: what was refused the first time.
    """
    if key is None:
        return None
    claim = idempotency.claim([key], at=at)[0]
    return None if claim.state == "new" else idempotency.replayed(claim)


def begun(claim: Claim) -> data.Begun | None:
    """Return how a claimed key was answered already, or None if it is new."""
    if claim.state == "new":
        return None
    if claim.state == "in_flight":
        return data.Begun(refusal=KeyInUse(claim.key.key))
    if claim.state == "reused":
        return data.Begun(refusal=KeyReused(claim))
    if isinstance(claim.outcome, Refusal):
        claim.outcome.replayed = True
        return data.Begun(refusal=claim.outcome, replayed=True)
    return data.Begun(payment=claim.outcome, replayed=True)


def kept(key: Key | None) -> dict[str, str] | None:
    """Return a key as an operation's row keeps it."""
    if key is None:
        return None
    return {"key": key.key, "fingerprint": key.fingerprint.hex(), "command": key.command}


def found(merchant_id: UUID, claim: dict[str, str] | None) -> Key | None:
    """Return the key that an operation's row has kept."""
    if claim is None:
        return None
    return Key(
        scope=merchant_id,
        key=claim["key"],
        fingerprint=bytes.fromhex(claim["fingerprint"]),
        command=claim["command"],
    )
