"""What is blocked, looked at or trusted by name."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django_subatomic import db

from fintech.fraud import data, errors, events
from fintech.fraud.models import ListItem
from fintech.fraud.services import checking
from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code


def add_to_list(
    *,
    merchant_id: UUID | None,
    kind: str,
    value: str,
    action: str = "block",
    reason: str = "",
    expires_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> data.ListItem:
    """
    Treat a card, customer, e-mail, address or country specially from now on.

    `value` is a card's fingerprint, a customer's id, the hash of an e-mail or address
    as assessments carry it, or a country's code; never anything readable of a person.
    Without `merchant_id` it holds for every merchant.

    Raises:
        ParameterInvalid: kind, action, value or reason is not one that is accepted.
        AlreadyListed: the value stands on a list; remove it first.
    """
    item = ListItem(
        merchant_id=merchant_id,
        kind=checking.word(data.ListKind, kind, "kind"),
        value=checking.fit(value.strip(), 80, "value"),
        action=checking.word(data.ListAction, action, "action"),
        reason=checking.fit(reason, 200, "reason"),
        expires_at=expires_at,
        created_at=at,
    )
    if not item.value or "@" in item.value:
        raise errors.ParameterInvalid(
            "value", "This is a fingerprint, an id, a hash or a country code."
        )
    with db.transaction_if_not_already():
        try:
            with db.savepoint():
                item.save(force_insert=True)
        except IntegrityError as error:
            if "fraud_listitem_stands_once_on_the_lists" not in str(error):
                raise
            there = ListItem.objects.get(
                merchant_id=merchant_id, kind=item.kind, value=item.value, removed_at=None
            )
            raise errors.AlreadyListed(there.id) from error
        event_log.append([_listed(events.ListItemAdded, item, at=at)], by=by)
    return item.as_data()


def remove_from_list(
    *, item_id: UUID, merchant_id: UUID | None = None, by: Actor, at: datetime
) -> data.ListItem:
    """
    Treat something as anything else again. The item stays, with when it was removed.

    Raises:
        ListItemNotFound: there is none, it is another merchant's, or it is off already.
    """
    with db.transaction_if_not_already():
        rows = ListItem.objects.select_for_update().filter(id=item_id, removed_at=None)
        if merchant_id is not None:
            rows = rows.filter(merchant_id=merchant_id)
        item = rows.first()
        if item is None:
            raise errors.ListItemNotFound(item_id)
        item.removed_at = max(at, item.created_at)
        item.version += 1
        item.save(update_fields=["removed_at", "version"])
        event_log.append([_listed(events.ListItemRemoved, item, at=at)], by=by)
    return item.as_data()


def _listed(
    fact: type[events.ListItemFact], item: ListItem, *, at: datetime
) -> events.ListItemFact:
    return fact(
        list_item_id=item.id,
        merchant_id=item.merchant_id,
        kind=Code(str(item.kind)),
        action=Code(str(item.action)),
        version=item.version,
        at=at,
    )
