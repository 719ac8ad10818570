"""
Approvals: one person proposes, another decides, and it is done once.

`config` names what each kind runs (`settings.APPROVALS`: kind → dotted path of a
function that takes the payload and `by` and `at`). The database refuses a checker who
is the maker. Approvals are given by people in the browser only, never by an API key.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.module_loading import import_string
from django_subatomic import db

from fintech.kernel import proof
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Forbidden, NotFound, Refused
from fintech.kernel.models import Approval

LASTS = timedelta(hours=24)


class ApprovalNotFound(NotFound):
    """There is no such proposal."""


class ApprovalDecided(Refused):
    """The proposal was decided before, or has expired."""

    code = "approval_decided"


class SamePerson(Forbidden):
    """Whoever proposes something cannot approve it."""

    code = "approval_by_maker"


class NotAPerson(Forbidden):
    """Only people decide, in the browser."""

    code = "approval_by_machine"


class PayloadChanged(Refused):
    """What is stored is not what was proposed."""

    code = "approval_payload_changed"


def propose(
    *, kind: str, payload: Mapping[str, Any], version_seen: int = 0, by: Actor, at: datetime
) -> UUID:
    """Store what one person wants done; another has 24 hours to decide."""
    if kind not in settings.APPROVALS:
        raise ApprovalNotFound(kind=kind)
    plain = orjson.loads(orjson.dumps(dict(payload), option=orjson.OPT_SORT_KEYS, default=str))
    with db.transaction_if_not_already():
        made = Approval.objects.create(
            kind=kind,
            payload=plain,
            payload_hash=_hash(plain),
            version_seen=version_seen,
            maker_id=_person(by),
            proposed_at=at,
            expires_at=at + LASTS,
        )
    return made.id


def approve(*, approval_id: UUID, by: Actor, at: datetime) -> Any:
    """
    Do what was proposed, in one transaction with the decision; return what it returned.

    Raises:
        SamePerson: the checker is the maker.
        ApprovalDecided: it was decided before, or is too old.
        PayloadChanged: somebody touched the payload in the database.
    """
    with db.transaction():
        approval = _locked(approval_id, at=at)
        checker = _person(by)
        if checker == approval.maker_id:
            raise SamePerson(approval=str(approval_id))
        if _hash(approval.payload) != approval.payload_hash:
            raise PayloadChanged(approval=str(approval_id))
        _decide(approval, Approval.EXECUTED, checker, at=at)
        run: Callable[..., Any] = import_string(settings.APPROVALS[approval.kind])
        return run(approval.payload, version_seen=approval.version_seen, by=by, at=at)


def reject(*, approval_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Decide that it is not done; the maker may not do this either."""
    with db.transaction():
        approval = _locked(approval_id, at=at)
        checker = _person(by)
        if checker == approval.maker_id:
            raise SamePerson(approval=str(approval_id))
        approval.reason = reason[:500]
        _decide(approval, Approval.REJECTED, checker, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one person proposed and nobody has decided."""

    id: UUID
    kind: str
    payload: Mapping[str, Any]
    maker_id: UUID
    proposed_at: datetime
    expires_at: datetime


def waiting(*, kind: str, about: Mapping[str, str], at: datetime) -> list[Proposal]:
    """Return what waits for a decision, oldest first, whose payload says all of `about`."""
    found = Approval.objects.filter(
        kind=kind, state=Approval.PROPOSED, expires_at__gt=at, payload__contains=dict(about)
    )
    return [
        Proposal(
            id=one.id,
            kind=one.kind,
            payload=one.payload,
            maker_id=one.maker_id,
            proposed_at=one.proposed_at,
            expires_at=one.expires_at,
        )
        for one in found.order_by("proposed_at", "id")
    ]


def _decide(approval: Approval, state: str, checker: UUID, *, at: datetime) -> None:
    approval.state, approval.checker_id, approval.decided_at = state, checker, at
    approval.version += 1
    approval.save()


def _locked(approval_id: UUID, *, at: datetime) -> Approval:
    approval = Approval.objects.select_for_update().filter(id=approval_id).first()
    if approval is None:
        raise ApprovalNotFound(approval=str(approval_id))
    if approval.state != Approval.PROPOSED or approval.expires_at <= at:
        raise ApprovalDecided(approval=str(approval_id), state=approval.state)
    return approval


def _person(by: Actor) -> UUID:
    if by.kind not in {"staff", "user"}:
        raise NotAPerson(kind_of_actor=by.kind)
    return UUID(by.id)


def _hash(payload: Any) -> str:
    return hashlib.sha256(proof.canonical(payload)).hexdigest()
