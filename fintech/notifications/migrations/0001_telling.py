import django.contrib.postgres.fields
import django.db.models.deletion
import fintech.kernel.ids
from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        InSchema('notifications'),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('channel', models.CharField(choices=[('webhook', 'Webhook'), ('mail', 'Mail')], max_length=10)),
                ('template', models.CharField(blank=True, default='', max_length=40)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('delivered', 'Delivered'), ('failed', 'Failed'), ('abandoned', 'Abandoned')], default='pending', max_length=10)),
                ('attempts', models.IntegerField(default=0)),
                ('tries_left', models.IntegerField()),
                ('created_at', models.DateTimeField()),
                ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('last_status', models.SmallIntegerField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=40)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'deliveries',
            },
        ),
        migrations.CreateModel(
            name='DeadLetter',
            fields=[
            ],
            options={
                'verbose_name': 'dead letter',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('notifications.delivery',),
        ),
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('url', models.CharField(max_length=2048)),
                ('description', models.CharField(blank=True, default='', max_length=500)),
                ('enabled_events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80))),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('secret', models.CharField(max_length=100)),
                ('former_secret', models.CharField(blank=True, default='', max_length=100)),
                ('former_secret_until', models.DateTimeField(blank=True, null=True)),
                ('api_version', models.CharField(max_length=10)),
                ('is_enabled', models.BooleanField(default=True)),
                ('disabled_reason', models.CharField(blank=True, default='', max_length=40)),
                ('created_at', models.DateTimeField()),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=1)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('deleted_at__isnull', True)), fields=['merchant_id', '-id'], name='notifications_endpoint_list')],
                'constraints': [models.CheckConstraint(condition=models.Q(('enabled_events__len__gte', 1)), name='notifications_endpoint_listens_to_something'), models.CheckConstraint(condition=models.Q(('secret__startswith', 'whsec_')), name='notifications_endpoint_has_a_secret'), models.CheckConstraint(condition=models.Q(('former_secret', ''), ('former_secret_until__isnull', False), _connector='XOR'), name='notifications_endpoint_says_how_long_a_former_secret_signs'), models.CheckConstraint(condition=models.Q(('deleted_at__isnull', True), ('is_enabled', False), _connector='OR'), name='notifications_endpoint_deleted_is_not_enabled'), models.CheckConstraint(condition=models.Q(('is_enabled', True), models.Q(('disabled_reason', ''), _negated=True), _connector='XOR'), name='notifications_endpoint_disabled_says_why')],
            },
        ),
        migrations.AddField(
            model_name='delivery',
            name='endpoint',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='notifications.endpoint'),
        ),
        migrations.CreateModel(
            name='MerchantEvent',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('type', models.CharField(max_length=80)),
                ('object', models.JSONField()),
                ('object_id', models.CharField(max_length=40)),
                ('sequence', models.IntegerField()),
                ('api_version', models.CharField(max_length=10)),
                ('source', models.CharField(max_length=60)),
                ('position', models.BigIntegerField()),
                ('subject_id', models.UUIDField(blank=True, null=True)),
                ('request_id', models.CharField(blank=True, default='', max_length=64)),
                ('addressees', models.IntegerField()),
                ('created_at', models.DateTimeField()),
                ('previous', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='notifications.merchantevent')),
            ],
        ),
        migrations.AddField(
            model_name='delivery',
            name='event',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='notifications.merchantevent'),
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('number', models.IntegerField()),
                ('started_at', models.DateTimeField()),
                ('duration_ms', models.IntegerField()),
                ('outcome', models.CharField(max_length=40)),
                ('status', models.SmallIntegerField(blank=True, null=True)),
                ('excerpt', models.CharField(blank=True, default='', max_length=500)),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tried', to='notifications.delivery')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('delivery', 'number'), name='notifications_attempt_is_numbered_once'), models.CheckConstraint(condition=models.Q(('duration_ms__gte', 0), ('number__gte', 1)), name='notifications_attempt_is_numbered_from_one')],
            },
        ),
        migrations.AddIndex(
            model_name='merchantevent',
            index=models.Index(fields=['merchant_id', '-id'], name='notifications_event_list'),
        ),
        migrations.AddIndex(
            model_name='merchantevent',
            index=models.Index(fields=['subject_id'], name='notifications_event_subject'),
        ),
        migrations.AddConstraint(
            model_name='merchantevent',
            constraint=models.UniqueConstraint(fields=('source', 'position', 'type'), name='notifications_merchantevent_is_told_once_per_fact'),
        ),
        migrations.AddConstraint(
            model_name='merchantevent',
            constraint=models.UniqueConstraint(fields=('object_id', 'sequence'), name='notifications_merchantevent_is_counted_once_per_object'),
        ),
        migrations.AddConstraint(
            model_name='merchantevent',
            constraint=models.CheckConstraint(condition=models.Q(('sequence', 1), ('previous__isnull', False), _connector='XOR'), name='notifications_merchantevent_names_the_one_before'),
        ),
        migrations.AddConstraint(
            model_name='merchantevent',
            constraint=models.CheckConstraint(condition=models.Q(('addressees__gte', 0)), name='notifications_merchantevent_counts_its_addressees'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['next_attempt_at'], name='notifications_delivery_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['endpoint', '-id'], name='notifications_delivery_list'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ['failed', 'abandoned'])), fields=['-id'], name='notifications_delivery_dead'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(condition=models.Q(('channel', 'webhook')), fields=('event', 'endpoint'), name='notifications_delivery_is_one_per_event_and_endpoint'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(condition=models.Q(('channel', 'mail')), fields=('event', 'template'), name='notifications_delivery_is_one_per_event_and_template'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', 'webhook'), ('endpoint__isnull', False), ('template', '')), models.Q(('channel', 'mail'), ('endpoint__isnull', True), models.Q(('template', ''), _negated=True)), _connector='OR'), name='notifications_delivery_goes_to_one_kind_of_address'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'delivered', 'failed', 'abandoned'])), name='notifications_delivery_has_a_known_state'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'pending'), ('next_attempt_at__isnull', True), _connector='XOR'), name='notifications_delivery_pending_says_when_it_is_tried_next'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'delivered'), ('delivered_at__isnull', True), _connector='XOR'), name='notifications_delivery_says_when_it_arrived'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'delivered']), models.Q(('last_error', ''), _negated=True), _connector='OR'), name='notifications_delivery_given_up_says_why'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('attempts__gte', 0), ('tries_left__gte', 0)), name='notifications_delivery_counts_its_tries'),
        ),
    ]
