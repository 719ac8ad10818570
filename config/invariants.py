"""Every invariant of the platform, joined from the rooms that declare them."""

from fintech.audit import queries as audit
from fintech.fraud import queries as fraud
from fintech.ledger import queries as ledger
from fintech.merchants import queries as merchants
from fintech.notifications import queries as notifications
from fintech.payments import queries as payments
from fintech.reconciliation import queries as reconciliation
from fintech.wallets import queries as wallets

INVARIANTS = tuple(
    invariant
    for room in (
        merchants,
        ledger,
        wallets,
        fraud,
        payments,
        reconciliation,
        notifications,
        audit,
    )
    for invariant in room.INVARIANTS
)
