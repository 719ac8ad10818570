"""The review desk: one case at a time, claimed for whoever opens it, decided by a letter."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from fintech.fraud import data as fraud_data
from fintech.fraud import errors as fraud_errors
from fintech.fraud import queries as fraud_queries
from fintech.fraud import services as fraud
from fintech.kernel import backoffice, clock
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.payments import errors, queries
from fintech.payments import services as payments

HERE = "admin:payments_review_desk"
_A_WHILE = timedelta(hours=1)
_DECLINED = "The payment is declined: the money is let go."


def work(request: HttpRequest, of: ModelAdmin) -> HttpResponse:
    """Show the case at hand, or decide it and go to the next."""
    by = Actor(kind="staff", id=str(request.user.pk))
    if request.method == "POST":
        return _decide(request, by)
    case = _at_hand(by, wanted=request.GET.get("case", ""))
    context = {
        **admin.site.each_context(request),
        "opts": of.model._meta,
        "title": "Review desk",
        "waiting": len(fraud_queries.cases(is_open=True)),
        **(_shown(case) if case else {}),
    }
    return TemplateResponse(request, "admin/payments/review/desk.html", context)


def _at_hand(by: Actor, *, wanted: str = "") -> fraud_data.Case | None:
    """Return the case that somebody looks at: the wanted one, their own, or the next."""
    mine = [one for one in fraud_queries.cases(is_open=True) if one.assignee == by.id]
    for case in mine:
        if str(case.id) == wanted:
            return case
    return mine[-1] if mine else fraud.claim_next_case(by=by, at=clock.now())


def _shown(case: fraud_data.Case) -> dict[str, object]:
    payment = queries.payment(case.payment_id, case.merchant_id)
    assessment = fraud_queries.assessment(case.assessment_id)
    return {
        "case": case,
        "payment": payment,
        "amount": backoffice.money(payment.amount.minor, payment.amount.currency),
        "merchant": backoffice.merchant_name(case.merchant_id),
        "score": assessment.score,
        "reasons": [(f"{reason.weight:+d}", str(reason)) for reason in assessment.reasons],
        "related": _linked(case),
        "usual": _usual(assessment),
        "due": _left(case.due_at),
        "held_until": payment.latest_attempt.expires_at if payment.latest_attempt else None,
        "needs_two": payments.needs_two(payment.amount),
    }


def _linked(case: fraud_data.Case) -> str:
    """Say how many other cases there are of this one's card, device or customer."""
    others = fraud_queries.related(case.id)
    still = sum(other.state != fraud_data.CaseState.CLOSED for other in others)
    bad = sum(other.disposition == fraud_data.Disposition.CONFIRMED_FRAUD for other in others)
    return f"{len(others)} others of it, {still} open, {bad} confirmed as fraud"


def _usual(assessment: fraud_data.Assessment) -> str:
    """Say what this customer usually does, as it was known when it was decided."""
    known = assessment.features
    if not known.customer_payments:
        return "nothing is known of this customer"
    mean = backoffice.money(known.customer_mean_minor, known.currency)
    places = [
        f"{name} {country}"
        for name, country in (
            ("card", known.card_country),
            ("address", known.ip_country),
            ("bill", known.billing_country),
        )
        if country
    ]
    return f"{mean} over {known.customer_payments} payments; {', '.join(places)}"


def _left(due_at: datetime | None) -> str:
    if due_at is None:
        return ""
    minutes = int((due_at - clock.now()).total_seconds() // 60)
    if minutes < 0:
        return "overdue"
    return f"{minutes // 60} h {minutes % 60:02d} min left"


def _decide(request: HttpRequest, by: Actor) -> HttpResponse:
    deed = request.POST.get("do", "")
    if deed == "next":
        following = fraud.claim_next_case(by=by, at=clock.now())
        if following is None:
            messages.info(request, "Nobody else waits.")
            return redirect(HERE)
        return redirect(f"{redirect(HERE).url}?case={following.id}")
    try:
        payment_id = UUID(request.POST.get("payment", ""))
    except ValueError:
        return redirect(HERE)
    act = _DEEDS.get(deed)
    if act is None:
        return redirect(HERE)
    try:
        said = act(payment_id, by)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, said)
    return redirect(HERE)


def _approve(payment_id: UUID, by: Actor) -> str:
    try:
        payments.decide_review(payment_id=payment_id, verdict="approve", by=by, at=clock.now())
    except errors.ReviewNeedsTwo:
        payments.propose_approval(payment_id=payment_id, by=by, at=clock.now())
        return "Proposed: so much is approved by two. Another person decides under Approvals."
    return "The payment is approved: the money is taken."


def _decline(payment_id: UUID, by: Actor) -> str:
    payments.decide_review(payment_id=payment_id, verdict="decline", by=by, at=clock.now())
    return _DECLINED


def _decline_and_block(payment_id: UUID, by: Actor) -> str:
    payment = payments.decide_review(
        payment_id=payment_id, verdict="decline", by=by, at=clock.now()
    ).value
    if payment.card is None:
        return _DECLINED
    try:
        fraud.add_to_list(
            merchant_id=payment.merchant_id,
            kind="card",
            value=payment.card.fingerprint,
            reason="Declined in review.",
            by=by,
            at=clock.now(),
        )
    except fraud_errors.AlreadyListed:
        return f"{_DECLINED} Its card stood on a list already."
    return f"{_DECLINED} Its card is blocked for this merchant."


def _snooze(payment_id: UUID, by: Actor) -> str:
    at = clock.now()
    fraud.snooze_case(case_id=_open_case(payment_id), until=at + _A_WHILE, by=by, at=at)
    return "The case comes back in an hour."


def _escalate(payment_id: UUID, by: Actor) -> str:
    fraud.escalate_case(case_id=_open_case(payment_id), by=by, at=clock.now())
    return "The case comes before all others, to whoever takes the next."


def _open_case(payment_id: UUID) -> UUID:
    found = fraud_queries.cases(is_open=True, payment_id=payment_id)
    if not found:
        raise errors.ReviewNotOpen(payment_id=payment_id, state="decided")
    return found[0].id


_DEEDS: dict[str, Callable[[UUID, Actor], str]] = {
    "approve": _approve,
    "decline": _decline,
    "block": _decline_and_block,
    "snooze": _snooze,
    "escalate": _escalate,
}
