"""Money that went from one wallet to another."""

from datetime import datetime

import django_fsm as fsm
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.wallets import data
from fintech.wallets.data import TransferState
from fintech.wallets.models.exchange import Quote
from fintech.wallets.models.wallet import Wallet
from fintech.wallets.models.words import choices


class Transfer(fsm.FSMModelMixin, models.Model):
    """Money that went from one wallet to another, converted if there is a quote."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    source = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="sent")
    destination = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="received")
    state = fsm.FSMField(
        max_length=20,
        default=TransferState.SUCCEEDED,
        choices=choices(TransferState),
        protected=True,
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    received_currency = models.CharField(max_length=3)
    received_minor = models.BigIntegerField()
    quote = models.OneToOneField(Quote, on_delete=models.PROTECT, null=True, blank=True)
    entry_id = models.UUIDField(unique=True)
    hold_entry_id = models.UUIDField(null=True, blank=True)
    reasons = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    made_by = models.CharField(max_length=100, blank=True, default="")
    decided_by = models.CharField(max_length=100, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    reversal_id = models.UUIDField(null=True, blank=True, unique=True)
    created_at = models.DateTimeField()
    reversed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-id"], name="wallets_transfer_list"),
            models.Index(
                fields=["source"],
                name="wallets_transfer_waiting",
                condition=Q(state="awaiting_approval"),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=~Q(source=F("destination")) | ~Q(currency=F("received_currency")),
                name="wallets_transfer_is_between_two_wallets_or_currencies",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1, received_minor__gte=1),
                name="wallets_transfer_moves_something",
            ),
            models.CheckConstraint(
                condition=Q(quote__isnull=False)
                | Q(currency=F("received_currency"), amount_minor=F("received_minor")),
                name="wallets_transfer_without_a_quote_arrives_as_it_left",
            ),
            models.CheckConstraint(
                condition=Q(state="reversed", reversed_at__isnull=False, reversal_id__isnull=False)
                | ~Q(state="reversed") & Q(reversed_at__isnull=True, reversal_id__isnull=True),
                name="wallets_transfer_says_when_and_how_it_was_reversed",
            ),
            models.CheckConstraint(
                condition=Q(reasons=[], hold_entry_id__isnull=True, decided_at__isnull=True)
                & Q(state__in=["succeeded", "reversed"])
                | ~Q(reasons=[]) & Q(hold_entry_id__isnull=False),
                name="wallets_transfer_that_waits_says_why_and_is_set_aside",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by="")
                & (Q(state="awaiting_approval") | Q(reasons=[]))
                | Q(decided_at__isnull=False) & ~Q(decided_by="") & ~Q(state="awaiting_approval"),
                name="wallets_transfer_that_waited_says_who_decided_it_and_when",
            ),
            models.UniqueConstraint(
                fields=["hold_entry_id"],
                name="wallets_transfer_is_set_aside_by_an_entry_of_its_own",
                condition=Q(hold_entry_id__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("made_by")),
                name="wallets_transfer_is_decided_by_someone_else",
            ),
        )

    def __str__(self) -> str:
        return ids.public("wtr", self.id)

    @fsm.transition(
        field=state, source=TransferState.AWAITING_APPROVAL, target=TransferState.SUCCEEDED
    )
    def approve(self, *, by: str, at: datetime) -> None:
        """Note who let it arrive."""
        self.decided_by, self.decided_at = by, at

    @fsm.transition(
        field=state, source=TransferState.AWAITING_APPROVAL, target=TransferState.CANCELED
    )
    def reject(self, *, by: str, at: datetime) -> None:
        """Note who did not; the money is back."""
        self.decided_by, self.decided_at = by, at

    @fsm.transition(field=state, source=TransferState.SUCCEEDED, target=TransferState.REVERSED)
    def reverse(self, *, at: datetime) -> None:
        """Note that the money went back."""
        self.reversed_at, self.reversal_id = at, ids.new()

    def as_data(self) -> data.Transfer:
        """Return the frozen value for the door."""
        return data.Transfer(
            id=self.id,
            merchant_id=self.merchant_id,
            source_id=self.source_id,
            destination_id=self.destination_id,
            state=TransferState(self.state),
            amount=Money(self.amount_minor, self.currency),
            received=Money(self.received_minor, self.received_currency),
            quote_id=self.quote_id,
            entry_id=self.entry_id,
            reversal_id=self.reversal_id,
            created_at=self.created_at,
            reversed_at=self.reversed_at,
            version=self.version,
            reasons=tuple(self.reasons),
            hold_entry_id=self.hold_entry_id,
            decided_at=self.decided_at,
        )
