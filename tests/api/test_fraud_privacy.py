"""No card number, address or name is in what fraud keeps, shows, or anybody logs."""

import io
import json
import logging
from contextlib import contextmanager

import pytest
from django.db import connection

from fintech.fraud.models import Assessment

INTENT = "/v1/payment_intents"
NUMBER = "4242424242424242"
PERSONAL = {
    "number": NUMBER,
    "name": "Wilhelmina Ottokar",
    "mail": "wilhelmina.ottokar@example.org",
    "phone": "+49 171 5550199",
    "street": "Kastanienallee 77",
    "city": "Quedlinburg",
    "postal code": "06484",
    "ip": "203.0.113.217",
    "device": "Minas-Telefon-0815",
}
# All that fraud writes, and the log of facts that everybody reads.
KEPT = (
    "fraud_assessment", "fraud_case", "fraud_outcome", "fraud_listitem", "fraud_alert",
    "fraud_velocitycount", "kernel_event",
)  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_nothing_personal_is_in_features_facts_or_logs(api):
    with _listening() as heard:
        _pay_be_listed_be_reviewed(api)
    logged = heard.getvalue()
    assert logged.count("api.answered") > 5

    kept = {table: _text(table) for table in KEPT}
    shown = json.dumps(api.get("/v1/fraud/assessments").body)
    snapshots = json.dumps([row.features for row in Assessment.objects.all()])
    assert Assessment.objects.count() == 3
    assert "name_match" in snapshots  # They were compared, and only how alike they are is kept.
    everywhere = {**kept, "the API": shown, "a snapshot": snapshots, "logs": logged}
    for what, value in PERSONAL.items():
        # Of words their beginning too: a part of a name is a name.
        parts = {value, value.replace(" ", ""), value[:7] if value[0].isalpha() else value}
        for where, text in everywhere.items():
            for part in parts:
                assert part.lower() not in text.lower(), f"{what} in {where}"


@contextmanager
def _listening():
    """Hear all that is logged, as it would be written."""
    root, heard = logging.getLogger(), io.StringIO()
    ours = logging.StreamHandler(heard)
    ours.setFormatter(next(h.formatter for h in root.handlers if h.formatter is not None))
    levels = {root: root.level, logging.getLogger("httpx"): logging.getLogger("httpx").level}
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    root.addHandler(ours)
    try:
        yield heard
    finally:
        root.removeHandler(ours)
        for logger, level in levels.items():
            logger.setLevel(level)


def _pay_be_listed_be_reviewed(api):
    customer = api.post(
        "/v1/customers",
        name=PERSONAL["name"],
        email=PERSONAL["mail"],
        phone=PERSONAL["phone"],
    ).body
    method = api.post(
        "/v1/payment_methods",
        type="card",
        card={"number": NUMBER, "exp_month": 12, "exp_year": 2034, "cvc": "123"},
        billing_details={
            "name": PERSONAL["name"],
            "email": PERSONAL["mail"],
            "phone": PERSONAL["phone"],
            "address": {
                "line1": PERSONAL["street"],
                "city": PERSONAL["city"],
                "postal_code": PERSONAL["postal code"],
                "country": "DE",
            },
        },
    ).body
    order = {
        "amount": 900,
        "currency": "eur",
        "customer": customer["id"],
        "payment_method": method["id"],
        "receipt_email": PERSONAL["mail"],
        "description": f"For {PERSONAL['name']}",
        "payer_ip": PERSONAL["ip"],
        "payer_device": PERSONAL["device"],
        "confirm": True,
    }
    paid = api.post(INTENT, order)
    review = api.post("/v1/fraud/rules", name="all", condition="true", decision="review").body
    api.post(f"/v1/fraud/rules/{review['id']}/activate")
    reviewed = api.post(INTENT, order)
    listed = api.post("/v1/fraud/lists/blocklist/items", kind="email", value=PERSONAL["mail"])
    blocked = api.post(INTENT, order)
    assert [each.status for each in (paid, reviewed, listed, blocked)] == [200, 200, 200, 402]
    assert reviewed.body["review"] is not None
    # What is refused is not logged with what was in it either.
    assert api.post(INTENT, {**order, "payer_device": NUMBER}).status == 400
    assert api.post("/v1/fraud/rules", name="x", condition=f'"{NUMBER}" == currency').status == 400


def _text(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
        return cursor.fetchone()[0]
