"""Personal values as they are compared: the same always, and readable by nobody."""

from django.utils.crypto import salted_hmac


def hash_of(kind: str, value: str) -> str | None:
    """
    Return what stands for an e-mail, an address (`ip`) or a device; None of nothing.

    Keyed with the instance's secret, so that nobody can try values outside.
    """
    if not value:
        return None
    return salted_hmac(f"fintech.payments.{kind}", value.lower()).hexdigest()
