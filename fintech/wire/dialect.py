"""
What exists only so that foreign clients understand us: every such token is here.

Works with the official `stripe` SDKs; not affiliated with or endorsed by Stripe. Each
token is an alias of a neutral name; the domain and our own documentation know only
the neutral one.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

SIGNATURE_HEADER = "Stripe-Signature"
VERSION_HEADER = "Stripe-Version"
ACCOUNT_HEADER = "Stripe-Account"
CONTEXT_HEADER = "Stripe-Context"
RETRY_HEADER = "Stripe-Should-Retry"
# What their clients tell about themselves: dropped before anything is logged.
TELEMETRY_PREFIX = "X-Stripe-Client-"
# The dated shape that ours is a subset of.
PINNED_VERSION = "2026-10-28.endive"

_CARDS = {
    "visa": "visa",
    "visa_debit": "visa",
    "mastercard": "mastercard",
    "amex": "amex",
    "bypassPending": "bypass_pending",
    "chargeDeclined": "declined",
    "visa_chargeDeclined": "declined",
    "chargeDeclinedInsufficientFunds": "insufficient_funds",
    "visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "chargeDeclinedLostCard": "lost_card",
    "visa_chargeDeclinedLostCard": "lost_card",
    "chargeDeclinedStolenCard": "stolen_card",
    "visa_chargeDeclinedStolenCard": "stolen_card",
    "chargeDeclinedExpiredCard": "expired_card",
    "chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "chargeDeclinedProcessingError": "processing_error",
    "chargeCustomerFail": "decline_after_attach",
    "authenticationRequired": "authentication_required",
    "threeDSecure": "three_d_secure",
    "threeDSecure2Required": "three_d_secure",
    "riskLevelElevated": "risk_elevated",
    "radarBlock": "blocked",
    "createDispute": "dispute",
    "createDisputeInquiry": "inquiry",
    "refundFail": "refund_fails",
    "pendingRefund": "refund_pending",
    "acquirerTimeout": "acquirer_timeout",
    "acquirerError": "acquirer_error",
    "duplicateCallback": "duplicate_callback",
}
_SHORT_SPELLING = re.compile(r"([spr]k_(?:test|live)_ffp)(?=[0-9A-Za-z]{32}\Z)")
_METHOD_PREFIXES = ("pm_card_", "tok_")
_FIRST_NAME = {code: name for name, code in reversed(_CARDS.items())}


def sandbox_card(token: str) -> str | None:
    """Return the neutral code of the sandbox card that a foreign token names, or None."""
    for prefix in _METHOD_PREFIXES:
        if token.startswith(prefix):
            return _CARDS.get(token.removeprefix(prefix))
    return None


def is_card_token(text: str) -> bool:
    """Whether a text has the form of a foreign card token, known or not."""
    return text.startswith(_METHOD_PREFIXES)


def card_token(code: str) -> str:
    """Return the foreign token of a sandbox card, for the table in the documentation."""
    return f"pm_card_{_FIRST_NAME[code]}"


def card_named(name: str) -> str:
    """Return a sandbox card's foreign token by its foreign name."""
    return f"pm_card_{name}"


def card_tokens() -> dict[str, str]:
    """Return every foreign token with the neutral code of its sandbox card."""
    return {f"pm_card_{name}": code for name, code in _CARDS.items()}


def own_spelling(secret: str) -> str:
    """
    Return a key as we write it.

    Some clients take nothing but letters and digits after the mode, so a key may also be
    written without its last underscore: `sk_test_ffpX…` for `sk_test_ffp_X…`.
    """
    found = _SHORT_SPELLING.match(secret)
    return f"{found[1]}_{secret[found.end(1) :]}" if found else secret


def signature(body: bytes, *, secrets: Sequence[str], timestamp: int) -> str:
    """
    Return the value of the signature header for a webhook's exact bytes.

    While a secret is being rolled both sign, each with its own `v1`.
    """
    signed = f"{timestamp}.".encode() + body
    codes = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={code}" for code in codes)])


def named_account(headers: Mapping[str, str]) -> str | None:
    """Return the account that a foreign client wants to act for, if it names one."""
    return headers.get(ACCOUNT_HEADER) or headers.get(CONTEXT_HEADER) or None


def answer_headers(headers: Mapping[str, str], *, status: int) -> dict[str, str]:
    """Return the headers that only a foreign client gets; its version changes no shape."""
    asked = headers.get(VERSION_HEADER)
    if not asked:
        return {}
    told = {VERSION_HEADER: asked}
    if asked != PINNED_VERSION:
        told["API-Compat"] = f"pinned={PINNED_VERSION}"
    if status == 429:  # noqa: PLR2004 - Too Many Requests.
        told[RETRY_HEADER] = "true"
    return told
