"""Why a payer's bank says no, in our words: adapters choose among these."""

CODES = (
    "insufficient_funds",
    "expired_card",
    "incorrect_cvc",
    "lost_card",
    "stolen_card",
    "processing_error",
    "authentication_required",
)


def code_of(*said: str | None) -> str:
    """Return the first that is one of ours, else `generic_decline`."""
    return next((code for code in said if code in CODES), "generic_decline")
