"""What a merchant sells: products, their one-time prices, and links that sell at a price."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from fintech.kernel import event_log
from fintech.kernel.money import Money
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.payments.models import Price, Product
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.racing import race

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


def product(shop, *, at=NOON, default_price=None, key=None, **facets):
    new = data.NewProduct(**{"name": "A book", **facets})
    return payments.create_product(
        new, merchant_id=shop.id, default_price=default_price, key=key, by=BY, at=at
    ).value


def price(shop, of=None, amount=None, *, key=None, **facets):
    new = data.NewPrice(amount=amount or eur(12_00), product_id=of.id if of else None, **facets)
    return payments.create_price(new, merchant_id=shop.id, key=key, by=BY, at=NOON).value


def facts(kind, of):
    return [
        (fact.version, fact.name.split(".")[1], fact.data)
        for fact in event_log.stream(f"payments.{kind}", of.id)
    ]


def nothing_is_kept() -> bool:
    return not (Product.objects.exists() or Price.objects.exists())


def test_a_product_is_made_with_its_price_of_choice(shop):
    made = product(shop, default_price=data.NewPrice(amount=eur(12_00)), shippable=True)

    (priced,) = queries.prices(shop.id).items
    assert (made.name, made.active, made.shippable) == ("A book", True, True)
    assert (made.default_price_id, priced.product_id) == (priced.id, made.id)
    assert priced.amount == eur(12_00)
    assert [(version, name) for version, name, _ in facts("product", made)] == [
        (1, "product_created")
    ]
    assert facts("price", priced)[0][2]["amount_minor"] == 12_00


def test_a_product_is_changed_and_told_of(shop):
    made = product(shop, description="Old", metadata={"a": "1", "b": "2"})
    chosen = price(shop, made)

    changed = payments.update_product(
        merchant_id=shop.id,
        product_id=made.id,
        active=False,
        texts={"name": "Two books", "description": ""},
        default_price_id=chosen.id,
        metadata={"a": "", "c": "3"},
        by=BY,
        at=LATER,
    ).value

    assert (changed.name, changed.description, changed.active) == ("Two books", "", False)
    assert changed.metadata == {"b": "2", "c": "3"}
    assert (changed.created_at, changed.updated_at) == (NOON, LATER)
    assert queries.product(made.id, shop.id) == changed
    assert facts("product", made)[1] == (
        2,
        "product_updated",
        {
            "product_id": str(made.id),
            "merchant_id": str(shop.id),
            "active": False,
            "default_price_id": str(chosen.id),
        },
    )


def test_a_price_is_made_with_its_product(shop):
    made = price(shop, product=data.NewProduct(name="A seat"), amount=Money(500, "JPY"))

    assert queries.product(made.product_id, shop.id).name == "A seat"
    assert made.amount == Money(500, "JPY")


def test_what_a_price_asks_for_stays_and_its_labels_change(shop):
    made = price(shop, product(shop), nickname="Shop", lookup_key="shop")

    changed = payments.update_price(
        merchant_id=shop.id,
        price_id=made.id,
        active=False,
        nickname="",
        lookup_key="web",
        metadata={"k": "v"},
        by=BY,
        at=LATER,
    ).value

    assert (changed.amount, changed.active, changed.nickname) == (eur(12_00), False, "")
    assert queries.prices(shop.id, lookup_keys=["web"]).items == (changed,)
    assert queries.prices(shop.id, lookup_keys=["shop"]).items == ()
    assert [name for _, name, _ in facts("price", made)] == ["price_created", "price_updated"]


def test_a_product_that_never_had_a_price_is_deleted(shop):
    made = product(shop)

    gone = payments.delete_product(merchant_id=shop.id, product_id=made.id, by=BY, at=LATER).value

    assert (gone.deleted, gone.active) == (True, False)
    assert queries.products(shop.id).items == ()
    assert queries.product(made.id, shop.id).deleted
    for again in (
        lambda: payments.delete_product(merchant_id=shop.id, product_id=made.id, by=BY, at=LATER),
        lambda: payments.update_product(
            merchant_id=shop.id, product_id=made.id, active=True, by=BY, at=LATER
        ),
        lambda: price(shop, made),
    ):
        with pytest.raises(errors.ProductNotFound):
            again()
    assert [name for _, name, _ in facts("product", made)] == [
        "product_created",
        "product_deleted",
    ]


def test_a_product_with_a_price_stays(shop):
    made = product(shop)
    price(shop, made)

    with pytest.raises(errors.CatalogInUse):
        payments.delete_product(merchant_id=shop.id, product_id=made.id, by=BY, at=NOON)

    assert not queries.product(made.id, shop.id).deleted
    assert len(facts("product", made)) == 1


def test_a_price_of_choice_is_not_switched_off(shop):
    made = product(shop, default_price=data.NewPrice(amount=eur(5)))
    switch_off = {"merchant_id": shop.id, "price_id": made.default_price_id, "active": False}

    with pytest.raises(errors.CatalogInUse):
        payments.update_price(**switch_off, by=BY, at=NOON)

    assert queries.price(made.default_price_id, shop.id).active
    other = price(shop, made)
    payments.update_product(
        merchant_id=shop.id, product_id=made.id, default_price_id=other.id, by=BY, at=NOON
    )
    assert not payments.update_price(**switch_off, by=BY, at=NOON).value.active


def test_a_price_of_choice_is_one_of_the_products_own_that_can_be_used(shop):
    made = product(shop)
    elsewhere, idle = price(shop, product(shop)), price(shop, made, active=False)

    for wrong in (elsewhere, idle):
        with pytest.raises(errors.PriceNotFound) as refused:
            payments.update_product(
                merchant_id=shop.id, product_id=made.id, default_price_id=wrong.id, by=BY, at=NOON
            )
        assert refused.value.param == "default_price"
    assert queries.product(made.id, shop.id) == made


def test_a_lookup_key_finds_one_price_of_a_merchant(shop):
    made = product(shop)
    first = price(shop, made, lookup_key="book")
    second = price(shop, made)

    with pytest.raises(errors.LookupKeyTaken):
        price(shop, made, lookup_key="book")
    with pytest.raises(errors.LookupKeyTaken):
        payments.update_price(
            merchant_id=shop.id, price_id=second.id, lookup_key="book", by=BY, at=NOON
        )

    assert queries.prices(shop.id, lookup_keys=["book"]).items == (first,)
    other = make.merchant()
    assert price(other, product(other), lookup_key="book").lookup_key == "book"


def test_the_database_keeps_lookup_keys_apart(shop):
    made = product(shop)
    price(shop, made, lookup_key="book")
    second = price(shop, made)
    with pytest.raises(IntegrityError, match="is_found_by_its_lookup_key"):
        Price.objects.filter(id=second.id).update(lookup_key="book")


@pytest.mark.django_db(transaction=True)  # Real commits: eight threads race for one key.
def test_of_many_who_ask_for_a_lookup_key_at_once_one_gets_it():
    shop = make.merchant()
    made = product(shop)

    outcomes = race(8, lambda: price(shop, made, lookup_key="book"))

    assert sum(isinstance(one, data.Price) for one in outcomes) == 1
    assert sum(isinstance(one, errors.LookupKeyTaken) for one in outcomes) == 7
    assert Price.objects.count() == 1


def test_a_key_makes_one_product_and_one_price(shop):
    once = make.key(shop.id, "once")
    assert product(shop, key=once) == product(shop, key=once)
    made = queries.products(shop.id).items[0]
    again = make.key(shop.id, "again")
    assert price(shop, made, key=again) == price(shop, made, key=again)
    assert (Product.objects.count(), Price.objects.count()) == (1, 1)


def test_another_merchants_things_are_as_unknown(shop):
    stranger = make.merchant()
    theirs = product(stranger, default_price=data.NewPrice(amount=eur(5)))

    for ask in (
        lambda: queries.product(theirs.id, shop.id),
        lambda: price(shop, theirs),
        lambda: payments.update_product(
            merchant_id=shop.id, product_id=theirs.id, active=False, by=BY, at=NOON
        ),
        lambda: payments.delete_product(merchant_id=shop.id, product_id=theirs.id, by=BY, at=NOON),
    ):
        with pytest.raises(errors.ProductNotFound):
            ask()
    for ask in (
        lambda: queries.price(theirs.default_price_id, shop.id),
        lambda: payments.update_price(
            merchant_id=shop.id, price_id=theirs.default_price_id, nickname="x", by=BY, at=NOON
        ),
        lambda: payments.create_link(
            merchant_id=shop.id, price_id=theirs.default_price_id, by=BY, at=NOON
        ),
    ):
        with pytest.raises(errors.PriceNotFound):
            ask()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"name": ""}, errors.ParameterInvalid),
        ({"name": "x" * 251}, errors.ParameterInvalid),
        ({"description": "a\x00b"}, errors.ParameterInvalid),
        ({"images": ("https://example.com/a",) * 9}, errors.ParameterInvalid),
        ({"metadata": {"k": "v" * 501}}, errors.ParameterInvalid),
        ({"default_price": data.NewPrice(amount=eur(0))}, errors.AmountTooSmall),
        ({"default_price": data.NewPrice(amount=eur(10**12))}, errors.AmountTooLarge),
        ({"default_price": data.NewPrice(amount=Money(5, "XXX"))}, errors.CurrencyNotSupported),
    ],
)
def test_bad_input_makes_nothing(shop, wrong, error):
    with pytest.raises(error):
        product(shop, **wrong)
    assert nothing_is_kept()


def test_a_price_without_a_product_is_none(shop):
    with pytest.raises(errors.ParameterInvalid, match="of a product"):
        price(shop)
    with pytest.raises(errors.ParameterInvalid):
        price(shop, product=data.NewProduct(name=""))
    assert nothing_is_kept()


@pytest.mark.parametrize(
    ("table", "change", "rule"),
    [
        (Product, {"name": ""}, "payments_product_has_a_name"),
        (Product, {"deleted_at": NOON}, "payments_product_deleted_is_not_sold"),
        (Product, {"version": 0}, "payments_product_counts_its_versions_from_one"),
        (Price, {"amount_minor": 0}, "payments_price_asks_for_something"),
        (Price, {"currency": "eur"}, "payments_price_names_its_currency"),
        (Price, {"version": 0}, "payments_price_counts_its_versions_from_one"),
    ],
)
def test_the_database_holds_the_line(shop, table, change, rule):
    product(shop, default_price=data.NewPrice(amount=eur(5)))
    with pytest.raises(IntegrityError, match=rule):
        table.objects.update(**change)


def test_a_link_sells_pieces_at_a_price(shop):
    sold = price(shop, product(shop))

    link = payments.create_link(
        merchant_id=shop.id, price_id=sold.id, quantity=3, by=BY, at=NOON
    ).value

    assert (link.title, link.amount) == ("A book", eur(36_00))
    (item,) = queries.link_items(link)
    assert (item.description, item.quantity, item.amount) == ("A book", 3, eur(36_00))
    assert item.price == sold
    paid = payments.pay_by_link(token=link.token, by=BY, at=NOON).value
    assert paid.amount == eur(36_00)


def test_a_link_does_not_sell_what_is_switched_off(shop):
    idle = price(shop, product(shop), active=False)
    gone = price(shop, product(shop, active=False))

    for wrong in (idle, gone):
        with pytest.raises(errors.ParameterInvalid, match="not active"):
            payments.create_link(merchant_id=shop.id, price_id=wrong.id, by=BY, at=NOON)
    assert queries.links(shop.id).items == ()
