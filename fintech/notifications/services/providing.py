"""
Which provider carries a message, and what providers' callbacks say became of it.

Shares decide while all are well. One that fails technically a few times in a row rests,
ever longer, and its messages go to the others; one that is slow keeps a quarter of its
share for a while. What one could not carry is tried with another at once.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django_subatomic import db

from fintech.kernel import actor, event_log
from fintech.kernel.events import Code
from fintech.notifications import errors, events
from fintech.notifications.channels import providers
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.channels.providers import Provider, Receipt, Told
from fintech.notifications.data import Channel, DeliveryState, Failure
from fintech.notifications.models import Delivery, ProviderHealth
from fintech.notifications.services import endpoints, schedule

_TOLERATED = 3  # Technical failures in a row.
_FIRST_REST, _LONGEST_REST = timedelta(seconds=30), timedelta(minutes=10)
_SLOW_MS, _SLOW_FOR = 5_000, timedelta(minutes=5)
_EARLY_S = 1.0  # So long is waited for a message's own sender.
_WHOLE, _QUARTER = 4, 1  # Of a share.


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of providers at a moment: who rests, and who is slow."""

    resting: frozenset[str]
    slow: frozenset[str]

    @classmethod
    def at(cls, at: datetime) -> "Health":
        """Read it once for many messages."""
        rows = list(ProviderHealth.objects.all())
        return cls(
            frozenset(row.name for row in rows if row.rests_until and row.rests_until > at),
            frozenset(row.name for row in rows if row.slow_until and row.slow_until > at),
        )

    def chosen(
        self, channel: Channel, delivery_id: UUID, *, tried: Collection[str]
    ) -> Provider | None:
        """
        Return who carries a message; the same message goes the same way until that fails.

        Args:
            channel: mail or SMS.
            delivery_id: spreads the messages by the shares.
            tried: who could not carry it before; only if there is nobody else.
        """
        known = [one for one in providers.providers(channel) if one.share > 0]
        for candidates in (
            [one for one in known if one.name not in tried and one.name not in self.resting],
            [one for one in known if one.name not in self.resting],
            known,
        ):
            weights = [
                one.share * (_QUARTER if one.name in self.slow else _WHOLE) for one in candidates
            ]
            if candidates:
                place = delivery_id.int % sum(weights)
                for one, weight in zip(candidates, weights, strict=True):
                    place -= weight
                    if place < 0:
                        return one
        return None


def others(channel: Channel, tried: Collection[str], at: datetime) -> bool:
    """Whether there is a provider left that is well and has not tried it."""
    health = Health.at(at)
    return any(
        one.share > 0 and one.name not in tried and one.name not in health.resting
        for one in providers.providers(channel)
    )


def learn(name: str, outcome: Outcome, *, at: datetime) -> None:
    """Let what came of one message tell something about who carried it."""
    failed = outcome.failure == Failure.TECHNICAL
    is_slow = outcome.duration_ms >= _SLOW_MS
    found = ProviderHealth.objects.filter(name=name).first()
    if found is None and not failed and not is_slow:
        return  # Ordinary success of an ordinary provider: nothing to remember.
    health, _ = ProviderHealth.objects.get_or_create(name=name)
    health = ProviderHealth.objects.select_for_update().get(name=name)
    if failed:
        health.failures += 1
        if health.failures >= _TOLERATED:
            health.rests_until = at + min(_FIRST_REST * 2**health.rests, _LONGEST_REST)
            health.rests += 1
    else:
        health.failures = health.rests = 0
        health.rests_until = None
    if is_slow:
        health.slow_until = at + _SLOW_FOR
    health.save()


def receive(
    *, provider: str, body: bytes, headers: Mapping[str, str], url: str, at: datetime
) -> int:
    """
    Take what a provider tells of messages it took; return how many that changed.

    What is told twice, or of a message that has ended, changes nothing. No transaction may be
    open: a provider that is quick tells of a message before we have written down its name for
    it, so we look again for a moment.

    Raises:
        ProviderNotFound: there is none of this name.
        CallbackRefused: it is not signed as this provider signs.
        ToldTooEarly: it may be about a message that is being sent now; to be told again later.
    """
    known = providers.named(provider)
    if known is None:
        raise errors.ProviderNotFound(provider)
    try:
        receipts = known.receipts(body, headers, url)
    except providers.ReceiptRefused as refused:
        raise errors.CallbackRefused(provider) from refused
    named = [receipt for receipt in receipts if receipt.reference]
    _await(provider, known.channel, {receipt.reference for receipt in named})
    return sum(_apply(provider, receipt, at) for receipt in named)


def _await(provider: str, channel: Channel, references: Collection[str]) -> None:
    """Wait a moment for messages that are told of and not known yet, while any is being sent."""
    until = time.monotonic() + _EARLY_S
    while True:
        known = Delivery.objects.filter(provider=provider, reference__in=references)
        if len(set(known.values_list("reference", flat=True))) == len(references):
            return
        under_way = Delivery.objects.filter(
            channel=channel.value,
            state=DeliveryState.PENDING.value,
            leased_until__gt=datetime.now(UTC),
        )
        if not under_way.exists():
            return  # It is of no message of ours.
        if time.monotonic() > until:
            raise errors.ToldTooEarly(provider)
        time.sleep(_EARLY_S / 10)


def _apply(provider: str, receipt: Receipt, at: datetime) -> bool:
    with db.transaction_if_not_already():
        delivery = (
            Delivery.objects.select_for_update()
            .filter(provider=provider, reference=receipt.reference)
            .order_by("id")
            .first()
        )
        if delivery is None or delivery.state != DeliveryState.SENT.value:
            return False
        if receipt.told == Told.DELIVERED:
            settle_arrival(delivery, at)
            delivery.save()
            return True
        outcome = Outcome(
            verdict=Verdict.GIVE_UP if receipt.failure == Failure.PERMANENT else Verdict.RETRY,
            code=receipt.code[:40],
            failure=receipt.failure or Failure.TEMPORARY,
        )
        settle_failure(delivery, outcome, at)
        delivery.save()
        return True


def settle_arrival(delivery: Delivery, at: datetime) -> None:
    """Let a message have arrived; of a mail or a text that is a fact."""
    delivery.state, delivery.delivered_at = DeliveryState.DELIVERED.value, at
    delivery.next_attempt_at, delivery.last_error = None, ""
    if delivery.channel == Channel.WEBHOOK:
        return
    delivery.version += 1
    arrived = events.DeliveryArrived(
        delivery_id=delivery.id,
        merchant_event_id=delivery.event_id,
        endpoint_id=delivery.endpoint_id,
        merchant_id=delivery.merchant_id,
        channel=Code(delivery.channel),
        template=Code(delivery.template),
        version=delivery.version,
        at=at,
    )
    event_log.append([arrived], by=_BY)


def settle_failure(delivery: Delivery, outcome: Outcome, at: datetime) -> None:
    """Plan the next try of a message that did not get through, or give it up with its cause."""
    delivery.last_error = outcome.code
    delivery.tries_left = max(0, delivery.tries_left - 1)
    if outcome.verdict == Verdict.RETRY and delivery.tries_left:
        delivery.state = DeliveryState.PENDING.value
        waiting = schedule.wait(delivery.tries_left)
        delivery.next_attempt_at = at + max(waiting, outcome.retry_after or waiting)
        if delivery.provider and others(Channel(delivery.channel), tried_by(delivery), at):
            delivery.next_attempt_at = at  # Another carries it at once.
        return
    is_final = outcome.verdict == Verdict.GIVE_UP and outcome.code != "endpoint_disabled"
    delivery.state = (DeliveryState.FAILED if is_final else DeliveryState.ABANDONED).value
    delivery.failure = outcome.kind_of_failure.value
    delivery.next_attempt_at = None
    delivery.version += 1
    event_log.append([endpoints.given_up(delivery, at)], by=_BY)


def tried_by(delivery: Delivery) -> set[str]:
    """Return the providers that could not carry a message since it was last sent anew."""
    recent = delivery.tried.exclude(provider="").order_by("-number")[:_REMEMBERED]
    return {attempt.provider for attempt in recent}


_REMEMBERED = 3
_BY = actor.system("deliveries")
