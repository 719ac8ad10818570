"""Wallets with money in them: a top-up is posted as payments would post it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from fintech.kernel import actor, ids
from fintech.kernel.idempotency import Key
from fintech.kernel.money import Money
from fintech.ledger import services as ledger
from fintech.ledger.data import templates
from fintech.wallets import data
from fintech.wallets import services as wallets

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
BY = actor.system("tests")
MERCHANT = UUID("01900000-0000-7000-8000-000000000001")


def eur(minor: int) -> Money:
    """Return euros, in cents."""
    return Money(minor, "EUR")


def wallet(
    minor: int = 0,
    currency: str = "EUR",
    *,
    merchant: UUID = MERCHANT,
    customer: UUID | None = None,
    at: datetime = NOON,
) -> data.Wallet:
    """Return a wallet with so much in it."""
    made = wallets.create_wallet(
        merchant_id=merchant,
        owner="Wanda",
        currency=currency,
        customer_id=customer,
        metadata={},
        by=BY,
        at=at,
    ).value
    if minor:
        top_up(made, minor, at=at)
    return made


def top_up(to: data.Wallet, minor: int, *, currency: str = "", at: datetime = NOON) -> None:
    """Put money into a wallet, as a captured card payment does (E10)."""
    amount = Money(minor, currency or to.currency)
    ledger.post(
        [
            templates.top_up(
                entry_id=ids.new(),
                wallet_id=to.id,
                provider="simulator",
                amount=amount,
                processor_fee=Money.zero(amount.currency),
                provider_reference=str(ids.new()),
                due_on=(at + timedelta(days=1)).date(),
                subject=ids.new(),
                at=at,
            )
        ],
        by=BY,
    )


def hold(of: data.Wallet, minor: int, *, currency: str = "", **given: object) -> data.Hold:
    """Set so much aside in a wallet."""
    asked = {"amount": Money(minor, currency or of.currency), "by": BY, "at": NOON, **given}
    return wallets.hold(wallet_id=of.id, **asked).value  # type: ignore[arg-type]


def key(text: str = "key-1", *, merchant: UUID = MERCHANT, content: bytes = b"same") -> Key:
    """Return a caller's idempotency key."""
    return Key(scope=merchant, key=text, fingerprint=content, command="tests")
