"""Makers for the ledger: entries by template, posted through the service."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from fintech.kernel import actor, ids
from fintech.kernel.money import Money
from fintech.ledger import data, services
from fintech.ledger.data import EntryKind, JournalEntry, Line, chart, templates

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DUE = date(2026, 11, 26)
BY = actor.system("test")
PROVIDER = "simulator"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def post(*entries: JournalEntry) -> list[data.Posted]:
    return services.post(entries, by=BY)


def authorization(amount: Money, **named: Any) -> JournalEntry:
    return templates.authorize_card(
        **{
            "entry_id": ids.new(),
            "merchant_id": ids.new(),
            "provider": PROVIDER,
            "amount": amount,
            "expires_at": NOON + timedelta(days=7),
            "subject": ids.new(),
            "at": NOON,
            **named,
        }
    )


def capture(of: JournalEntry, amount: Money, **named: Any) -> JournalEntry:
    return templates.capture_card(
        **{
            "entry_id": ids.new(),
            "pending_id": of.id,
            "merchant_id": merchant_of(of),
            "provider": PROVIDER,
            "amount": amount,
            "fee": Money.zero(amount.currency),
            "processor_fee": Money.zero(amount.currency),
            "final": True,
            "provider_reference": str(ids.new()),
            "due_on": DUE,
            "subject": of.subject,
            "at": NOON,
            **named,
        }
    )


def release(of: JournalEntry, **named: Any) -> JournalEntry:
    return templates.release(
        **{
            "entry_id": ids.new(),
            "pending_id": of.id,
            "subject": of.subject,
            "at": NOON,
            **named,
        }
    )


def refund(merchant_id: UUID, amount: Money, **named: Any) -> JournalEntry:
    return templates.refund_card(
        **{
            "entry_id": ids.new(),
            "merchant_id": merchant_id,
            "provider": PROVIDER,
            "amount": amount,
            "from_pending": True,
            "provider_reference": str(ids.new()),
            "due_on": DUE,
            "subject": ids.new(),
            "at": NOON,
            **named,
        }
    )


def top_up(wallet_id: UUID, amount: Money, **named: Any) -> JournalEntry:
    return templates.top_up(
        **{
            "entry_id": ids.new(),
            "wallet_id": wallet_id,
            "provider": PROVIDER,
            "amount": amount,
            "processor_fee": Money.zero(amount.currency),
            "provider_reference": str(ids.new()),
            "due_on": DUE,
            "subject": ids.new(),
            "at": NOON,
            **named,
        }
    )


def transfer(source: UUID, destination: UUID, amount: Money, **named: Any) -> JournalEntry:
    return templates.transfer_wallets(
        **{
            "entry_id": ids.new(),
            "source_wallet_id": source,
            "destination_wallet_id": destination,
            "amount": amount,
            "subject": ids.new(),
            "at": NOON,
            **named,
        }
    )


def hold(wallet_id: UUID, merchant_id: UUID, amount: Money, **named: Any) -> JournalEntry:
    return templates.hold_wallet(
        **{
            "entry_id": ids.new(),
            "wallet_id": wallet_id,
            "to_account": "merchant pending",
            "merchant_id": merchant_id,
            "amount": amount,
            "expires_at": None,
            "subject": ids.new(),
            "at": NOON,
            **named,
        }
    )


def wallet_capture(
    of: JournalEntry, wallet_id: UUID, merchant_id: UUID, amount: Money, **named: Any
) -> JournalEntry:
    return templates.capture_wallet(
        **{
            "entry_id": ids.new(),
            "pending_id": of.id,
            "wallet_id": wallet_id,
            "merchant_id": merchant_id,
            "amount": amount,
            "fee": Money.zero(amount.currency),
            "final": True,
            "subject": of.subject,
            "at": NOON,
            **named,
        }
    )


def by_hand(*lines: tuple[str, str, int], **named: Any) -> JournalEntry:
    """An entry that no template makes: (address, currency, signed minor units) a line."""
    facts: dict[str, Any] = {
        "id": ids.new(),
        "kind": EntryKind.POSTED,
        "template": "by_hand",
        "version": 1,
        "at": NOON,
        "lines": tuple(
            Line(chart.at(address, currency), minor) for address, currency, minor in lines
        ),
        **named,
    }
    return JournalEntry(**facts)


def merchant_of(authorized: JournalEntry) -> UUID:
    return UUID(authorized.lines[1].account.address.split(":")[2])


def full_wallet(amount: Money) -> UUID:
    """A wallet with money in it."""
    wallet_id = ids.new()
    post(top_up(wallet_id, amount))
    return wallet_id


def authorized(amount: Money, **named: Any) -> JournalEntry:
    """A posted authorization."""
    entry = authorization(amount, **named)
    post(entry)
    return entry
