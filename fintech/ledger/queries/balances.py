"""What accounts hold: one row read, whatever their history."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from fintech.kernel import columns
from fintech.kernel.columns import Column
from fintech.kernel.money import Money
from fintech.ledger import data
from fintech.ledger.data import books, chart
from fintech.ledger.data.chart import Account, Normal
from fintech.ledger.posting import SHARD


def balance(address: str, currency: str, *, shard: int = SHARD) -> data.Balance:
    """
    Return what the account at an address holds; nothing, if it was never used.

    Args:
        address, currency: which account.
        shard: on whose books; the platform's own are on the first.

    Raises:
        NotInTheChart: no kind of account has an address like this.
    """
    return of_accounts([chart.at(address, currency)], shard=shard)[0]


def merchant_pending(merchant_id: UUID, currency: str) -> data.Balance:
    """Return a merchant's money that is not available yet."""
    return _balance(chart.account(chart.MERCHANT_PENDING, currency, str(merchant_id)))


def merchant_available(merchant_id: UUID, currency: str) -> data.Balance:
    """Return a merchant's money that may be paid out."""
    return _balance(chart.account(chart.MERCHANT_AVAILABLE, currency, str(merchant_id)))


def merchant_funds(merchant_id: UUID, currencies: Sequence[str]) -> list[data.MerchantFunds]:
    """Return what merchant and platform have of each other, as of one moment."""
    kinds = (chart.MERCHANT_PENDING, chart.MERCHANT_AVAILABLE, chart.MERCHANT_OWES)
    found = of_accounts(
        [chart.account_by_id(kind, code, merchant_id) for code in currencies for kind in kinds]
    )
    return [
        data.MerchantFunds(
            pending=found[place].posted,
            available=found[place + 1].posted,
            spendable=found[place + 1].available,
            owed=found[place + 2].posted,
        )
        for place in range(0, len(found), len(kinds))
    ]


def owing(limit: int = 1000) -> list[tuple[UUID, Money]]:
    """Return merchants that owe us, and how much, in every currency."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.address, a.currency, b.posted FROM ledger_account a "
            "JOIN ledger_balance b ON b.shard = a.shard AND b.account = a.account "
            "WHERE a.book = %s AND a.code = %s AND b.posted > 0 ORDER BY a.account LIMIT %s",
            [chart.PLATFORM, chart.MERCHANT_OWES.code, limit],
        )
        rows = cursor.fetchall()
    return [
        (UUID(address.split(":")[2]), Money(posted, currency)) for address, currency, posted in rows
    ]


def wallet_balance(wallet_id: UUID, currency: str) -> data.Balance:
    """Return what is in a wallet."""
    return _balance(chart.account(chart.WALLET, currency, str(wallet_id)))


def wallet_balances(wallets: Sequence[tuple[UUID, str]]) -> list[data.Balance]:
    """Return what is in wallets, each in a currency, as of one moment."""
    return of_accounts(
        [chart.account(chart.WALLET, currency, str(id_)) for id_, currency in wallets]
    )


def _balance(account: Account) -> data.Balance:
    return of_accounts([account])[0]


def of_accounts(accounts: Sequence[Account], *, shard: int = SHARD) -> list[data.Balance]:
    """Return what accounts hold, as of one moment; nothing, where one was never used."""
    with columns.cursor() as cursor:
        cursor.execute(
            "SELECT digest, posted, pending_debit, pending_credit, seq FROM ledger_balance "
            "WHERE shard = %s::smallint AND digest = ANY(%s)",
            [shard, Column("uuid", [account.digest for account in accounts])],
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return [_told(account, *found.get(account.digest, (0, 0, 0, 0))) for account in accounts]


def _told(account: Account, posted: int, debit: int, credit: int, sequence: int) -> data.Balance:
    coming, going = (debit, credit) if account.normal == Normal.DEBIT else (credit, debit)
    posted *= account.normal
    return data.Balance(
        posted=Money(posted, account.currency),
        pending=Money(coming - going, account.currency),
        available=Money(posted - going, account.currency),
        pending_in=Money(coming, account.currency),
        pending_out=Money(going, account.currency),
        sequence=sequence,
    )


def balance_as_of(
    address: str,
    currency: str,
    *,
    occurred_at: datetime | None = None,
    recorded_at: datetime | None = None,
) -> Money:
    """
    Return what an account had posted at an instant, as it was known at another.

    Args:
        occurred_at: count what had happened by then; everything, if not given.
        recorded_at: of that, count what we had recorded by then; everything, if not given.

    Raises:
        NotInTheChart: no kind of account has an address like this.
    """
    account = books.account_at(address, currency)
    (posted,) = posted_of([account], as_of=occurred_at, recorded_at=recorded_at)
    return Money(posted * account.normal, currency)


def posted_of(
    accounts: Sequence[Account],
    *,
    as_of: datetime | None = None,
    recorded_at: datetime | None = None,
) -> list[int]:
    """Return what accounts had posted (debit positive), now or as of instants of both clocks."""
    digests = [account.digest for account in accounts]
    with connection.cursor() as cursor:
        if as_of is None and recorded_at is None:
            cursor.execute(
                "SELECT digest, posted FROM ledger_balance "
                "WHERE shard = %s AND digest = ANY(%s::uuid[])",
                [SHARD, digests],
            )
        else:
            cursor.execute(
                "SELECT b.digest, sum(l.amount)::bigint FROM ledger_balance b "
                "JOIN ledger_line_whole l ON l.shard = b.shard AND l.account = b.account "
                "JOIN ledger_entry_whole e ON e.shard = l.shard AND e.id = l.entry_id "
                "WHERE b.shard = %s AND b.digest = ANY(%s::uuid[]) "
                "AND e.occurred_at <= coalesce(%s::timestamptz, 'infinity') "
                "AND e.recorded_at <= coalesce(%s::timestamptz, 'infinity') GROUP BY b.digest",
                [SHARD, digests, as_of, recorded_at],
            )
        found = dict(cursor.fetchall())
    return [found.get(digest, 0) for digest in digests]


def statement(
    address: str, currency: str, *, limit: int = 20, before: int | None = None
) -> list[data.StatementLine]:
    """Return an account's posted lines with the balance after each, newest first."""
    account = books.account_at(address, currency)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.seq, l.entry_id, e.template, e.subject, e.occurred_at, e.recorded_at, "
            "l.amount, l.balance FROM ledger_balance b "
            "JOIN ledger_line_whole l ON l.shard = b.shard AND l.account = b.account "
            "JOIN ledger_entry_whole e ON e.shard = l.shard AND e.id = l.entry_id "
            "WHERE b.shard = %s AND b.digest = %s AND l.amount <> 0 AND l.seq < %s "
            "ORDER BY l.seq DESC LIMIT %s",
            [SHARD, account.digest, before or (1 << 62), limit],
        )
        rows = cursor.fetchall()
    return [
        data.StatementLine(
            sequence=sequence,
            entry_id=entry_id,
            template=template,
            subject=subject,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            amount=Money(amount * account.normal, currency),
            balance=Money(after * account.normal, currency),
        )
        for sequence, entry_id, template, subject, occurred_at, recorded_at, amount, after in rows
    ]


_NOW = "SELECT shard, account, posted FROM ledger_balance"
_THEN = """
SELECT l.shard, l.account, sum(l.amount)::bigint AS posted FROM ledger_line_whole l
JOIN ledger_entry_whole e ON e.shard = l.shard AND e.id = l.entry_id
WHERE e.occurred_at <= coalesce(%s::timestamptz, 'infinity')
  AND e.recorded_at <= coalesce(%s::timestamptz, 'infinity')
GROUP BY l.shard, l.account
"""


def trial_balance(
    *, occurred_at: datetime | None = None, recorded_at: datetime | None = None
) -> list[data.TrialLine]:
    """
    Return what each kind of account holds, per currency; debits equal credits.

    Now, or as of an instant at which things occurred, as it was known at another.
    """
    instants = [occurred_at, recorded_at]
    past = any(instants)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.code, a.currency, count(*), "
            "coalesce(sum(b.posted) FILTER (WHERE b.posted > 0), 0)::bigint, "
            "coalesce(-sum(b.posted) FILTER (WHERE b.posted < 0), 0)::bigint "
            "FROM ledger_account a "
            f"JOIN ({_THEN if past else _NOW}) b ON b.shard = a.shard AND b.account = a.account "
            "WHERE a.book = %s GROUP BY 1, 2 ORDER BY 2, 1",
            [*(instants if past else ()), chart.PLATFORM],
        )
        rows = cursor.fetchall()
    return [
        data.TrialLine(
            code=code,
            meaning=chart.BY_CODE[code].meaning,
            type=chart.BY_CODE[code].type,
            currency=currency,
            accounts=accounts,
            debit=Money(debit, currency),
            credit=Money(credit, currency),
        )
        for code, currency, accounts, debit, credit in rows
    ]
