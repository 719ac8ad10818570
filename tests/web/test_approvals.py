"""Refunds beyond what a role gives back alone: one person asks, another decides."""

import pytest

from fintech.kernel import clock
from fintech.kernel.actor import system
from fintech.merchants.data import ALONE_UP_TO, Right, Role
from fintech.payments import services as payments
from tests.make import payments as make
from tests.make.payments import eur
from tests.web.conftest import OWNER, at_the_desk, signed_in
from tests.web.test_actions import form
from tests.web.test_pages import path_of, text

WAITING = "/dashboard/approvals"


def asked(shop, amount, role: Role = Role.SUPPORT):
    """A payment of an amount, and a member who wants all of it given back."""
    taken = make.captured(shop.id, amount)
    browser = at_the_desk(shop, role)
    browser.post(path_of(taken, "/refund"), form(how="all", reason="duplicate"))
    return taken, browser


def decision(browser) -> str:
    """Where the one proposal that this person sees is decided."""
    (line,) = browser.get(WAITING).context["lines"]
    return f"{WAITING}/{line['id']}"


def test_what_a_role_gives_back_alone_needs_nobody_else(shop):
    limit = ALONE_UP_TO[Right.REFUND_PAYMENTS][Role.SUPPORT]

    taken, browser = asked(shop, eur(limit * 100))

    assert make.now(taken).refunded == eur(limit * 100)
    assert browser.get(WAITING).context["lines"] == []


def test_more_than_that_waits_for_somebody_who_may(shop, acquirer):
    taken, support = asked(shop, eur(500_01))
    assert make.now(taken).refunded == make.now(taken).refund_pending == eur(0)
    assert "Somebody else decides" in text(support.get(WAITING))

    owner = signed_in(OWNER)
    owner.post(decision(owner), {"decision": "approve"})
    assert make.now(taken).refund_pending == eur(500_01)
    payments.resolve_due(by=system("janitor"), at=clock.now())

    assert make.now(taken).refunded == eur(500_01)
    assert owner.get(WAITING).context["lines"] == []


def test_whoever_asked_does_not_decide(shop):
    taken, support = asked(shop, eur(500_01))

    support.post(decision(support), {"decision": "approve"})

    assert make.now(taken).refund_pending == eur(0)
    assert len(support.get(WAITING).context["lines"]) == 1


def test_a_role_agrees_to_no_more_than_it_gives_back_alone(shop):
    taken, _ = asked(shop, eur(5_000_01))
    finance = at_the_desk(shop, Role.FINANCE)

    finance.post(decision(finance), {"decision": "approve"})

    assert make.now(taken).refund_pending == eur(0)


def test_rejected_is_rejected(shop):
    taken, _ = asked(shop, eur(500_01))
    owner = signed_in(OWNER)
    url = decision(owner)

    owner.post(url, {"decision": "reject"})
    owner.post(url, {"decision": "approve"})

    assert make.now(taken).refund_pending == eur(0)
    assert owner.get(WAITING).context["lines"] == []


def test_another_merchants_people_see_and_decide_nothing(shop, stranger):
    taken, support = asked(shop, eur(500_01))
    url = decision(support)
    theirs = at_the_desk(stranger, Role.OWNER)

    assert theirs.get(WAITING).context["lines"] == []
    theirs.post(url, {"decision": "approve"})

    assert make.now(taken).refund_pending == eur(0)


def test_what_cannot_be_refunded_is_not_even_proposed(shop):
    taken, _ = asked(shop, eur(500_01))
    owner = signed_in(OWNER)
    owner.post(decision(owner), {"decision": "approve"})

    browser = at_the_desk(shop, Role.FINANCE)
    again = browser.post(path_of(taken, "/refund"), form(how="all"))

    assert again.status_code in {302, 400}
    assert make.now(taken).refund_pending == eur(500_01)


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_deciding_is_for_those_who_may_refund(shop, role):
    taken, support = asked(shop, eur(500_01))

    answer = at_the_desk(shop, role).post(decision(support), {"decision": "approve"})

    assert answer.status_code == 403
    assert make.now(taken).refund_pending == eur(0)
