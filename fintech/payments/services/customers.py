"""Who pays a merchant. What is known of them stays in their row, never in the log."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done, Key
from fintech.payments import data, errors, events
from fintech.payments.models import Customer
from fintech.payments.services import drafting

_LONGEST = {"email": 512, "name": 256, "phone": 40, "description": 1000}


def create_customer(
    *,
    merchant_id: UUID,
    email: str = "",
    name: str = "",
    phone: str = "",
    description: str = "",
    metadata: Mapping[str, str] | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Customer]:
    """Remember somebody who pays; a field that is too long is `ParameterInvalid`."""
    drafting.check_metadata(metadata or {})
    customer = Customer(
        id=ids.new(), merchant_id=merchant_id, metadata=dict(metadata or {}), created_at=at
    )
    _fill(customer, {"email": email, "name": name, "phone": phone, "description": description})

    def work() -> data.Customer:
        customer.save(force_insert=True)
        event_log.append([_fact(events.CustomerCreated, customer, at=at)], by=by)
        return customer.as_data()

    return idempotency.once(key, work, at=at)


def update_customer(
    *,
    merchant_id: UUID,
    customer_id: UUID,
    email: str | None = None,
    name: str | None = None,
    phone: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, str] | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Customer]:
    """Change what is given; metadata is merged, and an empty value removes its key."""
    drafting.check_metadata(metadata or {})
    changes = {"email": email, "name": name, "phone": phone, "description": description}

    def work() -> data.Customer:
        _refuse_if_forgotten(customer)
        _fill(customer, {field: text for field, text in changes.items() if text is not None})
        if metadata is not None:
            customer.metadata = drafting.merged(customer.metadata, metadata)
        customer.version += 1
        customer.save()
        event_log.append([_fact(events.CustomerUpdated, customer, at=at)], by=by)
        return customer.as_data()

    with db.transaction_if_not_already():
        customer = _locked(customer_id, merchant_id=merchant_id)
        return idempotency.once(key, work, at=at)


def delete_customer(
    *, merchant_id: UUID, customer_id: UUID, key: Key | None = None, by: Actor, at: datetime
) -> Done[data.Customer]:
    """Forget somebody: what was personal is emptied, the id stays for the books."""

    def work() -> data.Customer:
        _refuse_if_forgotten(customer)
        _fill(customer, dict.fromkeys(("email", "name", "phone", "description"), ""))
        customer.metadata, customer.deleted_at = {}, at
        customer.version += 1
        customer.save()
        event_log.append([_fact(events.CustomerDeleted, customer, at=at)], by=by)
        return customer.as_data()

    with db.transaction_if_not_already():
        customer = _locked(customer_id, merchant_id=merchant_id)
        return idempotency.once(key, work, at=at)


def _locked(customer_id: UUID, *, merchant_id: UUID) -> Customer:
    """Lock a customer before the key's row is written: see `claims.taken`."""
    found = (
        Customer.objects.select_for_update().filter(id=customer_id, merchant_id=merchant_id).first()
    )
    if found is None:
        raise errors.CustomerNotFound(customer_id)
    return found


def _refuse_if_forgotten(customer: Customer) -> None:
    if customer.deleted_at is not None:
        raise errors.CustomerNotFound(customer.id)


def _fill(customer: Customer, texts: Mapping[str, str]) -> None:
    for field, text in texts.items():
        setattr(customer, field, drafting.short(text, _LONGEST[field], field))


def _fact[Fact: events.CustomerFact](fact: type[Fact], customer: Customer, *, at: datetime) -> Fact:
    return fact(
        customer_id=customer.id,
        merchant_id=customer.merchant_id,
        version=customer.version,
        at=at,
    )
