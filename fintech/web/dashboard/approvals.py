"""What one person proposed and another decides: refunds beyond what a role gives back alone."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from fintech.kernel import approvals, clock
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.merchants import queries as merchant_queries
from fintech.merchants.data import Right
from fintech.payments import services as payments
from fintech.web.dashboard import desk


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """List what waits for a second person."""
    people = {one.user.id: one.user.email for one in merchant_queries.members(at.merchant.id)}
    context = {"lines": [_line(at, one, people) for one in _waiting(at)]}
    return desk.render(request, at, "web/dashboard/approvals.html", "approvals", context)


@require_POST
@desk.page(Right.REFUND_PAYMENTS)
def decide(request: HttpRequest, at: desk.Desk, approval_id: UUID) -> HttpResponse:
    """Agree to a proposal, or reject it: never one's own, never beyond one's own limit."""
    found = next((one for one in _waiting(at) if one.id == approval_id), None)
    if found is None:
        messages.warning(request, "Somebody has decided that already.")
    elif not _may_decide(at, found):
        messages.warning(request, "Somebody else decides this.")
    else:
        _decide(request, found)
    return redirect("web:approvals")


def _decide(request: HttpRequest, proposal: approvals.Proposal) -> None:
    by, moment = desk.actor(request), clock.now()
    try:
        if request.POST.get("decision") == "approve":
            approvals.approve(approval_id=proposal.id, by=by, at=moment)
            messages.success(request, "Agreed; the money is on its way back.")
        else:
            approvals.reject(approval_id=proposal.id, reason="", by=by, at=moment)
            messages.success(request, "Rejected; nothing is given back.")
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} Nothing was changed.")


def _waiting(at: desk.Desk) -> list[approvals.Proposal]:
    return approvals.waiting(
        kind=payments.REFUND_KIND, about={"merchant_id": str(at.merchant.id)}, at=clock.now()
    )


def _amount(proposal: approvals.Proposal) -> Money:
    return Money(proposal.payload["amount_minor"], proposal.payload["currency"])


def _may_decide(at: desk.Desk, proposal: approvals.Proposal) -> bool:
    return (
        proposal.maker_id != at.user.pk
        and at.may(Right.REFUND_PAYMENTS)
        and at.alone(Right.REFUND_PAYMENTS, _amount(proposal))
    )


def _line(at: desk.Desk, proposal: approvals.Proposal, people: dict[UUID, str]) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "amount": _amount(proposal),
        "payment_id": UUID(proposal.payload["payment_id"]),
        "reason": proposal.payload["reason"],
        "by": people.get(proposal.maker_id, "somebody of the platform"),
        "at": proposal.proposed_at,
        "until": proposal.expires_at,
        "may_decide": _may_decide(at, proposal),
    }
