"""Where an address is and what an e-mail is worth, offline; neither is kept."""

from ipaddress import ip_address

import iptocc
from disposable_email_domains import blocklist


def country_of(ip: str) -> str:
    """Return the country to which an address was given out; empty if nobody knows."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    return iptocc.country_code(str(address)) or "" if address.is_global else ""


def is_thrown_away(email: str) -> bool:
    """Whether an e-mail's domain, or one above it, gives out mailboxes to throw away."""
    domain = email.rpartition("@")[2].lower().rstrip(".")
    while domain:
        if domain in blocklist:
            return True
        domain = domain.partition(".")[2]
    return False
