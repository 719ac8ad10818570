"""How providers are."""

from dataclasses import asdict
from datetime import UTC, datetime

from fintech.payments import data
from fintech.payments.providers import circuit, registry


def providers_health() -> list[data.ProviderHealth]:
    """Return how each provider is that attempts may go to in this mode."""
    return [provider_health(name) for name in registry.names()]


def provider_health(name: str) -> data.ProviderHealth:
    """
    Return a provider's circuit and its last failures, as all processes know them.

    Raises:
        ProviderUnknown: there is none, or it refuses to run in this mode.
    """
    found = registry.provider(name)
    known = circuit.health(found.name)
    return data.ProviderHealth(
        name=name,
        state=str(known.state),
        held=known.held,
        failures=tuple(
            (datetime.fromtimestamp(second, UTC), what) for second, what in known.failures
        ),
        shared=known.shared,
        lacks=tuple(what for what, can in asdict(found.capabilities).items() if not can),
    )


def providers_that_settle() -> tuple[str, ...]:
    """Name the providers that give a file of what they have settled."""
    return tuple(
        name for name in registry.names() if registry.provider(name).capabilities.settlement_files
    )
