"""Signing in: passkeys, wrong passwords, and how long a session lasts."""

import json
import time
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.test import Client

from config import security
from fintech.merchants import services as merchants
from tests.make import merchants as make_merchants
from tests.make.payments import BY, NOON
from tests.web.conftest import OWNER
from tests.web.passkeys import Passkey
from tests.web.test_second_factor import PASSWORD, sign_in

AJAX = {"X-Requested-With": "XMLHttpRequest"}


@pytest.fixture(autouse=True)
def _no_wrong_passwords_yet():
    cache.clear()


# -- passkeys -------------------------------------------------------------------------------


@pytest.fixture
def passkey(client, shop) -> Passkey:
    """The owner signs in, says the password again, and adds a passkey."""
    made = Passkey()
    sign_in(client)
    page = client.get("/accounts/2fa/webauthn/add/")
    if page.status_code == 302:
        client.post(page["Location"], {"password": PASSWORD})
        page = client.get("/accounts/2fa/webauthn/add/")
    options = page.context["js_data"]["creation_options"]
    answer = client.post(
        "/accounts/2fa/webauthn/add/",
        {
            "name": "Phone",
            "passwordless": "on",
            "credential": json.dumps(made.made(json.loads(json.dumps(dict(options))))),
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    return made


def asked(browser: Client) -> dict:
    return browser.get("/accounts/2fa/webauthn/login/", headers=AJAX).json()["request_options"]


def test_a_passkey_alone_opens_the_dashboard(passkey):
    browser = Client()

    shown = passkey.shown(asked(browser))
    browser.post("/accounts/2fa/webauthn/login/", {"credential": json.dumps(shown)})

    assert browser.get("/dashboard/").status_code == 200


def test_a_passkey_answers_one_question_once(passkey):
    browser = Client()
    shown = passkey.shown(asked(browser))
    asked(browser)  # Another question: the answer is to the one before.

    browser.post("/accounts/2fa/webauthn/login/", {"credential": json.dumps(shown)})

    assert browser.get("/dashboard/").status_code == 302


def test_somebody_elses_key_opens_nothing(passkey):
    browser, forged = Client(), Passkey(user_handle=passkey.user_handle, id=passkey.id)

    shown = forged.shown(asked(browser))
    browser.post("/accounts/2fa/webauthn/login/", {"credential": json.dumps(shown)})

    assert browser.get("/dashboard/").status_code == 302


def test_with_a_passkey_the_password_alone_no_longer_opens_the_dashboard(passkey):
    browser = Client()

    sign_in(browser)

    assert browser.get("/dashboard/").status_code == 302


def test_the_page_offers_it_under_the_strict_policy(client, db):
    page = client.get("/accounts/login/").content.decode()

    assert "Sign in with a passkey" in page
    assert "<script>" not in page


# -- wrong passwords ------------------------------------------------------------------------


def attempt(browser: Client, email: str, password: str):
    return browser.post("/accounts/login/", {"login": email, "password": password})


def test_ten_wrong_passwords_lock_the_name_and_no_other(shop):
    other = make_merchants.member(shop, "viewer").user.email
    for number in range(10):
        assert attempt(Client(), OWNER, f"wrong horse {number}").status_code == 200

    locked = attempt(Client(), OWNER, PASSWORD)

    assert locked.status_code == 200  # The right password, and still outside.
    assert "Too many failed login attempts" in locked.content.decode()
    assert attempt(Client(), other, PASSWORD).status_code == 302


def test_whoever_is_not_there_is_refused_in_the_same_words(shop):
    wrong = attempt(Client(), OWNER, "wrong horse").context["form"].errors
    nobody = attempt(Client(), "nobody@example.com", "wrong horse").context["form"].errors

    assert wrong == nobody


# -- sessions -------------------------------------------------------------------------------


@pytest.fixture
def later(monkeypatch):
    """The clock of sessions can be moved."""
    moved = SimpleNamespace(by=0)
    real = time.time
    monkeypatch.setattr(security, "time", SimpleNamespace(time=lambda: real() + moved.by))
    return moved


def test_signing_in_gives_the_session_a_new_name(shop):
    browser = Client()
    browser.get("/accounts/login/")
    browser.cookies["sessionid"] = "a" * 32  # What somebody else has planted.

    sign_in(browser)

    assert browser.cookies["sessionid"].value != "a" * 32
    assert browser.get("/dashboard/").status_code == 200


def test_signing_out_ends_it_on_the_server(shop):
    browser, thief = Client(), Client()
    sign_in(browser)
    thief.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert thief.get("/dashboard/").status_code == 200

    browser.post("/accounts/logout/")

    assert thief.get("/dashboard/").status_code == 302


def test_a_desk_that_nobody_sits_at_is_closed(shop, later):
    browser = Client()
    sign_in(browser)
    for _ in range(3):
        later.by += 50 * 60
        assert browser.get("/dashboard/").status_code == 200

    later.by += 61 * 60

    assert browser.get("/dashboard/").status_code == 302


def test_staff_have_a_quarter_of_an_hour(shop, later):
    merchants.create_staff(email="sara@example.com", name="Sara", password=PASSWORD, by=BY, at=NOON)
    browser = Client()
    sign_in(browser, "sara@example.com", "/admin/")
    assert browser.get("/admin/").status_code == 200

    later.by += 16 * 60

    assert browser.get("/admin/").status_code == 302


def test_after_twelve_hours_everybody_signs_in_again(shop, later):
    browser = Client()
    sign_in(browser)
    for _ in range(14):
        later.by += 50 * 60
        assert browser.get("/dashboard/").status_code == 200

    later.by += 30 * 60

    assert browser.get("/dashboard/").status_code == 302
