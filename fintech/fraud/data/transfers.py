"""Transfers between wallets: what is asked about one, what is known of it, what is decided."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from fintech.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferQuestion:
    """One transfer that is to be assessed, before it is made."""

    merchant_id: UUID
    source_wallet_id: UUID
    destination_wallet_id: UUID
    source_customer_id: UUID | None
    destination_customer_id: UUID | None
    source_since: datetime  # when the paying wallet was opened
    source_is_merchants: bool = False  # a merchant's own purse, not a customer's
    destination_is_merchants: bool = False
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFeatures:
    """
    What is known of a transfer before it is decided; kept with the decision.

    Counts and sums are of transfers that were not blocked; sums are in the transfer's own
    currency. The newest 300 of a wallet are looked at.
    """

    amount_minor: int
    currency: str
    wallet_age_minutes: int
    sent_1h: int
    sent_24h: int
    sent_before: int  # in this currency
    sent_mean_minor: int
    destination_known: bool  # paid before from this wallet
    received_1h_minor: int  # into the paying wallet
    senders_1h: int  # wallets that have paid into the receiving one
    source_is_merchants: bool = False
    destination_is_merchants: bool = False
    listed: tuple[str, ...] = ()  # such as customer:block
    mode: str = "enforce"
    review_at: int = 75
    block_at: int = 95

    def stored(self) -> dict[str, Any]:
        """Return the snapshot as it is kept with the decision."""
        return asdict(self)

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Self:
        """Return a snapshot as it was when it was kept."""
        return cls(**{**stored, "listed": tuple(stored["listed"])})
