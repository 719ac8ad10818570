"""
Idempotency: the same key has one effect, and the same answer.

A service claims its caller's key in its first transaction and settles it in its last
with what came of it: a frozen value, or a refusal. The answer is rendered from that
value each time, so a replay is the same bytes. Keys are kept for 72 hours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson
from django.db import connection
from django_subatomic import db

from fintech.kernel import columns, errors, frozen, ids
from fintech.kernel.columns import Column
from fintech.kernel.errors import Conflict, Refusal, Refused
from fintech.kernel.keys import Key, differing

__all__ = [
    "KEPT",
    "Claim",
    "Done",
    "Key",
    "KeyInUse",
    "KeyReused",
    "around",
    "claim",
    "find",
    "once",
    "reap",
    "replayed",
    "settle",
]

KEPT = timedelta(hours=72)
# Nothing was begun, so a corrected call may use the key again.
_NOT_KEPT = (
    errors.Invalid,
    errors.NotFound,
    errors.Conflict,
    errors.Forbidden,
    errors.Unauthenticated,
    errors.Throttled,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done[T]:
    """What came of a command, and whether it came of an earlier call."""

    value: T
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """How a key was found."""

    key: Key
    state: Literal["new", "in_flight", "done", "reused"]
    outcome: Any = None
    differing: tuple[str, ...] = ()  # Of a key used for something else: in which parts.

    @property
    def existing_id(self) -> UUID | None:
        """Return the id of what the key made, where it made something."""
        found = getattr(self.outcome, "id", None)
        return found if isinstance(found, UUID) else None


class KeyInUse(Conflict):
    """A request with this idempotency key is still being worked on."""

    code = "idempotency_key_in_use"

    def __init__(self, key: str) -> None:
        super().__init__(
            "A request with this idempotency key is still being worked on; try again.", key=key
        )


class KeyReused(Refused):
    """The idempotency key was used before, for something else."""

    code = "idempotency_key_reused"

    def __init__(self, claim: Claim) -> None:
        told = f" ({', '.join(claim.differing)})" if claim.differing else ""
        super().__init__(
            f"This idempotency key was used for a different request{told}; use a new key.",
            key=claim.key.key,
            differing_fields=list(claim.differing),
        )
        self.existing = claim.outcome


def once[T](key: Key | None, work: Callable[[], T], *, at: datetime) -> Done[T]:
    """
    Do something once per key, in one transaction with the key's record.

    A refusal of the state of the world is kept under the key and given again; a
    request that could never be right is not, so a corrected call may use the key.

    Raises:
        KeyInUse: another request with the key is at work.
        KeyReused: the key was used for something else.
        Refusal: what `work` refused, now or the first time.
    """
    with db.transaction_if_not_already():
        if key is None:
            return Done(value=work())
        found = claim([key], at=at)[0]
        if found.state != "new":
            return replayed(found)
        refusal: Refusal | None = None
        try:
            with db.savepoint():
                value = work()
        except _NOT_KEPT:
            raise
        except Refusal as refused:
            refusal = refused
        settle([(key, value if refusal is None else refusal)], at=at)
    if refusal is not None:
        raise refusal
    return Done(value=value)


def around[T](key: Key | None, work: Callable[[], T], *, at: datetime) -> Done[T]:
    """
    Do something once per key that takes transactions of its own.

    Only for work that may be begun again: if it fails, or its process ends, nothing is
    kept under the key but that it was begun, and a failure lets it be used again.

    Raises:
        KeyInUse, KeyReused: as in `once`.
        Refusal: what `work` refused.
    """
    if key is None:
        return Done(value=work())
    with db.transaction_if_not_already():
        found = claim([key], at=at)[0]
    if found.state != "new":
        return replayed(found)
    try:
        value = work()
    except BaseException:
        with db.transaction_if_not_already(), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM kernel_idempotencykey "
                "WHERE scope = %s AND key = %s AND outcome IS NULL",
                [key.scope, key.key],
            )
        raise
    with db.transaction_if_not_already():
        settle([(key, value)], at=at)
    return Done(value=value)


def replayed(found: Claim) -> Done[Any]:
    """Give an earlier outcome again, or raise why there is none."""
    if found.state == "in_flight":
        raise KeyInUse(found.key.key)
    if found.state == "reused":
        raise KeyReused(found)
    if isinstance(found.outcome, Refusal):
        found.outcome.replayed = True
        raise found.outcome
    return Done(value=found.outcome, replayed=True)


def claim(keys: Sequence[Key], *, at: datetime) -> list[Claim]:
    """
    Claim keys, in one round trip if all are new, else in two.

    The unique index is the lock: a key that another open transaction holds is waited
    for. Claims come back in the order of `keys`; of two equal keys one is new.
    """
    with db.transaction_required(), columns.cursor() as cursor:
        # Always in the same order, so that two batches cannot wait for each other.
        ordered = sorted(keys, key=lambda key: (key.scope, key.key))
        cursor.execute(
            "INSERT INTO kernel_idempotencykey (id, scope, key, fingerprint, command, claimed_at) "
            "SELECT i, s, k, f, c, a FROM unnest(%b, %b, %b, %b, %b, %b) AS t(i, s, k, f, c, a) "
            "ON CONFLICT (scope, key) DO NOTHING RETURNING scope, key",
            [
                Column("uuid", [ids.new() for _ in ordered]),
                Column("uuid", [key.scope for key in ordered]),
                Column("text", [key.key for key in ordered]),
                Column("bytea", [key.fingerprint for key in ordered]),
                Column("text", [key.command for key in ordered]),
                Column("timestamptz", [at] * len(ordered)),
            ],
        )
        fresh = set(cursor.fetchall())
        stored = _stored(cursor, keys) if len(fresh) < len(keys) else {}
    claims = []
    for key in keys:
        place = (key.scope, key.key)
        if place in fresh:
            fresh.discard(place)
            claims.append(Claim(key=key, state="new"))
        else:
            claims.append(_claim(key, *stored[place]))
    return claims


def settle(outcomes: Sequence[tuple[Key, object]], *, at: datetime) -> None:
    """Record what came of claimed keys: values with a stored shape, or refusals."""
    if not outcomes:
        return
    with db.transaction_required(), columns.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_idempotencykey k SET outcome = t.o, settled_at = t.a "
            "FROM unnest(%b, %b, %b, %b) AS t(s, k, o, a) "
            "WHERE k.scope = t.s AND k.key = t.k",
            [
                Column("uuid", [key.scope for key, _ in outcomes]),
                Column("text", [key.key for key, _ in outcomes]),
                Column("jsonb", [_dumped(outcome) for _, outcome in outcomes]),
                Column("timestamptz", [at] * len(outcomes)),
            ],
        )


def find(scope: UUID, key: str) -> tuple[str, datetime, Any] | None:
    """Return what a key was claimed for, when, and its outcome (None while in flight)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT command, claimed_at, outcome FROM kernel_idempotencykey "
            "WHERE scope = %s AND key = %s",
            [scope, key],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return row[0], row[1], None if row[2] is None else _loaded(row[2])


def reap(*, at: datetime) -> int:
    """Forget keys that are older than they are kept, and return how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_idempotencykey WHERE claimed_at < %s", [at - KEPT])
        return int(cursor.rowcount)


def _stored(cursor: Any, keys: Sequence[Key]) -> dict[tuple[UUID, str], tuple[bytes, str, Any]]:
    cursor.execute(
        "SELECT scope, key, fingerprint, command, outcome FROM kernel_idempotencykey "
        "WHERE (scope, key) IN (SELECT * FROM unnest(%b, %b))",
        [Column("uuid", [key.scope for key in keys]), Column("text", [key.key for key in keys])],
    )
    return {
        (scope, key): (bytes(fingerprint), command, outcome)
        for scope, key, fingerprint, command, outcome in cursor.fetchall()
    }


def _claim(key: Key, fingerprint: bytes, command: str, outcome: Any) -> Claim:
    found = None if outcome is None else _loaded(outcome)
    if fingerprint != key.fingerprint or command != key.command:
        parts = differing(fingerprint, key.fingerprint)
        return Claim(key=key, state="reused", outcome=found, differing=parts)
    if outcome is None:
        return Claim(key=key, state="in_flight")
    return Claim(key=key, state="done", outcome=found)


def _dumped(outcome: object) -> str:
    if isinstance(outcome, Refusal):
        return orjson.dumps({"refusal": outcome.stored()}).decode()
    return orjson.dumps({"value": frozen.dump(outcome)}).decode()


def _loaded(stored: Any) -> Any:
    told = orjson.loads(stored) if isinstance(stored, str) else stored
    if "refusal" in told:
        return errors.restored(told["refusal"])
    return frozen.load(told["value"])
