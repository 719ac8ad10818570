"""Slow outside work, and the clock."""

import os
from typing import Any

import structlog
from celery import Celery, Task

from config import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
tracing.configure()


class Named(Task):
    """A task whose name and id stand in every line that is logged meanwhile."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do the task."""
        with structlog.contextvars.bound_contextvars(task=self.name, task_id=self.request.id):
            return super().__call__(*args, **kwargs)


app = Celery("fintech", task_cls=Named)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Seconds between runs. The broker is only a hint: each task looks in the database for
# what is due, so a lost message costs one period and nothing else.
app.conf.beat_schedule = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(seconds * 3, 5)}}
    for name, task, seconds in (
        ("seal-journal", "fintech.ledger.tasks.seal", 1.0),
        ("seal-log", "fintech.audit.tasks.seal", 1.0),
        ("deliver", "fintech.notifications.tasks.deliver_due", 1.0),
        ("ask-again", "fintech.payments.tasks.ask_again", 5.0),
        ("write-exports", "fintech.web.tasks.write_exports", 2.0),
        ("reassess-degraded", "fintech.fraud.tasks.reassess_degraded", 60.0),
        ("wake-fraud-rules", "fintech.fraud.tasks.wake_rules", 30.0),
        ("keep-fraud-counters", "fintech.fraud.tasks.keep_counters", 10.0),
        ("watch-fraud", "fintech.fraud.tasks.watch", 60.0),
        ("train-fraud", "fintech.fraud.tasks.train_nightly", 86_400.0),
        ("expire-payments", "fintech.payments.tasks.expire_due", 30.0),
        ("make-available", "fintech.payments.tasks.make_available", 30.0),
        ("ask-the-bank", "fintech.payments.tasks.ask_the_bank", 30.0),
        ("expire-holds", "fintech.wallets.tasks.expire_due", 30.0),
        ("recover-debts", "fintech.payments.tasks.recover_debts", 3600.0),
        ("take-snapshots", "fintech.ledger.tasks.take_snapshots", 3600.0),
        ("open-partitions", "fintech.ledger.tasks.open_partitions", 86_400.0),
        ("reconcile", "fintech.reconciliation.tasks.run_nightly", 3600.0),
        ("forget-requests", "fintech.merchants.tasks.forget_requests", 3600.0),
        ("forget-tokens", "fintech.merchants.tasks.forget_expired_tokens", 3600.0),
        ("reap-keys", "fintech.kernel.tasks.reap_idempotency_keys", 3600.0),
    )
}
