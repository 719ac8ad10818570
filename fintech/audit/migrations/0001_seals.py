"""The seals of the event log, and their guard."""

from django.db import migrations, models

from fintech.kernel.schema import AppendOnly, InSchema


class Migration(migrations.Migration):

    initial = True

    dependencies = [("kernel", "0001_initial")]

    operations = [
        InSchema("audit"),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('no', models.BigIntegerField(primary_key=True, serialize=False)),
                ('epoch', models.CharField(max_length=40)),
                ('floor_position', models.BigIntegerField()),
                ('from_xid', models.BigIntegerField()),
                ('to_xid', models.BigIntegerField()),
                ('count', models.BigIntegerField()),
                ('size', models.BigIntegerField()),
                ('root', models.BinaryField()),
                ('frontier', models.BinaryField()),
                ('leaves', models.BinaryField()),
                ('previous', models.BinaryField(unique=True)),
                ('sealed_at_us', models.BigIntegerField()),
                ('key_id', models.CharField(max_length=16)),
                ('signature', models.BinaryField()),
            ],
            options={
                'ordering': ('no',),
                'constraints': [models.CheckConstraint(condition=models.Q(('from_xid__lt', models.F('to_xid'))), name='audit_seal_windows_run_forward'), models.CheckConstraint(condition=models.Q(('count__gte', 1), ('size__gte', models.F('count'))), name='audit_seal_holds_at_least_one_fact')],
            },
        ),
        AppendOnly("audit_seal"),
    ]
