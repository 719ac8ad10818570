"""
Set money aside, take it, let it go.

A hold is one pending journal entry plus the row that names it. The ledger's posting
decides whether there is enough, when the money is set aside; so a capture never fails
for want of funds, and two who race for the last of it cannot both have it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import django_fsm as fsm
import structlog
from django.db import connection
from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor, system
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.ledger import services as ledger
from fintech.ledger.data import JournalEntry, templates
from fintech.ledger.errors import Overdraft, PostingRefused
from fintech.wallets import data, errors, events
from fintech.wallets.data import HoldState
from fintech.wallets.models import Hold
from fintech.wallets.services import limiting, rows

_log = structlog.get_logger(__name__)

_AT_ONCE = 100  # Holds that expire in one commit.


def hold(
    *,
    wallet_id: UUID,
    amount: Money,
    reason: str = "",
    expires_at: datetime | None = None,
    merchant_id: UUID | None = None,
    hold_id: UUID | None = None,
    entry_id: UUID | None = None,
    is_reserved: bool = False,
    channel: str = "",
    category: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Hold]:
    """
    Set money aside in a wallet, for its merchant to take later.

    The row, its limits, the fact and the pending journal entry are committed together
    or not at all.

    Args:
        amount: at most what is available, in one of the wallet's currencies.
        reason: what it is for, in the merchant's own words; it stays in the row.
        expires_at: when it goes back by itself, by the business clock.
        hold_id, entry_id: names for hold and journal entry, by a caller who needs them.
        is_reserved: that caller has reserved the limits under `hold_id`.
        channel: the way it came in, for limits that name one.
        category: what it is for, for limits that name one.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
        WalletFrozen: nothing leaves the wallet now.
        CurrencyNotTheWallets, AmountTooSmall, AmountTooLarge, ParameterInvalid.
        LimitExceeded: it would go over a limit.
        InsufficientFunds: less than that is available.
    """
    rows.check_text(reason, 200, "reason")
    if expires_at is not None and expires_at <= at:
        raise errors.ParameterInvalid("expires_at", "This must be in the future.")

    def work() -> data.Hold:
        wallet = rows.party(wallet_id, merchant_id=merchant_id)
        rows.usable(wallet, amount)
        held = _new(
            wallet,
            amount,
            id=hold_id or ids.new(),
            reason=reason,
            entry_id=entry_id or ids.new(),
            expires_at=expires_at,
            created_at=at,
        )
        if not is_reserved:
            limiting.reserve_or_refuse(
                data.LimitRequest(
                    operation_id=held.id,
                    merchant_id=wallet.merchant_id,
                    customer_id=wallet.customer_id,
                    card_fingerprint="",
                    amount=amount,
                    at=at,
                    wallet_id=wallet.id,
                    operation="hold",
                    channel=channel,
                    category=category,
                )
            )
        fact, entry = _set_aside(held, at=at)
        held.save(force_insert=True)
        event_log.append([fact], by=by)
        _post_if_funded([entry], held, by=by)
        return held.as_data()

    return idempotency.once(key, work, at=at)


def hold_and_capture(
    *,
    wallet_id: UUID,
    amount: Money,
    fee: Money,
    merchant_id: UUID,
    hold_id: UUID,
    entry_id: UUID,
    capture_entry_id: UUID,
    by: Actor,
    at: datetime,
) -> data.Hold:
    """
    Set money aside and take all of it, for a caller who has reserved the limits.

    Requires the caller's transaction. Both journal entries are posted in one call: balances
    are locked in their order once. Two calls would hold some of them while they wait for
    others, and meet a card's payment the other way round.

    Raises:
        WalletNotFound, WalletFrozen, InsufficientFunds: see `hold`.
    """
    with db.transaction_required():
        wallet = rows.party(wallet_id, merchant_id=merchant_id)
        rows.usable(wallet, amount)
        held = _new(wallet, amount, id=hold_id, entry_id=entry_id, created_at=at)
        created, aside = _set_aside(held, at=at)
        held.save(force_insert=True)
        captured, taken = _take(held, amount, fee=fee, ends=True, entry_id=capture_entry_id, at=at)
        held.save()
        limiting.conclude([(held.id, held.captured_minor)])
        event_log.append([created, captured], by=by)
        _post_if_funded([aside, taken], held, by=by)
        return held.as_data()


def capture(
    *,
    hold_id: UUID,
    amount: Money | None = None,
    final: bool = True,
    fee: Money | None = None,
    merchant_id: UUID | None = None,
    entry_id: UUID | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Hold]:
    """
    Take some or all of what is held, into the merchant's pending funds.

    Args:
        amount: at most what is left of the hold; everything when left out.
        final: whether the rest goes back now. Taking everything is always final.
        fee: what of it is ours; nothing when left out.
        entry_id: a name for the journal entry, by a caller who needs it.

    Raises:
        HoldNotFound: there is none, or it is another merchant's.
        UnexpectedState: it has ended, or its time is up.
        CaptureTooLarge: more was asked for than is left.
        CurrencyNotTheWallets, AmountTooSmall, AmountTooLarge.
    """

    def work() -> data.Hold:
        held = rows.locked_hold(hold_id, merchant_id=merchant_id)
        _open(held, "be captured", at=at)
        left = Money(held.remaining_minor, held.currency)
        taken = left if amount is None else amount
        rows.check_amount(taken)
        if taken.currency != held.currency:
            raise errors.CurrencyNotTheWallets(asked=taken.currency, wallet=held.currency)
        if taken > left:
            raise errors.CaptureTooLarge(hold_id=hold_id, asked=taken, left=left)
        ends = final or taken == left
        fact, entry = _take(
            held,
            taken,
            fee=Money.zero(held.currency) if fee is None else fee,
            ends=ends,
            entry_id=entry_id or ids.new(),
            at=at,
        )
        held.save()
        if ends:
            limiting.conclude([(held.id, held.captured_minor)])
        event_log.append([fact], by=by)
        ledger.post([entry], by=by)
        return held.as_data()

    return idempotency.once(key, work, at=at)


def _new(wallet: rows.Party, amount: Money, **facets: Any) -> Hold:
    return Hold(
        wallet_id=wallet.id,
        merchant_id=wallet.merchant_id,
        currency=amount.currency,
        amount_minor=amount.minor,
        **facets,
    )


def _set_aside(held: Hold, *, at: datetime) -> tuple[events.HoldFact, JournalEntry]:
    """Return the fact and the journal entry of a new hold."""
    amount = Money(held.amount_minor, held.currency)
    fact = rows.tell_hold(
        events.HoldCreated,
        held,
        amount_minor=amount.minor,
        entry_id=held.entry_id,
        at=at,
        expires_at=held.expires_at,
    )
    entry = templates.hold_wallet(
        entry_id=held.entry_id,
        wallet_id=held.wallet_id,
        to_account="merchant pending",
        merchant_id=held.merchant_id,
        amount=amount,
        expires_at=held.expires_at,
        subject=held.id,
        at=at,
    )
    return fact, entry


def _take(
    held: Hold, taken: Money, *, fee: Money, ends: bool, entry_id: UUID, at: datetime
) -> tuple[events.HoldFact, JournalEntry]:
    """Move a hold on, and return the fact and the journal entry of it."""
    if ends:
        held.capture_rest(taken, at=at)
    else:
        held.capture_part(taken)
    fact = rows.tell_hold(
        events.HoldCaptured, held, amount_minor=taken.minor, entry_id=entry_id, at=at, final=ends
    )
    entry = templates.capture_wallet(
        entry_id=entry_id,
        pending_id=held.entry_id,
        wallet_id=held.wallet_id,
        merchant_id=held.merchant_id,
        amount=taken,
        fee=fee,
        final=ends,
        subject=held.id,
        at=at,
    )
    return fact, entry


def _post_if_funded(entries: Sequence[JournalEntry], held: Hold, *, by: Actor) -> None:
    try:
        ledger.post(entries, by=by)
    except Overdraft as refused:
        asked = Money(held.amount_minor, held.currency)
        raise errors.InsufficientFunds(wallet_id=held.wallet_id, asked=asked) from refused


def release(
    *,
    hold_id: UUID,
    merchant_id: UUID | None = None,
    entry_id: UUID | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Hold]:
    """
    Let go what is left of a hold. One that was let go already stays as it is.

    Raises:
        HoldNotFound: there is none, or it is another merchant's.
        UnexpectedState: it was captured to its end.
    """

    def work() -> data.Hold:
        held = rows.locked_hold(hold_id, merchant_id=merchant_id)
        if held.state not in {HoldState.RELEASED, HoldState.EXPIRED}:
            _open(held, "be released")
            _let_go([held], events.HoldReleased, at=at, by=by, entry_id=entry_id)
        return held.as_data()

    return idempotency.once(key, work, at=at)


def expire_due(at: datetime, *, by: Actor | None = None) -> int:
    """
    Let go what is left of every hold whose time is up, and return how many there were.

    A hold that somebody is capturing just now is skipped and found the next time.
    """
    by = by or system("holds")
    expired = 0
    stuck: set[UUID] = set()
    while True:
        try:
            found = _expire_some(at, stuck, _AT_ONCE, by=by)
        except PostingRefused:
            # One entry that the ledger refuses must not keep the others: one by one.
            found = _expire_each(at, stuck, by=by)
        expired += found
        if found == 0:
            return expired


def _expire_some(at: datetime, stuck: set[UUID], limit: int, *, by: Actor) -> int:
    with db.transaction_if_not_already():
        due = list(
            Hold.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(state__in=[HoldState.ACTIVE, HoldState.PARTIALLY_CAPTURED])
            .filter(expires_at__lte=at)
            .exclude(id__in=stuck)
            .order_by("id")[:limit]
        )
        _let_go(due, events.HoldExpired, at=at, by=by)
    return len(due)


def _expire_each(at: datetime, stuck: set[UUID], *, by: Actor) -> int:
    due = Hold.objects.filter(
        state__in=[HoldState.ACTIVE, HoldState.PARTIALLY_CAPTURED], expires_at__lte=at
    ).exclude(id__in=stuck)
    expired = 0
    for hold_id in list(due.order_by("id").values_list("id", flat=True)[:_AT_ONCE]):
        try:
            with db.transaction_if_not_already(), db.savepoint():
                held = rows.locked_hold(hold_id)
                if fsm.can_proceed(held.expire):
                    _let_go([held], events.HoldExpired, at=at, by=by)
                    expired += 1
        except PostingRefused as refused:
            stuck.add(hold_id)
            _log.error("wallets.hold_not_expired", hold_id=str(hold_id), code=refused.code)
    return expired


def _let_go(
    holds: Sequence[Hold],
    fact: type[events.HoldFact],
    *,
    at: datetime,
    by: Actor,
    entry_id: UUID | None = None,
) -> None:
    """
    End holds whose rows are locked: rows, limits, facts and journal entries at once.

    `entry_id` names the journal entry of a single one.
    """
    if not holds:
        return
    facts: list[events.HoldFact] = []
    entries = []
    for held in holds:
        left, booked_id = held.remaining_minor, entry_id or ids.new()
        if fact is events.HoldExpired:
            held.expire(at=at)
        else:
            held.release(at=at)
        facts.append(rows.tell_hold(fact, held, amount_minor=left, entry_id=booked_id, at=at))
        entries.append(
            templates.release(entry_id=booked_id, pending_id=held.entry_id, subject=held.id, at=at)
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_hold h SET state = t.state, ended_at = %s, version = t.version "
            "FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS t(id, state, version) "
            "WHERE h.id = t.id",
            [
                at,
                [held.id for held in holds],
                [str(held.state) for held in holds],
                [held.version for held in holds],
            ],
        )
    limiting.conclude(
        [(held.id, held.captured_minor) for held in holds],
        state=data.ReservationState.EXPIRED
        if fact is events.HoldExpired
        else data.ReservationState.RELEASED,
    )
    event_log.append(facts, by=by)
    ledger.post(entries, by=by)


def _open(held: Hold, action: str, *, at: datetime | None = None) -> None:
    state = str(held.state)
    if at is not None and held.expires_at is not None and held.expires_at <= at:
        state = str(HoldState.EXPIRED) if held.remaining_minor else state
        raise errors.UnexpectedState(hold_id=held.id, state=state, action=action)
    if not fsm.can_proceed(held.release):
        raise errors.UnexpectedState(hold_id=held.id, state=state, action=action)
