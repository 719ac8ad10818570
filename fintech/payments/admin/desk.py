"""The review desk: one case at a time, claimed for whoever opens it, decided by a letter."""

from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from fintech.fraud import data as fraud_data
from fintech.fraud import queries as fraud_queries
from fintech.fraud import services as fraud
from fintech.kernel import backoffice, clock
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.payments import queries
from fintech.payments import services as payments

HERE = "admin:payments_review_desk"
_VERDICTS = {"approve": "approved: the money is taken", "decline": "declined: the money is let go"}


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
        "related": len(fraud_queries.related(case.id)),
    }


def _decide(request: HttpRequest, by: Actor) -> HttpResponse:
    verdict = request.POST.get("do", "")
    if verdict == "next":
        following = fraud.claim_next_case(by=by, at=clock.now())
        if following is None:
            messages.info(request, "Nobody else waits.")
            return redirect(HERE)
        return redirect(f"{redirect(HERE).url}?case={following.id}")
    try:
        payment_id = UUID(request.POST.get("payment", ""))
    except ValueError:
        return redirect(HERE)
    if verdict not in _VERDICTS:
        return redirect(HERE)
    try:
        payments.decide_review(payment_id=payment_id, verdict=verdict, by=by, at=clock.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"The payment is {_VERDICTS[verdict]}.")
    return redirect(HERE)
