"""Signing in with a second factor: for people at their desks and for staff."""

import base64
import hashlib
import hmac
import struct
import time

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from fintech.merchants import services as merchants
from tests.make import merchants as make_merchants
from tests.make.payments import BY, NOON
from tests.web.conftest import OWNER
from tests.web.test_pages import text

PASSWORD = make_merchants.PASSWORD


def code(secret: str, *, steps: int = 0) -> str:
    """The six digits that an authenticator app shows, by RFC 6238."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    at = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def sign_in(browser: Client, email: str = OWNER, where: str = "/dashboard/"):
    return browser.post(
        f"/accounts/login/?next={where}", {"login": email, "password": PASSWORD, "next": where}
    )


@pytest.fixture
def secret(client, shop) -> str:
    """The owner signs in and switches a second factor on."""
    return switch_on(client, OWNER)


def switch_on(browser: Client, email: str) -> str:
    sign_in(browser, email)
    page = browser.get("/accounts/2fa/totp/activate/")
    if page.status_code == 302:  # Who changes how he signs in says the password again.
        assert page["Location"].startswith("/accounts/reauthenticate/")
        browser.post(page["Location"], {"password": PASSWORD})
        page = browser.get("/accounts/2fa/totp/activate/")
    told = page.context["form"].secret
    assert "data:image/svg+xml" in page.content.decode()
    answer = browser.post("/accounts/2fa/totp/activate/", {"code": code(told)})
    assert answer.status_code == 302, answer.content.decode()
    return told


def test_the_password_alone_no_longer_opens_the_dashboard(secret):
    browser = Client()

    answer = sign_in(browser)

    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert browser.get("/dashboard/").status_code == 302
    browser.post("/accounts/2fa/authenticate/", {"code": code(secret, steps=1)})
    assert browser.get("/dashboard/").status_code == 200


def test_a_wrong_code_and_a_code_used_before_open_nothing(secret):
    first, browser = Client(), Client()
    for one in (first, browser):
        sign_in(one)
    said = code(secret, steps=1)
    assert first.post("/accounts/2fa/authenticate/", {"code": said}).status_code == 302

    wrong = browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    used = browser.post("/accounts/2fa/authenticate/", {"code": said})

    assert "There is a problem" in text(wrong)
    assert used.status_code == 200
    assert browser.get("/dashboard/").status_code == 302


def test_the_shared_secret_is_kept_encrypted(secret):
    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]

    assert secret not in kept
    assert kept.startswith("gAAAA")


def test_the_team_page_tells_who_has_a_second_factor(client, secret):
    assert "Second factor on" in text(client.get("/dashboard/team"))


def test_the_back_office_has_no_door_of_its_own(shop):
    merchants.create_staff(email="sara@example.com", name="Sara", password=PASSWORD, by=BY, at=NOON)
    kept = switch_on(Client(), "sara@example.com")

    browser = Client()
    told = {"username": "sara@example.com", "password": PASSWORD}
    sent_on = browser.post("/admin/login/?next=/admin/", told)
    sign_in(browser, "sara@example.com", "/admin/")
    assert browser.get("/admin/").status_code == 302
    browser.post("/accounts/2fa/authenticate/", {"code": code(kept, steps=1)})

    assert sent_on["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    assert browser.get("/admin/").status_code == 200


def test_nobody_enters_a_live_back_office_without_a_second_factor(shop, settings):
    merchants.create_staff(email="sara@example.com", name="Sara", password=PASSWORD, by=BY, at=NOON)
    browser = Client()
    sign_in(browser, "sara@example.com")
    assert browser.get("/admin/").status_code == 200

    settings.MODE = "live"

    assert browser.get("/admin/")["Location"] == "/accounts/2fa/"
    assert browser.get("/admin/payments/payment/")["Location"] == "/accounts/2fa/"


def test_what_people_did_is_read_from_the_event_log(desk, shop):
    mia = merchants.invite_user(
        merchant_id=shop.id, email="mia@example.com", name="Mia", role="viewer", by=BY, at=NOON
    )
    desk.post(f"/dashboard/team/{mia.user.id}", {"role": "finance"})

    words = text(desk.get("/dashboard/team/activity"))

    assert "Was let in as viewer Mia" in words
    assert "Was given another role as finance Mia" in words
