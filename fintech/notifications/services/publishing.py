"""
From facts to what merchants are told, and to a row per message.

Runs inside the transaction that moves the subscription's cursor, so every fact is told
exactly once, however often its reader stumbles. Set-based: the number of statements
depends on the objects that are shown, not on the events or endpoints.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.kernel.event_log import Recorded
from fintech.notifications.channels import providers
from fintech.notifications.data import TO_PAYERS, Channel, Template
from fintech.notifications.models import Endpoint, MerchantEvent
from fintech.notifications.services import preferences
from fintech.notifications.services.rendering import Objects
from fintech.notifications.services.schedule import TRIES
from fintech.wire import merchant_events
from fintech.wire.events import API_VERSION
from fintech.wire.scalars import Json

SOURCE = event_log.NAME
_PLATFORMS = "reconciliation."  # Its files and breaks are the platform's, not a merchant's.
# Mails that an event leads to: to the payer where there is an address, or to the owners.
_RECEIPTS = {
    ("payments.payment_captured.v1", "charge.captured"): Template.PAYMENT_RECEIPT,
    ("payments.refund_succeeded.v1", "refund.updated"): Template.REFUND_RECEIPT,
    ("payments.refund_completed.v1", "refund.updated"): Template.REFUND_RECEIPT,
}
_NOTICES = {
    ("payments.payment_review_opened.v1", "review.opened"): Template.REVIEW_OPENED,
    ("merchants.api_key_created.v1", "api_key.created"): Template.API_KEY_CHANGED,
    ("merchants.api_key_rolled.v1", "api_key.rolled"): Template.API_KEY_CHANGED,
    ("merchants.api_key_revoked.v1", "api_key.revoked"): Template.API_KEY_CHANGED,
}


_INSERT = f"""
INSERT INTO notifications_delivery (id, event_id, merchant_id, channel, endpoint_id, template,
  order_key, order_number, created_at, next_attempt_at, state, attempts, tries_left, last_error,
  failure, provider, reference, version)
SELECT t.id, t.event_id, t.merchant_id, t.channel, t.endpoint_id, t.template, t.order_key,
  t.order_number, t.created_at, t.created_at, 'pending', 0, {TRIES}, '', '', '', '', 0
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[],
  %s::int[], %s::timestamptz[])
AS t (id, event_id, merchant_id, channel, endpoint_id, template, order_key, order_number,
  created_at)
"""


class _Message(NamedTuple):
    """A row of a delivery before it is one, in the order of the statement's columns."""

    id: UUID
    event_id: UUID
    merchant_id: UUID
    channel: str
    endpoint_id: UUID | None
    template: str
    order_key: str
    order_number: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Told:
    """One event of one fact, before it is a row."""

    fact: Recorded
    type: str
    merchant_id: UUID
    object: Json

    @property
    def object_id(self) -> str:
        """Return what names the object; a merchant's balance has no id, for there is one."""
        return str(self.object.get("id", self.object["object"]))


def leading_to(kind: Template) -> frozenset[str]:
    """Return the types of events that lead to a kind of message."""
    causes = {**_RECEIPTS, **_NOTICES}.items()
    return frozenset(type_ for (_, type_), template in causes if template == kind)


def publish(facts: Sequence[Recorded], *, wake: Callable[[], None]) -> int:
    """
    Tell what a window of facts has to tell, and return how many events that was.

    Args:
        facts: in the order of the log.
        wake: called after the commit if there is anything to deliver: a hint, no more.
    """
    with db.transaction_required():
        objects = Objects()
        told = _not_yet_told(_events_of(facts, objects))
        if not told:
            return 0
        listening = _listening({one.merchant_id for one in told})
        events = _counted(told)
        deliveries: list[_Message] = []
        for event, one in zip(events, told, strict=True):
            to = [
                endpoint
                for endpoint in listening.get(one.merchant_id, ())
                if merchant_events.is_listened_to(one.type, endpoint.enabled_events)
            ]
            event.addressees = len(to)
            deliveries += [
                _delivery(event, channel=Channel.WEBHOOK, endpoint=endpoint) for endpoint in to
            ]
            if template := _template(one, objects):
                deliveries += _messages(event, template, one, objects)
        MerchantEvent.objects.bulk_create(events)
        if deliveries:
            _insert(deliveries)
            db.run_after_commit(wake)
        return len(events)


def _events_of(facts: Sequence[Recorded], objects: Objects) -> list[_Told]:
    objects.read_ahead(_payments_of(facts))
    told = []
    for fact in facts:
        for type_ in merchant_events.of(fact):
            subject = merchant_events.subject(type_, fact)
            for merchant_id in _concerned(fact) if subject else ():
                shown = subject and objects.shown(*subject, merchant_id)
                if shown:
                    told.append(_Told(fact, type_, merchant_id, shown))
    return told


def _concerned(fact: Recorded) -> Sequence[UUID]:
    """Return who hears of a fact: its merchant, or the operators where it is the platform's."""
    merchant_id = fact.id("merchant_id")
    if merchant_id is not None:
        return [merchant_id]
    if fact.name.startswith(_PLATFORMS):
        return [ids.parse("acct", operator) for operator in settings.OPERATOR_MERCHANTS]
    return ()


def _payments_of(facts: Sequence[Recorded]) -> set[UUID]:
    """Return the payments that a window tells of."""
    return {
        payment_id
        for fact in facts
        if (payment_id := fact.id("payment_id")) and merchant_events.of(fact)
    }


def _not_yet_told(told: list[_Told]) -> list[_Told]:
    """Leave out what was told before, should the log be read again from its beginning."""
    known = set(
        MerchantEvent.objects.filter(
            source=SOURCE, position__in={one.fact.position for one in told}
        ).values_list("position", "type", "merchant_id")
    )
    return [one for one in told if (one.fact.position, one.type, one.merchant_id) not in known]


def _listening(merchant_ids: set[UUID]) -> dict[UUID, list[Endpoint]]:
    by_merchant: dict[UUID, list[Endpoint]] = {}
    found = Endpoint.objects.filter(
        merchant_id__in=merchant_ids, is_enabled=True, deleted_at=None
    ).order_by("id")
    for endpoint in found:
        by_merchant.setdefault(endpoint.merchant_id, []).append(endpoint)
    return by_merchant


def _counted(told: Sequence[_Told]) -> list[MerchantEvent]:
    """Return the rows of events, each numbered after the one before it of the same object."""
    latest: dict[tuple[UUID, str], tuple[int, UUID | None]] = {
        (merchant_id, object_id): (sequence, event_id)
        for merchant_id, object_id, sequence, event_id in MerchantEvent.objects.filter(
            object_id__in={one.object_id for one in told}
        )
        .order_by("object_id", "merchant_id", "-sequence")
        .distinct("object_id", "merchant_id")
        .values_list("merchant_id", "object_id", "sequence", "id")
    }
    events = []
    for one in told:
        object_id = one.object_id
        place = (one.merchant_id, object_id)
        sequence, previous = latest.get(place, (0, None))
        event = MerchantEvent(
            id=ids.new(),
            merchant_id=one.merchant_id,
            type=one.type,
            object=one.object,
            object_id=object_id,
            sequence=sequence + 1,
            previous_id=previous,
            api_version=API_VERSION,
            source=SOURCE,
            position=one.fact.position,
            subject_id=one.fact.id("payment_id") or one.fact.stream_id,
            request_id=str(one.fact.meta.get("request_id", ""))[:64],
            created_at=one.fact.occurred_at,
        )
        latest[place] = (sequence + 1, event.id)
        events.append(event)
    return events


def _template(one: _Told, objects: Objects) -> Template | None:
    """Return the mail that an event leads to, if it leads to any."""
    payment_id = one.fact.id("payment_id")
    cause = (one.fact.name, one.type)
    receipt = _RECEIPTS.get(cause)
    if receipt and not _is_whole(one.fact):
        return None
    if receipt and payment_id:
        has_mail = objects.payment(payment_id, one.merchant_id).receipt_email
        return receipt if has_mail or _number(one, objects) else None
    return _NOTICES.get(cause)


def _is_whole(fact: Recorded) -> bool:
    """Whether a fact is worth a receipt: of a refund in parts only its end is, if any arrived."""
    is_end = fact.name == "payments.refund_completed.v1"
    return bool(fact.data["amount_minor"]) if is_end else not fact.data.get("whole_id")


def _messages(
    event: MerchantEvent, template: Template, one: _Told, objects: Objects
) -> list[_Message]:
    """Return the mail of an event, and the text where the payer has consented to one."""
    messages = [_delivery(event, channel=Channel.MAIL, template=template)]
    if template in TO_PAYERS and (number := _number(one, objects)):
        if preferences.is_wanted(Channel.SMS, number, template, merchant_id=one.merchant_id):
            messages.append(_delivery(event, channel=Channel.SMS, template=template))
        payment_id = one.fact.id("payment_id")
        if payment_id and not objects.payment(payment_id, one.merchant_id).receipt_email:
            messages = messages[1:]
    return messages


def _number(one: _Told, objects: Objects) -> str:
    """Return the number of a payment's customer, where there is anybody to carry a text."""
    payment_id = one.fact.id("payment_id")
    if payment_id is None or not providers.providers(Channel.SMS):
        return ""
    return objects.number(payment_id, one.merchant_id)


def _delivery(
    event: MerchantEvent,
    *,
    channel: Channel,
    endpoint: Endpoint | None = None,
    template: Template | None = None,
) -> _Message:
    is_ordered = endpoint is not None and endpoint.is_ordered
    return _Message(
        id=ids.new(),
        event_id=event.id,
        merchant_id=event.merchant_id,
        channel=channel.value,
        endpoint_id=endpoint.id if endpoint else None,
        template=template.value if template else "",
        order_key=event.object_id if is_ordered else "",
        order_number=event.sequence if is_ordered else 0,
        created_at=event.created_at,
    )


def _insert(messages: Sequence[_Message]) -> None:
    """
    Write the rows of a window in one statement.

    A window of 500 facts to twenty endpoints is ten thousand rows, and the transaction that
    moves the reader's place may take five seconds: as models they would take longer.
    """
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*messages, strict=True)])
