"""Which providers there are. Another adapter is registered here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from django.conf import settings

from fintech.payments import errors
from fintech.payments.providers import circuit
from fintech.payments.providers.guarded import Guarded
from fintech.payments.providers.protocol import Provider
from fintech.payments.providers.simulator import Simulator


def _in_a_sandbox() -> bool:
    return bool(settings.MODE == "sandbox")


def _has_stripe() -> bool:
    """Whether there is a key, and of this instance's mode: test money is no money."""
    key = str(settings.STRIPE_SECRET_KEY)
    return bool(key) and ("_live_" in key) == (settings.MODE == "live")


def _simulated(name: str, path: str) -> Provider:
    url = f"{settings.ACQUIRER_URL}{path}"
    return Simulator(url=url, secret=settings.ACQUIRER_SECRET, name=name)


def _stripe() -> Provider:
    from fintech.payments.providers.stripe import Stripe  # Only who uses it waits for its SDK.

    return Stripe(
        key=settings.STRIPE_SECRET_KEY,
        secret=settings.STRIPE_WEBHOOK_SECRET,
        url=settings.STRIPE_URL,
    )


# How each is made, and whether this instance has it. Another adapter is one line here.
_KNOWN: dict[str, tuple[Callable[[], Provider], Callable[[], bool]]] = {
    "simulator": (lambda: _simulated("simulator", ""), _in_a_sandbox),
    "backup": (lambda: _simulated("backup", "/backup"), _in_a_sandbox),
    "stripe": (_stripe, _has_stripe),
}
_made: dict[str, Provider] = {}
_guards: dict[str, Guarded] = {}


def provider(name: str) -> Provider:
    """
    Return the provider of that name behind its circuit, made on first use in each process.

    Raises:
        ProviderUnknown: there is none, or it refuses to run in this mode.
    """
    if name not in _made:
        make, is_there = _KNOWN.get(name, (None, None))
        if make is None or is_there is None or not is_there():
            raise errors.ProviderUnknown(name)
        _made[name] = make()
    adapter, guard = _made[name], _guards.get(name)
    if guard is None or guard.adapter is not adapter:
        guard = _guards[name] = Guarded(adapter)
    return cast("Provider", guard)  # What it does not guard it hands through.


def names() -> tuple[str, ...]:
    """Name the providers that attempts may go to in this mode."""
    known = {name: is_there() for name, (_, is_there) in _KNOWN.items()}
    others = {name: True for name in _made if name not in _KNOWN}
    return tuple(name for name, is_there in (known | others).items() if is_there)


def left_alone() -> tuple[str, ...]:
    """Name the providers whose circuit is open now: who asks by the clock asks them later."""
    return tuple(name for name in names() if circuit.is_open(name))


def default() -> str:
    """Name the provider that new attempts go to: the first that this instance has."""
    return next(iter(names()), "simulator")


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
