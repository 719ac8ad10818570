"""Where an address is, what an e-mail is worth, whether names agree: offline, and not kept."""

import re
from ipaddress import ip_address

import iptocc
from disposable_email_domains import blocklist

from fintech.fraud.rules.fuzzy import likeness

_NOT_A_NAME = re.compile(r"[\W\d_]+")


def country_of(ip: str) -> str:
    """Return the country to which an address was given out; empty if nobody knows."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    return iptocc.country_code(str(address)) or "" if address.is_global else ""


def names_match(one: str, other: str) -> int:
    """Return in percent how alike two names are; -1 if one is not known."""
    return likeness(one, other) if one and other else -1


def mail_matches(email: str, name: str) -> int:
    """Return in percent how alike a mailbox's name is to its owner's; -1 if one is not known."""
    mailbox = _NOT_A_NAME.sub(" ", email.rpartition("@")[0].partition("+")[0]).strip()
    return names_match(mailbox, name)


def is_thrown_away(email: str) -> bool:
    """Whether an e-mail's domain, or one above it, gives out mailboxes to throw away."""
    domain = email.rpartition("@")[2].lower().rstrip(".")
    while domain:
        if domain in blocklist:
            return True
        domain = domain.partition(".")[2]
    return False
