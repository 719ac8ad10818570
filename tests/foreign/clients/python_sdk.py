"""The official Python SDK, pointed at us by its base addresses and nothing else."""

import time

import stripe
from checking import API_KEY, BASE_URL, Hooks, check, raises, run, same

stripe.enable_telemetry = False
ADDRESSES = dict.fromkeys(("api", "connect", "files", "meter_events"), BASE_URL)
ORDER = {"amount": 4250, "currency": "eur"}
CARD = {"payment_method": "pm_card_visa"}
PAID = {**ORDER, **CARD, "confirm": True}
RUN = str(time.time_ns())
kept: dict = {}


def client(key: str = API_KEY, **more):
    return stripe.StripeClient(
        key,
        base_addresses=ADDRESSES,
        http_client=more.pop("http_client", None) or stripe.RequestsClient(),
        **{"max_network_retries": 0, **more},
    )


c = client().v1
intents, customers = c.payment_intents, c.customers


@check("a payment is created as the SDK's own class")
def _():
    kept["pi"] = intents.create({**ORDER, **CARD, "capture_method": "manual"})
    same(type(kept["pi"]), stripe.PaymentIntent)
    same(kept["pi"].status, "requires_confirmation")


@check("confirmed")
def _():
    got = intents.confirm(kept["pi"].id)
    same((got.status, got.amount_capturable), ("requires_capture", 4250))


@check("captured")
def _():
    got = intents.capture(kept["pi"].id)
    same((got.status, got.amount_received), ("succeeded", 4250))


@check("retrieved with its charge expanded")
def _():
    got = intents.retrieve(kept["pi"].id, {"expand": ["latest_charge"]})
    same(type(got.latest_charge), stripe.Charge)
    kept["ch"] = got.latest_charge.id


@check("expanded two levels deep")
def _():
    got = intents.retrieve(kept["pi"].id, {"expand": ["latest_charge.payment_intent", "customer"]})
    same(got.latest_charge.payment_intent.amount, 4250)


@check("an unknown path of expand is ignored")
def _():
    same(intents.retrieve(kept["pi"].id, {"expand": ["default_source"]}).id, kept["pi"].id)


@check("refunded in part")
def _():
    kept["re"] = c.refunds.create({"payment_intent": kept["pi"].id, "amount": 1000})
    same((kept["re"].status, kept["re"].amount), ("succeeded", 1000))


@check("a refund is retrieved")
def _():
    same(c.refunds.retrieve(kept["re"].id).charge, kept["ch"])


@check("a refund is updated")
def _():
    same(c.refunds.update(kept["re"].id, {"metadata": {"why": "late"}}).metadata["why"], "late")


@check("refunds are listed by payment")
def _():
    same([one.id for one in c.refunds.list({"payment_intent": kept["pi"].id})], [kept["re"].id])


@check("a payment is updated")
def _():
    made = intents.create({**ORDER, "description": "Books"})
    got = intents.update(made.id, {"metadata": {"0": "zero"}, "description": "More books"})
    same((got.metadata["0"], got.description), ("zero", "More books"))
    kept["open"] = made.id


@check("metadata is emptied")
def _():
    same(intents.update(kept["open"], {"metadata": ""}).metadata.to_dict(), {})


@check("canceled with a reason")
def _():
    got = intents.cancel(kept["open"], {"cancellation_reason": "abandoned"})
    same((got.status, got.cancellation_reason), ("canceled", "abandoned"))


@check("lists page by themselves")
def _():
    made = [intents.create({"amount": 100 + n, "currency": "usd"}).id for n in range(7)]
    seen = []
    for one in intents.list({"limit": 3}).auto_paging_iter():
        seen.append(one.id)
        if len(seen) == 7:
            break
    same(seen, made[::-1])


@check("lists page backwards")
def _():
    listed = intents.list({"limit": 3}).data
    before = intents.list({"ending_before": listed[2].id, "limit": 2}).data
    same([one.id for one in before], [one.id for one in listed[:2]])


@check("lists are bounded by time")
def _():
    same(intents.list({"created": {"lt": 1_000_000_000}}).data, [])


@check("search by customer finds its payments only")
def _():
    owner = customers.create({"name": "Eve"})
    made = intents.create({**ORDER, "customer": owner.id})
    same([one.id for one in intents.list({"customer": owner.id})], [made.id])


@check("a decline is a CardError with its payment")
def _():
    error = raises(
        stripe.CardError,
        lambda: intents.create(
            {**PAID, "payment_method": "pm_card_chargeDeclinedInsufficientFunds"}
        ),
    )
    same((error.http_status, error.code), (402, "card_declined"))
    same(error.error.decline_code, "insufficient_funds")
    same(error.error.payment_intent.status, "requires_payment_method")


@check("bad input is an InvalidRequestError with its parameter")
def _():
    error = raises(stripe.InvalidRequestError, lambda: intents.create({**ORDER, "amount": -1}))
    same((error.code, error.param), ("amount_too_small", "amount"))


@check("a parameter that we do not support is refused, never ignored")
def _():
    error = raises(
        stripe.InvalidRequestError, lambda: intents.create({**ORDER, "application_fee_amount": 1})
    )
    same((error.code, error.param), ("parameter_unknown", "application_fee_amount"))


@check("an unknown id is an InvalidRequestError of 404")
def _():
    error = raises(
        stripe.InvalidRequestError, lambda: intents.retrieve("pi_0000000000000000000000")
    )
    same((error.http_status, error.code), (404, "resource_missing"))


@check("a wrong key is an AuthenticationError")
def _():
    wrong = client("sk_test_ffp_" + "0" * 32)
    error = raises(stripe.AuthenticationError, wrong.v1.balance.retrieve)
    same(error.http_status, 401)


@check("another account is a PermissionError")
def _():
    error = raises(
        stripe.PermissionError,
        lambda: c.balance.retrieve(options={"stripe_account": "acct_0000000000000000000000"}),
    )
    same(error.error.code, "account_invalid")


@check("every error names its request")
def _():
    error = raises(stripe.InvalidRequestError, lambda: intents.create({}))
    same(error.request_id.startswith("req_"), True)


@check("an idempotent retry has one effect")
def _():
    once = {"idempotency_key": f"{RUN}-once"}
    first, again = intents.create(ORDER, once), intents.create(ORDER, once)
    same(first.id, again.id)
    same(again.last_response.headers["Idempotent-Replayed"], "true")


@check("a key used for something else is an IdempotencyError")
def _():
    error = raises(
        stripe.IdempotencyError,
        lambda: intents.create({**ORDER, "amount": 1}, {"idempotency_key": f"{RUN}-once"}),
    )
    same(error.error.code, "idempotency_key_reused")


@check("a lost answer is asked for again with the SDK's own key")
def _():
    class Losing(stripe.RequestsClient):
        lost = False

        def request(self, *args, **kwargs):
            answer = super().request(*args, **kwargs)
            if not self.lost:
                self.lost = True
                raise stripe.APIConnectionError("lost", should_retry=True)
            return answer

    owner = customers.create({"name": "Lost"})
    patient = client(max_network_retries=2, http_client=Losing())
    made = patient.v1.payment_intents.create({**ORDER, "customer": owner.id})
    same([one.id for one in intents.list({"customer": owner.id})], [made.id])


@check("a challenge is a redirect")
def _():
    got = intents.create(
        {
            **PAID,
            "payment_method": "pm_card_authenticationRequired",
            "return_url": "https://example.com/back",
        }
    )
    same((got.status, got.next_action.type), ("requires_action", "redirect_to_url"))
    kept["challenged"] = got.id


@check("the challenge is passed by a test helper")
def _():
    raw = client()
    raw.raw_request("post", f"/v1/test_helpers/payment_intents/{kept['challenged']}/authenticate")
    same(intents.retrieve(kept["challenged"]).status, "succeeded")


@check("a customer is created")
def _():
    kept["cus"] = customers.create({"email": "ada@example.com", "metadata": {"0": "zero"}}).id


@check("a customer is updated")
def _():
    same(customers.update(kept["cus"], {"name": "Ada"}).name, "Ada")


@check("a customer is retrieved")
def _():
    same(customers.retrieve(kept["cus"]).email, "ada@example.com")


@check("customers are listed by address")
def _():
    found = customers.list({"email": "ada@example.com"}).data
    same(kept["cus"] in [one.id for one in found], True)


@check("a card is made of its number")
def _():
    card = {"number": "5555555555554444", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    made = c.payment_methods.create({"type": "card", "card": card})
    same((made.card.brand, made.card.last4), ("mastercard", "4444"))
    kept["pm"] = made.id


@check("a card is attached")
def _():
    same(c.payment_methods.attach(kept["pm"], {"customer": kept["cus"]}).customer, kept["cus"])


@check("a customer's cards are listed")
def _():
    same([one.id for one in customers.payment_methods.list(kept["cus"])], [kept["pm"]])


@check("a stored card is charged")
def _():
    got = intents.create(
        {**ORDER, "customer": kept["cus"], "payment_method": kept["pm"], "confirm": True}
    )
    same(got.status, "succeeded")


@check("a card is detached")
def _():
    same(c.payment_methods.detach(kept["pm"]).customer, None)


@check("a customer is deleted, and says so")
def _():
    same(customers.delete(kept["cus"]).deleted, True)
    same(customers.retrieve(kept["cus"]).deleted, True)


@check("a charge tells its card")
def _():
    same(c.charges.retrieve(kept["ch"]).payment_method_details.card.last4, "4242")


@check("charges are listed by payment")
def _():
    same([one.id for one in c.charges.list({"payment_intent": kept["pi"].id})], [kept["ch"]])


@check("the balance has pending money")
def _():
    same({one.currency for one in c.balance.retrieve().pending} >= {"eur"}, True)


@check("a movement is gross less fee")
def _():
    one = c.balance_transactions.list({"limit": 1}).data[0]
    same(one.net, one.amount - one.fee)
    same(c.balance_transactions.retrieve(one.id).id, one.id)


@check("the account is the key's")
def _():
    same(c.accounts.retrieve_current().charges_enabled, True)


@check("a product is created, updated and listed", needs="/v1/products")
def _():
    made = c.products.create({"name": "Book"})
    same(c.products.update(made.id, {"name": "Books"}).name, "Books")
    same(made.id in [one.id for one in c.products.list({"limit": 100})], True)
    kept["prod"] = made.id


@check("a price is created and retrieved", needs="/v1/prices")
def _():
    made = c.prices.create({"product": kept["prod"], "unit_amount": 500, "currency": "eur"})
    same(c.prices.retrieve(made.id).unit_amount, 500)
    kept["price"] = made.id


@check("a recurring price is refused", needs="/v1/prices")
def _():
    raises(
        stripe.InvalidRequestError,
        lambda: c.prices.create(
            {
                "product": kept["prod"],
                "unit_amount": 500,
                "currency": "eur",
                "recurring": {"interval": "month"},
            }
        ),
    )


@check("a link of a price", needs="/v1/prices")
def _():
    made = c.payment_links.create({"line_items": [{"price": kept["price"], "quantity": 1}]})
    same(made.url.startswith("http"), True)


@check("a checkout session opens and expires", needs="/v1/checkout/sessions")
def _():
    made = c.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://example.com/ok",
            "line_items": [{"price": kept["price"], "quantity": 1}],
        }
    )
    same(made.status, "open")
    same(c.checkout.sessions.expire(made.id).status, "expired")


@check("a setup intent is confirmed", needs="/v1/setup_intents")
def _():
    made = c.setup_intents.create({"payment_method": "pm_card_visa", "confirm": True})
    same(made.status, "succeeded")


@check("payouts are listed", needs="/v1/payouts")
def _():
    same(c.payouts.list().object, "list")


@check("disputes are listed", needs="/v1/disputes")
def _():
    same(c.disputes.list().object, "list")


@check("own resources by a raw request")
def _():
    raw = client()
    wallet = raw.deserialize(
        raw.raw_request("post", "/v1/wallets", currency="eur", owner="Ada"), api_mode="V1"
    )
    same((wallet.object, wallet.owner), ("wallet", "Ada"))


@check("a wallet's life by raw requests: filled, held, sent on, dry, refused, limited")
def _():
    raw = client()

    def ask(method: str, path: str, **given):
        return raw.deserialize(raw.raw_request(method, path, **given), api_mode="V1")

    wallet, other = (ask("post", "/v1/wallets", currency="eur").id for _ in range(2))
    filled = ask("post", f"/v1/wallets/{wallet}/top_ups", amount=2000, currency="eur", **CARD)
    same((type(filled), filled.status), (stripe.PaymentIntent, "succeeded"))
    hold = ask("post", f"/v1/wallets/{wallet}/holds", amount=500, currency="eur")
    same(ask("post", f"/v1/wallet_holds/{hold.id}/capture", amount=200).status, "captured")
    sale = {"source": wallet, "destination": other, "amount": 800, "currency": "eur"}
    dry = ask("post", "/v1/wallet_transfers", **sale, headers={"Dry-Run": "true"})
    same((dry.object, dry.assessment.decision), ("dry_run", "allow"))
    sent = ask("post", "/v1/wallet_transfers", **sale)
    same((sent.object, sent.status, sent.amount), ("wallet_transfer", "succeeded", 800))
    error = raises(
        stripe.InvalidRequestError,
        lambda: ask("post", "/v1/wallet_transfers", **{**sale, "amount": 1001}),
    )
    same(error.code, "balance_insufficient")
    limit = ask(
        "post", "/v1/limits", scope="wallet", kind="amount", window="day", maximum=900,
        currency="eur", operation="transfer",
    )  # fmt: skip
    error = raises(
        stripe.InvalidRequestError,
        lambda: ask("post", "/v1/wallet_transfers", **{**sale, "amount": 901}),
    )
    same((error.code, "daily 9.00 EUR by wallet" in str(error)), ("limit_exceeded", True))
    same(ask("delete", f"/v1/limits/{limit.id}").deleted, True)
    told = ask("get", f"/v1/wallets/{wallet}/balances").balances
    same([(one.posted, one.held, one.available) for one in told], [(1000, 0, 1000)])


@check("a change of a wallet that has changed meanwhile is refused")
def _():
    raw = client()
    answer = raw.raw_request("post", "/v1/wallets", currency="eur")
    wallet = raw.deserialize(answer, api_mode="V1")
    tag = {"If-Match": answer.headers["ETag"]}
    raw.raw_request("post", f"/v1/wallets/{wallet.id}", owner="Ada", headers=tag)
    error = raises(
        stripe.StripeError,
        lambda: raw.raw_request("post", f"/v1/wallets/{wallet.id}", owner="Bob", headers=tag),
    )
    told = error.json_body["error"]["code"]  # The SDK has no class of its own for this status.
    same((error.http_status, told), (412, "precondition_failed"))


@check("own lists page by themselves")
def _():
    raw = client()
    for _ in range(3):
        raw.raw_request("post", "/v1/wallets", currency="eur")
    listed = raw.deserialize(raw.raw_request("get", "/v1/wallets?limit=2"), api_mode="V1")
    same(len([one.id for one in listed.data]), 2)
    same(listed.has_more, True)


@check("a path of another version is refused in the same envelope")
def _():
    error = raises(
        stripe.InvalidRequestError, lambda: client().raw_request("get", "/v2/core/events")
    )
    same(error.code, "unsupported_endpoint")


@check("billing is refused by name")
def _():
    error = raises(stripe.InvalidRequestError, c.subscriptions.list)
    same((error.http_status, error.code), (404, "unsupported_endpoint"))


@check("an endpoint shows its secret once, and is changed, listed and deleted")
def _():
    made = c.webhook_endpoints.create({"url": "https://example.com/a", "enabled_events": ["*"]})
    same(made.secret.startswith("whsec_"), True)
    same("secret" in c.webhook_endpoints.retrieve(made.id).to_dict(), False)
    same(c.webhook_endpoints.update(made.id, {"disabled": True}).status, "disabled")
    same(c.webhook_endpoints.delete(made.id).deleted, True)


@check("a signed webhook is delivered, and the SDK verifies it")
def _():
    hooks = Hooks()
    made = c.webhook_endpoints.create(
        {"url": hooks.url, "enabled_events": ["payment_intent.succeeded"]}
    )
    kept["secret"], kept["we"] = made.secret, made.id
    paid = intents.create(PAID)
    headers, body = hooks.first("payment_intent.succeeded", about=paid.id)
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], made.secret)
    same(event.data.object.id, paid.id)
    kept["delivery"] = headers, body


@check("the client's own verification takes it too")
def _():
    headers, body = kept["delivery"]
    event = client().construct_event(body, headers["Stripe-Signature"], kept["secret"])
    same(event.type, "payment_intent.succeeded")


@check("a forged webhook is refused")
def _():
    headers, body = kept["delivery"]
    raises(
        stripe.SignatureVerificationError,
        lambda: stripe.Webhook.construct_event(
            body.replace(b"succeeded", b"forgotten"), headers["Stripe-Signature"], kept["secret"]
        ),
    )


@check("an old webhook is refused")
def _():
    headers, body = kept["delivery"]
    raises(
        stripe.SignatureVerificationError,
        lambda: stripe.WebhookSignature.verify_header(
            body.decode(), headers["Stripe-Signature"].replace("t=1", "t=0"), kept["secret"], 300
        ),
    )


@check("events tell what happened")
def _():
    event = c.events.list({"type": "payment_intent.succeeded"}).data[0]
    same(c.events.retrieve(event.id).type, "payment_intent.succeeded")
    same(event.api_version is not None, True)
    c.webhook_endpoints.delete(kept["we"])


run()
