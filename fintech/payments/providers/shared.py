"""
What processes tell each other of providers, on Valkey: gone if it is, and never needed.

Nothing is kept here that is not known elsewhere or found out again.
"""

import time
from typing import Any

import redis
import structlog
from django.conf import settings
from prometheus_client import Gauge

_log = structlog.get_logger(__name__)
STALE_SECONDS = 1.0  # What is older is not gone by while somebody looks.
_TIMEOUT_SECONDS, _PAUSE_SECONDS = 0.05, 1.0

_answers = Gauge(
    "provider_states_shared",
    "Whether processes share what they know of providers (0: Valkey is away)",
    multiprocess_mode="mostrecent",
)
_client: Any = None
_away_until = 0.0


def ask(script: str, keys: list[str], arguments: list[Any]) -> Any:
    """Run a script on Valkey; nothing if it is away, which is asked again a second later."""
    global _client, _away_until  # noqa: PLW0603 -- one client per process.
    if time.monotonic() < _away_until:
        return None
    try:
        if _client is None:
            _client = redis.Redis.from_url(
                settings.REDIS_URL,
                socket_timeout=_TIMEOUT_SECONDS,
                socket_connect_timeout=_TIMEOUT_SECONDS,
                retry=None,
                decode_responses=True,
            )
        told = _client.register_script(script)(keys=keys, args=arguments)
    except (redis.RedisError, OSError) as away:
        _away_until = time.monotonic() + _PAUSE_SECONDS
        _answers.set(0)
        _log.warning("payments.states_are_not_shared", error=type(away).__name__)
        return None
    _answers.set(1)
    return told


def forget() -> None:
    """Connect anew (tests: settings and servers change under us)."""
    global _client, _away_until
    _client, _away_until = None, 0.0
