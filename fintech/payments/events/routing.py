"""Facts about where attempts go, and what that costs."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class RouteChanged(Event):
    """Staff made or changed a route; what it says stands in its row."""

    name: ClassVar = "payments.route_changed.v1"
    stream_of: ClassVar = "route_id"

    route_id: UUID
    merchant_id: UUID | None
    position: int
    providers: tuple[Code, ...]
    order: Code
    active: bool


@dataclass(frozen=True, kw_only=True)
class ProviderCostSet(Event):
    """Staff said what a provider keeps of amounts in a currency, as routing reckons."""

    name: ClassVar = "payments.provider_cost_set.v1"
    stream_of: ClassVar = "provider_cost_id"

    provider_cost_id: UUID
    provider: Code
    currency: Code
    basis_points: int
    fixed_minor: int


@dataclass(frozen=True, kw_only=True)
class ProviderHeld(Event):
    """Staff hold a provider's circuit "open" or "closed", or let it go by itself again ("")."""

    name: ClassVar = "payments.provider_held.v1"
    stream_of: ClassVar = "provider_id"

    provider_id: UUID
    provider: Code
    held: Code
