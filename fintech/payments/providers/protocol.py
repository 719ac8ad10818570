"""
What a payment processor must be able to do for us.

An adapter speaks its processor's language and answers in ours. It opens no transaction
and reads no table. Every operation is named by our own reference, and asking twice with
one reference has one effect. An adapter never raises for what the other side did: no
answer, or one that cannot be understood, is `AnswerStatus.UNKNOWN`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from fintech.kernel.money import Money
from fintech.payments.data import Answer, Notice, Operation, SettlementFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an adapter's processor supports."""

    partial_captures: bool = True  # Several of one authorization; one takes part or all anyway.
    adjustments: bool = True
    challenges: bool = True  # Else a payer who would have to act is declined.
    callbacks: bool = True
    settlement_files: bool = True


class Provider(Protocol):
    """A payment processor behind an adapter."""

    name: str
    capabilities: Capabilities

    def authorize(
        self,
        *,
        reference: str,
        amount: Money,
        card: str,
        capture: bool,
        authenticated: bool = False,
        at: datetime,
    ) -> Answer:
        """
        Ask for money to be reserved, and taken at once if `capture`.

        A provider that has asked for a challenge is asked again under the same
        reference, `authenticated`, once the payer has passed it.
        """
        ...

    def capture(
        self,
        *,
        reference: str,
        authorization: str,
        amount: Money,
        final: bool = False,
        at: datetime,
    ) -> Answer:
        """Ask for `amount` of the authorization to be taken, and if `final` the rest let go."""
        ...

    def adjust(self, *, reference: str, authorization: str, amount: Money, at: datetime) -> Answer:
        """Ask for `amount` to be reserved in place of what is."""
        ...

    def void(self, *, reference: str, authorization: str, at: datetime) -> Answer:
        """Ask for what is left of the authorization to be let go."""
        ...

    def refund(self, *, reference: str, capture: str, amount: Money, at: datetime) -> Answer:
        """Ask for `amount` of the capture to be given back."""
        ...

    def query(
        self, reference: str, *, operation: Operation = Operation.AUTHORIZATION, subject: str = ""
    ) -> Answer:
        """
        Ask what became of an operation; `ABSENT` if it never arrived.

        `subject` is what it was asked of, as the provider calls it: the authorization, or
        the capture of a refund; nothing for an authorization itself.
        """
        ...

    def settlement_file(self, *, on: date, currency: str) -> SettlementFile:
        """
        Fetch what was settled of one business day, as reconciliation reads it.

        Its rows name our references. A day without money has an empty file or none.
        """
        ...

    def verify_callback(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> Notice:
        """Check that a callback is the processor's, and read it; `CallbackUnverified` if not."""
        ...

    def fee(self, amount: Money) -> Money:
        """Estimate what the processor will keep of a captured amount."""
        ...

    def due_on(self, at: datetime) -> date:
        """Tell on which day something done at `at` is settled."""
        ...
