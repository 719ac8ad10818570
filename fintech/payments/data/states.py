"""The words of payments: states, kinds, and what a provider said in one of them."""

from enum import StrEnum

# Stands where a provider's name stands: a wallet of ours, asked inside the transaction.
WALLET = "wallet"


class PaymentState(StrEnum):
    """Where a payment stands."""

    CREATED = "created"
    AWAITING_PAYER = "awaiting_payer"
    PROCESSING = "processing"
    IN_REVIEW = "in_review"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    CANCELED = "canceled"
    CONFLICTED = "conflicted"


class AttemptState(StrEnum):
    """Where one try to authorize a card stands."""

    CREATED = "created"
    AUTHORIZING = "authorizing"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    ERRORED = "errored"
    UNKNOWN = "unknown"


class Authentication(StrEnum):
    """Whether the payer of an attempt has proved who they are; most are not asked."""

    NOT_ASKED = ""
    ASKED = "asked"
    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


class Liability(StrEnum):
    """Who answers for an attempt if the payer says that it was not them."""

    UNDECIDED = ""  # Nothing is reserved, or a wallet of ours pays.
    MERCHANT = "merchant"
    ISSUER = "issuer"  # It has shifted: the payer had proved who they are.


class CaptureState(StrEnum):
    """Where one taking of authorized money stands."""

    CREATED = "created"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REVERSED = "reversed"  # It had not happened after all: two people have said so.


class RefundState(StrEnum):
    """
    Where one giving back of captured money stands.

    A refund that spans several captures, of which some did it and others did not, has
    `partially_succeeded`; no row of the database has, for each capture's part is a row.
    """

    CREATED = "created"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"
    PARTIALLY_SUCCEEDED = "partially_succeeded"


class SessionState(StrEnum):
    """Where a checkout session stands."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class SessionOutcome(StrEnum):
    """What came of the money of a checkout session that is complete."""

    NONE = ""  # It is reserved, and not taken yet.
    PAID = "paid"
    FAILED = "failed"


class Purpose(StrEnum):
    """What the money is for."""

    SALE = "sale"
    TOP_UP = "top_up"


class CaptureMethod(StrEnum):
    """Whether the money is taken with the authorization or on the merchant's word."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Operation(StrEnum):
    """What a provider can be asked to do."""

    AUTHORIZATION = "authorization"
    CAPTURE = "capture"
    VOID = "void"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"


class Verdict(StrEnum):
    """What a person decides of a payment in review."""

    APPROVE = "approve"
    DECLINE = "decline"


class RouteOrder(StrEnum):
    """In which order a route's providers are asked."""

    LISTED = "listed"
    CHEAPEST = "cheapest"
    MOST_SUCCESSFUL = "most_successful"


class AnswerStatus(StrEnum):
    """What a provider said, in one word for every operation."""

    APPROVED = "approved"  # authorized
    DECLINED = "declined"  # refused for good
    CHALLENGE = "challenge"  # the payer must prove who they are
    SUCCEEDED = "succeeded"  # captured, voided or refunded
    FAILED = "failed"  # not captured, voided or refunded, for good
    PENDING = "pending"  # taken on; the outcome comes later
    ABSENT = "absent"  # the provider has never heard of it: nothing happened
    UNKNOWN = "unknown"  # no answer that could be understood
