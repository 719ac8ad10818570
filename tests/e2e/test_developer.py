"""The jobs of a developer at the dashboard."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from sandbox import demo
from sandbox.progress import Progress
from sandbox.receiver import Receiver
from tests.e2e import first_run
from tests.e2e.doing import pay_with, sees

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.job("developer", "1 first run from clone")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_who_reads_what_the_demo_prints_has_a_first_payment(window, world, scripts, capsys):
    """From the lines that `make demo` ends with; `make first-run` does it from a clone."""
    demo.tell(Progress(sys.stdout), world.instance.facts(), world.logins)
    dashboard, email, password = first_run.LINE.search(capsys.readouterr().out).groups()
    page = window("", scripts=scripts)

    first_run.sign_in(page, dashboard, email, password)
    if scripts:
        first_run.pay(page)
    else:
        page.get_by_role("button", name="Take a test payment").first.click()
        pay_with(page)
        page.get_by_role("link", name="See what happened").click()

    sees(page, "€42.50 captured")


@pytest.mark.job("developer", "1 first run from clone")
def test_the_call_that_the_demo_prints_takes_a_payment(window, world, capsys):
    demo.tell(Progress(sys.stdout), world.instance.facts(), world.logins)
    printed = capsys.readouterr().out
    call = printed[printed.index("curl") : printed.index(" Logs:")].replace("\\\n", "")

    told = subprocess.run(
        [*shlex.split(call), "--silent"], capture_output=True, text=True, check=True
    )

    made = json.loads(told.stdout)
    assert (made["amount"], made["status"]) == (4250, "succeeded")
    page = window()
    page.goto(f"/dashboard/payments/{made['id']}")
    sees(page, "€42.50 captured")


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
        page.locator("table.list").get_by_role("button", name="Resend").first.click()
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


@pytest.mark.job("developer", "10 upgrade safely")
def test_what_a_version_changed_can_be_read_before_it_is_asked_for(window):
    page = window("", scripts=False)
    page.goto("/docs/reference")
    page.get_by_role("link", name="Versions").click()

    sees(page, "What each version changed")
    version = page.locator("strong").first.inner_text()
    assert page.get_by_role("row").nth(1).inner_text().startswith(version)


@pytest.mark.job("developer", "8 explore the API")
def test_the_reference_can_be_read_without_signing_in(window):
    page = window("", scripts=False)
    page.goto("/docs/reference")

    sees(page, "POST /v1/payment_intents")
    page.get_by_role("link", name="Errors").click()
    sees(page, "idempotency_key_reused")


@pytest.mark.job("developer", "4 why did my call fail")
def test_a_request_is_asked_again_with_changes(window, world):
    refused = world.api.post_raw("/v1/payment_intents", {"amount": -5, "currency": "eur"})
    wanted = refused.headers["Request-Id"]
    page = window(scripts=False)
    for _ in range(40):
        page.goto("/dashboard/requests?show=failed")
        if page.get_by_text(wanted).count():
            break
        page.wait_for_timeout(250)
    sees(page, "What failed in the last 24 hours")
    page.get_by_role("link", name=f"Replay {wanted}").click()
    page.get_by_label("Body").fill('{"amount": 4250, "currency": "eur"}')
    page.get_by_label("Your test key").fill(world.logins["secret_key"])
    page.get_by_role("button", name="Ask again").click()

    sees(page, "The answer")
    sees(page, '"amount": 4250')
    assert world.logins["secret_key"] not in page.content()


@pytest.mark.job("developer", "5 receive events at home")
def test_events_arrive_at_home(world):
    """`manage.py listen` forwards what happens to a program that no endpoint could reach."""
    with Receiver() as receiver:
        listening = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "listen", "--forward-to", receiver.url),
                *("--key", world.logins["secret_key"]),
            ],
            cwd=ROOT,
            env=world.instance.environment(),
            stdout=subprocess.DEVNULL,
        )
        try:
            for _ in range(20):
                world.api.post(
                    "/v1/payment_intents",
                    {
                        "amount": 700,
                        "currency": "eur",
                        "payment_method": "pm_card_visa",
                        "confirm": True,
                    },
                )
                if receiver.wait_for(
                    lambda one: b"payment_intent.succeeded" in one.body, timeout_s=1
                ):
                    break
            assert receiver.received
        finally:
            listening.terminate()
            listening.wait(10)


@pytest.mark.job("developer", "9 idempotency")
def test_a_repeated_key_leads_to_its_first_request(window, world):
    asked = {"amount": 990, "currency": "eur"}
    first, again = (
        world.api.post_raw("/v1/payment_intents", asked, key="order-4711") for _ in range(2)
    )
    assert first.json()["id"] == again.json()["id"]
    page = window()
    row = page.locator("tr", has_text=again.headers["Request-Id"]).first
    for _ in range(40):
        page.goto("/dashboard/requests")
        # Each worker writes its lines by itself, within a second.
        if row.count() and page.get_by_text(first.headers["Request-Id"]).count() > 1:
            break
        page.wait_for_timeout(250)

    expect(row).to_contain_text(first.headers["Request-Id"])
