from typing import Any

from django.db import migrations, models

from fintech.kernel.schema import InSchema
from fintech.notifications.channels import sealing


def seal(apps: Any, schema_editor: Any) -> None:
    """Seal what stood there in plain text; an instance without endpoints has nothing to do."""
    endpoints = apps.get_model("notifications", "Endpoint").objects
    for endpoint in endpoints.using(schema_editor.connection.alias).iterator():
        endpoint.secret = sealing.seal(endpoint.secret, of=endpoint.id)
        if endpoint.former_secret:
            endpoint.former_secret = sealing.seal(endpoint.former_secret, of=endpoint.id)
        endpoint.save(update_fields=["secret", "former_secret"])


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0004_order_and_queues"),
    ]

    operations = [
        InSchema("notifications"),
        migrations.RemoveConstraint(
            model_name="endpoint",
            name="notifications_endpoint_has_a_secret",
        ),
        migrations.RemoveConstraint(
            model_name="merchantevent",
            name="notifications_merchantevent_is_told_once_per_fact",
        ),
        migrations.RemoveConstraint(
            model_name="merchantevent",
            name="notifications_merchantevent_is_counted_once_per_object",
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="former_secret",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="secret",
            field=models.CharField(max_length=200),
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("secret__startswith", "v1.")),
                name="notifications_endpoint_has_a_sealed_secret",
            ),
        ),
        migrations.AddConstraint(
            model_name="merchantevent",
            constraint=models.UniqueConstraint(
                fields=("source", "position", "type", "merchant_id"),
                name="notifications_merchantevent_is_told_once_per_fact",
            ),
        ),
        migrations.AddConstraint(
            model_name="merchantevent",
            constraint=models.UniqueConstraint(
                fields=("object_id", "merchant_id", "sequence"),
                name="notifications_merchantevent_is_counted_once_per_object",
            ),
        ),
    ]
