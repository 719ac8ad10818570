"""What a merchant has with us: the balance and its movements, and customers' wallets."""

from collections import defaultdict

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from fintech.kernel import clock
from fintech.kernel.money import Money
from fintech.merchants.data import Right
from fintech.payments import queries as payment_queries
from fintech.wallets import queries as wallet_queries
from fintech.web import formats
from fintech.web.dashboard import desk, listing
from fintech.web.listings import MOVEMENTS


@require_GET
@desk.page(Right.VIEW_BALANCE)
def balance(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show what is there, per currency, and what moved it."""
    now = payment_queries.balance(at.merchant.id)
    today = clock.now().date()
    becoming: dict[str, list[tuple[str, Money]]] = defaultdict(list)
    for one in payment_queries.becoming_available(at.merchant.id):
        if one.amount:
            when = "within a minute" if one.on <= today else f"on {formats.day(one.on)}"
            becoming[one.amount.currency].append((when, one.amount))
    for pending in now.pending:
        listed = becoming[pending.currency]
        rest = pending - sum((amount for _, amount in listed), Money.zero(pending.currency))
        if rest:
            listed.append(("at no day yet: frozen, or captured from a wallet's hold", rest))
    context = {
        "balances": [
            (pending.currency, available, pending, becoming[pending.currency])
            for available, pending in zip(now.available, now.pending, strict=True)
        ],
        **listing.context(request, at, MOVEMENTS),
    }
    return desk.render(request, at, "web/dashboard/balance.html", "balance", context)


@require_GET
@desk.page(Right.VIEW_WALLETS)
def wallets(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show customers' wallets and what is in them."""
    found = wallet_queries.wallets(at.merchant.id)
    known = {
        wallet.id: balances
        for wallet, balances in wallet_queries.balances_of([one.id for one in found])
    }
    context = {"wallets": [(wallet, balances) for wallet in found for balances in known[wallet.id]]}
    return desk.render(request, at, "web/dashboard/wallets.html", "wallets", context)
