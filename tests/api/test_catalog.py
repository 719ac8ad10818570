"""Products and prices through the door, and links that sell at a price."""

import pytest

from fintech.kernel import subscriptions

PRODUCTS, PRICES, LINKS = "/v1/products", "/v1/prices", "/v1/payment_links"


@pytest.fixture
def book(api) -> dict:
    return api.post(PRODUCTS, name="A book").body


@pytest.fixture
def price(api, book) -> dict:
    return api.post(PRICES, product=book["id"], unit_amount=1200, currency="eur").body


def test_a_product_is_made_changed_and_deleted(api):
    made = api.post(
        PRODUCTS,
        name="A book",
        description="Bound in linen",
        images=["https://example.com/book.jpg"],
        shippable=True,
        metadata={"isbn": "7", "empty": ""},
    ).body
    path = f"{PRODUCTS}/{made['id']}"
    assert (made["object"], made["name"], made["type"]) == ("product", "A book", "good")
    assert (made["metadata"], made["default_price"]) == ({"isbn": "7"}, None)

    changed = api.post(path, name="Two books", active=False, images=[], description="").body
    assert (changed["name"], changed["images"], changed["description"]) == ("Two books", [], None)
    assert api.get(PRODUCTS, active="false").body["data"] == [changed]
    assert api.get(PRODUCTS, active="true").body["data"] == []
    assert api.get(f"{path}/features").body["data"] == []

    gone = {"deleted": True, "id": made["id"], "object": "product"}
    assert api.delete(path).body == gone
    assert api.get(path).body == gone
    assert api.get(PRODUCTS).body["data"] == []
    assert api.post(path, name="A book").refusal == (404, "resource_missing", None)


def test_a_product_comes_with_its_price(api):
    made = api.post(
        PRODUCTS, name="A book", default_price_data={"currency": "eur", "unit_amount": 1200}
    ).body

    shown = api.get(f"{PRODUCTS}/{made['id']}", **{"expand[]": "default_price"}).body
    assert shown["default_price"]["unit_amount"] == 1200
    assert shown["default_price"]["product"] == made["id"]


def test_a_price_is_made_listed_and_switched_off(api, book, price):
    assert (price["object"], price["type"], price["recurring"]) == ("price", "one_time", None)
    assert (price["unit_amount"], price["unit_amount_decimal"]) == (1200, "1200")
    path = f"{PRICES}/{price['id']}"

    changed = api.post(path, active=False, nickname="Old", lookup_key="book").body
    assert (changed["active"], changed["nickname"]) == (False, "Old")
    other = api.post(PRICES, product_data={"name": "A seat"}, unit_amount=500, currency="jpy").body
    assert api.get(PRICES, product=book["id"]).body["data"] == [changed]
    assert api.get(PRICES, currency="jpy").body["data"] == [other]
    assert api.get(PRICES, **{"lookup_keys[]": "book"}).body["data"] == [changed]
    assert api.get(path, **{"expand[]": "product"}).body["product"]["name"] == "A book"


def test_a_product_with_a_price_stays(api, book, price):
    path = f"{PRODUCTS}/{book['id']}"

    assert api.delete(path).refusal == (400, "resource_in_use", None)
    assert api.get(path).body == book


def test_a_default_price_is_chosen_among_the_products_own(api, book, price):
    other = api.post(PRICES, product_data={"name": "B"}, unit_amount=1, currency="eur").body["id"]
    path = f"{PRODUCTS}/{book['id']}"

    assert api.post(path, default_price=other).refusal == (400, "resource_missing", "default_price")
    assert api.post(path, default_price=price["id"]).body["default_price"] == price["id"]
    refused = api.post(f"{PRICES}/{price['id']}", active=False)
    assert refused.refusal == (400, "resource_in_use", None)


def test_a_lookup_key_is_one_prices(api, book):
    body = {"product": book["id"], "unit_amount": 5, "currency": "eur", "lookup_key": "book"}
    assert api.post(PRICES, body).status == 200

    assert api.post(PRICES, body).refusal == (400, "resource_already_exists", "lookup_key")
    assert len(api.get(PRICES).body["data"]) == 1


def test_a_key_tells_what_it_made(api, book):
    body = {"product": book["id"], "unit_amount": 5, "currency": "eur"}
    made = api.post(PRICES, body, key="once")
    again = api.post(PRICES, body, key="once")

    assert again.content == made.content
    assert again.headers["Idempotent-Replayed"] == "true"
    told = api.get("/v1/idempotency_keys/once").body["resource"]
    assert told == {"id": made.body["id"], "object": "price"}


def test_a_link_sells_at_a_price(api, price):
    made = api.post(LINKS, line_items=[{"price": price["id"], "quantity": 2}]).body

    assert (made["title"], made["amount"], made["currency"]) == ("A book", 2400, "eur")
    (item,) = api.get(f"{LINKS}/{made['id']}/line_items").body["data"]
    assert (item["object"], item["amount_total"], item["quantity"]) == ("item", 2400, 2)
    assert item["price"] == price
    plain = api.post(LINKS, title="Tea", currency="eur").body["id"]
    assert api.get(f"{LINKS}/{plain}/line_items").body["data"] == []


def test_a_link_asks_for_no_more_than_a_payment_may(api, book):
    dear = api.post(PRICES, product=book["id"], unit_amount=99_999_999, currency="eur").body["id"]

    refused = api.post(LINKS, line_items=[{"price": dear, "quantity": 2}])

    assert refused.refusal == (400, "amount_too_large", "line_items[0]")
    assert api.get(LINKS).body["data"] == []


@pytest.mark.django_db(transaction=True)
def test_what_happens_to_the_catalog_is_told(api):
    book = api.post(PRODUCTS, name="A book").body["id"]
    price = api.post(PRICES, product=book, unit_amount=5, currency="eur").body["id"]
    api.post(f"{PRICES}/{price}", nickname="Cheap")
    api.post(f"{PRODUCTS}/{book}", name="Two books")
    other = api.post(PRODUCTS, name="B").body["id"]
    api.delete(f"{PRODUCTS}/{other}")
    subscriptions.catch_up()

    told = [
        (event["type"], event["data"]["object"]["id"])
        for event in api.get("/v1/events", limit=100).body["data"]
        if event["type"].startswith(("product.", "price."))
    ]

    assert told[::-1] == [
        ("product.created", book),
        ("price.created", price),
        ("price.updated", price),
        ("product.updated", book),
        ("product.created", other),
        ("product.deleted", other),
    ]
