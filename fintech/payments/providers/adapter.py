"""What most adapters have in common; each overrides what its processor does otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from fintech.kernel.money import Money
from fintech.payments.data import Answer, AnswerStatus, Operation, SettlementFile
from fintech.payments.providers.protocol import Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a processor keeps, as far as can be said before, and when it pays out."""

    basis_points: int = 0
    fixed_minor: int = 0  # In the payment's own currency.
    days: int = 1


class Adapter:
    """
    An adapter that has yet to speak to its processor.

    What an operation raises is answered for it by `guarded.Guarded`: a connection that was
    never made and what is in `turned_away` have done nothing (`ABSENT`), anything else is
    `UNKNOWN`.
    """

    capabilities = Capabilities()
    terms = Terms()
    turned_away: tuple[type[Exception], ...] = ()

    def query(
        self, reference: str, *, operation: Operation = Operation.AUTHORIZATION, subject: str = ""
    ) -> Answer:
        """Ask what became of an operation; see `Provider`."""
        raise NotImplementedError

    def once(
        self, reference: str, operation: Operation, subject: str, act: Callable[[Operation], Answer]
    ) -> Answer:
        """Act only if nothing was done under the reference, where a processor may forget it."""
        known = self.query(reference, operation=operation, subject=subject)
        return act(operation) if known.status == AnswerStatus.ABSENT else known

    def adjust(self, **_: Any) -> Answer:
        """Do nothing: without the capability nobody asks."""
        return Answer(status=AnswerStatus.FAILED, decline_code="unsupported")

    def settlement_file(self, *, on: date, currency: str) -> SettlementFile:  # noqa: ARG002
        """Give nothing: without the capability nobody asks."""
        return SettlementFile(status=AnswerStatus.ABSENT)

    def fee(self, amount: Money) -> Money:
        """Estimate what is kept of an amount: a part of it, rounded half up, and a fixed part."""
        part = (amount.minor * self.terms.basis_points * 2 + 10_000) // 20_000
        return Money(min(part + self.terms.fixed_minor, amount.minor), amount.currency)

    def due_on(self, at: datetime) -> date:
        """Tell on which day something done at `at` is settled."""
        return (at + timedelta(days=self.terms.days)).date()
