"""
What limits let through, from their words alone: everything is remembered and added up.

Nothing here knows counters, windows as instants, or SQL. Two instants are in one day if
they have the same date where the owner lives; when there is room again is searched for.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from uuid import UUID
from zoneinfo import ZoneInfo

from fintech.wallets import data

SECOND = timedelta(seconds=1)
YEN_PER_EURO = 150


@dataclass
class Asked:
    """One operation that asks for its share."""

    id: UUID
    merchant: UUID
    customer: UUID | None
    wallet: UUID | None
    minor: int
    currency: str
    to: str
    at: datetime
    operation: str = "payment"
    channel: str = ""
    category: str = ""
    tier: str = ""
    zone: str = ""
    receiver: UUID | None = None
    receiver_tier: str = ""
    received: int = 0
    received_currency: str = ""


@dataclass
class Counted:
    """What is counted of an operation: how much of it, and to whom it went."""

    id: UUID
    subject: str
    minor: int
    to: str
    at: datetime
    whole: int = 0  # What is left of it in its own currency,
    currency: str = ""  # which this is.


@dataclass(frozen=True)
class Told:
    """A breach, as it should be told."""

    limit: UUID
    used: int
    asked: int
    frees_at: datetime | None


@dataclass
class Oracle:
    """Limits, and all that was ever counted in them."""

    limits: list[data.Limit] = field(default_factory=list)
    counted: dict[UUID, list[Counted]] = field(default_factory=dict)
    coming: dict[UUID, list[tuple[UUID, Asked]]] = field(default_factory=dict)  # By operation.

    def subject(self, limit: data.Limit, asked: Asked) -> str | None:
        """Whose share it is, or None where the limit does not see it."""
        if limit.merchant_id != asked.merchant or not limit.active:
            return None
        incoming = limit.kind == "balance"
        whose = {
            "merchant": asked.merchant,
            "customer": asked.customer,
            "card": None,
            "wallet": asked.receiver if incoming else asked.wallet,
        }[str(limit.scope)]
        has = {
            "currency": asked.received_currency if incoming else asked.currency,
            "tier": asked.receiver_tier if incoming else asked.tier,
            "operation": asked.operation,
            "channel": asked.channel,
            "category": asked.category,
        }
        if whose is None or (limit.subject and limit.subject != str(whose)):
            return None
        if limit.converts:
            del has["currency"]
        if any(getattr(limit, name) not in {"", value} for name, value in has.items()):
            return None
        return str(whose)

    def breaches(self, asked: Asked, *, stands: int = 0) -> set[Told]:
        """
        Return every limit that an operation would go over, with its arithmetic.

        Args:
            stands: what is in the wallet that it comes into.
        """
        told = set()
        for limit in self.limits:
            subject = self.subject(limit, asked)
            if subject is None:
                continue
            if limit.kind == "balance":
                there = stands + self.on_its_way(limit, subject)
                if there + asked.received > limit.maximum:
                    told.add(Told(limit.id, there, asked.received, None))
                continue
            zone = (asked.zone or "UTC") if limit.zone == "owner" else limit.zone
            before = [
                each
                for each in self.counted.get(limit.id, [])
                if each.subject == subject and self.together(limit, zone, each.at, asked.at)
            ]
            used, wanted = self.weighed(limit, before, asked)
            if wanted and used + wanted > limit.maximum:
                told.add(Told(limit.id, used, wanted, self.frees(limit, zone, before, asked)))
        return told

    def on_its_way(self, limit: data.Limit, subject: str) -> int:
        """What comes into a wallet once somebody agrees, and was asked under this limit."""
        return sum(
            asked.received
            for known, asked in (one for of_one in self.coming.values() for one in of_one)
            if known == limit.id and str(asked.receiver) == subject
        )

    def comes(self, asked: Asked) -> None:
        """Note what is on its way into a wallet, under the limits that see it now."""
        self.coming[asked.id] = [
            (limit.id, asked)
            for limit in self.limits
            if limit.kind == "balance" and self.subject(limit, asked) is not None
        ]

    def came(self, operation: UUID) -> None:
        """Note that it has arrived, or never will."""
        self.coming.pop(operation, None)

    def weighed(self, limit, before: list[Counted], asked: Asked) -> tuple[int, int]:
        if limit.kind == "amount":
            worth = self.worth(limit, asked.minor, asked.currency)
            return sum(each.minor for each in before), worth
        if limit.kind == "count":
            return len(before), 1
        known = {each.to for each in before}
        return len(known), 0 if asked.to in known else 1

    def worth(self, limit: data.Limit, minor: int, currency: str) -> int:
        """What an amount is in the limit's currency, in minor units, rounded up."""
        if limit.kind != "amount" or limit.currency == currency:
            return minor
        if (currency, limit.currency) == ("EUR", "JPY"):
            return ceil(Fraction(minor, 100) * YEN_PER_EURO)
        return ceil(Fraction(minor * 100, YEN_PER_EURO))

    def together(self, limit, zone: str, then: datetime, now: datetime) -> bool:
        """Whether what was done then still counts now."""
        if limit.window == "per_transaction":
            return False
        if limit.window == "rolling":
            return (now - then).total_seconds() < limit.seconds
        a, b = (moment.astimezone(ZoneInfo(zone)).date() for moment in (then, now))
        return {
            "day": a == b,
            "week": a.isocalendar()[:2] == b.isocalendar()[:2],
            "month": (a.year, a.month) == (b.year, b.month),
        }[str(limit.window)]

    def frees(self, limit, zone: str, before: list[Counted], asked: Asked) -> datetime | None:
        """Search for the first instant at which it would fit, if nothing else were done."""
        if limit.window == "per_transaction" or self.weighed(limit, [], asked)[1] > limit.maximum:
            return None
        if limit.window == "rolling":
            for moment in sorted(each.at + limit.seconds * SECOND for each in before):
                left = [one for one in before if self.together(limit, zone, one.at, moment)]
                used, wanted = self.weighed(limit, left, asked)
                if used + wanted <= limit.maximum:
                    return moment
            raise AssertionError("an empty window has room")
        low, high = 0, 32 * 86_400
        start = asked.at.replace(microsecond=0)
        while low < high:
            middle = (low + high) // 2
            if self.together(limit, zone, asked.at, start + middle * SECOND):
                low = middle + 1
            else:
                high = middle
        return start + low * SECOND

    def count(self, asked: Asked) -> None:
        """Count an operation in every limit that sees it now."""
        for limit in self.limits:
            subject = self.subject(limit, asked)
            if subject is not None and limit.kind != "balance":
                worth = self.worth(limit, asked.minor, asked.currency)
                one = Counted(asked.id, subject, worth, asked.to, asked.at)
                one.whole, one.currency = asked.minor, asked.currency
                self.counted.setdefault(limit.id, []).append(one)

    def keep(self, operation: UUID, minor: int) -> None:
        """Count only so much of an operation; of nothing, nothing."""
        for limit in self.limits:
            group = self.counted.get(limit.id, [])
            for each in [each for each in group if each.id == operation]:
                each.whole, each.minor = minor, self.worth(limit, minor, each.currency)
                if not minor:
                    group.remove(each)

    def refund(self, operation: UUID, minor: int) -> None:
        """Count so much less of an operation, where the limit gives back what was undone."""
        for limit in self.limits:
            group = self.counted.get(limit.id, [])
            for each in [each for each in group if each.id == operation]:
                if limit.reversal == "gives_back":
                    each.whole = max(0, each.whole - minor)
                    each.minor = self.worth(limit, each.whole, each.currency)
                    if not each.whole:
                        group.remove(each)

    def reverse(self, operation: UUID) -> None:
        """Forget an operation where the limit gives back what was undone."""
        for limit in self.limits:
            if limit.reversal == "gives_back":
                group = self.counted.get(limit.id, [])
                group[:] = [each for each in group if each.id != operation]


def told(breaches) -> set[Told]:
    """Return breaches as the service told them."""
    return {Told(b.limit.id, b.used, b.asked, b.frees_at) for b in breaches}
