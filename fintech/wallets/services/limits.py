"""Limits as they are made, changed and removed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.wallets import data, errors, events
from fintech.wallets.data import LimitKind, LimitScope, LimitWindow, OnReversal
from fintech.wallets.models import Limit
from fintech.wallets.services import rows

_MOST_SECONDS = 366 * 86_400


def create_limit(
    *,
    merchant_id: UUID,
    scope: str,
    kind: str,
    window: str,
    maximum: int,
    currency: str = "",
    subject: str = "",
    seconds: int | None = None,
    zone: str = "",
    tier: str = "",
    channel: str = "",
    category: str = "",
    operation: str = "",
    reversal: str = OnReversal.GIVES_BACK,
    converts: bool = False,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Limit]:
    """
    Limit a merchant, its customers, cards or wallets from now on.

    What was done before the limit existed is not counted.

    Args:
        subject: one customer, card or wallet; empty: each of them by itself.
        maximum: minor units of `currency`, or how many.
        seconds: how long a rolling window is.
        zone: in which time zone a day, week or month begins, or `owner` for the
            zone of each wallet's owner; UTC when left out.
        tier, channel, category, operation: only what is of this tier, came this way, is for
            this, or is a payment, hold, transfer, withdrawal or top_up; empty: all.
        reversal: whether what was undone, or refunded, is given back.
        converts: whether amounts in other currencies count too, at the stored rates.

    Raises:
        ParameterInvalid: the parts do not make a limit.
        CurrencyNotSupported: nobody can pay with it.
    """
    over = _word(LimitWindow, window, "window")
    limit = Limit(
        id=ids.new(),
        merchant_id=merchant_id,
        scope=_word(LimitScope, scope, "scope"),
        subject=rows.check_text(subject, 80, "subject"),
        kind=_word(LimitKind, kind, "kind"),
        window=over,
        seconds=seconds,
        zone=zone or ("UTC" if over.is_calendar else ""),
        tier=rows.check_code(tier, 40, "tier"),
        channel=rows.check_code(channel, 40, "channel"),
        category=rows.check_code(category, 40, "category"),
        operation=rows.check_code(operation, 40, "operation"),
        reversal=_word(OnReversal, reversal, "reversal"),
        converts=converts,
        currency=rows.check_currency(currency) if currency else "",
        maximum=maximum,
        created_at=at,
    )
    _check(limit)

    def work() -> data.Limit:
        limit.save(force_insert=True)
        event_log.append(
            [
                events.LimitCreated(
                    limit_id=limit.id,
                    merchant_id=merchant_id,
                    scope=Code(str(limit.scope)),
                    kind=Code(str(limit.kind)),
                    window=Code(str(limit.window)),
                    currency=Code(limit.currency),
                    maximum=maximum,
                    version=limit.version,
                    at=at,
                )
            ],
            by=by,
        )
        return limit.as_data()

    return idempotency.once(key, work, at=at)


def change_limit(
    *,
    limit_id: UUID,
    merchant_id: UUID,
    maximum: int,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Limit]:
    """
    Give a limit another maximum; what is used of it stays used.

    Raises:
        LimitNotFound: there is none, it is another merchant's, or it was removed.
        ParameterInvalid: the maximum is negative.
    """
    if maximum < 0:
        raise errors.ParameterInvalid("maximum", "This must not be negative.")

    def work() -> data.Limit:
        limit = _locked(limit_id, merchant_id)
        limit.maximum = maximum
        return _save(limit, events.LimitChanged, at=at, by=by)

    return idempotency.once(key, work, at=at)


def remove_limit(
    *, limit_id: UUID, merchant_id: UUID, key: Key | None = None, by: Actor, at: datetime
) -> Done[data.Limit]:
    """
    Let a limit hold no longer; the row stays, with what was counted.

    Raises:
        LimitNotFound: there is none, it is another merchant's, or it was removed.
    """

    def work() -> data.Limit:
        limit = _locked(limit_id, merchant_id)
        limit.active = False
        return _save(limit, events.LimitRemoved, at=at, by=by)

    return idempotency.once(key, work, at=at)


def _check(limit: Limit) -> None:
    """Refuse parts that do not make a limit."""
    problem = _problem_of_kind(limit) or _problem_of_window(limit)
    if limit.scope == LimitScope.MERCHANT and limit.subject not in {"", str(limit.merchant_id)}:
        problem = problem or ("subject", "A merchant limits itself.")
    if problem is not None:
        raise errors.ParameterInvalid(*problem)


def _problem_of_kind(limit: Limit) -> tuple[str, str] | None:
    at_once = limit.window == LimitWindow.PER_TRANSACTION
    if limit.maximum < 0:
        return ("maximum", "This must not be negative.")
    if limit.kind in {LimitKind.AMOUNT, LimitKind.BALANCE} and not limit.currency:
        return ("currency", "A limit of an amount has a currency.")
    if limit.kind == LimitKind.BALANCE and not at_once:
        return ("window", "A balance is looked at per transaction.")
    if limit.kind == LimitKind.BALANCE and limit.scope != LimitScope.WALLET:
        return ("scope", "A balance is a wallet's.")
    if limit.converts and limit.kind != LimitKind.AMOUNT:
        return ("converts", "Only amounts are converted.")
    if limit.kind in {LimitKind.COUNT, LimitKind.COUNTERPARTIES} and at_once:
        return ("kind", "A transaction is always one.")
    return None


def _problem_of_window(limit: Limit) -> tuple[str, str] | None:
    if (limit.window == LimitWindow.ROLLING) != (limit.seconds is not None):
        return ("seconds", "A rolling window says how long it is, and only that.")
    if limit.seconds is not None and not 1 <= limit.seconds <= _MOST_SECONDS:
        return ("seconds", f"This is between 1 and {_MOST_SECONDS}.")
    if limit.zone and not LimitWindow(limit.window).is_calendar:
        return ("zone", "Only a day, week or month has a time zone.")
    if limit.zone == data.OWNERS_ZONE:
        scoped = limit.scope == LimitScope.WALLET
        return None if scoped else ("zone", "Only a wallet's owner has a zone here.")
    if limit.zone and not data.is_zone(limit.zone):
        return ("zone", "This is not a time zone that we know.")
    return None


def _locked(limit_id: UUID, merchant_id: UUID) -> Limit:
    limit = (
        Limit.objects.select_for_update(no_key=True)
        .filter(id=limit_id, merchant_id=merchant_id, active=True)
        .first()
    )
    if limit is None:
        raise errors.LimitNotFound(limit_id)
    return limit


def _save(limit: Limit, fact: type[events.LimitFact], *, at: datetime, by: Actor) -> data.Limit:
    limit.version += 1
    limit.save()
    event_log.append(
        [
            fact(
                limit_id=limit.id,
                merchant_id=limit.merchant_id,
                maximum=limit.maximum,
                version=limit.version,
                at=at,
            )
        ],
        by=by,
    )
    return limit.as_data()


def _word[Word: StrEnum](words: type[Word], text: str, param: str) -> Word:
    try:
        return words(text)
    except ValueError:
        known = ", ".join(str(word) for word in words)
        raise errors.ParameterInvalid(param, f"This is one of {known}.") from None
