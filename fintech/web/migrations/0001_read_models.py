"""The tables of the pages' read models."""

from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        InSchema("web"),
        migrations.CreateModel(
            name='DayTotal',
            fields=[
                ('pk', models.CompositePrimaryKey('merchant_id', 'currency', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('currency', models.CharField(max_length=3)),
                ('day', models.DateField()),
                ('created', models.BigIntegerField(default=0)),
                ('authorized', models.BigIntegerField(default=0)),
                ('declined', models.BigIntegerField(default=0)),
                ('blocked', models.BigIntegerField(default=0)),
                ('captures', models.BigIntegerField(default=0)),
                ('captured_minor', models.BigIntegerField(default=0)),
                ('fee_minor', models.BigIntegerField(default=0)),
                ('refunds', models.BigIntegerField(default=0)),
                ('refunded_minor', models.BigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='web_daytotal_names_its_currency')],
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('state', models.CharField(max_length=20)),
                ('purpose', models.CharField(max_length=10)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('captured_minor', models.BigIntegerField(default=0)),
                ('fee_minor', models.BigIntegerField(default=0)),
                ('refunded_minor', models.BigIntegerField(default=0)),
                ('score', models.IntegerField(blank=True, null=True)),
                ('decision', models.CharField(blank=True, default='', max_length=20)),
                ('decline_code', models.CharField(blank=True, default='', max_length=80)),
                ('customer_id', models.UUIDField(blank=True, null=True)),
                ('link_id', models.UUIDField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('version', models.BigIntegerField()),
            ],
            options={
                'indexes': [models.Index(fields=['merchant_id', '-created_at', '-id'], name='web_payment_list'), models.Index(fields=['merchant_id', 'state', '-created_at', '-id'], name='web_payment_list_by_state')],
                'constraints': [models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='web_payment_has_heard_something')],
            },
        ),
        migrations.CreateModel(
            name='Timeline',
            fields=[
                ('pk', models.CompositePrimaryKey('source', 'position', blank=True, editable=False, primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=20)),
                ('position', models.BigIntegerField()),
                ('payment_id', models.UUIDField()),
                ('merchant_id', models.UUIDField(blank=True, null=True)),
                ('kind', models.CharField(max_length=80)),
                ('version', models.BigIntegerField()),
                ('data', models.JSONField()),
                ('by', models.CharField(blank=True, default='', max_length=20)),
                ('request_id', models.CharField(blank=True, default='', max_length=80)),
                ('occurred_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['payment_id', 'recorded_at'], name='web_timeline_of_payment')],
                'constraints': [models.CheckConstraint(condition=models.Q(('position__gte', 0)), name='web_timeline_says_where_it_was_read')],
            },
        ),
    ]
