"""What a merchant sells: products, and what each costs. One-time prices only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from fintech.kernel import frozen
from fintech.kernel.money import Money


@frozen.shape("payments.product.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something a merchant sells."""

    id: UUID
    merchant_id: UUID
    name: str
    description: str
    active: bool
    images: tuple[str, ...]
    url: str
    unit_label: str
    statement_descriptor: str
    shippable: bool | None
    default_price_id: UUID | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    deleted: bool = False
    version: int = 1


@frozen.shape("payments.price.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one piece of a product costs; what it asks for never changes."""

    id: UUID
    merchant_id: UUID
    product_id: UUID
    amount: Money
    active: bool
    nickname: str
    lookup_key: str
    metadata: dict[str, str]
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    """A product to be made."""

    name: str
    description: str = ""
    active: bool = True
    images: tuple[str, ...] = ()
    url: str = ""
    unit_label: str = ""
    statement_descriptor: str = ""
    shippable: bool | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """A price to be made: of a product that exists, or of one that is made with it."""

    amount: Money
    product_id: UUID | None = None
    product: NewProduct | None = None
    active: bool = True
    nickname: str = ""
    lookup_key: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """So many pieces of one thing, as they are sold: words and amount stay as they were then."""

    id: UUID
    description: str
    amount: Money  # Of all pieces.
    quantity: int
    price: Price | None
