"""Who hears what: the nervous system on one page."""

from fintech.fraud import handlers as fraud
from fintech.kernel.event_log import EventSource
from fintech.kernel.subscriptions import Subscription
from fintech.ledger import queries as ledger
from fintech.notifications import handlers as notifications
from fintech.web import handlers as web

_facts = EventSource()
_journal = ledger.journal_source()

SUBSCRIPTIONS = (
    # Read models of the dashboard: timelines and day totals.
    Subscription(name="web", sources=(_facts, _journal), handle=web.hear),
    # Velocity in Valkey, of committed attempts only.
    Subscription(
        name="fraud", sources=(_facts,), handle=fraud.hear, names=("fraud.assessment_made",)
    ),
    # Merchant events, their deliveries, and mails to payers.
    Subscription(name="notifications", sources=(_facts,), handle=notifications.hear),
)
