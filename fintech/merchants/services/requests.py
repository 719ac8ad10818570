"""
The request log: written in batches, off the request path.

`log_request` puts a line into a bounded buffer and returns; one thread per process
writes what has gathered every half second. Under a flood, or with the database away,
the oldest lines are given up and counted: a log must never hold up a payment. The
last-used instants of keys ride along, one statement per batch.
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django_subatomic import db

from fintech.merchants import data
from fintech.merchants.models import RequestLogLine

KEPT = timedelta(days=30)
_MOST_WAITING = 20_000
_PER_BATCH = 500
_INTERVAL_S = 0.5
_log = structlog.get_logger(__name__)


def record_requests(lines: Sequence[data.RequestLogLine]) -> None:
    """Write lines of the request log, and when their keys were last used."""
    if not lines:
        return
    used: dict[str, datetime] = {}
    for line in lines:
        if line.api_key_id is not None:
            key = str(line.api_key_id)
            used[key] = max(line.at, used.get(key, line.at))
    with db.transaction_if_not_already():
        RequestLogLine.objects.bulk_create(
            [_row(line) for line in lines], batch_size=_PER_BATCH, ignore_conflicts=True
        )
        if used:
            with connection.cursor() as cursor:
                # In id order, so that two processes cannot wait for each other.
                cursor.execute(
                    "WITH used AS (SELECT k, a FROM unnest(%s::uuid[], %s::timestamptz[]) "
                    "AS t(k, a)), held AS (SELECT id FROM merchants_apikey WHERE id IN "
                    "(SELECT k FROM used) ORDER BY id FOR NO KEY UPDATE) "
                    "UPDATE merchants_apikey SET last_used_at = "
                    "greatest(coalesce(last_used_at, used.a), used.a) "
                    "FROM used JOIN held ON held.id = used.k WHERE merchants_apikey.id = held.id",
                    [list(used), list(used.values())],
                )


def log_request(line: data.RequestLogLine) -> None:
    """Note a request, to be written soon. Never waits and never fails."""
    _buffer.add(line)


def flush_requests() -> int:
    """Write what has gathered in this process now, and return how many lines."""
    return _buffer.flush()


def forget_requests(*, at: datetime) -> int:
    """Delete lines that are older than they are kept, and return how many."""
    deleted, _ = RequestLogLine.objects.filter(at__lt=at - KEPT).delete()
    return deleted


def _row(line: data.RequestLogLine) -> RequestLogLine:
    return RequestLogLine(
        id=line.id,
        merchant_id=line.merchant_id,
        api_key_id=line.api_key_id,
        request_id=line.request_id[:64],
        method=line.method[:10],
        path=line.path[:2048],
        status=line.status,
        duration_ms=line.duration_ms,
        error_code=line.error_code[:80],
        idempotency_key=line.idempotency_key[:255],
        request_body=line.request_body,
        response_body=line.response_body,
        at=line.at,
    )


class _Buffer:
    """Lines on their way to the database: bounded, and written by one thread."""

    def __init__(self) -> None:
        self._waiting: deque[data.RequestLogLine] = deque(maxlen=_MOST_WAITING)
        self._writing = threading.Lock()
        self._owner: int | None = None
        self.lost = 0

    def add(self, line: data.RequestLogLine) -> None:
        if len(self._waiting) == _MOST_WAITING:
            self.lost += 1
        self._waiting.append(line)
        if self._owner != os.getpid():  # Threads do not survive a fork.
            self._start()

    def flush(self) -> int:
        with self._writing:
            written = 0
            while self._waiting:
                batch = [
                    self._waiting.popleft() for _ in range(min(_PER_BATCH, len(self._waiting)))
                ]
                try:
                    record_requests(batch)
                except DatabaseError:
                    self._waiting.extendleft(reversed(batch[: _MOST_WAITING - len(self._waiting)]))
                    raise
                written += len(batch)
            return written

    def _start(self) -> None:
        self._owner = os.getpid()
        if not getattr(settings, "FLUSH_REQUEST_LOG", settings.WAKE_SUBSCRIBERS):
            return  # Jobs and tests flush by hand.
        threading.Thread(target=self._serve, name="request-log", daemon=True).start()

    def _serve(self) -> None:
        pause = threading.Event()
        while not pause.wait(_INTERVAL_S):
            try:
                self.flush()
            except DatabaseError as broken:
                _log.warning("request_log.not_written", error=type(broken).__name__)
                with contextlib.suppress(DatabaseError):
                    connection.close()  # The next round opens a fresh one.


_buffer = _Buffer()
