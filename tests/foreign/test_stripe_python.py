"""
The official Python SDK, pointed at us by its base address and nothing else.

Works with it; not affiliated with or endorsed by its maker.
"""

import re

import httpx
import pytest
import stripe

from fintech.kernel import subscriptions
from sandbox.client import sdk

ORDER = {"amount": 4250, "currency": "eur"}
CARD = {"payment_method": "pm_card_visa"}


@pytest.fixture
def intents(client):
    return client.v1.payment_intents


def test_a_payment_is_made_confirmed_captured_retrieved_and_refunded(client, intents):
    made = intents.create({**ORDER, **CARD, "capture_method": "manual"})
    assert isinstance(made, stripe.PaymentIntent)
    assert made.status == "requires_confirmation"

    confirmed = intents.confirm(made.id)
    assert (confirmed.status, confirmed.amount_capturable) == ("requires_capture", 4250)
    assert intents.capture(made.id).status == "succeeded"

    found = intents.retrieve(made.id, {"expand": ["latest_charge"]})
    assert (found.amount_received, found.latest_charge.status) == (4250, "succeeded")
    assert isinstance(found.latest_charge, stripe.Charge)

    refund = client.v1.refunds.create({"payment_intent": made.id, "amount": 1000})
    assert (refund.status, refund.amount) == ("succeeded", 1000)
    assert client.v1.refunds.retrieve(refund.id).charge == found.latest_charge.id


def test_an_object_can_be_worked_on_by_itself(client, intents):
    made = intents.create({**ORDER, **CARD})

    assert made.metadata.to_dict() == {}
    changed = intents.update(made.id, {"metadata": {"order": "7"}, "description": "Books"})
    assert (changed.metadata["order"], changed.description) == ("7", "Books")
    assert intents.cancel(made.id).status == "canceled"


def test_lists_page_by_themselves(client, intents):
    made = [intents.create({"amount": 100 + n, "currency": "eur"}).id for n in range(7)]

    listed = intents.list({"limit": 2})

    assert [one.id for one in listed.auto_paging_iter()] == made[::-1]


def test_a_declined_card_is_a_card_error(intents):
    with pytest.raises(stripe.CardError) as refused:
        intents.create(
            {
                **ORDER,
                "confirm": True,
                "payment_method": "pm_card_chargeDeclinedInsufficientFunds",
            }
        )

    error = refused.value
    assert (error.http_status, error.code) == (402, "card_declined")
    assert error.error.decline_code == "insufficient_funds"
    assert error.error.payment_intent.status == "requires_payment_method"
    assert error.request_id.startswith("req_")


def test_a_wrong_key_is_an_authentication_error(base, transactional_db):
    with pytest.raises(stripe.AuthenticationError):
        sdk(base, "sk_test_ffp_" + "0" * 32).v1.balance.retrieve()


@pytest.mark.parametrize(
    ("parameters", "code", "param"),
    [
        ({"currency": "eur"}, "parameter_missing", "amount"),
        ({**ORDER, "amount": -1}, "amount_too_small", "amount"),
        ({**ORDER, "currency": "xxx"}, "currency_not_supported", "currency"),
        ({**ORDER, "application_fee_amount": 1}, "parameter_unknown", "application_fee_amount"),
        ({**ORDER, "customer": "cus_1"}, "resource_missing", "customer"),
    ],
)
def test_bad_input_is_an_invalid_request_error(intents, parameters, code, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.create(parameters)

    assert (refused.value.http_status, refused.value.code, refused.value.param) == (
        400,
        code,
        param,
    )


def test_an_unknown_id_is_an_invalid_request_error(intents):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.retrieve("pi_0000000000000000000000")

    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_a_key_without_the_scope_is_a_permission_error(base, shop):
    from fintech.merchants.data import KeyKind
    from tests.make import merchants as make

    narrow = make.api_key(shop, kind=KeyKind.RESTRICTED, scopes=("customers:read",)).secret

    with pytest.raises(stripe.PermissionError):
        sdk(base, narrow).v1.payment_intents.list()


def test_a_key_that_was_used_for_something_else_is_an_idempotency_error(intents):
    once = {"idempotency_key": "once"}
    first = intents.create(ORDER, once)
    assert intents.create(ORDER, once).id == first.id

    with pytest.raises(stripe.IdempotencyError):
        intents.create({**ORDER, "amount": 1}, once)


def test_too_many_requests_are_a_rate_limit_error(client, settings):
    settings.API_RATES = {"default": 1}

    with pytest.raises(stripe.RateLimitError):
        for _ in range(3):
            client.v1.accounts.retrieve_current()


def test_a_challenge_is_a_redirect(intents):
    asked = intents.create(
        {
            **ORDER,
            "confirm": True,
            "payment_method": "pm_card_authenticationRequired",
            "return_url": "https://example.com/back",
        }
    )

    assert asked.status == "requires_action"
    assert asked.next_action.redirect_to_url.url.startswith("http")


def test_customers_and_their_cards(client):
    customers = client.v1.customers
    ada = customers.create({"email": "ada@example.com", "metadata": {"0": "zero"}})
    assert ada.metadata["0"] == "zero"
    card = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {
                "number": "5555555555554444",
                "exp_month": 12,
                "exp_year": 2034,
                "cvc": "123",
            },
        }
    )
    assert (card.card.brand, card.card.last4) == ("mastercard", "4444")

    attached = client.v1.payment_methods.attach(card.id, {"customer": ada.id})
    assert attached.customer == ada.id
    assert [one.id for one in customers.payment_methods.list(ada.id)] == [card.id]
    paid = client.v1.payment_intents.create(
        {**ORDER, "customer": ada.id, "payment_method": card.id, "confirm": True}
    )
    assert paid.status == "succeeded"
    assert client.v1.payment_methods.detach(card.id).customer is None
    assert customers.update(ada.id, {"name": "Ada"}).name == "Ada"
    assert customers.delete(ada.id).deleted is True
    assert customers.retrieve(ada.id).deleted is True


def test_a_ready_made_card_is_attached_by_its_token(client):
    ada = client.v1.customers.create()

    attached = client.v1.payment_methods.attach("pm_card_visa", {"customer": ada.id})

    assert (attached.customer, attached.card.last4) == (ada.id, "4242")


def test_balance_and_its_movements(client, intents):
    paid = intents.create({**ORDER, **CARD, "confirm": True})

    balance = client.v1.balance.retrieve()
    movement = client.v1.balance_transactions.list().data[0]

    assert movement.net == movement.amount - movement.fee == balance.pending[0].amount
    assert movement.source == paid.latest_charge
    assert client.v1.balance_transactions.retrieve(movement.id).id == movement.id


def test_charges_are_read_only(client, intents):
    paid = intents.create({**ORDER, **CARD, "confirm": True})

    charge = client.v1.charges.retrieve(paid.latest_charge)

    assert (charge.paid, charge.payment_method_details.card.last4) == (True, "4242")
    assert client.v1.charges.list({"payment_intent": paid.id}).data[0].id == charge.id


def test_products_and_their_prices(client):
    products, prices = client.v1.products, client.v1.prices
    book = products.create(
        {"name": "A book", "default_price_data": {"currency": "eur", "unit_amount": 1200}}
    )
    assert isinstance(book, stripe.Product)
    assert prices.retrieve(book.default_price).product == book.id

    price = prices.create(
        {"product": book.id, "unit_amount": 900, "currency": "eur", "lookup_key": "sale"}
    )
    assert (price.type, price.recurring, str(price.unit_amount_decimal)) == (
        "one_time",
        None,
        "900",
    )
    assert [one.id for one in prices.list({"lookup_keys": ["sale"]})] == [price.id]
    assert prices.update(price.id, {"active": False}).active is False
    assert products.update(book.id, {"metadata": {"isbn": "7"}}).metadata["isbn"] == "7"
    assert products.retrieve(book.id, {"expand": ["default_price"]}).default_price.active is True
    assert [one.id for one in products.list({"active": True})] == [book.id]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        products.delete(book.id)
    assert refused.value.code == "resource_in_use"
    assert products.delete(products.create({"name": "B"}).id).deleted is True


def test_a_price_that_recurs_is_refused(client):
    recurring = {"interval": "month"}
    asked = {"product_data": {"name": "A"}, "unit_amount": 5, "currency": "eur"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.prices.create({**asked, "recurring": recurring})

    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "recurring")


def test_a_payment_link_of_a_price(client):
    price = client.v1.prices.create(
        {"product_data": {"name": "A book"}, "unit_amount": 1200, "currency": "eur"}
    )

    link = client.v1.payment_links.create({"line_items": [{"price": price.id, "quantity": 2}]})

    (item,) = client.v1.payment_links.line_items.list(link.id).data
    assert (item.amount_total, item.price.id) == (2400, price.id)


def test_a_checkout_session_is_opened_paid_and_looked_at(client, base):
    """As the shop of a tutorial would: by the SDK, a browser without scripts, and the SDK."""
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://example.com/ok?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://example.com/cart",
            "client_reference_id": "cart-7",
            "payment_intent_data": {"metadata": {"order": "7"}},
            "line_items": [
                {
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": 2000,
                        "product_data": {"name": "T-shirt"},
                    },
                    "quantity": 2,
                }
            ],
        }
    )
    assert isinstance(session, stripe.checkout.Session)
    assert (session.status, session.payment_status, session.amount_total) == (
        "open",
        "unpaid",
        4000,
    )

    path = session.url[session.url.index("/pay/") :]
    with httpx.Client(base_url=base, follow_redirects=True) as browser:
        page = browser.get(path).text
        hidden = dict(re.findall(r'name="(csrfmiddlewaretoken|once)" value="([^"]+)"', page))
        card = {"number": "4242424242424242", "expiry": "10/31", "code": "123", "name": "Sam"}
        typed = {**hidden, **card, "email": "sam@example.org"}
        ending = browser.post(path, data=typed).text
    assert f"url=https://example.com/ok?session={session.id}" in ending

    done = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent", "line_items"]}
    )
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert (done.payment_intent.status, done.payment_intent.metadata["order"]) == ("succeeded", "7")
    assert done.customer_details.email == "sam@example.org"
    assert [item.description for item in done.line_items.data] == ["T-shirt"]
    found = client.v1.checkout.sessions.list({"payment_intent": done.payment_intent.id})
    assert [one.id for one in found] == [session.id]
    subscriptions.catch_up()
    events = client.v1.events.list({"type": "checkout.session.completed"}).data
    assert [event.data.object["id"] for event in events] == [session.id]


def test_a_checkout_session_expires(client):
    sessions = client.v1.checkout.sessions
    price = {"currency": "eur", "unit_amount": 5, "product_data": {"name": "A"}}
    asked = {"success_url": "https://example.com", "line_items": [{"price_data": price}]}
    opened = sessions.create({**asked, "mode": "payment"})

    assert sessions.expire(opened.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sessions.expire(opened.id)
    assert refused.value.code == "checkout_session_unexpected_state"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sessions.create({**asked, "mode": "subscription"})
    assert refused.value.param == "mode"


def test_webhook_endpoints(client):
    endpoints = client.v1.webhook_endpoints
    made = endpoints.create({"url": "https://example.com/a", "enabled_events": ["*"]})

    assert made.secret.startswith("whsec_")
    assert endpoints.update(made.id, {"disabled": True}).status == "disabled"
    assert [one.id for one in endpoints.list()] == [made.id]
    assert endpoints.delete(made.id).deleted is True


def test_events_tell_what_happened(client, intents):
    paid = intents.create({**ORDER, **CARD, "confirm": True})
    subscriptions.catch_up()

    events = client.v1.events.list({"type": "payment_intent.succeeded"}).data

    assert [event.data.object["id"] for event in events] == [paid.id]
    assert client.v1.events.retrieve(events[0].id).type == "payment_intent.succeeded"


def test_the_account(client):
    assert client.v1.accounts.retrieve_current().charges_enabled is True


def test_a_book_of_ones_own_through_raw_requests(client):
    def ask(method, path, **given):
        return client.raw_request(method, path, **given).data

    cash, income = (
        ask("post", "/v1/ledger/accounts", code=code, type=kind, currency="eur")["id"]
        for code, kind in (("1000", "asset"), ("4000", "income"))
    )
    entry = ask(
        "post",
        "/v1/ledger/entries",
        lines=[
            {"account": cash, "direction": "debit", "amount": 42_50},
            {"account": income, "direction": "credit", "amount": 42_50},
        ],
    )
    assert [line["account"] for line in entry["lines"]] == [cash, income]
    assert ask("get", f"/v1/ledger/accounts/{cash}")["posted"] == 42_50
    assert ask("get", "/v1/ledger/trial_balance")["totals"][0]["debit"] == 42_50


def test_own_resources_through_a_raw_request(client):
    answer = client.raw_request("post", "/v1/wallets", currency="eur", owner="Ada")

    wallet = client.deserialize(answer, api_mode="V1")

    assert (wallet.object, wallet.status, wallet.owner) == ("wallet", "active", "Ada")

    top_up = {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa"}
    client.raw_request("post", f"/v1/wallets/{wallet.id}/top_ups", **top_up)
    other = client.deserialize(
        client.raw_request("post", "/v1/wallets", currency="eur"), api_mode="V1"
    )
    asked = {"source": wallet.id, "destination": other.id, "amount": 400, "currency": "eur"}
    answer = client.raw_request("post", "/v1/wallet_transfers", **asked)
    transfer = client.deserialize(answer, api_mode="V1")
    assert (transfer.object, transfer.status, transfer.amount) == (
        "wallet_transfer",
        "succeeded",
        400,
    )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.raw_request("post", "/v1/wallet_transfers", **{**asked, "amount": 501})
    assert refused.value.code == "balance_insufficient"

    def ask(method, path, **given):
        return client.deserialize(client.raw_request(method, path, **given), api_mode="V1")

    told = ask("post", "/v1/wallet_transfers", **asked, headers={"Dry-Run": "true"})
    assert (told.object, told.assessment.decision, told.result.status) == (
        "dry_run",
        "allow",
        "succeeded",
    )
    least = f"/v1/wallets/{wallet.id}/minimum_balances"
    kept = ask("post", least, currency="eur", minimum_balance=200)
    assert kept.minimum_balances[0].minimum_balance == 200
    assert ask("get", f"/v1/wallets/{wallet.id}/balances").balances[0].available == 300
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.raw_request("post", least, currency="eur", minimum_balance=-1)
    assert refused.value.code == "overdraft_not_allowed"
    back = ask("post", f"/v1/wallet_transfers/{transfer.id}/reverse")
    assert (back.status, back.approval_reasons) == ("reversed", [])


def test_a_second_version_path_is_refused_in_the_same_envelope(client):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.raw_request("get", "/v2/core/events")

    assert refused.value.code == "unsupported_endpoint"


def test_a_retry_after_a_lost_connection_has_one_effect(base, secret, shop):
    """The SDK repeats a request with the key that it made itself."""
    from fintech.payments import queries as payments

    class Losing(stripe.RequestsClient):
        """Loses the answer to the first request."""

        lost = False

        def request(self, *args, **kwargs):
            answer = super().request(*args, **kwargs)
            if not self.lost:
                self.lost = True
                raise stripe.APIConnectionError("lost", should_retry=True)
            return answer

    addresses = dict.fromkeys(("api", "connect", "files", "meter_events"), base)
    client = stripe.StripeClient(
        secret, base_addresses=addresses, max_network_retries=2, http_client=Losing()
    )

    made = client.v1.payment_intents.create(ORDER)

    assert [one.id for one in payments.payments(shop.id).items] != []
    assert len(payments.payments(shop.id).items) == 1
    assert made.status == "requires_payment_method"
