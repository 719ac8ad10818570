"""
The same behind the one port: a web worker killed at every statement of a batch.

Several requests meet in a worker's combiner, on its event loop or in Django's threads, and
the process ends by `os._exit` in whichever thread the statement is. A new process answers
the clients who ask again, each under his key. `make test` runs a share (EFFORT).
"""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.conf import settings

from config import asgi
from fintech.api import throttling
from fintech.kernel import clock, ids, waiting
from fintech.kernel.group_commit import LoopCombiner
from fintech.merchants import queries as merchants
from fintech.payments.models import Payment
from fintech.payments.providers import registry
from fintech.payments.services import combining
from fintech.wallets.models import Hold
from tests.asking import asked
from tests.make import merchants as make_merchants
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.payments.killing import KILLED, Point, in_a_child, watch_all_threads
from tests.payments.surviving import Outside, nothing_broken, points_of, recover, share

pytestmark = pytest.mark.django_db(transaction=True)

AT_LEAST = 4  # Points per act in the smallest share.
NOTHING_WAS_DONE = 503  # The acquirer never heard of it: the client may pay anew.


@dataclass(frozen=True)
class Asking:
    """A request of a client who will ask again under the same key until he hears."""

    path: str
    body: dict[str, object]
    ends: int = 200  # The status that it ends in if the process lives.


@dataclass(frozen=True)
class Crowd:
    """Requests that come at once, and how many of them decide and record in one batch."""

    requests: list[Asking]
    decide: int = 0
    record: int = 0
    new: int = 0  # Payments that they make.


def order(minor: int, method: str = "pm_card_visa", **more: object) -> dict[str, object]:
    return {
        "amount": minor,
        "currency": "eur",
        "payment_method": method,
        "confirm": "true",
        **more,
    }


def confirming(shop) -> Crowd:
    """Two new payments, one that waits, and a card that is declined."""
    waiting_one = ids.public("pi", make.created(shop.id).id)
    return Crowd(
        [
            Asking("/v1/payment_intents", order(10_01)),
            Asking("/v1/payment_intents", order(10_02, capture_method="manual")),
            Asking("/v1/payment_intents", order(10_03, "pm_card_chargeDeclined"), ends=402),
            Asking(
                f"/v1/payment_intents/{waiting_one}/confirm", {"payment_method": "pm_card_visa"}
            ),
        ],
        decide=4,
        record=4,
        new=3,
    )


def paying_from_wallets(shop) -> Crowd:
    """Two wallets that can pay once, and a card beside them in the batch."""
    full = [ids.public("wal", make_wallets.wallet(42_50, merchant=shop.id).id) for _ in range(2)]
    return Crowd(
        [
            *(Asking("/v1/payment_intents", order(42_50, wallet)) for wallet in full),
            Asking("/v1/payment_intents", order(10_04)),
        ],
        decide=3,
        record=1,
        new=3,
    )


def capturing(shop) -> Crowd:
    return Crowd([_on(make.authorized(shop.id), "capture") for _ in range(2)])


def refunding(shop) -> Crowd:
    taken = [ids.public("pi", make.captured(shop.id).id) for _ in range(2)]
    return Crowd(
        [Asking("/v1/refunds", {"payment_intent": name, "amount": 10_00}) for name in taken]
    )


def _on(payment, verb: str) -> Asking:
    return Asking(f"/v1/payment_intents/{ids.public('pi', payment.id)}/{verb}", {})


def at_the_acquirer(*effects: str) -> Callable[[Outside], int]:
    return lambda outside: sum(outside.book.counts().get(effect, 0) for effect in effects)


charged = at_the_acquirer("authorization_succeeded", "authorization_approved")


def charged_or_debited(outside: Outside) -> int:
    return charged(outside) + Hold.objects.filter(state="captured").count()


ACTS = {
    "confirm": (confirming, charged),
    "wallet payment": (paying_from_wallets, charged_or_debited),
    "capture": (capturing, at_the_acquirer("capture_succeeded")),
    "refund": (refunding, at_the_acquirer("refund_succeeded")),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_worker_killed_anywhere_costs_none_of_its_clients_anything(
    shop, outside, name, capsys, record_property
):
    begin, effects = ACTS[name]
    secret = make_merchants.api_key(shop).secret
    statements = _count(outside, begin(shop), secret)
    chosen = share(points_of(statements), at_least=AT_LEAST)

    for point in chosen:
        crowd, key = begin(shop), f"{name} {point}"
        before = effects(outside), _payments(shop)

        status, told = in_a_child(_serving(outside, crowd, secret, key, point))
        assert status == KILLED, f"nobody died {point}: {status} {told.decode()}"
        with registry.using(outside.connect()):
            recover()
        first, second = _ask_again(outside, crowd, secret, key)

        assert first == second, f"{point}: two answers to one key"
        statuses = [status for status, _ in first]
        for asking, ended in zip(crowd.requests, statuses, strict=True):
            assert ended in {asking.ends, NOTHING_WAS_DONE}, f"{point}: {statuses}"
        done = effects(outside) - before[0]
        assert done == statuses.count(200), f"{point}: {done} effects of {statuses}"
        assert _payments(shop) - before[1] == crowd.new, f"{point}: not one payment per key"
        nothing_broken(point)
    record_property(f"kill_points_of_{name.replace(' ', '_')}_at_the_hot_door", len(chosen))
    with capsys.disabled():
        print(f"\n{name} at the hot door: killed at {len(chosen)} of {2 * statements} points")


def _payments(shop) -> int:
    return Payment.objects.filter(merchant_id=shop.id).count()


# -- in a process of its own -----------------------------------------------------------------


class _Gathered(LoopCombiner):
    """Waits until all have come who will, so that every run is the same batch."""

    def __init__(self, run, size: int) -> None:
        super().__init__(run)
        self._size, self._come = size, asyncio.Event()

    async def submit(self, item):
        if len(self._queue) + 1 >= self._size:
            self._come.set()
        return await super().submit(item)

    async def _work(self) -> None:
        await self._come.wait()
        await super()._work()


def _worker(crowd: Crowd | None = None) -> None:
    """Be a web worker just started: no thread and no connection of another process is its own."""
    settings.COMBINE, settings.HOT_DOOR, settings.FLUSH_REQUEST_LOG = True, True, False
    throttling._limiter = throttling.Limiter()
    waiting._threads.cache_clear()
    combining._begins_of_loop.cache_clear()
    combining._records_of_loop.cache_clear()
    asgi._threads = ThreadPoolExecutor(max_workers=4)
    if crowd is not None and crowd.decide:
        begins = _Gathered(
            lambda orders: waiting.tidily(lambda: combining._begin(orders)), crowd.decide
        )
        records = _Gathered(
            lambda answers: waiting.tidily(lambda: combining._record(answers)), crowd.record
        )
        combining._begins_of_loop = lambda: begins
        combining._records_of_loop = lambda: records


async def _together(crowd: Crowd, secret: str, key: str, **more: str) -> list[tuple[int, object]]:
    told = await asyncio.gather(
        *(
            asked(
                asking.path,
                urlencode(asking.body).encode(),
                {
                    "Authorization": f"Bearer {secret}",
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Idempotency-Key": f"{key} {number}",
                    **more,
                },
            )
            for number, asking in enumerate(crowd.requests)
        )
    )
    return [(one["status"], _without_its_request(one["body"])) for one in told]


def _without_its_request(body: dict) -> dict:
    """An error names the request that it answers; all else is the same each time."""
    error = body.get("error")
    if isinstance(error, dict):
        error.pop("request_log_url", None)
        error.pop("request_id", None)
    return body


def _serving(
    outside: Outside, crowd: Crowd, secret: str, key: str, point: Point | None
) -> Callable[[], bytes]:
    """Serve a crowd and die at a point; return how many statements there were."""

    def serve() -> bytes:
        merchants._cached.clear()
        with clock.fixed(NOON), registry.using(outside.connect()):
            _worker()
            # What a worker reads once, it has read before: a dry run reads it, and no more.
            asyncio.run(_together(crowd, secret, f"dry {key}", **{"Dry-Run": "true"}))
            _worker(crowd)
            counter = watch_all_threads(point)
            told = asyncio.run(_together(crowd, secret, key))
        assert [status for status, _ in told] == [asking.ends for asking in crowd.requests], told
        return str(counter.seen).encode()

    return serve


def _count(outside: Outside, crowd: Crowd, secret: str) -> int:
    status, told = in_a_child(_serving(outside, crowd, secret, "counted", None))
    assert status == 0, told.decode()
    return int(told)


def _ask_again(outside: Outside, crowd: Crowd, secret: str, key: str) -> list:
    """Ask twice what nobody has heard an answer to, of a process that was started again."""

    def twice() -> bytes:
        with clock.fixed(NOON), registry.using(outside.connect()):
            _worker()
            answers = [asyncio.run(_together(crowd, secret, key)) for _ in range(2)]
        return json.dumps(answers).encode()

    status, told = in_a_child(twice)
    assert status == 0, told.decode()
    return json.loads(told)
