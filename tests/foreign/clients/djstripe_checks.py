"""
dj-stripe, a Django application that mirrors the objects of a payment account.

It runs as a project of its own with SQLite, pointed at us by its own setting.
"""

import tempfile
from pathlib import Path

import django
from checking import API_KEY, BASE_URL, Hooks, check, run, same
from django.conf import settings

# It takes nothing but letters and digits after the mode.
API_KEY = "_".join(API_KEY.rsplit("_", 2)[:1]) + "_" + "".join(API_KEY.rsplit("_", 2)[1:])
_FOLDER = Path(tempfile.mkdtemp(prefix="mirror-"))
settings.configure(
    SECRET_KEY="mirror",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.admin",
        "django.contrib.messages",
        "django.contrib.sessions",
        "djstripe",
    ],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(_FOLDER / "db.sqlite3")}
    },
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    STRIPE_LIVE_MODE=False,
    STRIPE_TEST_SECRET_KEY=API_KEY,
    STRIPE_API_HOST=BASE_URL,
    DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
    DJSTRIPE_USE_NATIVE_JSONFIELD=True,
)
django.setup()

import stripe

stripe.api_base = BASE_URL
stripe.enable_telemetry = False

from django.core.management import call_command
from django.test import Client
from django.urls import include, path

urlpatterns = [path("stripe/", include("djstripe.urls", namespace="djstripe"))]
call_command("migrate", verbosity=0)

from djstripe import models
from djstripe.models import WebhookEndpoint

client = stripe.StripeClient(API_KEY, base_addresses={"api": BASE_URL})
kept: dict = {}


def mirrored(model, listed) -> int:
    """Store every object of a list in the mirror, and return how many there are."""
    for one in listed.auto_paging_iter():
        model.sync_from_stripe_data(one, api_key=API_KEY)
    return model.objects.count()


@check("something to mirror")
def _():
    ada = client.v1.customers.create({"name": "Ada", "email": "ada@example.com"})
    client.v1.payment_methods.attach("pm_card_visa", {"customer": ada.id})
    order = {"amount": 900, "currency": "eur", "customer": ada.id, "confirm": True}
    paid = client.v1.payment_intents.create({**order, "payment_method": "pm_card_visa"})
    client.v1.refunds.create({"payment_intent": paid.id, "amount": 100})
    kept["customer"] = ada.id


@check("the account")
def _():
    account = stripe.Account.retrieve(api_key=API_KEY)
    models.Account.sync_from_stripe_data(account, api_key=API_KEY)
    same(models.Account.objects.count(), 1)


def _model(name: str, kind: str, listed, needs: str = "") -> None:
    @check(name, needs=needs)
    def _():
        same(mirrored(getattr(models, kind), listed()) > 0, True)


key = {"api_key": API_KEY, "limit": 5}
_model("customers", "Customer", lambda: stripe.Customer.list(**key))
_model("payment methods", "PaymentMethod",
       lambda: stripe.PaymentMethod.list(customer=kept["customer"], **key))  # fmt: skip
_model("payment intents", "PaymentIntent",
       lambda: stripe.PaymentIntent.list(customer=kept["customer"], **key))  # fmt: skip
_model("charges", "Charge", lambda: stripe.Charge.list(customer=kept["customer"], **key))
_model("refunds", "Refund", lambda: stripe.Refund.list(**key))
_model("events", "Event", lambda: stripe.Event.list(**key))
_model("products", "Product", lambda: stripe.Product.list(**key), "/v1/products")
_model("prices", "Price", lambda: stripe.Price.list(**key), "/v1/prices")
_model("payouts", "Payout", lambda: stripe.Payout.list(**key), "/v1/payouts")
_model("disputes", "Dispute", lambda: stripe.Dispute.list(**key), "/v1/disputes")


@check("our signed webhook is stored")
def _():
    hooks = Hooks()
    made = client.v1.webhook_endpoints.create(
        {"url": hooks.url, "enabled_events": ["customer.created"]}
    )
    eve = client.v1.customers.create({"name": "Eve"})
    headers, body = hooks.first("customer.created", about=eve.id)
    endpoint = WebhookEndpoint.objects.create(
        id=made.id,
        livemode=False,
        url=made.url,
        secret=made.secret,
        enabled_events=["*"],
        status="enabled",
        api_version=made.api_version,
        djstripe_owner_account=models.Account.objects.first(),
    )
    kept.update(at=f"/stripe/webhook/{endpoint.djstripe_uuid}/", headers=headers, body=body)
    answer = Client().post(
        kept["at"],
        body,
        content_type="application/json",
        headers={"Stripe-Signature": headers["Stripe-Signature"]},
    )
    same(answer.status_code, 200)
    trigger = models.WebhookEventTrigger.objects.latest("id")
    same((trigger.valid, trigger.processed), (True, True))


@check("a forged webhook is refused")
def _():
    answer = Client().post(
        kept["at"],
        kept["body"].replace(b"Eve", b"Eva"),
        content_type="application/json",
        headers={"Stripe-Signature": kept["headers"]["Stripe-Signature"]},
    )
    same(answer.status_code, 400)


run()
