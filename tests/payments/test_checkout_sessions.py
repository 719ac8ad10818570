"""Checkout sessions: one sale, one payment, and an end that both come to together."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError

from fintech.kernel import approvals, event_log, invariants
from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.payments.models import (
    CheckoutLine,
    CheckoutSession,
    Payment,
    Price,
    Product,
)
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.racing import race

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)
TOMORROW = NOON + timedelta(hours=24)
AT = {"by": BY, "at": NOON}


def once(amount=None, name="A book", **more) -> data.NewPrice:
    """A price that is made for one session."""
    product = data.NewProduct(name=name, active=False)
    return data.NewPrice(
        amount=eur(12_00) if amount is None else amount, product=product, active=False, **more
    )


def line(price=None, quantity=1) -> data.NewLine:
    return data.NewLine(price=price or once(), quantity=quantity)


def opened(shop, *lines, key=None, **facets) -> data.CheckoutSession:
    new = data.NewSession(
        lines=lines or (line(quantity=2),), success_url="https://example.com/thanks", **facets
    )
    return payments.open_session(new, merchant_id=shop.id, key=key, **AT).value


def begun(session, *, key=None, at=NOON) -> data.Payment:
    return payments.pay_by_session(
        token=session.token, email="sam@example.org", name="Sam", key=key, by=BY, at=at
    ).value


def confirm(payment, token="visa") -> data.Payment:
    try:
        return payments.confirm(
            merchant_id=payment.merchant_id, payment_id=payment.id, token=token, **AT
        ).value
    except errors.CardDeclined as declined:
        return declined.payment


def paid(session, token="visa") -> data.Payment:
    return confirm(begun(session), token)


def now(session) -> data.CheckoutSession:
    return queries.session(session.id, session.merchant_id)


def story(session) -> list[str]:
    """The session's facts, in order and without gaps."""
    recorded = event_log.stream("payments.session", session.id)
    assert [fact.version for fact in recorded] == list(range(1, len(recorded) + 1))
    return [fact.name.split(".")[1].removeprefix("checkout_session_") for fact in recorded]


def stands(session) -> tuple[str, str]:
    found = now(session)
    return str(found.state), str(found.outcome)


def wrong() -> list:
    """What the invariants and the log say against the rows."""
    return [*invariants.check(queries.INVARIANTS), *queries.replay()]


def test_a_session_sums_up_what_is_sold(shop):
    book = payments.create_product(
        data.NewProduct(name="A book"),
        merchant_id=shop.id,
        default_price=data.NewPrice(amount=eur(12_00)),
        **AT,
    ).value

    session = opened(
        shop,
        data.NewLine(price_id=book.default_price_id, quantity=3),
        line(once(eur(4_50), "Postage")),
        line(data.NewPrice(amount=eur(1), product_id=book.id, active=False)),
    )

    assert session.amount == eur(40_51)
    assert [(item.description, item.quantity, item.amount.minor) for item in session.items] == [
        ("A book", 3, 36_00),
        ("Postage", 1, 4_50),
        ("A book", 1, 1),
    ]
    assert (session.state, session.payment_id, session.expires_at) == ("open", None, TOMORROW)
    made = [price for price in queries.prices(shop.id) if price.id != book.default_price_id]
    assert [price.active for price in made] == [False, False]
    assert [one.name for one in queries.products(shop.id, active=True)] == ["A book"]
    assert story(session) == ["opened"]
    assert wrong() == []


def test_a_payer_pays_and_both_are_done_in_one_commit(shop, told):
    session = opened(
        shop,
        client_reference_id="cart-7",
        sale=data.Sale(metadata={"order": "7"}, statement_descriptor="BOOKS"),
    )

    payment = paid(session)

    assert (payment.state, payment.captured, payment.session_id) == (
        "captured",
        eur(24_00),
        session.id,
    )
    assert (payment.metadata, payment.statement_descriptor) == ({"order": "7"}, "BOOKS")
    assert (payment.description, payment.receipt_email) == ("A book", "sam@example.org")
    done = now(session)
    assert (done.state, done.outcome, done.payment_id) == ("complete", "paid", payment.id)
    assert (done.payer_email, done.payer_name) == ("sam@example.org", "Sam")
    assert story(session) == ["opened", "begun", "completed"]
    assert told(payment)[-1] == "captured"
    assert wrong() == []


def test_a_session_has_one_payment_however_often_somebody_begins(shop):
    session = opened(shop)

    first, second = begun(session), begun(session)

    assert first.id == second.id
    assert Payment.objects.count() == 1
    assert story(session) == ["opened", "begun"]


def test_a_form_sent_twice_begins_one_payment_and_hears_of_it_even_once_it_is_paid(shop):
    session = opened(shop)
    key = make.key(session.id, "form")

    first = begun(session, key=key)
    confirm(first)
    second = begun(session, key=key)

    assert first == second
    assert wrong() == []


def test_after_a_decline_another_card_pays_the_same_payment(shop):
    session = opened(shop)
    declined = paid(session, "declined")
    assert stands(session) == ("open", "")

    again = confirm(begun(session), "visa")

    assert again.id == declined.id
    assert stands(session) == ("complete", "paid")


def test_a_challenge_completes_the_session_when_it_is_passed(shop):
    session = opened(shop)
    payment = paid(session, "three_d_secure")
    assert stands(session) == ("open", "")

    payments.answer_challenge(attempt_id=payment.latest_attempt.id, passed=True, **AT)

    assert stands(session) == ("complete", "paid")


@pytest.mark.parametrize(
    ("verdict", "outcome", "facts"),
    [("approve", "paid", ["paid"]), ("decline", "failed", ["failed"])],
)
def test_a_session_in_review_is_complete_and_settled_by_a_person(shop, verdict, outcome, facts):
    session = opened(shop)
    payment = paid(session, "risk_elevated")
    assert stands(session) == ("complete", "")

    payments.decide_review(payment_id=payment.id, verdict=verdict, **AT)

    assert stands(session) == ("complete", outcome)
    assert story(session) == ["opened", "begun", "completed", *facts]
    assert wrong() == []


@pytest.mark.parametrize(
    ("act", "outcome"), [(payments.capture, "paid"), (payments.cancel, "failed")]
)
def test_what_is_only_reserved_is_paid_by_its_capture(shop, act, outcome):
    session = opened(shop, sale=data.Sale(capture_method=data.CaptureMethod.MANUAL))
    payment = paid(session)
    assert (payment.state, stands(session)) == ("authorized", ("complete", ""))

    act(merchant_id=shop.id, payment_id=payment.id, **AT)

    assert stands(session) == ("complete", outcome)
    assert wrong() == []


def test_an_unknown_outcome_leaves_the_session_open_until_it_is_known(shop, acquirer):
    session = opened(shop)
    acquirer.lose_answers()
    payment = paid(session)
    assert (payment.state, stands(session)) == ("processing", ("open", ""))
    with pytest.raises(errors.SessionNotOpen, match="processing"):
        payments.expire_session(session_id=session.id, **AT)
    assert payments.expire_sessions_due(by=BY, at=TOMORROW) == 0
    assert stands(session) == ("open", "")


@pytest.mark.django_db(transaction=True)  # The janitor works outside any transaction.
def test_what_the_janitor_finds_out_completes_the_session(acquirer):
    session = opened(make.merchant())
    acquirer.lose_answers()
    paid(session)

    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))

    assert stands(session) == ("complete", "paid")
    assert wrong() == []


def test_a_session_is_expired_before_anybody_came(shop):
    session = opened(shop)

    gone = payments.expire_session(session_id=session.id, merchant_id=shop.id, **AT).value

    assert (gone.state, gone.version) == ("expired", 2)
    assert story(session) == ["opened", "expired"]
    with pytest.raises(errors.SessionNotOpen):
        begun(session)
    with pytest.raises(errors.SessionNotOpen):
        payments.expire_session(session_id=session.id, **AT)
    assert not Payment.objects.exists()
    assert wrong() == []


@pytest.mark.parametrize("token", ["declined", "three_d_secure"])
def test_an_expired_session_takes_its_payment_along(shop, token):
    session = opened(shop)
    payment = paid(session, token)

    payments.expire_session(session_id=session.id, **AT)

    assert stands(session) == ("expired", "")
    canceled = make.now(payment)
    assert (canceled.state, canceled.cancellation_reason) == ("canceled", "abandoned")
    assert wrong() == []


def test_a_payment_canceled_by_its_merchant_ends_its_session(shop):
    session = opened(shop)

    payments.cancel(merchant_id=shop.id, payment_id=begun(session).id, **AT)

    assert stands(session) == ("expired", "")
    assert wrong() == []


def test_a_card_tried_too_often_ends_the_session(shop):
    session = opened(shop)
    payment = begun(session)
    for _ in range(10):
        confirm(payment, "blocked")

    assert make.now(payment).cancellation_reason == "attempts_exhausted"
    assert stands(session) == ("expired", "")
    assert wrong() == []


def test_the_clock_ends_sessions_by_business_time(shop):
    idle, left, soon = opened(shop), opened(shop), opened(shop)
    begun(left)
    done = opened(shop)
    paid(done)
    payments.expire_session(session_id=soon.id, **AT)

    assert payments.expire_sessions_due(by=BY, at=TOMORROW - timedelta(seconds=1)) == 0
    assert payments.expire_sessions_due(by=BY, at=TOMORROW) == 2
    assert payments.expire_sessions_due(by=BY, at=TOMORROW) == 0

    assert [stands(one)[0] for one in (idle, left, soon, done)] == [
        "expired",
        "expired",
        "expired",
        "complete",
    ]
    assert wrong() == []


def test_nobody_begins_to_pay_after_its_time_though_the_clock_has_not_come_yet(shop):
    session = opened(shop, expires_at=LATER)
    begun(session, at=LATER - timedelta(seconds=1))

    with pytest.raises(errors.SessionNotOpen):
        begun(session, at=LATER)
    assert not session.is_open(at=LATER)


def agree(payment, to, **facets) -> None:
    """Two people say what a frozen payment has come to."""
    maker, checker = (Actor(kind="staff", id=str(uuid4())) for _ in range(2))
    proposed = payments.propose_correction(
        payment_id=payment.id, to=to, reason="Their statement says so.", by=maker, at=NOON, **facets
    )
    approvals.approve(approval_id=proposed, by=checker, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_what_had_expired_is_completed_when_people_find_that_it_was_paid(acquirer):
    session = opened(make.merchant())
    payment = paid(session, "declined")
    payments.expire_session(session_id=session.id, **AT)
    body, headers = acquirer.callback(
        str(payment.latest_attempt.id), event_id="late", status="approved"
    )
    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)
    assert (make.now(payment).state, stands(session)) == ("conflicted", ("expired", ""))

    agree(payment, "captured", amount=eur(24_00))

    assert stands(session) == ("complete", "paid")
    assert wrong() == []


@pytest.mark.django_db(transaction=True)
def test_what_was_paid_has_failed_when_people_find_that_nothing_was_taken(acquirer):
    session = opened(make.merchant())
    payment = paid(session)
    body, headers = acquirer.callback(
        str(payment.latest_attempt.id), event_id="late", status="declined"
    )
    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)
    assert stands(session) == ("complete", "paid")

    agree(payment, "canceled")

    assert stands(session) == ("complete", "failed")
    assert wrong() == []


def test_the_amount_of_a_sessions_payment_is_the_sessions(shop):
    payment = begun(opened(shop))

    with pytest.raises(errors.UnexpectedState, match="checkout session"):
        payments.update_payment(merchant_id=shop.id, payment_id=payment.id, amount=eur(1), **AT)

    assert make.now(payment) == payment


def test_a_key_makes_one_session(shop):
    key = make.key(shop.id, "once")
    assert opened(shop, key=key) == opened(shop, key=key)
    assert (CheckoutSession.objects.count(), Price.objects.count()) == (1, 1)


def test_a_key_expires_once(shop):
    session = opened(shop)
    begun(session)
    key = make.key(shop.id, "once")

    first = payments.expire_session(session_id=session.id, key=key, **AT)
    again = payments.expire_session(session_id=session.id, key=key, **AT)

    assert (first.value, again.replayed) == (again.value, True)


def test_another_merchants_session_is_as_unknown(shop):
    theirs = opened(make.merchant())
    with pytest.raises(errors.SessionNotFound):
        queries.session(theirs.id, shop.id)
    with pytest.raises(errors.SessionNotFound):
        payments.expire_session(session_id=theirs.id, merchant_id=shop.id, **AT)
    with pytest.raises(errors.SessionNotFound):
        payments.pay_by_session(token="nonsense", **AT)
    assert queries.sessions(shop.id).items == ()
    assert stands(theirs) == ("open", "")


@pytest.mark.django_db(transaction=True)  # Real commits: eight payers press at once.
def test_eight_who_press_at_once_begin_one_payment():
    session = opened(make.merchant())

    payments_begun = race(8, lambda: begun(session))

    assert {one.id for one in payments_begun} == {now(session).payment_id}
    assert Payment.objects.count() == 1
    assert wrong() == []


def confirm_it(*, session, payment):
    return confirm(payment)


def expire_it(*, session, payment):
    return payments.expire_session(session_id=session.id, **AT)


@pytest.mark.django_db(transaction=True)
def test_paying_against_expiring_has_one_winner():
    for _ in range(5):
        session = opened(make.merchant())
        payment = begun(session)

        turns = iter((confirm_it, expire_it))
        race(2, lambda turns=turns, **of: next(turns)(**of), session=session, payment=payment)

        state = make.now(payment).state
        assert (state, stands(session)[0]) in {("captured", "complete"), ("canceled", "expired")}
        assert wrong() == []


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"lines": ()}, errors.ParameterInvalid),
        ({"lines": (line(),) * 101}, errors.ParameterInvalid),
        ({"lines": (line(quantity=0),)}, errors.ParameterInvalid),
        ({"lines": (data.NewLine(),)}, errors.ParameterInvalid),
        ({"lines": (line(once(eur(0))),)}, errors.AmountTooSmall),
        ({"lines": (line(once(eur(10**11)), 10),)}, errors.AmountTooLarge),
        ({"lines": (line(), line(once(Money(5, "USD"))))}, errors.CurrenciesDiffer),
        ({"lines": (line(once(name="")),)}, errors.ParameterInvalid),
        ({"success_url": ""}, errors.ParameterInvalid),
        ({"success_url": "x" * 2049}, errors.ParameterInvalid),
        ({"metadata": {"k": "v" * 501}}, errors.ParameterInvalid),
        ({"sale": data.Sale(statement_descriptor="x" * 23)}, errors.ParameterInvalid),
        ({"expires_at": NOON + timedelta(minutes=29)}, errors.ParameterInvalid),
        ({"expires_at": TOMORROW + timedelta(seconds=1)}, errors.ParameterInvalid),
        ({"customer_id": Product().id}, errors.CustomerNotFound),
    ],
)
def test_bad_input_opens_no_session(shop, wrong, error):
    asked = {"lines": (line(),), "success_url": "https://example.com", **wrong}
    with pytest.raises(error):
        payments.open_session(data.NewSession(**asked), merchant_id=shop.id, **AT)
    for table in (CheckoutSession, CheckoutLine, Price, Product):
        assert not table.objects.exists()


def test_a_session_does_not_sell_what_is_switched_off_or_anothers(shop):
    product = payments.create_product(
        data.NewProduct(name="A"),
        merchant_id=shop.id,
        default_price=data.NewPrice(amount=eur(5), active=False),
        **AT,
    ).value
    theirs = opened(make.merchant()).items[0].price
    for price_id, error in (
        (product.default_price_id, errors.ParameterInvalid),
        (theirs.id, errors.PriceNotFound),
    ):
        with pytest.raises(error) as refused:
            opened(shop, line(), data.NewLine(price_id=price_id))
        assert refused.value.param == "line_items[1][price]"
    with pytest.raises(errors.ProductNotFound) as refused:
        opened(shop, line(data.NewPrice(amount=eur(5), product_id=theirs.product_id)))
    assert refused.value.param == "line_items[0][price_data][product]"
    assert queries.sessions(shop.id).items == ()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"amount_minor": 0}, "asks_for_something"),
        ({"currency": "eur"}, "names_its_currency"),
        ({"state": "complete"}, "complete_names_its_payment"),
        ({"outcome": "paid"}, "is_paid_or_failed_once_complete"),
        ({"version": 0}, "counts_its_versions_from_one"),
    ],
)
def test_the_database_holds_the_line(shop, change, rule):
    opened(shop)
    with pytest.raises(IntegrityError, match=rule):
        CheckoutSession.objects.update(**change)


def test_the_database_keeps_a_session_on_its_machine(shop):
    session = opened(shop)
    payments.expire_session(session_id=session.id, **AT)
    with pytest.raises(IntegrityError, match="expired>open is not a move"):
        CheckoutSession.objects.update(state="open")


def test_the_database_sells_something_for_something(shop):
    opened(shop)
    with pytest.raises(IntegrityError, match="sells_something_for_something"):
        CheckoutLine.objects.update(quantity=0)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payments_checkoutsession SET state = 'open', outcome = '' WHERE id = %s",
        "UPDATE payments_checkoutsession SET outcome = '' WHERE id = %s",
        "UPDATE payments_checkoutsession SET version = 9 WHERE id = %s",
        "UPDATE payments_checkoutline SET amount_minor = 9 WHERE session_id = %s",
        "UPDATE payments_payment SET session_id = NULL WHERE session_id = %s",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_one_wrong_row_is_named(owner, sql):
    session = opened(make.merchant())
    paid(session)
    assert wrong() == []

    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        assert owner.execute(sql, [session.id]).rowcount == 1

    assert {found.id for found in invariants.check(queries.INVARIANTS)} == {"P-1"}
