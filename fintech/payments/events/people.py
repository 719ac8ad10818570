"""Facts about who pays and with what. Ids only: what is personal stands in its row."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class CustomerFact(Event):
    """What every fact of a customer's stream says: never who they are."""

    stream_of: ClassVar = "customer_id"

    customer_id: UUID
    merchant_id: UUID


@dataclass(frozen=True, kw_only=True)
class CustomerCreated(CustomerFact):
    """A merchant knows somebody new."""

    name: ClassVar = "payments.customer_created.v1"


@dataclass(frozen=True, kw_only=True)
class CustomerUpdated(CustomerFact):
    """What a merchant knows of somebody has changed."""

    name: ClassVar = "payments.customer_updated.v1"


@dataclass(frozen=True, kw_only=True)
class CustomerDeleted(CustomerFact):
    """A merchant has forgotten somebody."""

    name: ClassVar = "payments.customer_deleted.v1"


@dataclass(frozen=True, kw_only=True)
class PaymentMethodFact(Event):
    """What every fact of a payment method's stream says; `customer_id`: whose it is or was."""

    stream_of: ClassVar = "payment_method_id"

    payment_method_id: UUID
    customer_id: UUID | None
    merchant_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentMethodAttached(PaymentMethodFact):
    """A card belongs to a customer."""

    name: ClassVar = "payments.payment_method_attached.v1"


@dataclass(frozen=True, kw_only=True)
class PaymentMethodDetached(PaymentMethodFact):
    """A card belongs to a customer no longer."""

    name: ClassVar = "payments.payment_method_detached.v1"


@dataclass(frozen=True, kw_only=True)
class PaymentMethodUpdated(PaymentMethodFact):
    """What a merchant keeps with a card has changed."""

    name: ClassVar = "payments.payment_method_updated.v1"
