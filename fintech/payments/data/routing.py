"""Providers as people see them, and the rules that lead a payment to one of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fintech.kernel.money import Money
from fintech.payments.data.states import RouteOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    """How a provider is, for people. `held` is staff's word: "open", "closed" or ""."""

    name: str
    state: str  # "closed" (asked), "half_open" (probed) or "open" (left alone)
    held: str
    failures: tuple[tuple[datetime, str], ...]  # The last, latest first: when, and what failed.
    shared: bool  # False: Valkey is away, and this is what one process knows.
    lacks: tuple[str, ...] = ()  # What its adapter can't do: names of `Capabilities`.


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """
    A rule of routing: what it is for, and to which providers that goes.

    Amounts are minor units of `currency`, both ends included. What is empty fits everything.
    """

    id: UUID
    merchant_id: UUID | None
    position: int
    name: str
    currency: str
    least_minor: int | None
    most_minor: int | None
    brands: tuple[str, ...]
    countries: tuple[str, ...]
    providers: tuple[str, ...]
    order: RouteOrder
    active: bool

    def fits(self, *, merchant_id: UUID, amount: Money, brand: str, country: str) -> bool:
        """Whether the route is for such a payment."""
        return (
            self.merchant_id in {None, merchant_id}
            and self.currency in {"", amount.currency}
            and (self.least_minor is None or amount.minor >= self.least_minor)
            and (self.most_minor is None or amount.minor <= self.most_minor)
            and (not self.brands or brand in self.brands)
            and (not self.countries or country in self.countries)
        )
