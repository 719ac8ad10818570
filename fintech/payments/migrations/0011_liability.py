"""Attempts say whether their payer was asked who they are, and who answers for them."""

from django.db import migrations, models
from django.db.models import Q

from fintech.kernel.schema import InSchema

# What was known so far: when a payer had passed, and that an attempt was declined for it.
_TELL = """
UPDATE payments_attempt SET
  authentication = CASE
    WHEN authenticated_at IS NOT NULL THEN 'passed'
    WHEN decline_code = 'authentication_required' THEN 'failed'
    ELSE '' END,
  liability = CASE
    WHEN state <> 'authorized' OR provider = 'wallet' THEN ''
    WHEN authenticated_at IS NOT NULL THEN 'issuer'
    ELSE 'merchant' END
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0010_refunds_that_span_captures"),
    ]

    operations = [
        InSchema("payments"),
        migrations.AddField(
            model_name="attempt",
            name="authentication",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", ""),
                    ("asked", "asked"),
                    ("passed", "passed"),
                    ("failed", "failed"),
                    ("timed_out", "timed out"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="liability",
            field=models.CharField(
                blank=True,
                choices=[("", ""), ("merchant", "merchant"), ("issuer", "issuer")],
                default="",
                max_length=20,
            ),
        ),
        migrations.RunSQL(_TELL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=Q(authentication="passed") ^ Q(authenticated_at__isnull=True),
                name="payments_attempt_passed_authentication_and_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=~Q(liability="issuer") | Q(authentication="passed"),
                name="payments_attempt_shifts_liability_by_authentication_alone",
            ),
        ),
    ]
