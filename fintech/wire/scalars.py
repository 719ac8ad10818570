"""The small parts of every object: ids, instants, amounts, as the outside writes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.wire import instance

type Json = dict[str, Any]


def public(prefix: str, value: UUID | None) -> str | None:
    """Return an id with its prefix, or null."""
    return None if value is None else ids.public(prefix, value)


def unix(moment: datetime) -> int:
    """Return an instant as whole seconds since 1970."""
    return int(moment.timestamp())


def unix_or_null(moment: datetime | None) -> int | None:
    """Return an instant as whole seconds since 1970, or null."""
    return None if moment is None else int(moment.timestamp())


def currency(code: str) -> str:
    """Return a currency as the outside writes it: in lower case."""
    return code.lower()


def amount(money: Money) -> Json:
    """Return an amount with its currency, where the two stand side by side."""
    return {"amount": money.minor, "currency": money.currency.lower()}


def text(value: str) -> str | None:
    """Return text, or null where there is none."""
    return value or None


def head(name: str, public_id: str, created: datetime, metadata: Mapping[str, str] | None) -> Json:
    """Return what every object says of itself first."""
    return {
        "id": public_id,
        "object": name,
        "created": unix(created),
        "livemode": livemode(),
        "metadata": dict(metadata or {}),
    }


def livemode() -> bool:
    """Whether this instance moves real money: an instance is sandbox or live, never both."""
    return instance.current().is_live


def url(path: str) -> str:
    """Return the full address of a page of ours; one that is full already stays as it is."""
    return path if "://" in path else f"{instance.current().base_url}{path}"
