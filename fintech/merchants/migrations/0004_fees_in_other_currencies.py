"""The fixed part of a merchant's price may be agreed in other currencies than its own."""

from django.db import migrations, models

from fintech.kernel.schema import InSchema

_CHECK = """
ALTER TABLE merchants_merchant
  ADD CONSTRAINT merchants_merchant_pays_fixed_parts_of_whole_minor_units CHECK (
    jsonb_typeof(fee_fixed_elsewhere) = 'object'
    AND NOT jsonb_path_exists(fee_fixed_elsewhere,
      '$.keyvalue() ? (!(@.key like_regex "^[A-Z]{3}$"))')
    AND NOT jsonb_path_exists(fee_fixed_elsewhere,
      '$.* ? (@.type() <> "number" || @ < 0 || @ <> @.floor())')
  )
"""
_DROP = (
    "ALTER TABLE merchants_merchant "
    "DROP CONSTRAINT merchants_merchant_pays_fixed_parts_of_whole_minor_units"
)


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0003_api_version"),
    ]

    operations = [
        InSchema("merchants"),
        migrations.AddField(
            model_name="merchant",
            name="fee_fixed_elsewhere",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.RunSQL(_CHECK, _DROP),
    ]
