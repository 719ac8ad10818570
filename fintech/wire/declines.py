"""Why a card was declined, in words for whoever reads the answer."""

_WORDS = {
    "insufficient_funds": "The card has insufficient funds.",
    "lost_card": "The card was reported lost.",
    "stolen_card": "The card was reported stolen.",
    "expired_card": "The card has expired.",
    "incorrect_cvc": "The card's security code is incorrect.",
    "incorrect_number": "The card number is incorrect.",
    "processing_error": "The card could not be processed; try again.",
    "authentication_required": "The payer did not prove who they are.",
    "acquirer_unavailable": "The acquirer was not available; nothing was charged.",
    "fraudulent": "The card was declined.",
    "insufficient_wallet_funds": "The wallet has insufficient funds.",
    "wallet_unfit": "Nothing can be taken from the wallet now.",
}


def message(decline_code: str) -> str:
    """Return the sentence for a decline; a code that is not listed gets the plain one."""
    return _WORDS.get(decline_code, "The card was declined.")
