"""Assessments and outcomes only grow; cases and list items move."""

import django_fsm
import fintech.fraud.data
import fintech.kernel.ids
from django.db import migrations, models

from fintech.kernel.schema import AppendOnly, InSchema


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('kernel', '0001_initial'),
    ]

    operations = [
        InSchema('fraud'),
        migrations.CreateModel(
            name='Assessment',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('attempt_id', models.UUIDField(unique=True)),
                ('payment_id', models.UUIDField()),
                ('merchant_id', models.UUIDField()),
                ('customer_id', models.UUIDField(blank=True, null=True)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('card_fingerprint', models.CharField(max_length=80)),
                ('card_country', models.CharField(blank=True, max_length=2)),
                ('email_hash', models.CharField(blank=True, max_length=80, null=True)),
                ('ip_hash', models.CharField(blank=True, max_length=80, null=True)),
                ('features', models.JSONField()),
                ('score', models.IntegerField()),
                ('decision', models.CharField(choices=[('allow', 'allow'), ('challenge', 'challenge'), ('review', 'review'), ('block', 'block')], max_length=20)),
                ('reasons', models.JSONField()),
                ('model_version', models.CharField(max_length=40)),
                ('case_id', models.UUIDField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['card_fingerprint', '-created_at'], name='fraud_by_card'), models.Index(condition=models.Q(('customer_id__isnull', False)), fields=['customer_id', '-created_at'], name='fraud_by_customer'), models.Index(condition=models.Q(('email_hash__isnull', False)), fields=['email_hash', '-created_at'], name='fraud_by_email'), models.Index(condition=models.Q(('ip_hash__isnull', False)), fields=['ip_hash', '-created_at'], name='fraud_by_ip'), models.Index(fields=['merchant_id', 'currency', '-created_at'], name='fraud_by_merchant'), models.Index(fields=['merchant_id', '-id'], name='fraud_assessment_list'), models.Index(fields=['payment_id'], name='fraud_assessment_payment')],
                'constraints': [models.CheckConstraint(condition=models.Q(('score__gte', 0), ('score__lte', 100)), name='fraud_assessment_scores_between_0_and_100'), models.CheckConstraint(condition=models.Q(models.Q(('decision', 'review'), _negated=True), ('case_id__isnull', False), _connector='OR'), name='fraud_assessment_for_review_has_a_case'), models.CheckConstraint(condition=models.Q(('amount_minor__gte', 1)), name='fraud_assessment_is_of_some_amount')],
            },
        ),
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('payment_id', models.UUIDField()),
                ('assessment_id', models.UUIDField(unique=True)),
                ('state', django_fsm.FSMField(choices=[('pending', 'pending'), ('investigating', 'investigating'), ('closed', 'closed')], default=fintech.fraud.data.CaseState['PENDING'], max_length=20, protected=True)),
                ('disposition', models.CharField(blank=True, choices=[('confirmed_fraud', 'confirmed fraud'), ('suspicious', 'suspicious'), ('false_positive', 'false positive')], default='', max_length=20)),
                ('score', models.IntegerField()),
                ('pivot_kind', models.CharField(max_length=20)),
                ('pivot_value', models.CharField(max_length=80)),
                ('assignee', models.CharField(blank=True, default='', max_length=80)),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=1)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'closed'), _negated=True), fields=['merchant_id', 'opened_at'], name='fraud_case_queue'), models.Index(fields=['pivot_kind', 'pivot_value'], name='fraud_case_pivot'), models.Index(fields=['payment_id'], name='fraud_case_payment')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state', 'closed'), models.Q(('disposition', ''), _negated=True)), models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at__isnull', True), ('disposition', '')), _connector='OR'), name='fraud_case_says_what_was_found_and_when_it_closed'), models.CheckConstraint(condition=models.Q(('score__gte', 0), ('score__lte', 100)), name='fraud_case_scores_between_0_and_100')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='ListItem',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField(blank=True, null=True)),
                ('kind', models.CharField(choices=[('card', 'card'), ('customer', 'customer'), ('email', 'email'), ('ip', 'ip'), ('country', 'country')], max_length=20)),
                ('value', models.CharField(max_length=80)),
                ('action', models.CharField(choices=[('block', 'block'), ('review', 'review'), ('allow', 'allow')], max_length=20)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=1)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('removed_at__isnull', True)), fields=('kind', 'value', 'merchant_id'), name='fraud_listitem_stands_once_on_the_lists', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('value', ''), _negated=True), name='fraud_listitem_names_something'), models.CheckConstraint(condition=models.Q(('removed_at__isnull', True), ('removed_at__gte', models.F('created_at')), _connector='OR'), name='fraud_listitem_is_removed_after_it_was_added')],
            },
        ),
        migrations.CreateModel(
            name='Outcome',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('assessment_id', models.UUIDField()),
                ('payment_id', models.UUIDField()),
                ('card_fingerprint', models.CharField(max_length=80)),
                ('kind', models.CharField(choices=[('declined', 'declined'), ('fraud', 'fraud'), ('disputed', 'disputed'), ('legitimate', 'legitimate')], max_length=20)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['card_fingerprint', 'kind', '-at'], name='fraud_outcome_of_card'), models.Index(fields=['payment_id'], name='fraud_outcome_payment')],
                'constraints': [models.UniqueConstraint(fields=('assessment_id', 'kind'), name='fraud_outcome_is_told_once')],
            },
        ),
        AppendOnly('fraud_assessment'),
        AppendOnly('fraud_outcome'),
    ]
