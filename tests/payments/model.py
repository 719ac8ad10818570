"""
The money of payments in plain dictionaries: no database, no Django, nothing of ours.

What a payment's amounts and a merchant's and a wallet's balances must be after each
command, and which refusal each wrong command gets.
"""

from dataclasses import dataclass, field

OPEN, RESERVED, PART, DONE, ENDED, LOST = (
    "created",
    "authorized",
    "partially_captured",
    "captured",
    "canceled",
    "processing",
)
BASIS_POINTS = 140
FIXED = {"EUR": 25, "JPY": 0, "KWD": 0}  # Agreed in the merchant's own currency alone.


@dataclass
class Sale:
    """One payment, as the model knows it."""

    currency: str
    amount: int
    manual: bool
    wallet: int | None = None  # Which wallet pays; None is a card.
    state: str = OPEN
    reserved: int = 0
    taken: int = 0
    given: int = 0
    fee: int = 0
    takes: list[list[int]] = field(default_factory=list)  # [taken, given] of each capture


@dataclass
class Money:
    """What the model keeps."""

    pending: dict[str, int] = field(default_factory=dict)  # the merchant's, by currency
    owed: dict[str, int] = field(default_factory=dict)  # by the merchant
    wallets: list[list] = field(default_factory=list)  # [currency, posted, held]

    def available(self, wallet: int) -> int:
        _, posted, held = self.wallets[wallet]
        return posted - held

    def confirm(self, sale: Sale, *, answer_lost: bool = False) -> str:
        """Reserve, and take where the sale is automatic; return what the caller hears."""
        if sale.state != OPEN:
            return "UnexpectedState"
        if sale.wallet is not None:
            if self.available(sale.wallet) < sale.amount:
                return "CardDeclined"
            self.wallets[sale.wallet][2] += sale.amount
        elif answer_lost:
            sale.state = LOST
            return LOST
        self.approve(sale)
        return sale.state

    def approve(self, sale: Sale) -> None:
        """Note that the money is reserved; the automatic capture follows."""
        sale.state, sale.reserved = RESERVED, sale.amount
        if not sale.manual:
            self._take(sale, sale.amount, final=True)

    def capture(self, sale: Sale, amount: int, *, final: bool) -> str:
        """Take some of what is reserved."""
        if sale.state not in {RESERVED, PART}:
            return "UnexpectedState"
        left = sale.reserved - sale.taken
        if amount > left:
            return "CaptureTooLarge"
        self._take(sale, amount, final=final)
        return sale.state

    def cancel(self, sale: Sale) -> str:
        """End it; what is still reserved goes back."""
        if sale.state not in {OPEN, RESERVED, PART}:
            return "UnexpectedState"
        self._let_go(sale)
        sale.state = DONE if sale.taken else ENDED
        return sale.state

    def refund(self, sale: Sale, amount: int) -> str:
        """Give back some of what was taken, from the oldest capture that holds as much, or from several."""
        if sale.state not in {DONE, PART}:
            return "NotRefundable"
        left = sale.taken - sale.given
        if not left:
            return "AlreadyRefunded"
        if amount > left:
            return "RefundTooLarge"
        whole = [take for take in sale.takes if take[0] - take[1] >= amount]
        missing = amount
        for take in whole[:1] or sale.takes:
            share = min(take[0] - take[1], missing)
            take[1] += share
            missing -= share
        sale.given += amount
        there = min(amount, max(self.pending[sale.currency], 0))
        self.pending[sale.currency] -= there
        self.owed[sale.currency] = self.owed.get(sale.currency, 0) + amount - there
        if sale.wallet is not None:
            self.wallets[sale.wallet][1] += amount
        return "succeeded"

    def _take(self, sale: Sale, amount: int, *, final: bool) -> None:
        fixed = 0 if sale.taken else FIXED[sale.currency]
        fee = min((amount * BASIS_POINTS * 2 + 10_000) // 20_000 + fixed, amount)
        sale.taken += amount
        sale.fee += fee
        sale.takes.append([amount, 0])
        self.pending[sale.currency] = self.pending.get(sale.currency, 0) + amount - fee
        if sale.wallet is not None:
            self.wallets[sale.wallet][1] -= amount
            self.wallets[sale.wallet][2] -= amount
        if final or sale.taken == sale.reserved:
            self._let_go(sale)
            sale.state = DONE
        else:
            sale.state = PART

    def _let_go(self, sale: Sale) -> None:
        if sale.wallet is not None:
            self.wallets[sale.wallet][2] -= sale.reserved - sale.taken
