"""
Writing routes and costs: by staff, in a live instance by two of them.

A route is written whole. Its fact says where it leads; what it is for stands in its row.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django_subatomic import db

from fintech.kernel import approvals, event_log, money
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.payments import data, errors, events
from fintech.payments.models import ProviderCost, Route
from fintech.payments.models.routing import MOST_PROVIDERS
from fintech.payments.providers import registry
from fintech.payments.services import routing

ROUTE_KIND = "payments.route"
_MOST_BASIS_POINTS = 10_000


def write_route(route: data.Route, *, by: Actor, at: datetime) -> data.Route:
    """
    Make a route, or put it in the place of the one with its id.

    Attempts that begin a moment later go along it, in every process.

    Raises:
        ParameterInvalid: it names no provider that we have, or cannot fit anything.
        RoutePositionTaken: another active route of the same merchant stands there.
    """
    check_route(route)
    with db.transaction_if_not_already():
        row = Route.objects.select_for_update().filter(id=route.id).first()
        row = row or Route(id=route.id)
        if route.active and _others_at(route).exists():
            raise errors.RoutePositionTaken(route.position)
        for name, value in asdict(route).items():
            setattr(row, name, list(value) if isinstance(value, tuple) else value)
        row.changed_at, row.version = at, row.version + 1
        row.save()
        told = events.RouteChanged(
            route_id=row.id,
            merchant_id=row.merchant_id,
            position=row.position,
            providers=tuple(Code(name) for name in row.providers),
            order=Code(str(row.order)),
            active=row.active,
            version=row.version,
            at=at,
        )
        event_log.append([told], by=by)
        transaction.on_commit(routing.changed)
    return row.as_data()


def propose_route(route: data.Route, *, by: Actor, at: datetime) -> UUID:
    """
    Propose a route; another person has a day to agree.

    Raises:
        What `write_route` would refuse.
    """
    check_route(route)
    return approvals.propose(kind=ROUTE_KIND, payload=asdict(route), by=by, at=at)


def route_agreed(
    payload: Mapping[str, Any],
    *,
    version_seen: int,  # noqa: ARG001 - a route is written whole.
    by: Actor,
    at: datetime,
) -> data.Route:
    """
    Write the route that was proposed and agreed to; called by `approvals`.

    Raises:
        What `write_route` would refuse now.
    """
    merchant_id = payload["merchant_id"]
    route = data.Route(
        **{
            **payload,
            "id": UUID(payload["id"]),
            "merchant_id": UUID(merchant_id) if merchant_id else None,
            "order": data.RouteOrder(payload["order"]),
            **{name: tuple(payload[name]) for name in ("brands", "countries", "providers")},
        }
    )
    return write_route(route, by=by, at=at)


def set_provider_cost(
    *,
    provider: str,
    currency: str,
    basis_points: int,
    fixed_minor: int,
    by: Actor,
    at: datetime,
) -> None:
    """
    Say what a provider keeps of amounts in a currency: a share and a fixed part, minor units.

    Routing reckons with it; what is booked is what the provider says.

    Raises:
        ParameterInvalid: there is no such provider or currency, or it is no cost.
    """
    if provider not in registry.names():
        raise errors.ParameterInvalid("provider", f"There is no provider “{provider}”.")
    if not money.is_known(currency):
        raise errors.ParameterInvalid("currency", "This must be a currency, such as EUR.")
    if not 0 <= basis_points <= _MOST_BASIS_POINTS or fixed_minor < 0:
        raise errors.ParameterInvalid("basis_points", "A cost is 0 to 10000 basis points.")
    with db.transaction_if_not_already():
        wanted = {"provider": provider, "currency": currency}
        row = ProviderCost.objects.select_for_update().filter(**wanted).first()
        row = row or ProviderCost(**wanted)
        row.basis_points, row.fixed_minor = basis_points, fixed_minor
        row.version += 1
        row.save()
        told = events.ProviderCostSet(
            provider_cost_id=row.id,
            provider=Code(provider),
            currency=Code(currency),
            basis_points=basis_points,
            fixed_minor=fixed_minor,
            version=row.version,
            at=at,
        )
        event_log.append([told], by=by)
        transaction.on_commit(routing.changed)


def _others_at(route: data.Route) -> Any:
    return Route.objects.filter(
        position=route.position, active=True, merchant_id=route.merchant_id
    ).exclude(id=route.id)


def check_route(route: data.Route) -> None:
    """
    Refuse a route that cannot be right.

    Raises:
        ParameterInvalid: it names no provider that we have, or cannot fit anything.
    """
    unknown = [name for name in route.providers if name not in registry.names()]
    if unknown:
        raise errors.ParameterInvalid("providers", f"There is no provider “{unknown[0]}”.")
    if len(set(route.providers)) != len(route.providers):
        raise errors.ParameterInvalid("providers", "Each provider stands once.")
    if not 1 <= len(route.providers) <= MOST_PROVIDERS:
        raise errors.ParameterInvalid("providers", f"Name one to {MOST_PROVIDERS} providers.")
    if route.currency and not money.is_known(route.currency):
        raise errors.ParameterInvalid("currency", "This must be a currency, such as EUR.")
    least, most = route.least_minor, route.most_minor
    if not route.currency and (least is not None or most is not None):
        raise errors.ParameterInvalid("currency", "Amounts need their currency.")
    if least is not None and most is not None and least > most:
        raise errors.ParameterInvalid("most_minor", "The range ends before it begins.")
    if not route.name or len(route.name) > 60:  # noqa: PLR2004 -- the column's length.
        raise errors.ParameterInvalid("name", "A name has 1 to 60 characters.")
