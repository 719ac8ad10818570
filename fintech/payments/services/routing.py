"""
To which provider an attempt goes, and to which next: routes that staff write.

Each process keeps the routes, what providers cost and how they have done in memory. They
are read again when somebody changed a route (a number on Valkey says so) and every half
minute in any case, so a payment pays nothing for them; without routes everything goes to
the default provider.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

from fintech.kernel.money import Money
from fintech.payments import data
from fintech.payments.data import RouteOrder
from fintech.payments.models import ProviderCost, Route
from fintech.payments.providers import registry, shared

_LOOK_EVERY_SECONDS, _READ_EVERY_SECONDS = 0.25, 30.0
_VERSION = "payments:routes:version"
# The last attempts that a provider was asked about, whosever. Ids are in order of time.
_LAST = 1_000
_FEW = 20  # So few say nothing: such a provider counts as one that succeeds.
_SUCCESS = """
SELECT provider, count(*), count(*) FILTER (WHERE state = 'authorized') FROM (
  SELECT provider, state FROM payments_attempt
  WHERE state IN ('authorized', 'declined', 'errored') AND provider <> %s AND decision <> 'block'
  ORDER BY id DESC LIMIT %s
) latest GROUP BY provider
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which providers an attempt goes to, the first first, and why."""

    providers: tuple[str, ...]
    why: str
    route_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    routes: tuple[data.Route, ...] = ()
    costs: Mapping[tuple[str, str], tuple[int, int]]
    success: Mapping[str, float]


@dataclass(slots=True)
class _Kept:
    """What this process has read, when, and as which version."""

    table: _Table | None = None
    version: str | None = None
    looked_at: float = -1e9
    read_at: float = -1e9


_kept = _Kept()


def choose(*, merchant_id: UUID, amount: Money, brand: str, country: str) -> Choice:
    """
    Choose the providers for an attempt; outside any transaction.

    A provider that is left alone now is passed over while another of the route is not.
    At most `PROVIDERS_PER_CONFIRM` are asked.
    """
    table = _table()
    for route in table.routes:
        if route.fits(merchant_id=merchant_id, amount=amount, brand=brand, country=country):
            return _along(route, table, amount)
    return Choice(providers=(registry.default(),), why="default")


def changed() -> None:
    """Let every process read the routes again; for after the commit."""
    shared.ask("return redis.call('INCR', KEYS[1])", [_VERSION], [])
    forget()


def forget() -> None:
    """Read everything again at the next choice."""
    _kept.table = None


def _along(route: data.Route, table: _Table, amount: Money) -> Choice:
    listed = [name for name in route.providers if name in registry.names()]
    if not listed:
        return Choice(providers=(registry.default(),), why="default", route_id=route.id)
    ordered = listed
    if route.order == RouteOrder.CHEAPEST:
        ordered = sorted(listed, key=lambda name: _cost(table, name, amount))
    elif route.order == RouteOrder.MOST_SUCCESSFUL:
        ordered = sorted(listed, key=lambda name: -table.success.get(name, 1.0))
    why = str(route.order)
    alone = registry.left_alone()
    well = [name for name in ordered if name not in alone]
    if well and well != ordered:
        ordered, why = well, f"{why}:circuit_open"
    return Choice(
        providers=tuple(ordered[: settings.PROVIDERS_PER_CONFIRM]), why=why, route_id=route.id
    )


def _cost(table: _Table, provider: str, amount: Money) -> tuple[bool, int]:
    """Return what a provider keeps of an amount, in ten-thousandths; unknown costs most."""
    known = table.costs.get((provider, amount.currency))
    if known is None:
        return True, 0
    basis_points, fixed_minor = known
    return False, amount.minor * basis_points + fixed_minor * 10_000


def _table() -> _Table:
    now, table = time.monotonic(), _kept.table  # Another thread may forget it at any time.
    age_seconds = now - _kept.looked_at
    if table is not None and age_seconds < _LOOK_EVERY_SECONDS:
        return table
    if age_seconds < shared.STALE_SECONDS:
        _kept.looked_at = now  # Others go on with what is known while this one looks.
    # The number first: who changes a route meanwhile raises it, and it is read again.
    version = shared.ask("return redis.call('GET', KEYS[1]) or '0'", [_VERSION], [])
    if (
        table is None
        or now - _kept.read_at > _READ_EVERY_SECONDS
        or (version is not None and version != _kept.version)
    ):
        table = _read()
        _kept.table, _kept.version, _kept.read_at = table, version, now
    _kept.looked_at = now
    return table


def _read() -> _Table:
    routes = [route.as_data() for route in Route.objects.filter(active=True)]
    if not routes:
        return _Table(costs={}, success={})
    # A merchant's own before the platform's, each by position.
    routes.sort(key=lambda route: (route.merchant_id is None, route.position))
    costs = {
        (cost.provider, cost.currency): (cost.basis_points, cost.fixed_minor)
        for cost in ProviderCost.objects.all()
    }
    success = {}
    if any(route.order == RouteOrder.MOST_SUCCESSFUL for route in routes):
        with connection.cursor() as cursor:
            cursor.execute(_SUCCESS, [data.WALLET, _LAST])
            success = {name: good / all_ for name, all_, good in cursor if all_ >= _FEW}
    return _Table(routes=tuple(routes), costs=costs, success=success)
