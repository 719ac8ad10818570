"""Wallets and what is set aside in them. The money itself is in the ledger."""

from datetime import datetime

import django_fsm as fsm
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.wallets import data
from fintech.wallets.data import HoldState, WalletState, WalletType
from fintech.wallets.models.words import choices

_OPEN = (HoldState.ACTIVE, HoldState.PARTIALLY_CAPTURED)


class Wallet(fsm.FSMModelMixin, models.Model):
    """
    Money that a customer of a merchant keeps with us, in any number of currencies.

    Each currency has a ledger account of its own. `floors` says, per currency, how far it may
    fall, in minor units: below zero it may be overdrawn, above zero so much must stay. Where
    nothing is said it is zero. The account itself keeps it; this is what it was told.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    customer_id = models.UUIDField(null=True, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=20, default=WalletType.CUSTOMER, choices=choices(WalletType))
    tier = models.CharField(max_length=40, blank=True, default="")
    zone = models.CharField(max_length=60, blank=True, default="")
    currency = models.CharField(max_length=3)  # The one that is meant when none is named.
    currencies = ArrayField(models.CharField(max_length=3), default=list)
    floors = models.JSONField(default=dict, blank=True)
    state = fsm.FSMField(
        max_length=20, default=WalletState.ACTIVE, choices=choices(WalletState), protected=True
    )
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-id"], name="wallets_wallet_list"),
            models.Index(
                fields=["customer_id"],
                name="wallets_wallet_of_customer",
                condition=Q(customer_id__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="closed") ^ Q(closed_at__isnull=True),
                name="wallets_wallet_says_when_it_closed",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="wallets_wallet_counts_its_versions_from_one"
            ),
            models.CheckConstraint(
                condition=Q(currencies__contains=[F("currency")]),
                name="wallets_wallet_keeps_its_own_currency",
            ),
        )

    def __str__(self) -> str:
        return ids.public("wal", self.id)

    @fsm.transition(field=state, source=WalletState.ACTIVE, target=WalletState.FROZEN)
    def freeze(self) -> None:
        """Let nothing leave; what comes in still comes in."""

    @fsm.transition(field=state, source=WalletState.FROZEN, target=WalletState.ACTIVE)
    def unfreeze(self) -> None:
        """Let money leave again."""

    @fsm.transition(
        field=state, source=[WalletState.ACTIVE, WalletState.FROZEN], target=WalletState.CLOSED
    )
    def close(self, *, at: datetime) -> None:
        """End; the service has seen that nothing is in it."""
        self.closed_at = at

    @fsm.transition(field=state, source=WalletState.CLOSED, target=WalletState.FROZEN)
    def reopen(self) -> None:
        """Exist again, because money came that was under way; nothing leaves until unfrozen."""
        self.closed_at = None

    def floor(self, currency: str) -> int:
        """Return how far a currency may fall, in minor units; below zero: overdrawn."""
        return int(self.floors.get(currency, 0))

    def as_data(self) -> data.Wallet:
        """Return the frozen value for the door."""
        return data.Wallet(
            id=self.id,
            merchant_id=self.merchant_id,
            customer_id=self.customer_id,
            owner=self.owner,
            type=WalletType(self.type),
            tier=self.tier,
            zone=self.zone,
            currency=self.currency,
            currencies=tuple(self.currencies),
            floors=dict(self.floors),
            state=WalletState(self.state),
            metadata=dict(self.metadata),
            created_at=self.created_at,
            closed_at=self.closed_at,
            version=self.version,
        )


class Hold(fsm.FSMModelMixin, models.Model):
    """Money set aside in a wallet, named by one pending journal entry."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="holds")
    merchant_id = models.UUIDField()
    state = fsm.FSMField(
        max_length=20, default=HoldState.ACTIVE, choices=choices(HoldState), protected=True
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)
    entry_id = models.UUIDField(unique=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=["wallet", "-id"], name="wallets_hold_list"),
            models.Index(
                fields=["expires_at"],
                name="wallets_hold_due",
                condition=Q(state__in=list(_OPEN), expires_at__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1), name="wallets_hold_sets_something_aside"
            ),
            models.CheckConstraint(
                condition=Q(captured_minor__gte=0, captured_minor__lte=F("amount_minor")),
                name="wallets_hold_captures_at_most_what_is_held",
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(_OPEN), ended_at__isnull=True)
                | ~Q(state__in=list(_OPEN)) & Q(ended_at__isnull=False),
                name="wallets_hold_says_when_it_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(captured_minor=0),
                name="wallets_hold_that_was_captured_is_not_active",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["captured", "partially_captured"])
                | Q(captured_minor__gte=1),
                name="wallets_hold_captured_took_something",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="wallets_hold_counts_its_versions_from_one"
            ),
        )

    def __str__(self) -> str:
        return ids.public("whd", self.id)

    @property
    def remaining_minor(self) -> int:
        """Return what is still set aside."""
        return self.amount_minor - self.captured_minor if self.state in _OPEN else 0

    @fsm.transition(field=state, source=list(_OPEN), target=HoldState.PARTIALLY_CAPTURED)
    def capture_part(self, amount: Money) -> None:
        """Note that a part was taken and the rest stays set aside."""
        self.captured_minor += amount.minor

    @fsm.transition(field=state, source=list(_OPEN), target=HoldState.CAPTURED)
    def capture_rest(self, amount: Money, *, at: datetime) -> None:
        """Note that a part was taken and the rest went back."""
        self.captured_minor += amount.minor
        self.ended_at = at

    @fsm.transition(field=state, source=list(_OPEN), target=HoldState.RELEASED)
    def release(self, *, at: datetime) -> None:
        """Note that what was left went back."""
        self.ended_at = at

    @fsm.transition(field=state, source=list(_OPEN), target=HoldState.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """Note that its time was up."""
        self.ended_at = at

    def as_data(self) -> data.Hold:
        """Return the frozen value for the door."""
        return data.Hold(
            id=self.id,
            wallet_id=self.wallet_id,
            merchant_id=self.merchant_id,
            state=HoldState(self.state),
            amount=Money(self.amount_minor, self.currency),
            captured=Money(self.captured_minor, self.currency),
            remaining=Money(self.remaining_minor, self.currency),
            reason=self.reason,
            entry_id=self.entry_id,
            expires_at=self.expires_at,
            created_at=self.created_at,
            ended_at=self.ended_at,
            version=self.version,
        )
