"""The jobs of a developer at the dashboard."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from sandbox.receiver import Receiver
from tests.e2e.doing import sees


@pytest.mark.job("developer", "2 create an API key")
@pytest.mark.job("developer", "3 first call")
def test_a_key_is_made_in_three_clicks_and_its_curl_works(window, world):
    page = window()
    page.goto("/dashboard/")
    page.get_by_role("link", name="API keys").click()
    page.get_by_label("Name", exact=True).fill("Laptop")
    page.get_by_role("button", name="Create key").click()
    secret = page.locator(".secret").inner_text()

    assert secret.startswith("sk_test_")
    assert secret in page.locator("pre.code").inner_text()
    answer = httpx.post(
        f"{world.base}/v1/payment_intents",
        headers={"Authorization": f"Bearer {secret}"},
        json={"amount": 4250, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True},
    )
    assert answer.json()["status"] == "succeeded"
    page.goto("/dashboard/keys")
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke Laptop").click()
    sees(page, "is revoked")
    again = httpx.get(f"{world.base}/v1/account", headers={"Authorization": f"Bearer {secret}"})
    assert again.status_code in {200, 401}  # Every process knows within two seconds.


@pytest.mark.job("developer", "4 why did my call fail")
def test_a_call_that_failed_shows_what_was_asked_and_answered(window, world):
    refused = world.api.post_raw("/v1/payment_intents", {"amount": "many", "currency": "eur"})
    assert refused.status_code == 400
    page = window()
    wanted = refused.headers["Request-Id"]
    for _ in range(40):
        page.goto("/dashboard/requests")
        if page.get_by_text(wanted).count():
            break
        page.wait_for_timeout(250)

    row = page.locator("tr", has_text=wanted)
    expect(row).to_contain_text("400")
    row.locator("summary").first.click()
    expect(row).to_contain_text("parameter_invalid")
    expect(row).to_contain_text('"amount"')


@pytest.mark.job("developer", "6 debug and replay webhooks")
def test_a_webhook_is_delivered_seen_and_sent_again(window, world):
    page = window()
    with Receiver() as receiver:
        page.goto("/dashboard/")
        page.get_by_role("link", name="Webhooks").click()
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_role("button", name="Add endpoint").click()
        assert page.locator(".secret").inner_text().startswith("whsec_")
        world.api.post(
            "/v1/payment_intents",
            {"amount": 700, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True},
        )
        assert receiver.wait_for(lambda one: b"payment_intent.succeeded" in one.body, timeout_s=20)
        page.get_by_role("link", name=receiver.url).first.click()
        for _ in range(40):
            if page.get_by_text("Delivered").count():
                break
            page.wait_for_timeout(250)
            page.reload()
        count = len(receiver.received)
        page.get_by_role("button", name=re.compile("^Resend$")).first.click()
        sees(page, "on its way again")
        assert receiver.wait_for(lambda _: len(receiver.received) > count, timeout_s=20)
        page.get_by_role("button", name="Delete").click()
        sees(page, "The endpoint is gone")


@pytest.mark.job("developer", "7 trigger hard cases")
@pytest.mark.parametrize(
    ("card", "ends"),
    [
        ("4000 0000 0000 0002", "did not go through"),
        ("4100 0000 0000 0019", "did not go through"),
        ("4000 0000 0000 9235", "We are checking this payment"),
    ],
)
def test_each_test_card_fills_the_form_and_does_what_it_says(window, places, card, ends):
    page = window("")
    page.goto(f"/pay/{places['link']}")
    page.get_by_role("button", name=re.compile(card)).click()
    page.get_by_role("button", name=re.compile("^Pay")).click()

    sees(page, ends)


@pytest.mark.job("developer", "7 trigger hard cases")
@pytest.mark.parametrize(
    ("label", "tells"),
    [("An outage", "declined|failed|not reached|unavailable"), ("A challenge", "confirm")],
)
def test_a_hard_case_is_one_button_away(window, label, tells):
    page = window()
    page.goto("/dashboard/simulate")
    page.get_by_role("button", name=re.compile(f"Do it ?: {label}")).click()

    sees(page, "What happened")
    sees(page, re.compile(tells, re.IGNORECASE))


@pytest.mark.job("developer", "8 explore the API")
def test_the_reference_can_be_read_without_signing_in(window):
    page = window("", scripts=False)
    page.goto("/docs/reference")

    sees(page, "POST /v1/payment_intents")
    page.get_by_role("link", name="Errors").click()
    sees(page, "idempotency_key_reused")
