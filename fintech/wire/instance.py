"""
What this instance says of itself: sandbox or live, and under which address.

`config` says it once, when it reads the settings; everything else here is a function of
its arguments and of this.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An installation of the platform."""

    is_live: bool = False
    base_url: str = "http://127.0.0.1:8000"
    secret: str = field(default="", repr=False)  # From which clients' secrets are derived.


_said = [Instance()]


def describe(instance: Instance) -> None:
    """Say what this instance is."""
    _said[:] = [instance]


def current() -> Instance:
    """Return what this instance is."""
    return _said[0]
