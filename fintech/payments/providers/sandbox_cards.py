"""
The cards of the sandbox, under neutral names. No other number is ever accepted.

`code` is what the simulated acquirer is told instead of a number, and the token by
which a payment method can be made without one. The numbers pass the Luhn check and
belong to nobody.
"""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SandboxCard:
    """One line of the table of test cards."""

    code: str
    number: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    risk: str = "normal"

    @property
    def last4(self) -> str:
        """Return the digits that may be shown."""
        return self.number[-4:]

    @property
    def bin(self) -> str:
        """Return the digits that name the bank and not the card."""
        return self.number[:6]

    @property
    def fingerprint(self) -> str:
        """Return what is equal for equal numbers and tells nothing of them."""
        return hashlib.sha256(f"sandbox card {self.number}".encode()).hexdigest()[:24]


_TABLE = (
    SandboxCard("visa", "4242424242424242"),
    SandboxCard("mastercard", "5555555555554444", brand="mastercard"),
    SandboxCard("amex", "378282246310005", brand="amex"),
    SandboxCard("bypass_pending", "4000000000000077"),
    SandboxCard("declined", "4000000000000002"),
    SandboxCard("insufficient_funds", "4000000000009995"),
    SandboxCard("lost_card", "4000000000009987"),
    SandboxCard("stolen_card", "4000000000009979"),
    SandboxCard("expired_card", "4000000000000069"),
    SandboxCard("incorrect_cvc", "4000000000000127"),
    SandboxCard("processing_error", "4000000000000119"),
    SandboxCard("decline_after_attach", "4000000000000341"),
    SandboxCard("authentication_required", "4000002500003155", country="DE"),
    SandboxCard("three_d_secure", "4000002760003184", country="DE"),
    SandboxCard("risk_elevated", "4000000000009235", risk="elevated"),
    SandboxCard("blocked", "4100000000000019", risk="blocked"),
    SandboxCard("dispute", "4000000000000259"),
    SandboxCard("inquiry", "4000000000001976"),
    SandboxCard("refund_fails", "4000000000005126"),
    SandboxCard("refund_pending", "4000000000007726"),
    SandboxCard("acquirer_timeout", "4000990000000012"),
    SandboxCard("acquirer_error", "4000990000000020"),
    SandboxCard("duplicate_callback", "4000990000000038"),
)
BY_CODE = {card.code: card for card in _TABLE}
BY_NUMBER = {card.number: card for card in _TABLE}


def passes_luhn(number: str) -> bool:
    """Tell whether a number's last digit checks the others."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004
    return total % 10 == 0
