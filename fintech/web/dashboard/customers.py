"""One customer, and what they paid."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from fintech.merchants.data import Right
from fintech.payments import queries as payment_queries
from fintech.payments.errors import CustomerNotFound
from fintech.web import lists, queries
from fintech.web.dashboard import desk
from fintech.web.data import Filters

_PAGE = 25


@require_GET
@desk.page(Right.VIEW_CUSTOMERS)
def page(request: HttpRequest, at: desk.Desk, customer_id: UUID) -> HttpResponse:
    """Show one customer with their payments and cards."""
    try:
        customer = payment_queries.customer(customer_id, at.merchant.id)
    except CustomerNotFound:
        raise Http404 from None
    found = queries.payments(
        at.merchant.id,
        Filters(customer_id=customer_id),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "customer": customer,
        "cards": payment_queries.payment_methods(
            at.merchant.id, limit=_PAGE, customer_id=customer_id
        ).items,
        "lines": lists.joined(at.merchant.id, found.lines),
        "page": found,
    }
    return desk.render(request, at, "web/dashboard/customer.html", "customers", context)
