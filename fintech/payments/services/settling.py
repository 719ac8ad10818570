"""Fetching what a provider says that it has settled."""

from datetime import date

from fintech.payments import data
from fintech.payments.providers import registry
from fintech.payments.services import recording


def settlement_file(*, provider: str, on: date, currency: str) -> data.SettlementFile:
    """
    Ask a provider, with no transaction open, for what it settled of a business day.

    It goes out through the provider's circuit: one that is left alone is not asked.

    Raises:
        ProviderUnknown: there is none, or it refuses to run in this mode.
        RuntimeError: a transaction is open; an outside call must never hold one.
    """
    recording.refuse_open_transaction()
    found = registry.provider(provider)
    if not found.capabilities.settlement_files:
        return data.SettlementFile(status=data.AnswerStatus.ABSENT, asked=False)
    return found.settlement_file(on=on, currency=currency)
