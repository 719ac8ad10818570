"""Holding a provider's circuit open or closed: staff's word, over what its calls come to."""

from datetime import datetime

from django.db import transaction
from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.payments import errors, events
from fintech.payments.models import ProviderHold
from fintech.payments.providers import circuit, registry

_WAYS = frozenset({"", "open", "closed"})


def hold_provider(*, provider: str, held: str, by: Actor, at: datetime) -> None:
    """
    Hold a provider's circuit "open" (nobody asks it), "closed" (everybody does), or neither ("").

    Every process heeds it within a second.

    Raises:
        ProviderUnknown: there is no such provider.
        ParameterInvalid: a circuit is held in no such way.
    """
    if provider not in registry.names():
        raise errors.ProviderUnknown(provider)
    if held not in _WAYS:
        raise errors.ParameterInvalid("held", "A circuit is held open, closed or not at all.")
    with db.transaction_if_not_already():
        row = ProviderHold.objects.select_for_update().filter(name=provider).first()
        row = row or ProviderHold(name=provider)
        if row.held == held:
            return
        row.held, row.changed_at, row.version = held, at, row.version + 1
        row.save()
        told = events.ProviderHeld(
            provider_id=row.id,
            provider=Code(provider),
            held=Code(held),
            version=row.version,
            at=at,
        )
        event_log.append([told], by=by)
        transaction.on_commit(lambda: circuit.hold(provider, held))


def keep_holds() -> None:
    """Know every provider, and tell Valkey again what staff have said; run by the clock."""
    rows = {row.name: row for row in ProviderHold.objects.all()}
    unknown = [ProviderHold(name=name) for name in registry.names() if name not in rows]
    ProviderHold.objects.bulk_create(unknown, ignore_conflicts=True)
    for name, row in rows.items():
        if row.held != circuit.held(name):
            circuit.hold(name, row.held)
