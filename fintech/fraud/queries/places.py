"""Where an address is and what an e-mail is worth, offline; neither is kept."""

from ipaddress import ip_address

import iptocc

# Mailboxes that anybody opens without a name and that are gone in an hour.
_THROWN_AWAY = frozenset(
    {
        "10minutemail.com",
        "dispostable.com",
        "emailondeck.com",
        "fakeinbox.com",
        "getnada.com",
        "grr.la",
        "guerrillamail.com",
        "guerrillamail.net",
        "mailcatch.com",
        "maildrop.cc",
        "mailinator.com",
        "mailnesia.com",
        "mintemail.com",
        "mohmal.com",
        "moakt.com",
        "sharklasers.com",
        "spamgourmet.com",
        "temp-mail.org",
        "tempmail.com",
        "tempr.email",
        "throwawaymail.com",
        "trashmail.com",
        "trashmail.de",
        "wegwerfmail.de",
        "yopmail.com",
    }
)


def country_of(ip: str) -> str:
    """Return the country to which an address was given out; empty if nobody knows."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    return iptocc.country_code(str(address)) or "" if address.is_global else ""


def is_thrown_away(email: str) -> bool:
    """Whether an e-mail's domain, or the one above it, gives out mailboxes to throw away."""
    domain = email.rpartition("@")[2].lower().rstrip(".")
    return domain in _THROWN_AWAY or domain.partition(".")[2] in _THROWN_AWAY
