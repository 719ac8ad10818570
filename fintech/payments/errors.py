"""Everything payments can refuse, on one screen. Amounts in facts are minor units."""

from typing import Any
from uuid import UUID

from fintech.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Unavailable
from fintech.kernel.money import Money


class PaymentNotFound(NotFound):
    """This merchant has no such payment."""

    code = "resource_missing"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__("There is no such payment.", payment_id=str(payment_id))


class AttemptNotFound(NotFound):
    """This merchant has no such attempt."""

    code = "resource_missing"

    def __init__(self, attempt_id: UUID) -> None:
        super().__init__("There is no such charge.", attempt_id=str(attempt_id))


class RefundNotFound(NotFound):
    """This merchant has no such refund."""

    code = "resource_missing"

    def __init__(self, refund_id: UUID) -> None:
        super().__init__("There is no such refund.", refund_id=str(refund_id))


class CustomerNotFound(NotFound):
    """This merchant has no such customer."""

    code = "resource_missing"

    def __init__(self, customer_id: UUID) -> None:
        super().__init__("There is no such customer.", customer_id=str(customer_id))


class PaymentMethodNotFound(NotFound):
    """This merchant has no such payment method."""

    code = "resource_missing"

    def __init__(self, payment_method_id: UUID) -> None:
        super().__init__(
            "There is no such payment method.", payment_method_id=str(payment_method_id)
        )


class BalanceTransactionNotFound(NotFound):
    """This merchant's balance has no such movement."""

    code = "resource_missing"

    def __init__(self, entry_id: UUID) -> None:
        super().__init__("There is no such balance transaction.", entry_id=str(entry_id))


class LinkNotFound(NotFound):
    """There is no such payment link, or it no longer takes payments."""

    code = "resource_missing"

    def __init__(self, link: str) -> None:
        super().__init__("There is no such payment link.", link=link)


class SessionNotFound(NotFound):
    """There is no such checkout session, or not of this merchant."""

    code = "resource_missing"

    def __init__(self, session: str) -> None:
        super().__init__("There is no such checkout session.", session=session)


class SessionNotOpen(Refused):
    """Nobody pays at the session any more, or somebody does just now."""

    code = "checkout_session_unexpected_state"

    def __init__(self, session_id: UUID, *, state: str) -> None:
        words = str(state).replace("_", " ")
        super().__init__(
            f"The checkout session takes no payment and cannot be expired: it is {words}.",
            session_id=str(session_id),
            state=str(state),
        )


class SessionBusy(Conflict):
    """Somebody has begun to pay at the session this very moment."""

    code = "lock_timeout"

    def __init__(self, session_id: UUID) -> None:
        super().__init__("Somebody has just begun to pay there.", session_id=str(session_id))


class ProductNotFound(NotFound):
    """This merchant has no such product."""

    code = "resource_missing"

    def __init__(self, product_id: UUID) -> None:
        super().__init__("There is no such product.", product_id=str(product_id))


class PriceNotFound(NotFound):
    """This merchant has no such price."""

    code = "resource_missing"

    def __init__(self, price_id: UUID, *, param: str | None = None) -> None:
        super().__init__("There is no such price.", price_id=str(price_id))
        self.param = param


class CatalogInUse(Refused):
    """Something else of the catalog rests on this."""

    code = "resource_in_use"

    def __init__(self, message: str, **of: UUID) -> None:
        super().__init__(message, **{name: str(value) for name, value in of.items()})


class LookupKeyTaken(Refused):
    """Another price of the merchant is found by this key."""

    code = "resource_already_exists"

    def __init__(self, lookup_key: str) -> None:
        super().__init__("Another price has this lookup key.", lookup_key=lookup_key)
        self.param = "lookup_key"


class ProviderUnknown(NotFound):
    """No provider is registered under this name."""

    code = "resource_missing"

    def __init__(self, provider: str) -> None:
        super().__init__("There is no such provider.", provider=provider)


class RoutePositionTaken(Refused):
    """Routes are tried in an order, so two of one merchant cannot stand in one place."""

    code = "route_position_taken"

    def __init__(self, position: int) -> None:
        super().__init__("Another route stands there.", position=position)


class UnexpectedState(Refused):
    """The payment is not in a state in which this can be done to it."""

    code = "payment_intent_unexpected_state"

    def __init__(self, *, payment_id: UUID, state: str, action: str, because: str = "") -> None:
        words = state.replace("_", " ")
        why = f" ({because})" if because else ""
        super().__init__(
            f"The payment is {words}{why}; it cannot {action}.",
            payment_id=str(payment_id),
            state=str(state),
            action=action,
        )


class CaptureTooLarge(Refused):
    """More was asked for than the payer's bank has reserved and we have not taken."""

    code = "capture_exceeds_authorization"

    def __init__(self, *, payment_id: UUID, asked: Money, left: Money) -> None:
        super().__init__(
            f"{asked} was asked for; {left} is left to capture.",
            payment_id=str(payment_id),
            asked_minor=asked.minor,
            left_minor=left.minor,
            currency=left.currency,
        )
        self.param = "amount_to_capture"


class NotAdjustable(Refused):
    """What is reserved cannot be changed."""

    code = "payment_intent_unexpected_state"

    def __init__(self, *, payment_id: UUID, because: str) -> None:
        super().__init__(
            f"The authorization cannot be changed: {because}.", payment_id=str(payment_id)
        )


class AuthorizationExpired(Refused):
    """The payer's bank no longer keeps the money for us."""

    code = "authorization_expired"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__("The authorization has expired.", payment_id=str(payment_id))


class RefundTooLarge(Refused):
    """More was asked back than is left to refund."""

    code = "refund_exceeds_charge"

    def __init__(self, *, payment_id: UUID, asked: Money, left: Money) -> None:
        super().__init__(
            f"{asked} was asked for; {left} is left to refund.",
            payment_id=str(payment_id),
            asked_minor=asked.minor,
            left_minor=left.minor,
            currency=left.currency,
        )
        self.param = "amount"


class AlreadyRefunded(Refused):
    """Everything that was captured has been given back."""

    code = "charge_already_refunded"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__("The payment has been refunded in full.", payment_id=str(payment_id))


class NotRefundable(Refused):
    """This kind of payment is not given back by a refund."""

    code = "payment_intent_unexpected_state"

    def __init__(self, *, payment_id: UUID, because: str) -> None:
        super().__init__(f"The payment cannot be refunded: {because}.", payment_id=str(payment_id))


class LimitExceeded(Refused):
    """The payment would go over a limit; nothing was reserved."""

    code = "limit_exceeded"

    def __init__(self, breaches: tuple[str, ...]) -> None:
        self.breaches = breaches
        super().__init__("The payment would go over a limit.", breaches=list(breaches))


class ReviewNotOpen(Refused):
    """The payment is not waiting for a decision."""

    code = "payment_intent_unexpected_state"

    def __init__(self, *, payment_id: UUID, state: str) -> None:
        super().__init__(
            "The payment is not waiting for a review decision.",
            payment_id=str(payment_id),
            state=str(state),
        )


class WalletUnfit(Refused):
    """The wallet does not take money now."""

    code = "wallet_frozen"

    def __init__(self, *, wallet_id: UUID, state: str) -> None:
        super().__init__(f"The wallet is {state}.", wallet_id=str(wallet_id), state=str(state))


class AmountTooSmall(Invalid):
    """An amount is at least one minor unit."""

    code = "amount_too_small"

    def __init__(self, minor: int, *, param: str = "amount") -> None:
        super().__init__("The amount must be at least 1 minor unit.", amount=minor)
        self.param = param


class AmountTooLarge(Invalid):
    """An amount has at most 12 digits of minor units."""

    code = "amount_too_large"

    def __init__(self, minor: int, *, param: str = "amount") -> None:
        super().__init__("The amount must be at most 999999999999 minor units.", amount=minor)
        self.param = param


class CurrenciesDiffer(Invalid):
    """What is sold together is in one currency."""

    code = "currency_mismatch"

    def __init__(self, param: str) -> None:
        super().__init__("This is in another currency than the lines before it.")
        self.param = param


class CurrencyNotSupported(Invalid):
    """The currency is not one we know."""

    code = "currency_not_supported"

    def __init__(self, currency: str) -> None:
        super().__init__("The currency is not supported.", currency=currency[:20])
        self.param = "currency"


class PaymentMethodMissing(Invalid):
    """A payment is confirmed with a payment method."""

    code = "parameter_missing"

    def __init__(self) -> None:
        super().__init__("A payment method is needed to confirm the payment.")
        self.param = "payment_method"


class ParameterInvalid(Invalid):
    """A value is not one that is accepted here."""

    code = "parameter_invalid"

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


class CardNumberUnknown(Invalid):
    """A sandbox takes the numbers of its own table only, so that no real card gets in."""

    code = "test_card_required"

    def __init__(self, param: str = "card[number]") -> None:
        super().__init__("Only the sandbox card numbers of the documentation are accepted.")
        self.param = param


class CallbackUnverified(Invalid):
    """The callback's signature, age or form is not the provider's."""

    code = "signature_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__("The callback could not be verified.", reason=reason)


class AcquirerUnavailable(Unavailable):
    """The acquirer could not be asked, or answered that it did nothing."""

    code = "acquirer_unavailable"

    def __init__(self, payment: Any = None) -> None:
        self.payment = payment  # A `data.Payment`: errors lie below the values.
        facts = {"payment_id": str(payment.id)} if payment else {}
        super().__init__("The acquirer is not available; nothing was charged.", **facts)


class ReviewNeedsTwo(Forbidden):
    """So much is not approved by one person alone."""

    code = "approval_required"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(
            "So much is approved by two people of the back office.", payment_id=str(payment_id)
        )


class ReviewLost(Conflict):
    """Somebody else decided this review first."""

    code = "lock_timeout"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__("The review has been decided already.", payment_id=str(payment_id))


class NotCorrectable(Refused):
    """The payment is not frozen, or cannot have come to what is said of it."""

    code = "payment_intent_unexpected_state"

    def __init__(self, *, payment_id: UUID, because: str) -> None:
        super().__init__(f"The payment cannot be corrected: {because}.", payment_id=str(payment_id))


class CorrectionStale(Conflict):
    """Something has happened to the payment since the correction was proposed."""

    code = "lock_timeout"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(
            "The payment has changed since the correction was proposed.",
            payment_id=str(payment_id),
        )


class HeldForPayment(Refused):
    """A hold that a payment keeps is taken and let go by the payment alone."""

    code = "payment_intent_unexpected_state"

    def __init__(self, *, payment_id: UUID) -> None:
        super().__init__(
            "The hold belongs to a payment; capture or cancel the payment.",
            payment_id=str(payment_id),
        )


_CARD_CODES = frozenset(
    {
        "expired_card",
        "incorrect_cvc",
        "incorrect_number",
        "processing_error",
        "authentication_required",
    }
)


class CardDeclined(Refused):
    """
    The payer's bank, or our own fraud decision, said no.

    `payment` is the payment as it was committed with the decline; `code` is the public
    code and `decline_code` the finer reason.
    """

    code = "card_declined"
    status_hint = "card"

    def __init__(self, payment: Any) -> None:
        self.payment = payment  # A `data.Payment`: errors lie below the values.
        declined = payment.last_error
        decline_code = declined.decline_code if declined else "generic_decline"
        self.decline_code = decline_code
        super().__init__(
            declined.message if declined else "The card was declined.",
            payment_id=str(payment.id),
            attempt_id=str(declined.attempt_id) if declined else "",
            decline_code=decline_code,
        )
        self.code = public_code(decline_code)


def public_code(decline_code: str) -> str:
    """Return the error code under which a decline is shown."""
    if decline_code == "insufficient_wallet_funds":
        return "insufficient_funds"
    return decline_code if decline_code in _CARD_CODES else "card_declined"


class ProviderRefused(Refused):
    """The acquirer did not do it, for good."""

    code = "processing_error"
    status_hint = "card"

    def __init__(self, *, action: str, because: str) -> None:
        super().__init__(f"The acquirer did not {action}.", action=action, because=because)


class CardNumberIncorrect(Refused):
    """The number's check digit is wrong: it can be no card's."""

    code = "incorrect_number"
    status_hint = "card"

    def __init__(self) -> None:
        super().__init__("The card number is incorrect.", decline_code="incorrect_number")
        self.param = "card[number]"


class TransferBlocked(Refused):
    """Fraud has said no to a transfer between wallets; nothing moved."""

    code = "transfer_blocked"

    def __init__(self) -> None:
        super().__init__("The transfer was blocked.")
