"""What of each capture is available to its merchant, and when that is looked at."""

from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema

# Whoever gives something back, or takes that back, need not know of what is available.
_AGAIN = """
CREATE FUNCTION payments_capture_is_looked_at_again() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.available_due_at := NEW.became_available_at;
  RETURN NEW;
END $$;
CREATE TRIGGER payments_capture_is_looked_at_again
  BEFORE UPDATE OF refunded_minor, state ON payments_capture
  FOR EACH ROW
  WHEN (NEW.became_available_at IS NOT NULL
    AND (NEW.refunded_minor <> OLD.refunded_minor OR NEW.state <> OLD.state))
  EXECUTE FUNCTION payments_capture_is_looked_at_again();
"""
_NEVER = "DROP FUNCTION IF EXISTS payments_capture_is_looked_at_again() CASCADE;"
# What was taken before becomes available on its day too, or at once.
_TAKEN_BEFORE = """
UPDATE payments_capture c
SET available_due_at = date_trunc('day', c.succeeded_at, 'UTC') + interval '2 days'
FROM payments_payment p
WHERE p.id = c.payment_id AND p.purpose = 'sale' AND c.state = 'succeeded';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0012_checkout_sessions"),
    ]

    operations = [
        InSchema("payments"),
        migrations.CreateModel(
            name="Availability",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.kernel.ids.new,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("merchant_id", models.UUIDField()),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("captures", models.IntegerField()),
                ("created_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="capture",
            name="available_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="capture",
            name="available_minor",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="capture",
            name="became_available_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="capture",
            index=models.Index(
                condition=models.Q(("available_due_at__isnull", False)),
                fields=["merchant_id", "currency", "available_due_at"],
                name="payments_capture_becoming",
            ),
        ),
        migrations.AddConstraint(
            model_name="capture",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("available_minor__lte", 0),
                    ("became_available_at__isnull", False),
                    _connector="OR",
                ),
                name="payments_capture_says_when_it_became_available",
            ),
        ),
        migrations.AddConstraint(
            model_name="capture",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["succeeded", "reversed"]),
                    models.Q(
                        ("available_due_at__isnull", True), ("became_available_at__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="payments_capture_becomes_available_once_it_succeeded",
            ),
        ),
        migrations.AddIndex(
            model_name="availability",
            index=models.Index(fields=["merchant_id", "-id"], name="payments_availability_list"),
        ),
        migrations.AddConstraint(
            model_name="availability",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_minor", 0), _negated=True), ("captures__gte", 1)
                ),
                name="payments_availability_changes_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="availability",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)),
                name="payments_availability_counts_its_versions_from_one",
            ),
        ),
        migrations.RunSQL(_AGAIN, _NEVER),
        migrations.RunSQL(_TAKEN_BEFORE, migrations.RunSQL.noop),
    ]
