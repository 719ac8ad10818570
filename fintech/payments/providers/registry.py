"""Which providers there are. Another adapter is registered here, in one line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from django.conf import settings

from fintech.payments import errors
from fintech.payments.providers import circuit
from fintech.payments.providers.guarded import Guarded
from fintech.payments.providers.protocol import Provider
from fintech.payments.providers.simulator import Simulator


def _simulated(name: str, path: str) -> Provider:
    if settings.MODE != "sandbox":
        raise errors.ProviderUnknown(name)
    url = f"{settings.ACQUIRER_URL}{path}"
    return Simulator(url=url, secret=settings.ACQUIRER_SECRET, name=name)


_MAKERS: dict[str, Callable[[], Provider]] = {
    "simulator": lambda: _simulated("simulator", ""),
    "backup": lambda: _simulated("backup", "/backup"),
}
_OF_A_SANDBOX = frozenset({"simulator", "backup"})
_made: dict[str, Provider] = {}
_guards: dict[str, Guarded] = {}


def provider(name: str) -> Provider:
    """
    Return the provider of that name behind its circuit, made on first use in each process.

    Raises:
        ProviderUnknown: there is none, or it refuses to run in this mode.
    """
    if name not in _made:
        if name not in _MAKERS:
            raise errors.ProviderUnknown(name)
        _made[name] = _MAKERS[name]()
    adapter, guard = _made[name], _guards.get(name)
    if guard is None or guard.adapter is not adapter:
        guard = _guards[name] = Guarded(adapter)
    return cast("Provider", guard)  # What it does not guard it hands through.


def names() -> tuple[str, ...]:
    """Name the providers that attempts may go to in this mode."""
    known = dict.fromkeys((*_MAKERS, *_made))
    return tuple(name for name in known if settings.MODE == "sandbox" or name not in _OF_A_SANDBOX)


def left_alone() -> tuple[str, ...]:
    """Name the providers whose circuit is open now: who asks by the clock asks them later."""
    return tuple(name for name in names() if circuit.is_open(name))


def default() -> str:
    """Name the provider that new attempts go to."""
    return "simulator"


@contextmanager
def using(stand_in: Provider) -> Iterator[None]:
    """Put a stand-in where the provider of its name is asked for (tests, benchmarks)."""
    before = _made.get(stand_in.name)
    _made[stand_in.name] = stand_in
    try:
        yield
    finally:
        if before is None:
            del _made[stand_in.name]
        else:
            _made[stand_in.name] = before
