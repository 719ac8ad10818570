"""Limits that count other currencies, and refunds that give back by each limit's own rule."""

from django.db import migrations, models

from fintech.kernel.schema import InSchema

# What limits that keep what was undone have of an operation becomes a row of its own.
_APART = """
WITH parts AS (
  SELECT r.id, l.reversal, array_agg(c.limit_id ORDER BY c.place) AS limits,
    array_agg(c.begins ORDER BY c.place) AS windows
  FROM wallets_reservation r
  CROSS JOIN LATERAL unnest(r.limits, r.windows) WITH ORDINALITY AS c(limit_id, begins, place)
  JOIN wallets_limit l ON l.id = c.limit_id
  GROUP BY r.id, l.reversal
), kept AS (
  INSERT INTO wallets_reservation (id, operation_id, subject, limits, windows, amount_minor,
    currency, counterparty, state, at, reversal, original_currency)
  SELECT uuidv7(), r.operation_id, r.subject, p.limits, p.windows, r.amount_minor,
    r.currency, r.counterparty, r.state, r.at, 'keeps', ''
  FROM wallets_reservation r JOIN parts p ON p.id = r.id WHERE p.reversal = 'keeps'
), others AS (
  UPDATE wallets_reservation r SET limits = p.limits, windows = p.windows
  FROM parts p WHERE p.id = r.id AND p.reversal = 'gives_back'
)
DELETE FROM wallets_reservation r USING parts p WHERE p.id = r.id AND p.reversal = 'keeps'
  AND NOT EXISTS (SELECT FROM parts o WHERE o.id = r.id AND o.reversal = 'gives_back')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0008_transfers_that_wait_for_a_person"),
    ]

    operations = [
        InSchema("wallets"),
        migrations.RemoveConstraint(
            model_name="reservation",
            name="wallets_reservation_is_made_once_per_operation_and_subject",
        ),
        migrations.AddField(
            model_name="limit",
            name="converts",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="reservation",
            name="of_units",
            field=models.DecimalField(blank=True, decimal_places=0, max_digits=40, null=True),
        ),
        migrations.AddField(
            model_name="reservation",
            name="original_currency",
            field=models.CharField(blank=True, default="", max_length=3),
        ),
        migrations.AddField(
            model_name="reservation",
            name="original_minor",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="reservation",
            name="reversal",
            field=models.CharField(
                choices=[("gives_back", "gives back"), ("keeps", "keeps")],
                default="gives_back",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="reservation",
            name="units",
            field=models.DecimalField(blank=True, decimal_places=0, max_digits=40, null=True),
        ),
        migrations.RunSQL(_APART, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="limit",
            constraint=models.CheckConstraint(
                condition=models.Q(("converts", False), ("kind", "amount"), _connector="OR"),
                name="wallets_limit_that_converts_is_of_an_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.UniqueConstraint(
                fields=("operation_id", "subject", "currency", "original_currency", "reversal"),
                name="wallets_reservation_is_made_once_per_operation_and_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("of_units__isnull", True),
                        ("original_currency", ""),
                        ("original_minor__isnull", True),
                        ("units__isnull", True),
                    ),
                    models.Q(
                        models.Q(("original_currency", ""), _negated=True),
                        ("of_units__gte", 1),
                        ("original_minor__gte", 0),
                        ("units__gte", 1),
                    ),
                    _connector="OR",
                ),
                name="wallets_reservation_that_was_converted_says_at_which_rate",
            ),
        ),
    ]
