"""Everything wallets can refuse, on one screen. Amounts in facts are minor units."""

from uuid import UUID

from fintech.kernel.errors import Conflict, Invalid, NotFound, Refused
from fintech.kernel.money import Money


class WalletNotFound(NotFound):
    """This merchant has no such wallet."""

    code = "resource_missing"

    def __init__(self, wallet_id: UUID) -> None:
        super().__init__("There is no such wallet.", wallet_id=str(wallet_id))


class HoldNotFound(NotFound):
    """This merchant has no such hold."""

    code = "resource_missing"

    def __init__(self, hold_id: UUID) -> None:
        super().__init__("There is no such hold.", hold_id=str(hold_id))


class LimitNotFound(NotFound):
    """This merchant has no such limit."""

    code = "resource_missing"

    def __init__(self, limit_id: UUID) -> None:
        super().__init__("There is no such limit.", limit_id=str(limit_id))


class TransferNotFound(NotFound):
    """This merchant has no such transfer."""

    code = "resource_missing"

    def __init__(self, transfer_id: UUID) -> None:
        super().__init__("There is no such transfer.", transfer_id=str(transfer_id))


class WithdrawalNotFound(NotFound):
    """This merchant has no such withdrawal."""

    code = "resource_missing"

    def __init__(self, withdrawal_id: UUID) -> None:
        super().__init__("There is no such withdrawal.", withdrawal_id=str(withdrawal_id))


class QuoteNotFound(NotFound):
    """This merchant has no such quote."""

    code = "resource_missing"

    def __init__(self, quote_id: UUID) -> None:
        super().__init__("There is no such quote.", quote_id=str(quote_id))


class QuoteNotOpen(Refused):
    """A quote can be used once, and not after its time."""

    code = "quote_expired"

    def __init__(self, *, quote_id: UUID, because: str) -> None:
        super().__init__(f"The quote {because}.", quote_id=str(quote_id))
        self.param = "quote"


class QuoteMissing(Invalid):
    """Money changes its currency only at the terms of a quote."""

    code = "parameter_missing"

    def __init__(self) -> None:
        super().__init__("A quote is needed between wallets of two currencies.")
        self.param = "quote"


class RateUnknown(Refused):
    """Nobody has told us what the currency is worth."""

    code = "rate_unavailable"

    def __init__(self, currency: str) -> None:
        super().__init__(f"There is no recent rate for {currency}.", currency=currency)
        self.param = "currency"


class TransferNotReversible(Refused):
    """A transfer goes back once, and only one that was not converted."""

    code = "transfer_unexpected_state"

    def __init__(self, *, transfer_id: UUID, because: str) -> None:
        super().__init__(
            f"The transfer {because}; it cannot be reversed.", transfer_id=str(transfer_id)
        )


class WalletFrozen(Refused):
    """Nothing leaves a wallet that is frozen or closed."""

    code = "wallet_frozen"

    def __init__(self, *, wallet_id: UUID, state: str) -> None:
        super().__init__(f"The wallet is {state}.", wallet_id=str(wallet_id), state=state)


class WalletNotEmpty(Refused):
    """A wallet is closed only when nothing is in it and nothing is held."""

    code = "wallet_not_empty"

    def __init__(self, *, wallet_id: UUID, posted: Money, held: Money) -> None:
        super().__init__(
            f"The wallet holds {posted}, {held} of it set aside; it is closed only at zero.",
            wallet_id=str(wallet_id),
            posted_minor=posted.minor,
            held_minor=held.minor,
            currency=posted.currency,
        )


class WalletChanged(Conflict):
    """The wallet has changed since the caller looked at it."""

    code = "precondition_failed"

    def __init__(self, *, wallet_id: UUID, expected: int, version: int) -> None:
        super().__init__(
            f"The wallet has changed: version {expected} was expected, it is {version}.",
            wallet_id=str(wallet_id),
            expected=expected,
            version=version,
        )


class InsufficientFunds(Refused):
    """More was asked for than is available."""

    code = "balance_insufficient"

    def __init__(self, *, wallet_id: UUID, asked: Money) -> None:
        super().__init__(
            f"{asked} was asked for; the wallet has less available.",
            wallet_id=str(wallet_id),
            asked_minor=asked.minor,
            currency=asked.currency,
        )
        self.param = "amount"


class OverdraftNotAllowed(Refused):
    """The merchant may not lend so much."""

    code = "overdraft_not_allowed"

    def __init__(self, *, asked: Money, allowed: Money) -> None:
        super().__init__(
            f"A wallet may be overdrawn by at most {allowed}, not by {asked}.",
            asked_minor=asked.minor,
            allowed_minor=allowed.minor,
            currency=asked.currency,
        )
        self.param = "minimum_balance"


class BelowMinimum(Refused):
    """The wallet has less available than would have to stay in it."""

    code = "wallet_below_minimum"

    def __init__(self, *, wallet_id: UUID, minimum: Money) -> None:
        super().__init__(
            f"The wallet has less than {minimum} that is not set aside.",
            wallet_id=str(wallet_id),
            minimum_minor=minimum.minor,
            currency=minimum.currency,
        )
        self.param = "minimum_balance"


class CaptureTooLarge(Refused):
    """More was asked for than is left of the hold."""

    code = "capture_exceeds_authorization"

    def __init__(self, *, hold_id: UUID, asked: Money, left: Money) -> None:
        super().__init__(
            f"{asked} was asked for; {left} is left of the hold.",
            hold_id=str(hold_id),
            asked_minor=asked.minor,
            left_minor=left.minor,
            currency=left.currency,
        )
        self.param = "amount"


class UnexpectedState(Refused):
    """The hold is not in a state in which this can be done to it."""

    code = "hold_unexpected_state"

    def __init__(self, *, hold_id: UUID, state: str, action: str) -> None:
        super().__init__(
            f"The hold is {state.replace('_', ' ')}; it cannot {action}.",
            hold_id=str(hold_id),
            state=state,
        )


class TransferUnexpectedState(Refused):
    """The transfer does not wait for a person's decision."""

    code = "transfer_unexpected_state"

    def __init__(self, *, transfer_id: UUID, state: str) -> None:
        super().__init__(
            f"The transfer is {state.replace('_', ' ')}; it cannot be decided.",
            transfer_id=str(transfer_id),
            state=state,
        )


class WithdrawalUnexpectedState(Refused):
    """The withdrawal is not in a state in which this can be done to it."""

    code = "withdrawal_unexpected_state"

    def __init__(self, *, withdrawal_id: UUID, state: str, action: str) -> None:
        super().__init__(
            f"The withdrawal is {state.replace('_', ' ')}; it cannot {action}.",
            withdrawal_id=str(withdrawal_id),
            state=state,
        )


class CurrencyNotTheWallets(Invalid):
    """The amount is in another currency than the wallet."""

    code = "wallet_currency_mismatch"

    def __init__(self, *, asked: str, wallet: str) -> None:
        super().__init__(f"The wallet is in {wallet}, not in {asked}.", asked=asked, wallet=wallet)
        self.param = "currency"


class LimitExceeded(Refused):
    """It would go over a limit; nothing was reserved."""

    code = "limit_exceeded"

    def __init__(self, breaches: tuple[str, ...]) -> None:
        super().__init__(
            f"This would go over a limit: {'; '.join(breaches)}.", breaches=list(breaches)
        )


class AmountTooSmall(Invalid):
    """An amount is at least one minor unit."""

    code = "amount_too_small"

    def __init__(self, minor: int) -> None:
        super().__init__("The amount must be at least 1 minor unit.", amount=minor)
        self.param = "amount"


class AmountTooLarge(Invalid):
    """An amount has at most 12 digits of minor units."""

    code = "amount_too_large"

    def __init__(self, minor: int) -> None:
        super().__init__("The amount must be at most 999999999999 minor units.", amount=minor)
        self.param = "amount"


class CurrencyNotSupported(Invalid):
    """The currency is not one we know."""

    code = "currency_not_supported"

    def __init__(self, currency: str) -> None:
        super().__init__("The currency is not supported.", currency=currency[:20])
        self.param = "currency"


class ParameterInvalid(Invalid):
    """A value is not one that is accepted here."""

    code = "parameter_invalid"

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
