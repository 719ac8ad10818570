"""Whether the instance lives, is ready, and how it does: /livez, /readyz, /metrics."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.registry import Collector

from fintech.kernel import clock, ids

_requests = Counter("http_requests", "Answered requests", ["method", "status", "door"])
_seconds = Histogram("http_request_seconds", "Seconds to answer", ["door"])
_lag = Gauge(
    "subscription_lag_facts", "Facts not yet applied", ["subscription"], multiprocess_mode="max"
)
_oldest_writer = Gauge(
    "oldest_writer_seconds", "Age of the oldest writing transaction", multiprocess_mode="max"
)
_deliveries_due = Gauge("deliveries_due", "Messages that are due", multiprocess_mode="max")
_deliveries_oldest = Gauge(
    "deliveries_oldest_due_seconds", "How long the oldest is due", multiprocess_mode="max"
)
_deliveries_retrying = Gauge(
    "deliveries_retrying", "Messages that are tried again", multiprocess_mode="max"
)
_dead_letters = Gauge("dead_letters", "Messages that were given up", multiprocess_mode="max")
_WAY = ["channel", "provider", "template", "endpoint"]
_WAYS = 200  # The busiest: a label for each endpoint of everybody would be too many.
_told = Gauge(
    "deliveries_last_hour",
    "Messages made in the last hour, by what became of them",
    [*_WAY, "state"],
    multiprocess_mode="max",
)
_opened = Gauge(
    "deliveries_opened_last_hour",
    "Mails of the last hour that were opened, of readers who let us see it",
    ["provider", "template"],
    multiprocess_mode="max",
)
_took = Gauge(
    "deliveries_seconds_last_hour",
    "Seconds from what happened to the receiver's yes, of the last hour's messages",
    [*_WAY, "quantile"],
    multiprocess_mode="max",
)
_endpoints_paused = Gauge("endpoints_paused", "Endpoints left alone", multiprocess_mode="max")
_files_missing = Gauge(
    "settlement_files_missing",
    "Processors' files of days that are over for a day, and that could not be had",
    ["provider"],
    multiprocess_mode="max",
)
_fraud = Gauge(
    "fraud_figures",
    "How fraud does: shares from 0 to 1, and cases",
    ["figure"],
    multiprocess_mode="max",
)
_fraud_alerts = Gauge(
    "fraud_alert_open",
    "1 while something of fraud is out of the ordinary",
    ["kind"],
    multiprocess_mode="max",
)


@dataclass(slots=True)
class Answered:
    """What came of a request that is measured; no status if nobody waited for the answer."""

    status: int | None = None


@contextmanager
def measured(method: str, door: str) -> Iterator[Answered]:
    """Count an answer and how long it took."""
    began, answered = time.perf_counter(), Answered()
    yield answered
    if answered.status is not None:
        _requests.labels(method, answered.status, door).inc()
        _seconds.labels(door).observe(time.perf_counter() - began)


class Measured:
    """Counts answers and how long they took, by door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep what comes next."""
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer and count."""
        door = request.path.split("/", 2)[1] or "home"
        if door not in {"v1", "dashboard", "pay", "admin", "inbound", "static", "accounts"}:
            door = "other"
        with measured(request.method or "", door) as answered:
            response = self._next(request)
            answered.status = response.status_code
        return response


def livez(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "live"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether the database answers; without Valkey we are slower, not away."""
    checks = {"database": _database_answers(), "valkey": _valkey_answers()}
    ready = checks["database"]
    return JsonResponse(
        {"status": "ready" if ready else "unavailable", "checks": checks},
        status=200 if ready else 503,
    )


def metrics(_request: HttpRequest) -> HttpResponse:
    """Return Prometheus' text format, of all worker processes together."""
    _measure()
    registry: Collector | CollectorRegistry = REGISTRY
    if settings.PROMETHEUS_MULTIPROC_DIR:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except Error:
        return False


def _valkey_answers() -> bool:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5)
        return bool(client.ping())
    except redis.RedisError:
        return False


def _measure() -> None:
    """Read what is behind: subscriptions, deliveries, circuits, files, the oldest writer."""
    from fintech.notifications import queries as notifications  # Models, once they are ready.
    from fintech.payments import queries as payments
    from fintech.reconciliation import queries as reconciliation

    payments.providers_health()  # A circuit changes by time alone; looking sets its gauge.
    for provider, missing in reconciliation.files_missing(at=clock.now()).items():
        _files_missing.labels(provider).set(missing)
    _measure_fraud()
    waiting = notifications.backlog(at=clock.now())
    _deliveries_due.set(waiting.due)
    _deliveries_oldest.set(waiting.oldest_due_s)
    _deliveries_retrying.set(waiting.retrying)
    _dead_letters.set(waiting.dead)
    _endpoints_paused.set(waiting.paused_endpoints)
    for gauge in (_told, _opened, _took):
        gauge.clear()
    for tally in notifications.tallies_lately()[:_WAYS]:
        endpoint = ids.public("we", tally.endpoint_id) if tally.endpoint_id else ""
        way = (tally.channel, tally.provider, tally.template, endpoint)
        for state, count in tally.by_state.items():
            _told.labels(*way, state).set(count)
        if tally.template:
            _opened.labels(tally.provider, tally.template).inc(tally.opened)
        for quantile, took in (("0.5", tally.median_ms), ("0.95", tally.p95_ms)):
            if took is not None:
                _took.labels(*way, quantile).set(took / 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.subscription, (SELECT count(*) FROM kernel_event e "
            "WHERE e.xid >= c.low::text::xid8 AND (c.high IS NULL OR e.position > c.position)) "
            "FROM kernel_cursor c WHERE c.source = 'events'"
        )
        for name, facts in cursor.fetchall():
            _lag.labels(name).set(facts)
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::int "
            "FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
        )
        _oldest_writer.set(cursor.fetchone()[0])


def _measure_fraud() -> None:
    """Read how right decisions were, what waits, and what is out of the ordinary."""
    from fintech.fraud import data
    from fintech.fraud import queries as fraud

    now = fraud.figures(at=clock.now())
    for name in ("stopped_lately", "degraded_lately", "precision", "recall", "in_time"):
        share = getattr(now, name)
        if share is not None:
            _fraud.labels(name).set(share / 10_000)
    _fraud.labels("open_cases").set(now.open_cases)
    _fraud.labels("overdue_cases").set(now.overdue_cases)
    still = {alert.kind for alert in fraud.alerts()}
    for kind in data.AlertKind:
        _fraud_alerts.labels(str(kind)).set(kind in still)
