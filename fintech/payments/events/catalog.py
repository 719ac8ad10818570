"""Facts about what a merchant sells. Amounts are minor units of `currency`; names are in rows."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class ProductFact(Event):
    """What every fact of a product's stream says."""

    stream_of: ClassVar = "product_id"

    product_id: UUID
    merchant_id: UUID
    active: bool


@dataclass(frozen=True, kw_only=True)
class ProductCreated(ProductFact):
    """A merchant sells something new."""

    name: ClassVar = "payments.product_created.v1"


@dataclass(frozen=True, kw_only=True)
class ProductUpdated(ProductFact):
    """A merchant changed what is told of a product, its price of choice, or whether it is sold."""

    name: ClassVar = "payments.product_updated.v1"

    default_price_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class ProductDeleted(ProductFact):
    """A merchant has taken a product that never had a price out of the catalog."""

    name: ClassVar = "payments.product_deleted.v1"


@dataclass(frozen=True, kw_only=True)
class PriceFact(Event):
    """What every fact of a price's stream says."""

    stream_of: ClassVar = "price_id"

    price_id: UUID
    product_id: UUID
    merchant_id: UUID
    active: bool


@dataclass(frozen=True, kw_only=True)
class PriceCreated(PriceFact):
    """A product can be had for so much a piece, once."""

    name: ClassVar = "payments.price_created.v1"

    amount_minor: int
    currency: Code


@dataclass(frozen=True, kw_only=True)
class PriceUpdated(PriceFact):
    """A merchant changed a price's labels, or whether it can be used; never what it asks for."""

    name: ClassVar = "payments.price_updated.v1"
