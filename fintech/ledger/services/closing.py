"""
Closing: a period, so that nothing is back-dated into it; an account, so that it stays empty.

A period is closed for good: what was wrong in it is corrected in an open one. An account
can be opened again. And how far an account may fall.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.ledger import errors, events
from fintech.ledger.data.chart import PLATFORM, Account
from fintech.ledger.posting import SHARD, actor_text

_MISSING, _IN_USE = -1, -2  # What `ledger_close_account` answers,
_BELOW = -1  # and `ledger_set_floor`.


def close_period(*, before: datetime, by: Actor, at: datetime, book: UUID = PLATFORM) -> bool:
    """
    Let no entry of a book occur before a moment any more.

    Waits for the batches that are being posted; whoever posts afterwards is refused.

    Returns whether this closed anything; a book that is closed that far stays as it is.

    Raises:
        PeriodNotOver: the moment is yet to come.
    """
    if before > at:
        raise errors.PeriodNotOver(before=before)
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_close_period(%s::smallint, %s, %s, %s)",
            [SHARD, book, before, actor_text(by)],
        )
        (version,) = cursor.fetchone()
        if version:
            fact = events.PeriodClosed(book_id=book, version=version, closed_before=before, at=at)
            event_log.append([fact], by=by)
    return bool(version)


def close_account(*, account: Account, by: Actor, at: datetime) -> bool:
    """
    Let nothing be posted to an account any more.

    Returns whether this closed it; a closed account stays closed.

    Raises:
        AccountNotFound: it was never used.
        AccountInUse: it holds money, or money is pending on it.
    """
    return _set_closed(account, closed=True, by=by, at=at)


def reopen_account(*, account: Account, by: Actor, at: datetime) -> bool:
    """
    Let an account be posted to again; returns whether it was closed.

    Raises:
        AccountNotFound: it was never used.
    """
    return _set_closed(account, closed=False, by=by, at=at)


def set_floor(*, account: Account, floor: int, by: Actor, at: datetime) -> bool:
    """
    Let an account fall this far and no further; it opens, if it was never used.

    Returns whether this changed anything.

    Args:
        floor: in minor units, in the account's normal direction: below zero is an
            overdraft, above it what must stay.

    Raises:
        BelowFloor: the account holds less than that already.
    """
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_set_floor(%s::smallint, %s, %s, %s, %s, %s::smallint, %s::smallint, "
            "%s, %s, %s)",
            [
                SHARD,
                account.digest,
                account.book,
                account.address,
                account.currency,
                account.code,
                account.normal,
                account.floor,
                floor,
                actor_text(by),
            ],
        )
        (version,) = cursor.fetchone()
        if version == _BELOW:
            raise errors.BelowFloor(address=account.address, currency=account.currency, floor=floor)
        if version:
            fact = events.FloorSet(floor_id=account.digest, floor=floor, version=version, at=at)
            event_log.append([fact], by=by)
    return bool(version)


def _set_closed(account: Account, *, closed: bool, by: Actor, at: datetime) -> bool:
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_close_account(%s::smallint, %s, %s, %s)",
            [SHARD, account.digest, closed, actor_text(by)],
        )
        (version,) = cursor.fetchone()
        if version == _MISSING:
            raise errors.AccountNotFound(address=account.address, currency=account.currency)
        if version == _IN_USE:
            raise errors.AccountInUse(address=account.address, currency=account.currency)
        if version:
            kind = events.AccountClosed if closed else events.AccountReopened
            event_log.append([kind(account_id=account.digest, version=version, at=at)], by=by)
    return bool(version)
