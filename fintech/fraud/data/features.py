"""
What was known of an attempt when it was decided: a snapshot that never changes.

A snapshot is kept without what has its default, so a default never changes either. What
is new has a default under which every rule says of an older snapshot what it said then;
then `SCHEMA` is raised.
"""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from typing import Any, Self

SCHEMA = 3  # The version of the snapshot's shape.
_ALWAYS_KEPT = {"schema", "amount_minor", "currency"}


@dataclass(frozen=True, kw_only=True)
class Features:
    """
    What was known of an attempt when it was decided.

    It has no slots: a hundred of them are slow to fill, and a back-test restores many.

    Counts are of assessments before this one and stop at the number that
    `queries.gather` reads; histories and sums are of the same currency.
    """

    schema: int = SCHEMA
    amount_minor: int
    currency: str
    customer_known: bool = False
    customer_payments: int = 0
    customer_mean_minor: int = 0
    customer_deviation_minor: int = 0
    customer_1h: int = 0
    customer_24h: int = 0
    customer_has_used_card: bool = False
    customer_has_used_country: bool = False
    merchant_payments: int = 0
    merchant_mean_minor: int = 0
    merchant_deviation_minor: int = 0
    card_seen: bool = False
    card_1h: int = 0
    card_24h: int = 0
    card_declines_24h: int = 0
    card_country: str = ""
    email_1h: int = 0
    email_24h: int = 0
    email_cards_24h: int = 0
    ip_1h: int = 0
    ip_24h: int = 0
    ip_cards_24h: int = 0
    listed: tuple[str, ...] = ()  # "card:block", "ip:review": what it is and what is asked.
    sandbox_risk: str = "normal"
    ruleset: str = ""  # Which written rules and models were live; empty: none.
    ip_country: str = ""
    ip_abroad: bool = False  # The address is in another country than the card.
    moved_within_minutes: int = 0  # Since the customer paid from another country; 0: never.
    email_thrown_away: bool = False
    night: bool = False  # by the payer's clock; UTC where his country is not known
    weekend: bool = False
    mode: str = "enforce"
    fails: str = "open"
    ceiling_minor: int = 0  # Above it, a degraded decision asks a person; 0: no ceiling.
    bands: tuple[int, ...] = ()  # From which score on: block, review, challenge; empty: ours.
    draw: int = 0  # One in 10,000, by the attempt: whether a would-be block is looked at instead.
    explore: int = 0  # Such draws below this are.
    degraded: str = ""  # Why not all was known: "late", "model", or several.
    # Since schema 2: all that is counted, summed and told apart within an hour, a day and a week.
    card_7d: int = 0
    card_sum_1h_minor: int = 0
    card_sum_24h_minor: int = 0
    card_sum_7d_minor: int = 0
    card_ips_1h: int = 0
    card_ips_24h: int = 0
    card_ips_7d: int = 0
    device_1h: int = 0
    device_24h: int = 0
    device_7d: int = 0
    device_sum_1h_minor: int = 0
    device_sum_24h_minor: int = 0
    device_sum_7d_minor: int = 0
    device_cards_1h: int = 0
    device_cards_24h: int = 0
    device_cards_7d: int = 0
    ip_7d: int = 0
    ip_sum_1h_minor: int = 0
    ip_sum_24h_minor: int = 0
    ip_sum_7d_minor: int = 0
    ip_cards_1h: int = 0
    ip_cards_7d: int = 0
    email_7d: int = 0
    email_sum_1h_minor: int = 0
    email_sum_24h_minor: int = 0
    email_sum_7d_minor: int = 0
    email_cards_1h: int = 0
    email_cards_7d: int = 0
    bin_1h: int = 0
    bin_24h: int = 0
    bin_7d: int = 0
    bin_sum_1h_minor: int = 0
    bin_sum_24h_minor: int = 0
    bin_sum_7d_minor: int = 0
    bin_cards_1h: int = 0
    bin_cards_24h: int = 0
    bin_cards_7d: int = 0
    customer_7d: int = 0
    customer_sum_1h_minor: int = 0
    customer_sum_24h_minor: int = 0
    customer_sum_7d_minor: int = 0
    customer_cards_1h: int = 0
    customer_cards_24h: int = 0
    customer_cards_7d: int = 0
    merchant_1h: int = 0
    merchant_24h: int = 0
    merchant_7d: int = 0
    merchant_sum_1h_minor: int = 0
    merchant_sum_24h_minor: int = 0
    merchant_sum_7d_minor: int = 0
    merchant_cards_1h: int = 0
    merchant_cards_24h: int = 0
    merchant_cards_7d: int = 0
    counted: str = ""  # Who counted: "online" (Valkey) or "history" (PostgreSQL).
    customer_age_days: int = -1  # since the merchant first knew the customer; -1: unknown
    counterparty_new: bool = False  # Neither card nor customer has been at this merchant.
    card_disputes: int = 0  # payments that were called fraud or disputed
    customer_disputes: int = 0
    billing_country: str = ""
    billing_abroad: bool = False  # The bill goes to another country than the card's.
    ip_from_card_km: int = 0  # between the countries' places; 0: the same, or not known
    ip_from_billing_km: int = 0
    moved_km: int = 0  # between the customer's last two countries
    moved_kmh: int = 0
    # Since schema 3.
    name_match: int = -1  # percent: the bill's name beside the customer's; -1: not both are known
    mail_match: int = -1  # percent: the mailbox's name beside the payer's
    can_challenge: bool = True  # The payer is there to prove who he is.

    def as_mapping(self) -> dict[str, Any]:
        """Return every feature by name, as it is shown."""
        return {**asdict(self), "listed": list(self.listed), "bands": list(self.bands)}

    def stored(self) -> dict[str, Any]:
        """Return the snapshot as it is kept with the decision: without what is by default."""
        kept = {
            name: value
            for name, default in _defaults().items()
            if (value := getattr(self, name)) != default or name in _ALWAYS_KEPT
        }
        return {name: list(v) if isinstance(v, tuple) else v for name, v in kept.items()}

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Self:
        """Return a snapshot as it was when it was kept; fields since added have defaults."""
        known = _defaults()
        snapshot = object.__new__(cls)
        values = snapshot.__dict__
        values.update(known)
        values.update(stored)
        for name in stored.keys() - known.keys():  # Of a shape that we no longer know.
            del values[name]
        for name in ("listed", "bands"):
            values[name] = tuple(values[name])
        if MISSING in (values["amount_minor"], values["currency"]):
            raise TypeError(stored)
        return snapshot


@cache
def _defaults() -> dict[str, Any]:
    return {field.name: field.default for field in fields(Features)}
