"""
`expand[]`: whole objects in place of ids.

Tolerant: what is not known, not an id, or not there is left as it is, because old
clients ask for fields that never existed here. All paths are walked together, a level at
a time, and what a level names is looked up at once: so many queries per level and kind
of object, however long the list.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from fintech.fraud import queries as fraud
from fintech.kernel import ids
from fintech.payments import queries as payments
from fintech.wire import (
    charges,
    customers,
    fraud_assessments,
    payment_intents,
    payment_methods,
    prices,
    products,
    refunds,
)

type Json = dict[str, Any]
# What renders an object anew each time, so that no two places share one.
type Renders = Callable[[], Json]
type Loads = Callable[[Collection[UUID], UUID], Mapping[UUID, Renders]]
# An object, and the names that lead on from it.
type Step = tuple[Json, list[str]]

_DEEPEST = 4


def _of(found: Mapping[UUID, Any], render: Callable[[Any], Json]) -> Mapping[UUID, Renders]:
    return {id_: partial(render, value) for id_, value in found.items()}


def _charges(attempt_ids: Collection[UUID], merchant_id: UUID) -> Mapping[UUID, Renders]:
    found = payments.charges_by_id(attempt_ids, merchant_id)
    paid = payments.payments_by_id({one.payment_id for one in found.values()}, merchant_id)
    return {
        id_: partial(charges.render, attempt, paid[attempt.payment_id])
        for id_, attempt in found.items()
    }


_LOADED: dict[str, Loads] = {
    "cus": lambda of, merchant: _of(payments.customers_by_id(of, merchant), customers.render),
    "pm": lambda of, merchant: _of(
        payments.payment_methods_by_id(of, merchant), payment_methods.render
    ),
    "pi": lambda of, merchant: _of(payments.payments_by_id(of, merchant), payment_intents.render),
    "re": lambda of, merchant: _of(payments.refunds_by_id(of, merchant), refunds.render),
    "price": lambda of, merchant: _of(payments.prices_by_id(of, merchant), prices.render),
    "prod": lambda of, merchant: _of(payments.products_by_id(of, merchant), products.render),
    "ch": _charges,
    "fra": lambda of, merchant: _of(
        fraud.assessments_by_id(of, merchant_id=merchant), fraud_assessments.render
    ),
}


def expand(body: Json, paths: Iterable[str], *, merchant_id: UUID) -> None:
    """Replace ids by objects along each path, in place."""
    known: dict[str, Renders | None] = {}
    steps = [(body, path.split(".")[:_DEEPEST]) for path in paths]
    while steps:
        here = [(node, names) for node, names in steps if names and names[0] in node]
        named = {node[name] for node, (name, *_) in here if isinstance(node[name], str)}
        _look_up(named, known, merchant_id)
        for node, (name, *_) in here:
            renders = known.get(node[name]) if isinstance(node[name], str) else None
            if renders is not None:
                node[name] = renders()
        steps = [step for node, (name, *rest) in here for step in _onward(node[name], rest)]


def _onward(node: Any, names: list[str]) -> Iterator[Step]:
    """Yield the objects that are at a place: the one, or all of a list."""
    if isinstance(node, dict):
        yield node, names
    elif isinstance(node, list):
        for part in node:
            yield from _onward(part, names)


def _look_up(public_ids: set[str], known: dict[str, Renders | None], merchant_id: UUID) -> None:
    """Learn how to render what is not known yet, in one go per kind of object."""
    wanted: dict[str, dict[UUID, str]] = defaultdict(dict)
    for public_id in public_ids - known.keys():
        known[public_id] = None
        prefix = public_id.rpartition("_")[0]
        if prefix in _LOADED:
            try:
                wanted[prefix][ids.parse(prefix, public_id)] = public_id
            except ids.NotAnId:
                continue
    for prefix, named in wanted.items():
        for id_, renders in _LOADED[prefix](named.keys(), merchant_id).items():
            known[named[id_]] = renders
