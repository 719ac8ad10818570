"""Every code there is: what it means, and what whoever meets it can do."""

from dataclasses import dataclass

INVALID = "invalid_request_error"
CARD = "card_error"
IDEMPOTENCY = "idempotency_error"
RATE = "rate_limit_error"
API = "api_error"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the catalogue."""

    code: str
    status: int
    type: str
    meaning: str
    remedy: str


_FIX = "Correct the request and send it again; the same idempotency key may be used."
_WAIT = "Send the same request again a little later, with the same idempotency key."
_LOOK = "Retrieve the object, look at its status, and decide what to do next."

_RULES = (
    # 400: the request cannot be right.
    Rule("parameter_missing", 400, INVALID, "A parameter that is required was not given.", _FIX),
    Rule(
        "parameter_unknown",
        400,
        INVALID,
        "A parameter is not one of this operation. Nothing is ignored silently.",
        "Remove it, or check its spelling in the reference.",
    ),
    Rule(
        "parameter_invalid_integer",
        400,
        INVALID,
        "A whole number was expected: not text, not a decimal, not a boolean.",
        "Send an integer in minor units, such as 4250 for 42.50 EUR.",
    ),
    Rule("parameter_invalid_empty", 400, INVALID, "A required parameter is empty.", _FIX),
    Rule(
        "parameter_invalid",
        400,
        INVALID,
        "A parameter has a type, form or length that is not accepted here.",
        _FIX,
    ),
    Rule(
        "parameters_exclusive",
        400,
        INVALID,
        "Two parameters were given that exclude each other.",
        "Send one of them.",
    ),
    Rule("amount_too_small", 400, INVALID, "An amount is at least one minor unit.", _FIX),
    Rule("amount_too_large", 400, INVALID, "An amount is more than can be charged at once.", _FIX),
    Rule(
        "currency_not_supported",
        400,
        INVALID,
        "The currency is not one that can be paid with, or not for this merchant.",
        "Use the ISO 4217 code of a currency in circulation, in lower case.",
    ),
    Rule(
        "currency_mismatch",
        400,
        INVALID,
        "Two currencies met where one was expected.",
        "Use the currency of the payment or wallet.",
    ),
    Rule(
        "resource_already_exists",
        400,
        INVALID,
        "There is such a thing already.",
        "Retrieve and use the one that exists.",
    ),
    Rule(
        "payment_intent_unexpected_state",
        400,
        INVALID,
        "The payment's state does not allow this.",
        _LOOK,
    ),
    Rule(
        "charge_already_refunded",
        400,
        INVALID,
        "Everything that was captured has been given back.",
        "Nothing is left to do.",
    ),
    Rule(
        "refund_exceeds_charge",
        400,
        INVALID,
        "More was asked back than is left to refund.",
        "Refund at most what was captured less what has been refunded.",
    ),
    Rule("charge_disputed", 400, INVALID, "The charge is disputed.", "Wait for the dispute's end."),
    Rule(
        "capture_exceeds_authorization",
        400,
        INVALID,
        "More was asked for than is left of the authorization.",
        "Capture at most `amount_capturable`.",
    ),
    Rule(
        "authorization_expired",
        400,
        INVALID,
        "The payer's bank no longer keeps the money reserved.",
        "Make a new payment.",
    ),
    Rule(
        "balance_insufficient",
        400,
        INVALID,
        "There is less money than this needs.",
        "Ask for less, or wait for funds to become available.",
    ),
    Rule("payout_not_cancelable", 400, INVALID, "The payout is on its way.", "Reverse it instead."),
    Rule("hold_unexpected_state", 400, INVALID, "The hold's state does not allow this.", _LOOK),
    Rule(
        "withdrawal_unexpected_state",
        400,
        INVALID,
        "The withdrawal's state does not allow this.",
        _LOOK,
    ),
    Rule(
        "capture_exceeds_hold",
        400,
        INVALID,
        "More was asked for than is left of the hold.",
        "Capture at most `amount` less `amount_captured`.",
    ),
    Rule(
        "wallet_frozen",
        400,
        INVALID,
        "The wallet does not move money now.",
        "Unfreeze it, or use another.",
    ),
    Rule(
        "limit_exceeded",
        400,
        INVALID,
        "This would go over a limit; nothing was reserved.",
        "Ask for less, or wait for the limit's window to pass.",
    ),
    Rule(
        "wallet_currency_mismatch",
        400,
        INVALID,
        "The wallet is in another currency.",
        "Use the wallet's currency.",
    ),
    Rule(
        "entry_unbalanced",
        400,
        INVALID,
        "A journal entry's lines do not sum to zero per currency.",
        _FIX,
    ),
    Rule(
        "entry_already_reversed",
        400,
        INVALID,
        "The journal entry has been reversed.",
        "Nothing is left to do.",
    ),
    Rule(
        "entry_not_reversible",
        400,
        INVALID,
        "This kind of journal entry is not reversed.",
        "Capture or release what it sets aside.",
    ),
    Rule(
        "receipt_too_early",
        503,
        API,
        "The message that this tells of is still being sent.",
        _WAIT,
    ),
    Rule(
        "mail_not_taken",
        503,
        API,
        "The mail server did not take the mail.",
        _WAIT,
    ),
    Rule(
        "notice_always_sent",
        400,
        INVALID,
        "Notices about security are always sent.",
        "Nothing to do: such a notice cannot be refused.",
    ),
    Rule("ledger_account_closed", 400, INVALID, "The ledger account is closed.", "Use another."),
    Rule(
        "ledger_account_unknown", 400, INVALID, "There is no such ledger account.", "Open it first."
    ),
    Rule(
        "entry_overdraft",
        400,
        INVALID,
        "An account that may not go below zero would.",
        "Ask for less.",
    ),
    Rule(
        "entry_currency_mismatch",
        400,
        INVALID,
        "A line is in another currency than its account.",
        _FIX,
    ),
    Rule(
        "entry_conflict",
        400,
        INVALID,
        "The journal holds another entry under this id.",
        "Use a new id.",
    ),
    Rule(
        "entry_id_out_of_window",
        400,
        INVALID,
        "The entry's id was made too long ago or in the future.",
        "Use a new id.",
    ),
    Rule("period_closed", 400, INVALID, "The period is closed.", "Book it in an open period."),
    Rule(
        "entry_not_sealed", 400, INVALID, "The entry is not sealed yet.", "Ask again in a second."
    ),
    Rule("manual_entry_wrong", 400, INVALID, "The proposed entry cannot be posted.", _FIX),
    Rule("period_not_over", 400, INVALID, "The period is not over.", "Close it when it is."),
    Rule(
        "ledger_account_in_use",
        400,
        INVALID,
        "The ledger account holds money, or money is pending on it.",
        "Empty it first.",
    ),
    Rule("batch_too_large", 400, INVALID, "The batch has too many items.", "Send it in parts."),
    Rule("run_unexpected_state", 400, INVALID, "The run's state does not allow this.", _LOOK),
    Rule(
        "statement_unreadable",
        400,
        INVALID,
        "The file is no statement or report that can be read; nothing of it was stored.",
        "Send camt.053, MT940 or a settlement file, unchanged.",
    ),
    Rule("reconciliation_break_resolved", 400, INVALID, "The break was resolved before.", _LOOK),
    Rule(
        "reconciliation_resolution_impossible",
        400,
        INVALID,
        "This kind of break cannot be resolved in this way.",
        "Choose another resolution.",
    ),
    Rule("rule_unreadable", 400, INVALID, "The rule's text is not one; it says where.", _FIX),
    Rule("rule_unexpected_state", 400, INVALID, "The rule's state does not allow this.", _LOOK),
    Rule("model_unexpected_state", 400, INVALID, "The model's stage does not allow this.", _LOOK),
    Rule(
        "model_unfit",
        400,
        INVALID,
        "The model may not decide payments.",
        _LOOK,
    ),
    Rule("nothing_to_learn", 400, INVALID, "Too few frauds are known to train a model.", _LOOK),
    Rule("case_unexpected_state", 400, INVALID, "The case's state does not allow this.", _LOOK),
    Rule(
        "delivery_unexpected_state",
        400,
        INVALID,
        "The delivery is under way, or its endpoint is off.",
        _LOOK,
    ),
    Rule("transfer_unexpected_state", 400, INVALID, "The transfer was reversed before.", _LOOK),
    Rule(
        "quote_expired",
        400,
        INVALID,
        "The quote has run out or was used.",
        "Ask for a new quote.",
    ),
    Rule(
        "rate_unavailable",
        400,
        INVALID,
        "There is no rate between these currencies.",
        "Use currencies that are exchanged here.",
    ),
    Rule(
        "wallet_not_empty",
        400,
        INVALID,
        "A wallet is closed only when nothing is in it.",
        "Pay out or transfer what is in it first.",
    ),
    Rule("pending_not_found", 400, INVALID, "The journal sets nothing aside under this id.", _LOOK),
    Rule(
        "pending_exceeded",
        400,
        INVALID,
        "More was asked for than the pending entry still sets aside.",
        "Ask for at most what remains.",
    ),
    Rule(
        "pending_mismatch",
        400,
        INVALID,
        "The entry does not fit the pending one it captures or releases.",
        _FIX,
    ),
    Rule("entry_refused", 400, INVALID, "The books refuse the journal entry.", _LOOK),
    Rule(
        "url_invalid",
        400,
        INVALID,
        "The address is not one we may call.",
        "Use a public https address without user name and password.",
    ),
    Rule(
        "sandbox_only",
        400,
        INVALID,
        "This is for trying things out: it works in a sandbox only.",
        "Do it in a sandbox.",
    ),
    Rule(
        "test_card_required",
        400,
        INVALID,
        "A sandbox takes its own card numbers only.",
        "Use a number of the documented table; never a real card.",
    ),
    Rule(
        "sensitive_data_rejected",
        400,
        INVALID,
        "A card number stands where none belongs. It was neither stored nor logged.",
        "Leave card numbers out of everything but the card's own field.",
    ),
    Rule(
        "unsupported_media_type",
        400,
        INVALID,
        "The body is in a form that is not read here.",
        "Send application/json in UTF-8, or application/x-www-form-urlencoded.",
    ),
    Rule(
        "malformed_body",
        400,
        INVALID,
        "The body could not be read: broken, ambiguous, or too deep.",
        "Send well-formed JSON without repeated names, at most 8 levels deep.",
    ),
    Rule(
        "signature_invalid",
        400,
        INVALID,
        "The callback could not be verified.",
        "Sign with the provider's secret, and send at once.",
    ),
    Rule(
        "idempotency_key_invalid",
        400,
        INVALID,
        "The idempotency key is empty, too long, or not printable ASCII.",
        "Send 1 to 255 printable characters, such as a UUID.",
    ),
    Rule(
        "idempotency_key_reused",
        400,
        IDEMPOTENCY,
        "The key was used for another request.",
        "Use a new key for a new request.",
    ),
    # 401: nobody we know.
    Rule(
        "api_key_missing",
        401,
        INVALID,
        "No credential was given.",
        "Send `Authorization: Bearer` with a secret key.",
    ),
    Rule(
        "api_key_invalid",
        401,
        INVALID,
        "The key is not one of ours, or was revoked.",
        "Take a key from the dashboard.",
    ),
    Rule("api_key_expired", 401, INVALID, "The key has expired.", "Roll it in the dashboard."),
    Rule("token_invalid", 401, INVALID, "The access token is not valid.", "Ask for a new one."),
    Rule("token_expired", 401, INVALID, "The access token has expired.", "Ask for a new one."),
    # 402: the card.
    Rule(
        "card_declined",
        402,
        CARD,
        "The card was declined; `decline_code` says more.",
        "Ask the payer for another card.",
    ),
    Rule("expired_card", 402, CARD, "The card has expired.", "Ask the payer for another card."),
    Rule(
        "insufficient_funds",
        402,
        CARD,
        "The wallet has less than the payment asks for.",
        "Ask the payer to top it up, or for another payment method.",
    ),
    Rule(
        "incorrect_cvc",
        402,
        CARD,
        "The card's security code is incorrect.",
        "Ask the payer to enter it again.",
    ),
    Rule(
        "incorrect_number",
        402,
        CARD,
        "The card number is incorrect.",
        "Ask the payer to enter it again.",
    ),
    Rule(
        "processing_error",
        402,
        CARD,
        "The card could not be processed.",
        "Try again, or ask the payer for another card.",
    ),
    Rule(
        "authentication_required",
        402,
        CARD,
        "The payer did not prove who they are.",
        "Confirm again, and send the payer to `next_action`.",
    ),
    # 403: known, but not allowed.
    Rule(
        "permission_denied",
        403,
        INVALID,
        "The key lacks the scope that this operation needs; `required_scope` names it.",
        "Use a key with that scope.",
    ),
    Rule(
        "account_invalid",
        403,
        INVALID,
        "A key acts for its own merchant only.",
        "Leave out the header that names another account.",
    ),
    Rule(
        "live_mode_unavailable",
        403,
        INVALID,
        "This instance is a sandbox, or the other way round.",
        "Use a key of this instance.",
    ),
    Rule(
        "approval_required",
        403,
        INVALID,
        "Somebody else has to agree first.",
        "Ask another person with the right to approve it.",
    ),
    Rule(
        "mfa_required",
        403,
        INVALID,
        "This needs a second factor.",
        "Sign in again with your second factor.",
    ),
    # 404 and its kin: nothing here.
    Rule(
        "resource_missing",
        404,
        INVALID,
        "There is no such thing, or it is not yours. In a parameter the status is 400.",
        "Check the id, and that it was made with the same merchant's key.",
    ),
    Rule(
        "unsupported_endpoint",
        404,
        INVALID,
        "There is no such operation here.",
        "See the reference for what there is.",
    ),
    Rule(
        "method_not_allowed",
        405,
        INVALID,
        "This path does not take this method.",
        "Use one of the methods in the `Allow` header.",
    ),
    Rule(
        "not_acceptable",
        406,
        INVALID,
        "The answer could only be JSON.",
        "Accept application/json.",
    ),
    Rule("lock_timeout", 409, API, "Somebody else is changing this; nothing was done.", _WAIT),
    Rule(
        "idempotency_key_in_use",
        409,
        IDEMPOTENCY,
        "The first request with this key is still running.",
        "Wait a second and send it again.",
    ),
    Rule("statement_import_in_progress", 409, API, "This file is being imported now.", _WAIT),
    Rule(
        "reconciliation_run_in_progress",
        409,
        API,
        "Another run of this source has not ended.",
        _WAIT,
    ),
    Rule(
        "precondition_failed",
        412,
        INVALID,
        "The object has changed since you looked.",
        "Retrieve it again.",
    ),
    Rule("request_too_large", 413, INVALID, "The body is too large.", "Send at most 256 KiB."),
    Rule("url_too_long", 414, INVALID, "The address is too long.", "Send at most 8 KiB."),
    Rule(
        "request_timeout",
        408,
        INVALID,
        "The body did not arrive in time; nothing was done.",
        "Send the whole body at once; the same key makes it safe to send it again.",
    ),
    Rule("headers_too_large", 431, INVALID, "The headers are too large.", "Send fewer."),
    Rule(
        "rate_limited",
        429,
        RATE,
        "Too much was asked in too short a time.",
        "Wait as long as `Retry-After` says.",
    ),
    Rule(
        "concurrency_limited",
        429,
        RATE,
        "Too many requests are running at once.",
        "Send fewer at a time.",
    ),
    # 5xx: it is us.
    Rule(
        "internal_error",
        500,
        API,
        "Something is wrong on our side. It has been noted.",
        "Send the same request again with the same idempotency key, or ask us with `request_id`.",
    ),
    Rule(
        "acquirer_unavailable",
        503,
        API,
        "The acquirer could not be asked; nothing was charged.",
        _WAIT,
    ),
    Rule(
        "acquirer_timeout",
        503,
        API,
        "The acquirer has not answered; the payment stays `processing` until it does.",
        _LOOK,
    ),
    Rule("overloaded", 503, API, "There is more to do than can be done now.", _WAIT),
)
CATALOGUE = {line.code: line for line in _RULES}


def rule(code: str) -> Rule | None:
    """Return a code's line, or None if it has none."""
    return CATALOGUE.get(code)
