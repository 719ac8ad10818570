"""
One truth told three times: a ledger, an acquirer and a bank that know of the same payments.

The acquirer and the bank are the sandbox's own book; what they send is what the demo sends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from fintech.kernel import actor, ids
from fintech.kernel.money import Money
from fintech.ledger import services as ledger
from fintech.ledger.data import templates
from fintech.reconciliation import data
from fintech.reconciliation import services as reconciliation
from sandbox.acquirer import book, files
from sandbox.acquirer.files import Break

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = NOON.date()
BY = actor.system("tests")
MERCHANT = UUID("01900000-0000-7000-8000-000000000001")
SOURCE = "simulator"


class Truth:
    """Payments that the ledger, the acquirer and the bank all know of, unless told otherwise."""

    def __init__(self) -> None:
        self.acquirer = book.Book()

    def capture(
        self,
        minor: int,
        currency: str = "EUR",
        *,
        at: datetime = NOON,
        reference: str = "",
        booked_minor: int | None = None,
        fee_off: int = 0,
        at_acquirer: bool = True,
        in_ledger: bool = True,
    ) -> str:
        """Take money from a payer: `booked_minor` is what the ledger believes, if it errs."""
        reference = reference or str(ids.new())
        if at_acquirer:
            self.acquirer.authorize(
                {
                    "reference": reference,
                    "amount_minor": minor,
                    "currency": currency,
                    "card": "visa",
                    "capture": True,
                    "occurred_at": at.isoformat(),
                }
            )
        if in_ledger:
            amount = Money(minor if booked_minor is None else booked_minor, currency)
            fee = Money(book.fee_minor(minor, currency) + fee_off, currency)
            expect_capture(reference, amount, fee, at=at)
        return reference

    def refund(
        self, reference: str, minor: int, currency: str = "EUR", *, at: datetime = NOON
    ) -> str:
        """Give money back to a payer."""
        taken = self.acquirer.operation(reference)
        assert taken is not None
        given = str(ids.new())
        self.acquirer.refund(
            taken.id, {"reference": given, "amount_minor": minor, "occurred_at": at.isoformat()}
        )
        ledger.post(
            [
                templates.refund_card(
                    entry_id=ids.new(),
                    merchant_id=MERCHANT,
                    provider=SOURCE,
                    amount=Money(minor, currency),
                    from_pending=True,
                    provider_reference=given,
                    due_on=(at + timedelta(days=1)).date(),
                    subject=ids.new(),
                    at=at,
                )
            ],
            by=BY,
        )
        return given

    def pay_out(
        self, minor: int, currency: str = "EUR", *, at: datetime = NOON, sent_minor: int = 0
    ) -> str:
        """Pay a merchant what it has, and return the reference; the bank may send another amount."""
        amount, subject = Money(minor, currency), ids.new()
        ledger.post(
            [
                templates.make_available(
                    entry_id=ids.new(), merchant_id=MERCHANT, amount=amount,
                    reserved=Money(0, currency), subject=subject, at=at,
                ),
                templates.payout_created(
                    entry_id=ids.new(), merchant_id=MERCHANT, amount=amount, subject=subject, at=at
                ),
                templates.payout_paid(
                    entry_id=ids.new(), merchant_id=MERCHANT, amount=amount,
                    bank_account=files.ACCOUNT, subject=subject, at=at,
                ),
            ],
            by=BY,
        )  # fmt: skip
        if sent_minor >= 0:
            self.acquirer.bank_transfer(
                {
                    "reference": str(subject),
                    "amount_minor": sent_minor or minor,
                    "currency": currency,
                    "account": "DE00",
                    "occurred_at": at.isoformat(),
                }
            )
        return str(subject)

    def report(self, *, currency: str = "EUR", on: date = DAY, wrong: Break = Break.NONE) -> bytes:
        """Return the acquirer's settlement report."""
        return files.settlement(files.day(self.acquirer, on=on, currency=currency, wrong=wrong))

    def camt(
        self,
        *,
        currency: str = "EUR",
        on: date = DAY,
        wrong: Break = Break.NONE,
        report: Break = Break.NONE,
    ) -> bytes:
        """Return the bank's statement as camt.053; `report` is how the acquirer erred."""
        told = files.day(self.acquirer, on=on, currency=currency, wrong=report)
        return files.camt(told, wrong=wrong)

    def mt940(self, *, currency: str = "EUR", on: date = DAY, wrong: Break = Break.NONE) -> bytes:
        """Return the bank's statement as MT940."""
        return files.mt940(files.day(self.acquirer, on=on, currency=currency), wrong=wrong)


def expect_capture(
    reference: str, amount: Money, fee: Money, *, at: datetime = NOON, provider: str = SOURCE
) -> None:
    """Book a capture, so that the ledger expects to see it outside."""
    pending, expires_at = ids.new(), at + timedelta(days=7)
    subject = ids.new()
    ledger.post(
        [
            templates.authorize_card(
                entry_id=pending,
                merchant_id=MERCHANT,
                provider=provider,
                amount=amount,
                expires_at=expires_at,
                subject=subject,
                at=at,
            )
        ],
        by=BY,
    )
    ledger.post(
        [
            templates.capture_card(
                entry_id=ids.new(),
                pending_id=pending,
                merchant_id=MERCHANT,
                provider=provider,
                amount=amount,
                fee=Money(0, amount.currency),
                processor_fee=fee,
                final=True,
                provider_reference=reference,
                due_on=(at + timedelta(days=1)).date(),
                subject=subject,
                at=at,
            )
        ],
        by=BY,
    )


def imported(content: bytes, name: str = "file", *, at: datetime = NOON) -> data.Import:
    """Import a file."""
    return reconciliation.import_file(content=content, name=name, by=BY, at=at)


def compared(*, at: datetime = NOON + timedelta(hours=12)) -> data.Run:
    """Run a comparison."""
    return reconciliation.run(source=SOURCE, by=BY, at=at)


@contextmanager
def chunks_of(rows: int) -> Iterator[None]:
    """Make transactions small, so that a few rows need several."""
    from fintech.reconciliation.services import expecting, importing, lines

    modules = (importing, lines, expecting)
    before = [module.CHUNK for module in modules]
    for module in modules:
        module.CHUNK = rows
    try:
        yield
    finally:
        for module, kept in zip(modules, before, strict=True):
            module.CHUNK = kept
