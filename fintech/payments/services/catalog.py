"""What a merchant sells: products, and their one-time prices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code, Event
from fintech.kernel.idempotency import Done, Key
from fintech.payments import data, errors, events
from fintech.payments.models import Price, Product
from fintech.payments.services import drafting

_LONGEST = {
    "name": 250,
    "description": 1000,
    "url": 2048,
    "unit_label": 40,
    "statement_descriptor": 22,
}
_MOST_IMAGES, _LONGEST_IMAGE = 8, 2048
_FOUND_BY_KEY = "payments_price_is_found_by_its_lookup_key"


def create_product(
    new: data.NewProduct,
    *,
    merchant_id: UUID,
    default_price: data.NewPrice | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Product]:
    """
    Put something into a merchant's catalog, with its price of choice if one is given.

    Raises:
        ParameterInvalid: a text is too long, or the name is empty.
        AmountTooSmall, AmountTooLarge, CurrencyNotSupported: the price asks for what nobody owes.
    """
    product = product_row(new, merchant_id=merchant_id, at=at)
    price = None
    if default_price is not None:
        price = price_row(default_price, product, at=at)
        product.default_price_id = price.id

    def work() -> data.Product:
        facts: list[Event] = [_of_product(events.ProductCreated, product, at=at)]
        if price is not None:
            facts.append(price_created(price, at=at))
        _insert(product, price, facts, by=by)
        return product.as_data()

    return idempotency.once(key, work, at=at)


def update_product(
    *,
    merchant_id: UUID,
    product_id: UUID,
    active: bool | None = None,
    texts: Mapping[str, str | None] | None = None,
    images: Sequence[str] | None = None,
    shippable: bool | None = None,
    default_price_id: UUID | None = None,
    metadata: Mapping[str, str] | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Product]:
    """
    Change what is given; metadata is merged, and an empty value removes its key.

    Args:
        texts: by name (name, description, url, unit_label, statement_descriptor); None stays.

    Raises:
        ProductNotFound: the merchant has none such, or has deleted it.
        PriceNotFound: the price of choice is not one of this product's that can be used.
        ParameterInvalid: a text is too long, or the name is empty.
    """
    drafting.check_metadata(metadata or {})
    with db.transaction_if_not_already():
        product = _locked(product_id, merchant_id=merchant_id)

        def work() -> data.Product:
            _refuse_if_deleted(product)
            _fill(product, {n: text for n, text in (texts or {}).items() if text is not None})
            if active is not None:
                product.active = active
            if images is not None:
                product.images = _checked_images(images)
            if shippable is not None:
                product.shippable = shippable
            if default_price_id is not None:
                product.default_price_id = _choosable(product, default_price_id)
            if metadata is not None:
                product.metadata = drafting.merged(product.metadata, metadata)
            product.updated_at = at
            told = _of_product(
                events.ProductUpdated, product, at=at, default_price_id=product.default_price_id
            )
            product.save()
            event_log.append([told], by=by)
            return product.as_data()

        return idempotency.once(key, work, at=at)


def delete_product(
    *, merchant_id: UUID, product_id: UUID, key: Key | None = None, by: Actor, at: datetime
) -> Done[data.Product]:
    """
    Take a product out of the catalog; one that ever had a price is switched off instead.

    Raises:
        ProductNotFound: the merchant has none such, or has deleted it.
        CatalogInUse: it has prices, and orders may rest on them.
    """
    with db.transaction_if_not_already():
        product = _locked(product_id, merchant_id=merchant_id)

        def work() -> data.Product:
            _refuse_if_deleted(product)
            if Price.objects.filter(product=product).exists():
                raise errors.CatalogInUse(
                    "The product has prices; set `active` to false instead.", product_id=product_id
                )
            product.active, product.deleted_at, product.updated_at = False, at, at
            told = _of_product(events.ProductDeleted, product, at=at)
            product.save()
            event_log.append([told], by=by)
            return product.as_data()

        return idempotency.once(key, work, at=at)


def create_price(
    new: data.NewPrice, *, merchant_id: UUID, key: Key | None = None, by: Actor, at: datetime
) -> Done[data.Price]:
    """
    Say what one piece of a product costs.

    Raises:
        ProductNotFound: the merchant has none such, or has deleted it.
        LookupKeyTaken: another price of the merchant is found by it.
        ParameterInvalid, AmountTooSmall, AmountTooLarge, CurrencyNotSupported: bad input.
    """
    made = None
    if new.product is not None:
        made = product_row(new.product, merchant_id=merchant_id, at=at)
    with db.transaction_if_not_already():
        product = made or known_product(new.product_id, merchant_id=merchant_id)
        price = price_row(new, product, at=at)

        def work() -> data.Price:
            facts: list[Event] = []
            if made is not None:
                facts.append(_of_product(events.ProductCreated, made, at=at))
            _refuse_taken_key(price)
            facts.append(price_created(price, at=at))
            _insert(made, price, facts, by=by)
            return price.as_data()

        return idempotency.once(key, work, at=at)


def update_price(
    *,
    merchant_id: UUID,
    price_id: UUID,
    active: bool | None = None,
    nickname: str | None = None,
    lookup_key: str | None = None,
    metadata: Mapping[str, str] | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Price]:
    """
    Change a price's labels, or whether it can be used; what it asks for stays.

    Raises:
        PriceNotFound: the merchant has none such.
        CatalogInUse: it is its product's price of choice and would be switched off.
        LookupKeyTaken: another price of the merchant is found by it.
        ParameterInvalid: a text is too long.
    """
    drafting.check_metadata(metadata or {})
    of = Price.objects.filter(id=price_id, merchant_id=merchant_id)
    product_id = of.values_list("product_id", flat=True).first()
    if product_id is None:
        raise errors.PriceNotFound(price_id)
    with db.transaction_if_not_already():
        product = _locked(product_id, merchant_id=merchant_id)  # Then its prices.
        price = of.select_for_update().get()

        def work() -> data.Price:
            if active is False and product.default_price_id == price.id:
                raise errors.CatalogInUse(
                    "It is its product's default price; choose another one first.",
                    price_id=price_id,
                )
            price.active = price.active if active is None else active
            if nickname is not None:
                price.nickname = drafting.short(nickname, 250, "nickname")
            if lookup_key is not None:
                price.lookup_key = drafting.short(lookup_key, 200, "lookup_key")
                _refuse_taken_key(price)
            if metadata is not None:
                price.metadata = drafting.merged(price.metadata, metadata)
            told = _of_price(events.PriceUpdated, price, at=at)
            _write_price(price.save, price)
            event_log.append([told], by=by)
            return price.as_data()

        return idempotency.once(key, work, at=at)


# -- rows, for these services and for those that sell what is in the catalog ----------------


def product_row(new: data.NewProduct, *, merchant_id: UUID, at: datetime) -> Product:
    """Check what is asked for, and return its row, not yet stored."""
    drafting.check_metadata(new.metadata)
    product = Product(
        id=ids.new(),
        merchant_id=merchant_id,
        active=new.active,
        images=_checked_images(new.images),
        shippable=new.shippable,
        metadata=dict(new.metadata),
        created_at=at,
        updated_at=at,
    )
    _fill(product, {name: getattr(new, name) for name in _LONGEST})
    return product


def price_row(new: data.NewPrice, product: Product, *, at: datetime) -> Price:
    """Check what is asked for, and return its row, not yet stored."""
    drafting.check_amount(new.amount)
    drafting.check_metadata(new.metadata)
    return Price(
        id=ids.new(),
        merchant_id=product.merchant_id,
        product=product,
        currency=new.amount.currency,
        amount_minor=new.amount.minor,
        active=new.active,
        nickname=drafting.short(new.nickname, 250, "nickname"),
        lookup_key=drafting.short(new.lookup_key, 200, "lookup_key"),
        metadata=dict(new.metadata),
        created_at=at,
    )


def known_product(product_id: UUID | None, *, merchant_id: UUID) -> Product:
    """Lock a product that is not deleted, so that it stays while it is given a price."""
    if product_id is None:
        raise errors.ParameterInvalid("product", "A price is of a product.")
    product = _locked(product_id, merchant_id=merchant_id)
    _refuse_if_deleted(product)
    return product


def usable_price(price_id: UUID, *, merchant_id: UUID, param: str) -> Price:
    """
    Return a price that something can be sold at now, with its product.

    Raises:
        PriceNotFound: the merchant has none such.
        ParameterInvalid: it, or its product, is switched off.
    """
    found = Price.objects.select_related("product")
    price = found.filter(id=price_id, merchant_id=merchant_id).first()
    if price is None:
        raise errors.PriceNotFound(price_id, param=param)
    if not (price.active and price.product.active):
        raise errors.ParameterInvalid(param, "This price, or its product, is not active.")
    return price


def product_created(product: Product, *, at: datetime) -> events.ProductCreated:
    """Tell that a product was made."""
    return _of_product(events.ProductCreated, product, at=at)


def price_created(price: Price, *, at: datetime) -> events.PriceCreated:
    """Tell that a price was made."""
    return _of_price(
        events.PriceCreated,
        price,
        at=at,
        amount_minor=price.amount_minor,
        currency=Code(price.currency),
    )


def _insert(
    product: Product | None, price: Price | None, facts: Sequence[Event], *, by: Actor
) -> None:
    if product is not None:
        product.save(force_insert=True)
    if price is not None:
        _write_price(lambda: price.save(force_insert=True), price)
    event_log.append(facts, by=by)


def _write_price(write: Any, price: Price) -> None:
    """Write a price; another with its key may have been committed a moment ago."""
    try:
        with db.savepoint():
            write()
    except IntegrityError as clash:
        if _FOUND_BY_KEY in str(clash):
            raise errors.LookupKeyTaken(price.lookup_key) from clash
        raise


def _refuse_taken_key(price: Price) -> None:
    if not price.lookup_key:
        return
    others = Price.objects.filter(merchant_id=price.merchant_id, lookup_key=price.lookup_key)
    if others.exclude(id=price.id).exists():
        raise errors.LookupKeyTaken(price.lookup_key)


def _locked(product_id: UUID, *, merchant_id: UUID) -> Product:
    """Lock a product before the key's row is written: see `claims.taken`."""
    found = Product.objects.select_for_update().filter(id=product_id, merchant_id=merchant_id)
    product = found.first()
    if product is None:
        raise errors.ProductNotFound(product_id)
    return product


def _refuse_if_deleted(product: Product) -> None:
    if product.deleted_at is not None:
        raise errors.ProductNotFound(product.id)


def _choosable(product: Product, price_id: UUID) -> UUID:
    """Return a price's id if the product may prefer it."""
    if not Price.objects.filter(id=price_id, product=product, active=True).exists():
        raise errors.PriceNotFound(price_id, param="default_price")
    return price_id


def _checked_images(images: Sequence[str]) -> list[str]:
    if len(images) > _MOST_IMAGES:
        raise errors.ParameterInvalid("images", f"A product has at most {_MOST_IMAGES} images.")
    return [drafting.short(image, _LONGEST_IMAGE, "images") for image in images]


def _fill(product: Product, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        setattr(product, name, drafting.short(text, _LONGEST[name], name))
    if not product.name:
        raise errors.ParameterInvalid("name", "A product has a name.")


def _of_product[Fact: events.ProductFact](
    fact: type[Fact], product: Product, *, at: datetime, **fields: Any
) -> Fact:
    """Make the next fact of a product's stream, and count it."""
    product.version += 1
    return fact(
        product_id=product.id,
        merchant_id=product.merchant_id,
        active=product.active,
        version=product.version,
        at=at,
        **fields,
    )


def _of_price[Fact: events.PriceFact](
    fact: type[Fact], price: Price, *, at: datetime, **fields: Any
) -> Fact:
    """Make the next fact of a price's stream, and count it."""
    price.version += 1
    return fact(
        price_id=price.id,
        product_id=price.product_id,
        merchant_id=price.merchant_id,
        active=price.active,
        version=price.version,
        at=at,
        **fields,
    )
