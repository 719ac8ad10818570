"""Wallets, holds, limits, transfers and quotes, as values."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, models

from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.wallets import data, errors
from fintech.wallets.models import (
    Hold,
    Limit,
    Quote,
    Rate,
    Reservation,
    Transfer,
    Wallet,
    Withdrawal,
)


def wallet(wallet_id: UUID, merchant_id: UUID | None = None) -> data.Wallet:
    """
    Return one wallet.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
    """
    return _wallet(wallet_id, merchant_id).as_data()


def wallets(
    merchant_id: UUID | None = None,
    *,
    customer_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Wallet]:
    """Return wallets, newest first."""
    rows = _page(
        Wallet.objects.all(), before, limit, merchant_id=merchant_id, customer_id=customer_id
    )
    return [row.as_data() for row in rows]


def balances(wallet_id: UUID, merchant_id: UUID | None = None) -> tuple[data.Balances, ...]:
    """
    Return what a wallet has, per currency, as the ledger knows it.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
    """
    return _balances([_wallet(wallet_id, merchant_id)])[0]


def balances_of(wallet_ids: Sequence[UUID]) -> list[tuple[data.Wallet, tuple[data.Balances, ...]]]:
    """Return wallets with what is in each, as of one moment, in three round trips."""
    found = list(Wallet.objects.filter(id__in=wallet_ids).order_by("id"))
    known = _balances(found)
    return [(wallet.as_data(), each) for wallet, each in zip(found, known, strict=True)]


def _balances(found: Sequence[Wallet]) -> list[tuple[data.Balances, ...]]:
    pairs = [(wallet, currency) for wallet in found for currency in wallet.currencies]
    held = _held([wallet.id for wallet in found])
    stand = ledger_queries.wallet_balances([(of.id, currency) for of, currency in pairs])
    told: dict[UUID, list[data.Balances]] = {wallet.id: [] for wallet in found}
    for (of, currency), balance in zip(pairs, stand, strict=True):
        told[of.id].append(
            data.Balances(
                currency=currency,
                posted=balance.posted,
                pending=balance.pending,
                held=Money(held.get((of.id, currency), 0), currency),
                available=balance.available - Money(of.floor(currency), currency),
                floor=Money(of.floor(currency), currency),
                sequence=balance.sequence,
            )
        )
    return [tuple(told[wallet.id]) for wallet in found]


_HELD = """
SELECT wallet_id, currency, sum(minor)::bigint FROM (
  SELECT wallet_id, currency, amount_minor - captured_minor AS minor FROM wallets_hold
  WHERE wallet_id = ANY(%s) AND state IN ('active', 'partially_captured')
  UNION ALL
  SELECT source_id, currency, amount_minor FROM wallets_transfer
  WHERE source_id = ANY(%s) AND state = 'awaiting_approval'
) aside GROUP BY 1, 2
"""


def _held(wallet_ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """Return what is set aside in wallets, by holds and by transfers that wait for a person."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [list(wallet_ids), list(wallet_ids)])
        return {(wallet_id, code): minor for wallet_id, code, minor in cursor.fetchall()}


def movements(
    wallet_id: UUID,
    merchant_id: UUID | None = None,
    *,
    currency: str = "",
    before: int | None = None,
    limit: int = 20,
) -> list[data.Movement]:
    """
    Return what came and went, newest first, with the balance after each; holds are not in it.

    Args:
        currency: one of the wallet's; its default one when left out.
        before: only lines with a smaller sequence number, for the next page.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
    """
    of = _wallet(wallet_id, merchant_id)
    lines = ledger_queries.statement(
        f"liabilities:wallet:{of.id}", currency or of.currency, limit=limit, before=before
    )
    return [
        data.Movement(
            sequence=line.sequence,
            entry_id=line.entry_id,
            kind=line.template,
            subject_id=line.subject,
            amount=line.amount,
            balance=line.balance,
            at=line.occurred_at,
        )
        for line in lines
    ]


def statement(
    wallet_id: UUID,
    merchant_id: UUID | None = None,
    *,
    currency: str = "",
    after: int = 0,
    limit: int = 100,
) -> data.Statement:
    """
    Return a stretch of a wallet's account, oldest first, with its hash chain.

    Args:
        currency: one of the wallet's; its default one when left out.
        after: only lines with a larger sequence number, for the next stretch.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
    """
    of = _wallet(wallet_id, merchant_id)
    code = currency or of.currency
    address = f"liabilities:wallet:{of.id}"
    previous, lines = ledger_queries.chain(address, code, after=after, limit=limit)
    opening = Money(0, code)
    if lines:
        opening = Money(lines[0].amount - lines[0].balance, code)
    return data.Statement(
        wallet_id=of.id,
        currency=code,
        opening=opening,
        closing=Money(-lines[-1].balance, code) if lines else opening,
        lines=tuple(
            data.StatementLine(
                sequence=line.sequence,
                entry_id=line.entry_id,
                amount=Money(-line.amount, code),
                pending=Money(-line.pending, code),
                balance=Money(-line.balance, code),
                number=line.number,
                entry_hash=line.entry_hash.hex(),
                hash=line.hash.hex(),
            )
            for line in lines
        ),
        previous_hash=previous.hex(),
    )


def hold(hold_id: UUID, merchant_id: UUID | None = None) -> data.Hold:
    """
    Return one hold.

    Raises:
        HoldNotFound: there is none, or it is another merchant's.
    """
    return _one(Hold.objects.all(), hold_id, merchant_id, errors.HoldNotFound).as_data()


def holds(
    merchant_id: UUID | None = None,
    *,
    wallet_id: UUID | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Hold]:
    """Return holds, newest first."""
    rows = _page(
        Hold.objects.all(),
        before,
        limit,
        merchant_id=merchant_id,
        wallet_id=wallet_id,
        state=state,
    )
    return [row.as_data() for row in rows]


def limit(limit_id: UUID, merchant_id: UUID | None = None) -> data.Limit:
    """
    Return one limit, removed or not.

    Raises:
        LimitNotFound: there is none, or it is another merchant's.
    """
    return _one(Limit.objects.all(), limit_id, merchant_id, errors.LimitNotFound).as_data()


def limits(
    merchant_id: UUID | None = None,
    *,
    active: bool | None = True,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Limit]:
    """Return limits, newest first."""
    rows = _page(Limit.objects.all(), before, limit, merchant_id=merchant_id, active=active)
    return [row.as_data() for row in rows]


def usage(
    limit_id: UUID, *, subject: str = "", merchant_id: UUID | None = None, at: datetime
) -> data.Usage:
    """
    Return how much of a limit one customer, card or wallet has used, at a moment.

    Args:
        subject: whose; what the limit names, or its merchant, when left out.

    Raises:
        LimitNotFound: there is none, or it is another merchant's.
    """
    of = limit(limit_id, merchant_id)
    whose = subject or of.subject or str(of.merchant_id)
    if of.zone == data.OWNERS_ZONE:
        of = replace(of, zone=_zone(of, whose))
    after, before = of.counts_between(at)
    counted = Reservation.objects.filter(
        limits__contains=[limit_id],
        subject=whose,
        at__gt=after,
        state__in=["reserved", "confirmed"],
    )
    if before is not None:
        counted = counted.filter(at__lt=before)
    found = counted.aggregate(
        amount=models.Sum("amount_minor", default=0),
        count=models.Count("id"),
        counterparties=models.Count("counterparty", distinct=True),
    )
    if of.kind == data.LimitKind.BALANCE:
        used = (
            ledger_queries.wallet_balance(UUID(whose), of.currency).posted.minor
            if subject or of.subject
            else 0
        )
    else:
        used = int(found[str(of.kind)])
    return data.Usage(
        limit=of,
        subject=whose,
        used=used,
        left=max(0, of.maximum - used),
        begins_anew_at=before if of.window.is_calendar else None,
    )


def _zone(of: data.Limit, subject: str) -> str:
    """Return where a subject's days begin, if it is a wallet."""
    if of.scope != data.LimitScope.WALLET:
        return "UTC"
    found = Wallet.objects.filter(id=subject).values_list("zone", flat=True).first()
    return found or "UTC"


def ends(wallet_ids: Collection[UUID]) -> dict[UUID, data.Wallet]:
    """Return wallets by id, in one round trip; those that there are."""
    return {row.id: row.as_data() for row in Wallet.objects.filter(id__in=wallet_ids)}


def quoted(quote_ids: Collection[UUID]) -> dict[UUID, Money]:
    """Return what conversions were offered for, by quote."""
    if not quote_ids:
        return {}
    found = Quote.objects.filter(id__in=quote_ids)
    return {
        quote_id: Money(minor, currency)
        for quote_id, minor, currency in found.values_list("id", "source_minor", "source_currency")
    }


def transfer(transfer_id: UUID, merchant_id: UUID | None = None) -> data.Transfer:
    """
    Return one transfer.

    Raises:
        TransferNotFound: there is none, or it is another merchant's.
    """
    return _one(Transfer.objects.all(), transfer_id, merchant_id, errors.TransferNotFound).as_data()


def transfers(
    merchant_id: UUID | None = None,
    *,
    wallet_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Transfer]:
    """Return transfers, newest first; with `wallet_id`, those from or to it."""
    rows = Transfer.objects.all()
    if wallet_id is not None:
        rows = rows.filter(models.Q(source_id=wallet_id) | models.Q(destination_id=wallet_id))
    return [row.as_data() for row in _page(rows, before, limit, merchant_id=merchant_id)]


def withdrawal(withdrawal_id: UUID, merchant_id: UUID | None = None) -> data.Withdrawal:
    """
    Return one withdrawal.

    Raises:
        WithdrawalNotFound: there is none, or it is another merchant's.
    """
    return _one(
        Withdrawal.objects.all(), withdrawal_id, merchant_id, errors.WithdrawalNotFound
    ).as_data()


def withdrawals(
    merchant_id: UUID | None = None,
    *,
    wallet_id: UUID | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Withdrawal]:
    """Return withdrawals, newest first."""
    rows = _page(
        Withdrawal.objects.all(),
        before,
        limit,
        merchant_id=merchant_id,
        wallet_id=wallet_id,
        state=state,
    )
    return [row.as_data() for row in rows]


def quote(quote_id: UUID, merchant_id: UUID | None = None) -> data.Quote:
    """
    Return one quote.

    Raises:
        QuoteNotFound: there is none, or it is another merchant's.
    """
    return _one(Quote.objects.all(), quote_id, merchant_id, errors.QuoteNotFound).as_data()


def per_euro(currency: str, on: date) -> Decimal | None:
    """Return the newest stored rate up to a day, as units per euro, or None."""
    if currency == "EUR":
        return Decimal(1)
    return (
        Rate.objects.filter(currency=currency, published_on__lte=on)
        .order_by("-published_on")
        .values_list("per_euro", flat=True)
        .first()
    )


def _wallet(wallet_id: UUID, merchant_id: UUID | None) -> Wallet:
    return _one(Wallet.objects.all(), wallet_id, merchant_id, errors.WalletNotFound)


def _one[Row: models.Model](
    rows: "models.QuerySet[Row]",
    row_id: UUID,
    merchant_id: UUID | None,
    missing: Callable[[UUID], Refusal],
) -> Row:
    """Return one row, if it is there and the merchant's own."""
    chosen = {} if merchant_id is None else {"merchant_id": merchant_id}
    found = rows.filter(id=row_id, **chosen).first()
    if found is None:
        raise missing(row_id)
    return found


def _page[Row: models.Model](
    rows: "models.QuerySet[Row]", before: UUID | None, limit: int, **chosen: object
) -> "models.QuerySet[Row]":
    """Return so many rows, newest first, of those that have all that is asked for."""
    rows = rows.filter(**{name: value for name, value in chosen.items() if value is not None})
    rows = rows if before is None else rows.filter(id__lt=before)
    return rows.order_by("-id")[:limit]
