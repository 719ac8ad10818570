"""A signature is explained step by step; the secret is used and forgotten."""

from datetime import UTC, datetime, timedelta

import pytest

from fintech.kernel import clock
from fintech.web import signatures
from fintech.wire import dialect
from tests.web.test_actions import form
from tests.web.test_pages import text

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
BODY = b'{"id":"evt_1"}'
SECRET = "whsec_dGVzdA"


def steps(*, header: str = "", body: bytes = BODY, secret: str = SECRET, at: datetime = AT):
    signed = dialect.signature(BODY, secrets=[SECRET], timestamp=int(AT.timestamp()))
    return signatures.explain(header=header or signed, body=body, secret=secret, at=at)


def test_what_we_sign_holds_at_every_step():
    assert [step.holds for step in steps()] == [True] * 4


@pytest.mark.parametrize(
    ("changed", "fails", "told"),
    [
        ({"header": "v1=abc"}, 0, "t=…,v1=…"),
        ({"at": AT + timedelta(minutes=6)}, 1, "6 min from now"),
        ({"at": AT - timedelta(minutes=6)}, 1, "6 min from now"),
        ({"body": b'{"id":"evt_2"}'}, 3, "not byte for byte"),
        ({"body": BODY + b" "}, 3, "white space"),
        ({"body": b'{\n"id": "evt_1"}'}, 3, "it was formatted"),
        ({"secret": "whsec_another"}, 3, "another endpoint's"),
    ],
)
def test_the_first_step_that_fails_is_named_with_its_likely_cause(changed, fails, told):
    found = steps(**changed)

    wrong = [number for number, step in enumerate(found) if not step.holds]
    assert wrong == [fails]
    assert told in found[fails].seen


def test_while_a_secret_is_rolled_either_signature_does():
    header = dialect.signature(BODY, secrets=["whsec_old", SECRET], timestamp=int(AT.timestamp()))

    assert all(step.holds for step in steps(header=header))
    assert all(step.holds for step in steps(header=header, secret="whsec_old"))


def test_the_page_checks_and_forgets_the_secret(desk, shop):
    header = dialect.signature(BODY, secrets=[SECRET], timestamp=int(clock.now().timestamp()))

    answer = desk.post(
        "/dashboard/webhooks/check", form(header=header, body=BODY.decode(), secret=SECRET)
    )

    assert "Every step holds" in text(answer)
    assert SECRET not in answer.content.decode()
    wrong = desk.post("/dashboard/webhooks/check", form(header="", body="", secret=""))
    assert wrong.status_code == 400
