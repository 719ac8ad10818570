"""
Checking that a callback is the processor's: a signature over its time and its bytes.

What does not fit is `CallbackUnverified`, and nothing is kept of it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fintech.payments import errors

TOLERANCE_SECONDS = 300


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header however its name is written, or nothing."""
    return next((text for one, text in headers.items() if one.lower() == name.lower()), "")


def check(body: bytes, *, stamp: str, signatures: Iterable[str], secret: str, at: datetime) -> None:
    """
    Check a signature (HMAC-SHA256 of `stamp.body`, in hexadecimal) and then its age.

    Raises:
        CallbackUnverified: no signature fits, or it was made more than five minutes away.
    """
    signed = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
    expected = signed.hexdigest().encode()
    if not secret or not any(hmac.compare_digest(expected, one.encode()) for one in signatures):
        raise errors.CallbackUnverified("signature")
    try:
        age_seconds = abs(at.timestamp() - float(stamp))
    except ValueError:
        raise errors.CallbackUnverified("timestamp") from None
    if not age_seconds <= TOLERANCE_SECONDS:
        raise errors.CallbackUnverified("age")


def opened(
    body: bytes, headers: Mapping[str, str], name: str, *, secret: str, at: datetime
) -> dict[str, Any]:
    """
    Check a body against a header of the form `t=…,v1=…`, and return what it says.

    Raises:
        CallbackUnverified: signature or age does not fit, or it is no JSON object.
    """
    parts = [part.partition("=") for part in header(headers, name).split(",")]
    # The first time counts: what is added behind it can't make an old callback young.
    stamp = next((text for name, _, text in parts if name == "t"), "")
    signatures = [text for name, _, text in parts if name == "v1"]
    check(body, stamp=stamp, signatures=signatures, secret=secret, at=at)
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise errors.CallbackUnverified("form")
    return told
