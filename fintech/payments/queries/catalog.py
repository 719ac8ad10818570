"""What a merchant sells, as values. Deleted products are found by id and listed nowhere."""

from collections.abc import Collection
from uuid import UUID

from fintech.payments import data, errors
from fintech.payments.models import Price, Product
from fintech.payments.queries.reading import Between, bounds, each, page


def product(product_id: UUID, merchant_id: UUID) -> data.Product:
    """Return a merchant's product, deleted ones with `deleted` set; else `ProductNotFound`."""
    found = Product.objects.filter(id=product_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.ProductNotFound(product_id)
    return found.as_data()


def products(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    active: bool | None = None,
    only: Collection[UUID] = (),
    created: Between | None = None,
) -> data.Page[data.Product]:
    """Return a stretch of a merchant's products, newest first; only some if any are named."""
    rows = Product.objects.filter(merchant_id=merchant_id, deleted_at=None, **bounds(created))
    if active is not None:
        rows = rows.filter(active=active)
    if only:
        rows = rows.filter(id__in=list(only))
    return page(rows, each, limit=limit, after=after, before=before)


def products_by_id(product_ids: Collection[UUID], merchant_id: UUID) -> dict[UUID, data.Product]:
    """Return those of the products that are the merchant's, in one round trip."""
    rows = Product.objects.filter(id__in=list(product_ids), merchant_id=merchant_id)
    return {row.id: row.as_data() for row in rows}


def price(price_id: UUID, merchant_id: UUID) -> data.Price:
    """Return a merchant's price; `PriceNotFound` if it has none such."""
    found = Price.objects.filter(id=price_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.PriceNotFound(price_id)
    return found.as_data()


def prices(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    active: bool | None = None,
    product_id: UUID | None = None,
    currency: str | None = None,
    lookup_keys: Collection[str] = (),
    created: Between | None = None,
) -> data.Page[data.Price]:
    """Return a stretch of a merchant's prices, newest first; of one product if it is named."""
    rows = Price.objects.filter(merchant_id=merchant_id, **bounds(created))
    if active is not None:
        rows = rows.filter(active=active)
    if product_id is not None:
        rows = rows.filter(product_id=product_id)
    if currency is not None:
        rows = rows.filter(currency=currency)
    if lookup_keys:
        rows = rows.filter(lookup_key__in=list(lookup_keys))
    return page(rows, each, limit=limit, after=after, before=before)


def prices_by_id(price_ids: Collection[UUID], merchant_id: UUID) -> dict[UUID, data.Price]:
    """Return those of the prices that are the merchant's, in one round trip."""
    rows = Price.objects.filter(id__in=list(price_ids), merchant_id=merchant_id)
    return {row.id: row.as_data() for row in rows}


def link_items(link: data.Link) -> tuple[data.LineItem, ...]:
    """Return what a payment link sells; nothing where the payer chooses the amount."""
    if link.amount is None:
        return ()
    found = {} if link.price_id is None else prices_by_id([link.price_id], link.merchant_id)
    return (
        data.LineItem(
            id=link.id,
            description=link.title,
            amount=link.amount,
            quantity=link.quantity,
            price=found.get(link.price_id) if link.price_id else None,
        ),
    )
