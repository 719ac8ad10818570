"""Money that leaves a wallet for a bank account outside."""

from datetime import datetime

import django_fsm as fsm
from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.wallets import data
from fintech.wallets.data import WithdrawalState
from fintech.wallets.models.wallet import Wallet
from fintech.wallets.models.words import choices

_OPEN = (WithdrawalState.AWAITING_APPROVAL, WithdrawalState.PENDING)


class Withdrawal(fsm.FSMModelMixin, models.Model):
    """
    Money that leaves a wallet for a bank account outside.

    It leaves the wallet at once, for what is in transit; it comes back if the bank or the
    person who approves says no. The account is the payee's own and stays in this row.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="withdrawals")
    merchant_id = models.UUIDField()
    state = fsm.FSMField(max_length=20, choices=choices(WithdrawalState), protected=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    account = models.CharField(max_length=64)
    entry_id = models.UUIDField(unique=True)
    end_entry_id = models.UUIDField(null=True, blank=True, unique=True)
    bank_reference = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(fields=["wallet", "-id"], name="wallets_withdrawal_list"),
            models.Index(
                fields=["id"],
                name="wallets_withdrawal_pending",
                condition=Q(state="pending"),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1), name="wallets_withdrawal_moves_something"
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(_OPEN), ended_at__isnull=True, end_entry_id__isnull=True)
                | ~Q(state__in=list(_OPEN)) & Q(ended_at__isnull=False, end_entry_id__isnull=False),
                name="wallets_withdrawal_says_when_and_how_it_ended",
            ),
        )

    def __str__(self) -> str:
        return ids.public("wwd", self.id)

    @fsm.transition(
        field=state, source=WithdrawalState.AWAITING_APPROVAL, target=WithdrawalState.PENDING
    )
    def approve(self) -> None:
        """Let it go to the bank."""

    @fsm.transition(
        field=state, source=WithdrawalState.AWAITING_APPROVAL, target=WithdrawalState.CANCELED
    )
    def reject(self, *, at: datetime) -> None:
        """Note that nobody let it go; the money is back."""
        self._end(at)

    @fsm.transition(field=state, source=WithdrawalState.PENDING, target=WithdrawalState.PAID)
    def pay(self, *, at: datetime) -> None:
        """Note that the bank has sent it."""
        self._end(at)

    @fsm.transition(field=state, source=WithdrawalState.PENDING, target=WithdrawalState.FAILED)
    def fail(self, *, at: datetime) -> None:
        """Note that the bank did not send it; the money is back."""
        self._end(at)

    def _end(self, at: datetime) -> None:
        self.ended_at, self.end_entry_id = at, ids.new()

    def as_data(self) -> data.Withdrawal:
        """Return the frozen value for the door."""
        return data.Withdrawal(
            id=self.id,
            wallet_id=self.wallet_id,
            merchant_id=self.merchant_id,
            state=WithdrawalState(self.state),
            amount=Money(self.amount_minor, self.currency),
            account=self.account,
            entry_id=self.entry_id,
            bank_reference=self.bank_reference,
            created_at=self.created_at,
            ended_at=self.ended_at,
            version=self.version,
        )
