"""Whole objects in place of ids: however many there are, so many queries."""

import pytest

from tests.payments.counting import round_trips

INTENT = "/v1/payment_intents"
PATHS = [
    "data.customer",
    "data.payment_method",
    "data.latest_charge.payment_intent.latest_charge",
    "data.latest_charge.payment_method",
    "data.latest_charge.fraud_assessment",
    "data.latest_charge.refunds.data",
    "data.heard_of.never",
]


def paid(api, count: int) -> None:
    for number in range(count):
        customer = api.post("/v1/customers", name=f"Ada {number}").body
        api.post(
            INTENT,
            amount=500 + number,
            currency="eur",
            customer=customer["id"],
            payment_method="pm_card_visa",
            confirm=True,
        )


def expanded(api, count: int) -> dict:
    query = "&".join(f"expand[]={path}" for path in PATHS)
    return api.get(f"{INTENT}?limit={count}&{query}").body


def test_an_object_is_whole_wherever_it_is_named(api):
    paid(api, 1)
    intent = expanded(api, 1)["data"][0]
    charge = intent["latest_charge"]

    assert intent["customer"] == api.get(f"/v1/customers/{intent['customer']['id']}").body
    assert charge["payment_intent"]["id"] == intent["id"]
    assert charge["payment_intent"]["latest_charge"]["id"] == charge["id"]
    # It is whole only where the path says so: what it names in turn are ids.
    assert charge["payment_intent"]["latest_charge"]["payment_intent"] == intent["id"]
    assert charge["payment_method"]["object"] == "payment_method"
    assert charge["fraud_assessment"]["object"] == "fraud.assessment"


def test_the_same_object_at_both_ends_is_no_circle(api):
    paid(api, 1)
    intent = api.get(INTENT).body["data"][0]

    path = "latest_charge.payment_intent.latest_charge.payment_intent.latest_charge"
    told = api.get(f"{INTENT}/{intent['id']}?expand[]={path}")

    assert told.status == 200
    fourth = told.body["latest_charge"]["payment_intent"]["latest_charge"]["payment_intent"]
    assert fourth["latest_charge"] == intent["latest_charge"]  # Four levels and no further.


@pytest.mark.django_db(transaction=True)
def test_a_long_list_takes_as_many_queries_as_a_short_one(api):
    paid(api, 12)
    taken = []
    for count in (1, 12):
        with round_trips() as turns:
            assert len(expanded(api, count)["data"]) == count
        taken.append(turns.count)

    assert taken[0] == taken[1]
    assert taken[1] <= 20
