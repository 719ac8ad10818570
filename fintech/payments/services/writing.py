"""What one beat writes: rows, facts, keys, limits, and last of all the journal."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import models

from fintech.fraud import services as fraud
from fintech.kernel import event_log, idempotency
from fintech.kernel.actor import Actor
from fintech.kernel.events import Event
from fintech.kernel.idempotency import Key
from fintech.ledger import data as ledger_data
from fintech.ledger import services as ledger
from fintech.payments.models import batch
from fintech.payments.services import following
from fintech.wallets import services as wallets


@dataclass(slots=True)
class Work:
    """What one recording writes: rows, facts, keys, and last of all the journal."""

    insert: list[models.Model] = field(default_factory=list)
    update: dict[UUID, models.Model] = field(default_factory=dict)
    facts: list[Event] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    settled: list[tuple[Key, object]] = field(default_factory=list)
    entries: list[ledger_data.JournalEntry] = field(default_factory=list)
    confirmed: list[UUID] = field(default_factory=list)
    freed: list[UUID] = field(default_factory=list)
    # Attempts and what was refunded of each; below zero, what came back of that.
    refunded: list[tuple[UUID, int]] = field(default_factory=list)
    declined: list[UUID] = field(default_factory=list)
    # Cases whose money is reserved until then.
    held: list[tuple[UUID, datetime]] = field(default_factory=list)
    filled: set[UUID] = field(default_factory=set)  # Wallets that money comes into.
    # What wallets do: each posts its own journal entry, so they come last of all.
    moves: list[partial[Any]] = field(default_factory=list)

    def touch(self, *changed: models.Model) -> None:
        """Note rows that have changed."""
        for row in changed:
            self.update[row.pk] = row

    def write(self, *, at: datetime, by: Actor) -> None:
        """Write everything, the journal last; needs the transaction and the locks."""
        self._take_sessions_along(at=at, by=by)
        batch.write(insert=self.insert, update=list(self.update.values()))
        if self.facts:
            # Where a batch holds several callers' commands, each fact has its own actor.
            event_log.append(self.facts, by=self.actors or by)
        if self.settled:
            idempotency.settle(self.settled, at=at)
        self._tell_limits()
        for payment_id in self.declined:
            fraud.record_outcome(payment_id=payment_id, outcome="declined", at=at, by=by)
        for case_id, until in self.held:
            fraud.expect_before(case_id=case_id, until=until, by=by, at=at)
        if self.filled:
            wallets.receive(wallet_ids=self.filled, by=by, at=at)
        if self.entries:
            ledger.post(self.entries, by=by)
        for move in self.moves:
            move(by=by)

    def _take_sessions_along(self, *, at: datetime, by: Actor) -> None:
        """Move the checkout sessions of the payments that move here, with the same commit."""
        sessions, told = following.follow(self.update.values(), at=at)
        self.touch(*sessions)
        self.facts.extend(told)
        if self.actors:
            self.actors.extend([by] * len(told))

    def _tell_limits(self) -> None:
        """Say what came about, what did not, and what was undone; of nothing, nothing is asked."""
        wallets.confirm(self.confirmed)
        wallets.free(self.freed)
        wallets.reverse_parts(self.refunded)
