"""
From one wallet to another, in one journal entry.

What a transfer is allowed for (fraud, approval) is decided above, in `payments`; here
are the wallets' own rules. Transfers come in batches, and one is a batch of one: each
step is set-based, so SQL round trips do not depend on how many there are. Rows are
locked in id order, so transfers that cross each other never wait in a circle.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django_subatomic import db

from fintech.kernel import columns, event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.kernel.errors import Refusal
from fintech.kernel.events import Event
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.ledger import data as ledger_data
from fintech.ledger import services as ledger
from fintech.ledger.data import templates
from fintech.ledger.errors import Overdraft
from fintech.wallets import data, errors, events
from fintech.wallets.data import TransferOrder, TransferState
from fintech.wallets.models import Quote
from fintech.wallets.services import limiting, quoting, rows


@dataclass(slots=True)
class _Plan:
    """A transfer that its wallets allow: what leaves, what arrives, at whose terms."""

    place: int
    order: TransferOrder
    source: rows.Party
    destination: rows.Party
    amount: Money
    received: Money
    quote: Quote | None
    id: UUID = field(default_factory=ids.new)
    entry_id: UUID = field(default_factory=ids.new)
    hold_entry_id: UUID | None = None  # Where a person must agree first.


type Beside = Callable[[Mapping[int, data.Transfer | Refusal]], None]


class _Unfunded(Exception):
    """The ledger found one of a batch that its payer cannot pay; nothing was written."""

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan


def transfer(
    *,
    source_id: UUID,
    destination_id: UUID,
    amount: Money | None = None,
    quote_id: UUID | None = None,
    merchant_id: UUID | None = None,
    channel: str = "",
    category: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Transfer]:
    """
    Move money from one wallet of a merchant to another, or convert it within one.

    Args:
        amount: what leaves the source, in one of its currencies; with a quote, the quote's.
        quote_id: the terms at which it changes its currency; needed where it does.
        channel: the way it came in, for limits that name one.
        category: what it is for, for limits that name one.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
        WalletFrozen: the source lets nothing leave, or the destination is closed.
        ParameterInvalid: source and destination are the same, or quote and amount differ.
        CurrencyNotTheWallets, AmountTooSmall, AmountTooLarge.
        QuoteMissing, QuoteNotFound, QuoteNotOpen: of the terms.
        LimitExceeded: it would go over a limit.
        InsufficientFunds: less than that is available.
    """
    order = TransferOrder(
        source_id=source_id,
        destination_id=destination_id,
        amount=amount,
        quote_id=quote_id,
        merchant_id=merchant_id,
        channel=channel,
        category=category,
        at=at,
    )

    def work() -> data.Transfer:
        outcomes: dict[int, data.Transfer | Refusal] = {}
        try:
            with columns.pipelined():
                _carry_out([(0, order)], outcomes, by=by)
        except _Unfunded as found:
            raise _insufficient(found.plan) from found.__cause__
        return _value(outcomes[0])

    return idempotency.once(key, work, at=at)


def transfer_many(
    orders: Sequence[TransferOrder], *, by: Actor, at: datetime, beside: Beside | None = None
) -> list[Done[data.Transfer] | Refusal]:
    """
    Carry out transfers in order, each whole or not at all, and say of each what came of it.

    One that is refused does not touch its neighbors; of two for the same money the first
    has it. An order's key is claimed and settled with its own outcome.

    Args:
        beside: writes into the same transaction what whoever asks keeps of each order that
            was not a replay: it is given what comes of them by their place, before the
            journal is posted. Called again, in a new transaction, where the books refuse one.
    """
    unfunded: dict[int, Refusal] = {}
    while True:
        try:
            with _whole(), columns.pipelined():
                return _batch(orders, unfunded, beside=beside, by=by, at=at)
        except _Unfunded as found:
            # Nothing was written. Without that one, those before and after it stand.
            unfunded[found.plan.place] = _insufficient(found.plan)


@contextmanager
def _whole() -> Iterator[None]:
    """Open what can be taken back as a whole: a transaction, or a part of the caller's."""
    if transaction.get_connection().in_atomic_block:
        with db.transaction_if_not_already(), db.savepoint():
            yield
    else:
        with db.transaction():
            yield


def _batch(
    orders: Sequence[TransferOrder],
    unfunded: dict[int, Refusal],
    *,
    beside: Beside | None,
    by: Actor,
    at: datetime,
) -> list[Done[data.Transfer] | Refusal]:
    done: dict[int, Done[data.Transfer] | Refusal] = {}
    keyed = [(place, order.key) for place, order in enumerate(orders) if order.key is not None]
    claims = idempotency.claim([key for _, key in keyed], at=at) if keyed else []
    for (place, _), claim in zip(keyed, claims, strict=True):
        if claim.state != "new":
            try:
                done[place] = idempotency.replayed(claim)
            except Refusal as refusal:
                done[place] = refusal
    outcomes: dict[int, data.Transfer | Refusal] = dict(unfunded)
    outcomes |= {
        place: order.refusal
        for place, order in enumerate(orders)
        if order.refusal is not None and place not in done
    }
    wanted = [
        (place, order)
        for place, order in enumerate(orders)
        if place not in done and place not in outcomes
    ]
    settled = [(place, key) for place, key in keyed if place not in done]
    _carry_out(wanted, outcomes, settled=settled, beside=beside, by=by, at=at)
    for place, outcome in outcomes.items():
        done[place] = outcome if isinstance(outcome, Refusal) else Done(value=outcome)
    return [done[place] for place in range(len(orders))]


def _carry_out(
    orders: Sequence[tuple[int, TransferOrder]],
    outcomes: dict[int, data.Transfer | Refusal],
    *,
    settled: Sequence[tuple[int, Key]] = (),
    beside: Beside | None = None,
    by: Actor,
    at: datetime | None = None,
) -> None:
    """Decide, reserve and write; the journal last. Raises `_Unfunded` for one to leave out."""
    plans = _reserved(_allowed(orders, outcomes), outcomes)
    facts: list[Event] = []
    actors: list[Actor] = []
    entries = []
    made = []
    for plan in plans:
        transferred = _made(plan)
        made.append((transferred, rows.named(plan.order.by or by)))
        outcomes[plan.place] = transferred
        waits = plan.hold_entry_id is not None
        facts.append(
            rows.tell_transfer(
                events.TransferBegun if waits else events.TransferSucceeded,
                transferred,
                plan.hold_entry_id or plan.entry_id,
                at=plan.order.at,
            )
        )
        if plan.quote is not None:
            facts.append(quoting.use(plan.quote, plan.id, at=plan.order.at))
        actors += [plan.order.by or by] * (len(facts) - len(actors))
        entries.append(_entry(plan))
    _insert(made)
    event_log.append(facts, by=actors)
    if beside is not None:
        beside(outcomes)
    if settled and at is not None:
        idempotency.settle([(key, outcomes[place]) for place, key in settled], at=at)
    if not entries:
        return
    try:
        ledger.post(entries, by=by)
    except Overdraft as refused:
        payer = next(
            plan for plan in plans if refused.entry_id in {plan.entry_id, plan.hold_entry_id}
        )
        raise _Unfunded(payer) from refused


def _allowed(
    orders: Sequence[tuple[int, TransferOrder]], outcomes: dict[int, data.Transfer | Refusal]
) -> list[_Plan]:
    """Lock the wallets and quotes, and let through what they allow."""
    found = rows.parties({end for _, order in orders for end in order.ends})
    quotes = quoting.locked_quotes([order.quote_id for _, order in orders if order.quote_id])
    plans = []
    taken: set[UUID] = set()
    for place, order in orders:
        try:
            plan = _planned(place, order, found, quotes)
        except Refusal as refusal:
            outcomes[place] = refusal
            continue
        if plan.quote is not None:
            if plan.quote.id in taken:
                because = "is used by an earlier transfer of the batch"
                outcomes[place] = errors.QuoteNotOpen(quote_id=plan.quote.id, because=because)
                continue
            taken.add(plan.quote.id)
        plans.append(plan)
    return plans


def _planned(
    place: int,
    order: TransferOrder,
    found: dict[UUID, rows.Party],
    quotes: dict[UUID, Quote],
) -> _Plan:
    source, destination = rows.both(found, order.source_id, order.destination_id, order.merchant_id)
    quote, amount = None, order.amount
    if order.quote_id is not None:
        quote = quoting.open_quote(
            quotes, order.quote_id, merchant_id=source.merchant_id, at=order.at
        )
        amount = Money(quote.source_minor, quote.source_currency)
        if order.amount not in {None, amount}:
            raise errors.ParameterInvalid("amount", f"The quote is for {amount}.")
    if amount is None:
        raise errors.ParameterInvalid("amount", "This is needed without a quote.")
    if quote is None and order.source_id == order.destination_id:
        raise errors.ParameterInvalid("destination", "A wallet does not pay itself.")
    received = amount
    if quote is not None:
        received = Money(quote.destination_minor, quote.destination_currency)
        rows.check_kept(destination, received.currency)
    elif amount.currency not in destination.currencies:
        raise errors.QuoteMissing
    rows.usable(source, amount)
    rows.check_not_closed(destination)
    held = ids.new() if order.reasons else None
    return _Plan(place, order, source, destination, amount, received, quote, hold_entry_id=held)


def _reserved(
    plans: Sequence[_Plan], outcomes: dict[int, data.Transfer | Refusal]
) -> Sequence[_Plan]:
    """Take each transfer's share of its limits, and leave out those that would go over one."""
    asked = [
        data.LimitRequest(
            operation_id=plan.id,
            merchant_id=plan.source.merchant_id,
            customer_id=plan.source.customer_id,
            card_fingerprint="",
            amount=plan.amount,
            at=plan.order.at,
            wallet_id=plan.source.id,
            counterparty=str(plan.destination.id),
            operation="transfer",
            channel=plan.order.channel,
            category=plan.order.category,
            receiver_id=plan.destination.id,
            received=plan.received,
        )
        for plan in plans
    ]
    happened = [plan.hold_entry_id is None for plan in plans]
    breached = limiting.reserve(asked, happened=happened)
    if not any(breached):
        return plans
    kept = []
    for plan, breaches in zip(plans, breached, strict=True):
        if breaches:
            outcomes[plan.place] = limiting.exceeded(breaches)
        else:
            kept.append(plan)
    return kept


def _insert(told: Sequence[tuple[data.Transfer, str]]) -> None:
    """Write transfers, each with who made it."""
    if not told:
        return
    made = [transferred for transferred, _ in told]
    with columns.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallets_transfer (id, merchant_id, source_id, destination_id, state, "
            "currency, amount_minor, received_currency, received_minor, quote_id, entry_id, "
            "hold_entry_id, reasons, made_by, decided_by, created_at, version) "
            "SELECT i, m, s, d, CASE WHEN h IS NULL THEN 'succeeded' ELSE 'awaiting_approval' END, "
            "c, a, rc, r, q, e, h, string_to_array(w, ' '), b, '', t, 1 "
            "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], "
            "%s::bigint[], %s::text[], %s::bigint[], %s::uuid[], %s::uuid[], %s::uuid[], "
            "%s::text[], %s::text[], %s::timestamptz[]) "
            "AS u(i, m, s, d, c, a, rc, r, q, e, h, w, b, t)",
            [
                Column("uuid", [one.id for one in made]),
                Column("uuid", [one.merchant_id for one in made]),
                Column("uuid", [one.source_id for one in made]),
                Column("uuid", [one.destination_id for one in made]),
                Column("text", [one.amount.currency for one in made]),
                Column("bigint", [one.amount.minor for one in made]),
                Column("text", [one.received.currency for one in made]),
                Column("bigint", [one.received.minor for one in made]),
                Column("uuid", [one.quote_id for one in made]),
                Column("uuid", [one.entry_id for one in made]),
                Column("uuid", [one.hold_entry_id for one in made]),
                Column("text", [" ".join(one.reasons) for one in made]),
                Column("text", [by for _, by in told]),
                Column("timestamptz", [one.created_at for one in made]),
            ],
        )


def _made(plan: _Plan) -> data.Transfer:
    return data.Transfer(
        id=plan.id,
        merchant_id=plan.source.merchant_id,
        source_id=plan.source.id,
        destination_id=plan.destination.id,
        state=TransferState.AWAITING_APPROVAL
        if plan.hold_entry_id is not None
        else TransferState.SUCCEEDED,
        amount=plan.amount,
        received=plan.received,
        quote_id=None if plan.quote is None else plan.quote.id,
        entry_id=plan.entry_id,
        reversal_id=None,
        created_at=plan.order.at,
        reversed_at=None,
        version=1,
        reasons=plan.order.reasons,
        hold_entry_id=plan.hold_entry_id,
    )


def _entry(plan: _Plan) -> ledger_data.JournalEntry:
    if plan.hold_entry_id is not None:
        return templates.hold_transfer(
            entry_id=plan.hold_entry_id,
            source_wallet_id=plan.source.id,
            destination_wallet_id=plan.destination.id,
            amount=plan.amount,
            received=plan.received,
            subject=plan.id,
            at=plan.order.at,
        )
    if plan.quote is None:
        return templates.transfer_wallets(
            entry_id=plan.entry_id,
            source_wallet_id=plan.source.id,
            destination_wallet_id=plan.destination.id,
            amount=plan.amount,
            subject=plan.id,
            at=plan.order.at,
        )
    return templates.convert_wallets(
        entry_id=plan.entry_id,
        source_wallet_id=plan.source.id,
        destination_wallet_id=plan.destination.id,
        amount=plan.amount,
        spread=Money(plan.quote.spread_minor, plan.amount.currency),
        received=plan.received,
        subject=plan.id,
        at=plan.order.at,
    )


def _insufficient(plan: _Plan) -> errors.InsufficientFunds:
    return errors.InsufficientFunds(wallet_id=plan.source.id, asked=plan.amount)


def _value(outcome: data.Transfer | Refusal) -> data.Transfer:
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome
