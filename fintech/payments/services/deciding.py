"""
The first beat of a confirmation: decide, and commit the decision.

One is a batch of one. Whatever the batch's size, the rows, events, keys, limits and
assessments of all its payments take the same number of round trips.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import django_fsm as fsm
from django.db import DatabaseError, models
from django_subatomic import db

from fintech.fraud import data as fraud_data
from fintech.fraud import queries as fraud_queries
from fintech.fraud import services as fraud
from fintech.kernel import columns, event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.events import Code, Event
from fintech.payments import data, errors, events, queries
from fintech.payments.models import Attempt, Customer, Link, Payment, PaymentMethod, batch
from fintech.payments.services import (
    claims,
    drafting,
    following,
    limits,
    links,
    methods,
    paying,
    recording,
    rehearsing,
    routing,
    rows,
)
from fintech.wallets import services as wallets

_TO_WALLET = routing.Choice(providers=(data.WALLET,), why="")


@dataclass(slots=True)
class _Plan:
    """One confirmation on its way through the decision."""

    order: data.Begin
    attempt_id: UUID = field(default_factory=ids.new)
    payment: Payment | None = None
    method: PaymentMethod | None = None
    method_is_new: bool = False
    customer: drafting.Known | None = None
    link: Link | None = None  # Where a new payment begins.
    link_used: bool = False
    features: fraud_data.Features | None = None
    choice: routing.Choice = field(default=_TO_WALLET)
    claimed: bool = False
    begun: data.Begun | None = None

    def refuse(self, refusal: Refusal) -> None:
        self.begun = data.Begun(refusal=refusal)
        if self.link is not None and self.link_used:
            self.link.uses -= 1


def begin(orders: Sequence[data.Begin], *, by: Actor) -> list[data.Begun]:
    """
    Decide confirmations: fraud, limits, idempotency, state. Commits; asks nobody.

    The answers come in the order of `orders`. What is refused leaves nothing behind
    but the refusal under its idempotency key, and does not touch its neighbors: a batch
    that the database refuses is decided again one by one, and who is refused then has
    the `failure` to himself.
    """
    try:
        return _begin(orders, by=by)
    except DatabaseError as failure:
        if len(orders) == 1:
            return [data.Begun(failure=failure)]
    return [begun for order in orders for begun in begin([order], by=by)]


def _begin(orders: Sequence[data.Begin], *, by: Actor) -> list[data.Begun]:
    plans = [_Plan(order) for order in orders]
    _prepare(plans)
    _gather(_open(plans))
    alone = [plan for plan in _open(plans) if plan.method and plan.method.wallet_id]
    together = [plan for plan in _open(plans) if plan not in alone]
    if together:
        with db.transaction_if_not_already(), columns.pipelined():
            _go_through(together, by=by)
    for plan in alone:
        _pay_from_wallet(plan, by=by)
    return [plan.begun for plan in plans if plan.begun is not None]


def _go_through(plans: Sequence[_Plan], *, by: Actor) -> None:
    _lock(_open(plans))
    _claim(_open(plans))
    _check(_open(plans))
    _reserve(_open(plans))
    _decide(_open(plans), by=by)
    _settle(plans)


def _pay_from_wallet(plan: _Plan, *, by: Actor) -> None:
    """
    Decide, move the money and record it in one commit: nobody outside is asked.

    Each wallet's payer has a transaction to himself, so an order of the batch that the
    database refuses has its failure to itself here already.
    """
    try:
        with db.transaction_if_not_already():
            _go_through([plan], by=by)
            if plan.begun is not None and plan.begun.ask is not None:
                paid = paying.from_wallet(plan.begun.ask, by=plan.order.by or by)
                plan.begun = data.Begun(payment=paid)
    except DatabaseError as failure:
        plan.begun = data.Begun(failure=failure)


def _open(plans: Sequence[_Plan]) -> list[_Plan]:
    return [plan for plan in plans if plan.begun is None]


def _prepare(plans: Sequence[_Plan]) -> None:
    """Read, outside the transaction, what the decision needs to know."""
    wanted = {plan.order.payment_id for plan in plans if plan.order.payment_id}
    customer = Customer.objects.filter(id=models.OuterRef("customer_id"))
    stored = (
        Payment.objects.filter(id__in=wanted)
        .select_related("payment_method")
        .annotate(
            customer_since=models.Subquery(customer.values("created_at")),
            customer_name=models.Subquery(customer.values("name")),
        )
    )
    payments = {payment.id: payment for payment in stored} if wanted else {}
    method_ids = {plan.order.payment_method_id for plan in plans if plan.order.payment_method_id}
    known = (
        {method.id: method for method in PaymentMethod.objects.filter(id__in=method_ids)}
        if method_ids
        else {}
    )
    news = [plan.order for plan in plans if plan.order.new is not None]
    prices = drafting.Prices.for_all([order.merchant_id for order in news])
    customers = drafting.known_customers(
        {
            (order.merchant_id, order.new.customer_id)
            for order in news
            if order.new and order.new.customer_id
        }
    )
    for plan in plans:
        order = plan.order
        try:
            if order.new is not None:
                customer_id = order.new.customer_id
                if customer_id:
                    plan.customer = customers.get((order.merchant_id, customer_id))
                    if plan.customer is None:
                        raise errors.CustomerNotFound(customer_id)
                plan.payment = drafting.new_row(
                    order.new, merchant_id=order.merchant_id, prices=prices, at=order.at
                )
            elif order.payment_id is not None:
                plan.payment = payments.get(order.payment_id)
                if plan.payment is None or plan.payment.merchant_id != order.merchant_id:
                    raise errors.PaymentNotFound(order.payment_id)
                if plan.payment.customer_since is not None:
                    plan.customer = drafting.Known(
                        plan.payment.customer_since, plan.payment.customer_name
                    )
            _choose_method(plan, known)
        except Refusal as refusal:
            plan.refuse(refusal)


def _choose_method(plan: _Plan, known: dict[UUID, PaymentMethod]) -> None:
    order = plan.order
    if order.token:
        plan.method = methods.row_from_token(
            order.token, merchant_id=order.merchant_id, at=order.at
        )
        plan.method_is_new = True
    elif order.wallet_id is not None:
        plan.method = methods.row_from_wallet(
            order.wallet_id, merchant_id=order.merchant_id, at=order.at
        )
        plan.method_is_new = True
    elif order.payment_method_id is not None:
        plan.method = known.get(order.payment_method_id)
        if plan.method is None or plan.method.merchant_id != order.merchant_id:
            raise errors.PaymentMethodNotFound(order.payment_method_id)
    elif plan.payment is not None and plan.payment.payment_method is not None:
        plan.method = plan.payment.payment_method
    else:
        raise errors.PaymentMethodMissing
    if plan.method.wallet_id is not None and plan.payment is not None:
        paying.refuse_if_unfit(plan.method, plan.payment)


def _gather(plans: Sequence[_Plan]) -> None:
    """Gather routes and fraud's features from elsewhere, so while no transaction is open."""
    if not plans:
        return
    for plan in plans:
        payment, method = _known(plan)
        if method.wallet_id is None:
            plan.choice = routing.choose(
                merchant_id=payment.merchant_id,
                amount=payment.money(payment.amount_minor),
                brand=method.brand,
                country=method.country,
            )
    gathered = fraud_queries.gather([_question(plan) for plan in plans])
    for plan, features in zip(plans, gathered, strict=True):
        plan.features = features


def _question(plan: _Plan) -> fraud_data.Question:
    payment, method = _known(plan)
    email = payment.receipt_email or method.billing_email
    customer = plan.customer
    called = customer.name if customer is not None else ""
    return fraud_data.Question(
        attempt_id=plan.attempt_id,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        customer_id=payment.customer_id,
        amount=payment.money(payment.amount_minor),
        card_fingerprint=method.fingerprint,
        card_country=method.country,
        email_hash=queries.hash_of("email", email),
        ip_hash=queries.hash_of("ip", plan.order.ip),
        at=plan.order.at,
        sandbox_risk=method.risk,
        ip_country=fraud_queries.country_of(plan.order.ip),
        email_thrown_away=fraud_queries.is_thrown_away(email),
        card_bin=methods.bin_of(method),
        device_hash=queries.hash_of("device", plan.order.device),
        billing_country=method.billing_country,
        customer_since=customer.since if customer is not None else None,
        name_match=fraud_queries.names_match(method.billing_name, called),
        can_challenge=plan.order.payer_is_there,
        mail_match=fraud_queries.mail_matches(email, method.billing_name or called),
    )


def _lock(plans: Sequence[_Plan]) -> None:
    """Lock the payments that exist, then links, each in id order, before anything is written."""
    _lock_payments(plans)
    at_links = [
        (plan, plan.order.new.link_id)
        for plan in plans
        if plan.order.new is not None and plan.order.new.link_id is not None
    ]
    if not at_links:
        return
    known = links.locked(link_id for _, link_id in at_links)
    for plan, link_id in at_links:
        plan.link = known.get(link_id)
        if plan.link is None or plan.link.merchant_id != plan.order.merchant_id:
            plan.refuse(errors.LinkNotFound(str(link_id)))


def _lock_payments(plans: Sequence[_Plan]) -> None:
    stored = [plan for plan in plans if plan.order.new is None]
    if not stored:
        return
    wanted = rows.in_id_order(_known(plan)[0].id for plan in stored)
    fresh = {
        payment.id: payment
        for payment in Payment.objects.select_for_update(of=("self",))
        .select_related("payment_method")
        .filter(id__in=wanted)
        .order_by("id")
    }
    for plan in stored:
        plan.payment = fresh[_known(plan)[0].id]


def _claim(plans: Sequence[_Plan]) -> None:
    keyed = [(plan, plan.order.key) for plan in plans if plan.order.key is not None]
    if not keyed:
        return
    claimed = idempotency.claim(
        [key for _, key in keyed if key is not None], at=keyed[0][0].order.at
    )
    for (plan, _), claim in zip(keyed, claimed, strict=True):
        plan.begun = claims.begun(claim)
        plan.claimed = plan.begun is None


def _check(plans: Sequence[_Plan]) -> None:
    """Refuse what machine or link do not allow; a payment is confirmed once per batch."""
    seen: set[UUID] = set()
    for plan in plans:
        payment, _ = _known(plan)
        if payment.id in seen or not fsm.can_proceed(payment.confirm):
            state = data.PaymentState.PROCESSING if payment.id in seen else payment.state
            plan.refuse(
                errors.UnexpectedState(payment_id=payment.id, state=state, action="be confirmed")
            )
        elif plan.link is not None and not plan.link.is_open(at=plan.order.at):
            plan.refuse(errors.LinkNotFound(str(plan.link.id)))
        elif plan.link is not None:
            plan.link.uses += 1
            plan.link_used = True
        seen.add(payment.id)


def _reserve(plans: Sequence[_Plan]) -> None:
    """Reserve limits; a payment that would go over one reserves nothing."""
    if not plans:
        return
    requests = [
        limits.request_for(*_known(plan), attempt_id=plan.attempt_id, at=plan.order.at)
        for plan in plans
    ]
    for plan, breaches in zip(plans, wallets.reserve(requests), strict=True):
        if breaches:
            plan.refuse(errors.LimitExceeded(tuple(str(breach) for breach in breaches)))


def _decide(plans: Sequence[_Plan], *, by: Actor) -> None:
    """Assess, move the machines, and write rows and facts in one statement each."""
    if not plans:
        return
    assessed = fraud.assess(
        [_question(plan) for plan in plans],
        [plan.features for plan in plans if plan.features is not None],
        by=rows.voice([plan.order.by or by for plan in plans]),
    )
    rehearsal = rehearsing.current()
    if rehearsal is not None:
        rehearsal.assessments.extend(assessed)
    insert: list[models.Model] = []
    update: list[models.Model] = []
    used: dict[UUID, Link] = {}
    facts: list[Event] = []
    actors: list[Actor] = []
    blocked: list[UUID] = []
    for plan, assessment in zip(plans, assessed, strict=True):
        payment, method = _known(plan)
        if plan.order.new is not None:
            facts.append(drafting.created(payment, at=plan.order.at))
            insert.append(payment)
            if plan.link is not None:
                facts.append(links.used(plan.link, payment, at=plan.order.at))
                used[plan.link.id] = plan.link
        else:
            update.append(payment)
        if plan.method_is_new:
            insert.append(method)
        attempt = _attempt(plan, assessment, facts)
        insert.append(attempt)
        if attempt.state == data.AttemptState.DECLINED:
            blocked.append(attempt.id)
        actors.extend([plan.order.by or by] * (len(facts) - len(actors)))
        plan.begun = _begun(payment, attempt, plan)
    # A payment that was tried too often has ended, and its checkout session with it.
    sessions, told = following.follow(update, at=plans[0].order.at)
    update.extend(sessions)
    facts.extend(told)
    actors.extend([plans[0].order.by or by] * len(told))
    if blocked:
        wallets.free(blocked)
    batch.write(insert=insert, update=[*update, *used.values()])
    event_log.append(facts, by=actors)


def _attempt(plan: _Plan, assessment: fraud_data.Assessment, facts: list[Event]) -> Attempt:
    """Begin the attempt and let the fraud decision take its course."""
    payment, method = _known(plan)
    at = plan.order.at
    was = payment.state
    payment.confirm(method)
    if plan.order.return_url:
        payment.return_url = plan.order.return_url
    attempt = Attempt(
        id=plan.attempt_id,
        payment=payment,
        merchant_id=payment.merchant_id,
        number=payment.attempts,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        captures_at_once=payment.capture_method == data.CaptureMethod.AUTOMATIC
        and assessment.decision != "review",
        provider=plan.choice.providers[0],
        route_id=plan.choice.route_id,
        routed_by=plan.choice.why,
        payment_method=method,
        assessment_id=assessment.id,
        case_id=assessment.case_id,
        score=assessment.score,
        decision=str(assessment.decision),
        claim=claims.kept(plan.order.key),
        created_at=at,
    )
    facts.append(
        rows.tell(
            events.PaymentConfirmed,
            payment,
            was=was,
            at=at,
            attempt_id=attempt.id,
            payment_method_id=method.id,
        )
    )
    facts.append(
        rows.tell(
            events.PaymentAssessed,
            payment,
            was=payment.state,
            at=at,
            attempt_id=attempt.id,
            assessment_id=assessment.id,
            score=assessment.score,
            decision=Code(str(assessment.decision)),
        )
    )
    if assessment.decision == "block":
        attempt.block()
        attempt.claim = None
        facts.extend(recording.end_attempt(payment, attempt, decline_code="fraudulent", at=at))
    elif assessment.decision == "challenge":
        attempt.ask(check_at=at + rows.CHALLENGE_LASTS)
        attempt.await_payer(reference="")  # The payer is waited for, not the provider.
        attempt.claim = None
        facts.append(recording.challenge(payment, attempt, at=at))
    else:
        attempt.ask(check_at=at + rows.FIRST_CHECK)
    return attempt


def _begun(payment: Payment, attempt: Attempt, plan: _Plan) -> data.Begun:
    ask = None
    if payment.state == data.PaymentState.PROCESSING:
        order, others = plan.order, plan.choice.providers[1:]
        ask = recording.ask_for(attempt, at=order.at, by=order.by, others=others)
    return data.Begun(payment=rows.value(payment, attempt), ask=ask)


def _settle(plans: Sequence[_Plan]) -> None:
    """Settle the keys of what is done already: refused, blocked, or waiting for the payer."""
    done = [
        (plan.order.key, plan.begun.refusal or plan.begun.payment)
        for plan in plans
        if plan.claimed
        and plan.order.key is not None
        and plan.begun is not None
        and plan.begun.ask is None
    ]
    if done:
        idempotency.settle(done, at=plans[0].order.at)


def _known(plan: _Plan) -> tuple[Payment, PaymentMethod]:
    if plan.payment is None or plan.method is None:
        message = "a plan goes on only with its payment and its method"
        raise RuntimeError(message)
    return plan.payment, plan.method
