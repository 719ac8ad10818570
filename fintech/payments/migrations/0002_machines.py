"""The machines, kept by the database: every pair of states that is not listed is refused."""

from django.db import migrations

from fintech.kernel.schema import InSchema
from fintech.payments.models.transitions import guard_sql, unguard_sql

# Written down as they were on the day of the migration; a test compares them with the models.
PAIRS = {
    "payments_payment": [
        ("", "awaiting_payer"),
        ("", "created"),
        ("", "processing"),
        ("authorized", "canceled"),
        ("authorized", "captured"),
        ("authorized", "conflicted"),
        ("authorized", "partially_captured"),
        ("awaiting_payer", "canceled"),
        ("awaiting_payer", "conflicted"),
        ("awaiting_payer", "created"),
        ("awaiting_payer", "processing"),
        ("canceled", "conflicted"),
        ("captured", "conflicted"),
        ("created", "awaiting_payer"),
        ("created", "canceled"),
        ("created", "conflicted"),
        ("created", "processing"),
        ("in_review", "authorized"),
        ("in_review", "canceled"),
        ("in_review", "conflicted"),
        ("partially_captured", "captured"),
        ("partially_captured", "conflicted"),
        ("processing", "authorized"),
        ("processing", "awaiting_payer"),
        ("processing", "canceled"),
        ("processing", "captured"),
        ("processing", "conflicted"),
        ("processing", "created"),
        ("processing", "in_review"),
    ],
    "payments_attempt": [
        ("", "authorizing"),
        ("", "declined"),
        ("authorizing", "authorized"),
        ("authorizing", "declined"),
        ("authorizing", "errored"),
        ("authorizing", "unknown"),
        ("created", "authorizing"),
        ("created", "declined"),
        ("unknown", "authorized"),
        ("unknown", "authorizing"),
        ("unknown", "declined"),
        ("unknown", "errored"),
    ],
    "payments_capture": [
        ("", "submitted"),
        ("", "succeeded"),
        ("created", "submitted"),
        ("created", "succeeded"),
        ("submitted", "failed"),
        ("submitted", "succeeded"),
        ("submitted", "unknown"),
        ("unknown", "failed"),
        ("unknown", "succeeded"),
    ],
    "payments_refund": [
        ("", "submitted"),
        ("created", "submitted"),
        ("submitted", "failed"),
        ("submitted", "succeeded"),
        ("submitted", "unknown"),
        ("succeeded", "failed"),
        ("unknown", "failed"),
        ("unknown", "submitted"),
        ("unknown", "succeeded"),
    ],
}


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_tables")]

    operations = [
        InSchema("payments"),
        *(
            migrations.RunSQL(guard_sql(table, pairs), unguard_sql(table))
            for table, pairs in PAIRS.items()
        ),
    ]
