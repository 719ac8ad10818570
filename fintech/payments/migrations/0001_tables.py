import django.db.models.deletion
import django.db.models.expressions
import django_fsm
import fintech.kernel.ids
from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        InSchema('payments'),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('number', models.IntegerField()),
                ('state', django_fsm.FSMField(choices=[('created', 'created'), ('authorizing', 'authorizing'), ('authorized', 'authorized'), ('declined', 'declined'), ('errored', 'errored'), ('unknown', 'unknown')], default='created', max_length=20, protected=True)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('captured_minor', models.BigIntegerField(default=0)),
                ('refunded_minor', models.BigIntegerField(default=0)),
                ('captures_at_once', models.BooleanField(default=False)),
                ('provider', models.CharField(max_length=40)),
                ('provider_reference', models.CharField(blank=True, default='', max_length=100)),
                ('assessment_id', models.UUIDField(blank=True, null=True)),
                ('case_id', models.UUIDField(blank=True, null=True)),
                ('score', models.IntegerField(blank=True, null=True)),
                ('decision', models.CharField(blank=True, default='', max_length=20)),
                ('decline_code', models.CharField(blank=True, default='', max_length=60)),
                ('entry_id', models.UUIDField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('authenticated_at', models.DateTimeField(blank=True, null=True)),
                ('void_id', models.UUIDField(blank=True, null=True)),
                ('void_at', models.DateTimeField(blank=True, null=True)),
                ('void_reason', models.CharField(blank=True, default='', max_length=40)),
                ('claim', models.JSONField(blank=True, null=True)),
                ('next_check_at', models.DateTimeField(blank=True, null=True)),
                ('checks', models.IntegerField(default=0)),
                ('created_at', models.DateTimeField()),
            ],
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('purpose', models.CharField(choices=[('sale', 'sale'), ('top_up', 'top up')], default='sale', max_length=10)),
                ('wallet_id', models.UUIDField(blank=True, null=True)),
                ('state', django_fsm.FSMField(choices=[('created', 'created'), ('awaiting_payer', 'awaiting payer'), ('processing', 'processing'), ('in_review', 'in review'), ('authorized', 'authorized'), ('partially_captured', 'partially captured'), ('captured', 'captured'), ('canceled', 'canceled'), ('conflicted', 'conflicted')], default='created', max_length=20, protected=True)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('authorized_minor', models.BigIntegerField(default=0)),
                ('captured_minor', models.BigIntegerField(default=0)),
                ('refunded_minor', models.BigIntegerField(default=0)),
                ('refund_pending_minor', models.BigIntegerField(default=0)),
                ('fee_minor', models.BigIntegerField(default=0)),
                ('fee_basis_points', models.IntegerField(default=0)),
                ('fee_fixed_minor', models.BigIntegerField(default=0)),
                ('capture_method', models.CharField(choices=[('automatic', 'automatic'), ('manual', 'manual')], default='automatic', max_length=10)),
                ('customer_id', models.UUIDField(blank=True, null=True)),
                ('attempts', models.IntegerField(default=0)),
                ('description', models.CharField(blank=True, default='', max_length=1000)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('receipt_email', models.CharField(blank=True, default='', max_length=512)),
                ('return_url', models.CharField(blank=True, default='', max_length=2048)),
                ('statement_descriptor', models.CharField(blank=True, default='', max_length=22)),
                ('cancellation_reason', models.CharField(blank=True, default='', max_length=40)),
                ('error_code', models.CharField(blank=True, default='', max_length=60)),
                ('decline_code', models.CharField(blank=True, default='', max_length=60)),
                ('error_message', models.CharField(blank=True, default='', max_length=200)),
                ('error_attempt_id', models.UUIDField(blank=True, null=True)),
                ('next_action_url', models.CharField(blank=True, default='', max_length=2048)),
                ('review_id', models.UUIDField(blank=True, null=True)),
                ('conflicted_from', models.CharField(blank=True, default='', max_length=20)),
                ('conflict_reason', models.CharField(blank=True, default='', max_length=60)),
                ('link_id', models.UUIDField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('captured_at', models.DateTimeField(blank=True, null=True)),
                ('canceled_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=0)),
            ],
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Callback',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=40)),
                ('event_id', models.CharField(max_length=100)),
                ('kind', models.CharField(max_length=40)),
                ('reference', models.CharField(max_length=100)),
                ('status', models.CharField(max_length=20)),
                ('amount_minor', models.BigIntegerField(blank=True, null=True)),
                ('currency', models.CharField(blank=True, default='', max_length=3)),
                ('outcome', models.CharField(max_length=20)),
                ('occurred_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('provider', 'event_id'), name='payments_callback_is_heard_once_per_event')],
            },
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('email', models.CharField(blank=True, default='', max_length=512)),
                ('name', models.CharField(blank=True, default='', max_length=256)),
                ('phone', models.CharField(blank=True, default='', max_length=40)),
                ('description', models.CharField(blank=True, default='', max_length=1000)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField()),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=1)),
            ],
            options={
                'indexes': [models.Index(fields=['merchant_id', '-id'], name='payments_customer_list')],
                'constraints': [models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='payments_customer_counts_its_versions_from_one')],
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('token', models.CharField(max_length=60, unique=True)),
                ('title', models.CharField(max_length=200)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField(blank=True, null=True)),
                ('active', models.BooleanField(default=True)),
                ('uses', models.IntegerField(default=0)),
                ('max_uses', models.IntegerField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('version', models.BigIntegerField(default=0)),
            ],
            options={
                'indexes': [models.Index(fields=['merchant_id', '-id'], name='payments_link_list')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__isnull', True), ('amount_minor__gte', 1), _connector='OR'), name='payments_link_asks_for_something_or_anything'), models.CheckConstraint(condition=models.Q(('uses__gte', 0), models.Q(('max_uses__isnull', True), ('uses__lte', models.F('max_uses')), _connector='OR')), name='payments_link_is_used_at_most_so_often')],
            },
        ),
        migrations.CreateModel(
            name='Capture',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('state', django_fsm.FSMField(choices=[('created', 'created'), ('submitted', 'submitted'), ('succeeded', 'succeeded'), ('failed', 'failed'), ('unknown', 'unknown')], default='created', max_length=20, protected=True)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('fee_minor', models.BigIntegerField(default=0)),
                ('refunded_minor', models.BigIntegerField(default=0)),
                ('final', models.BooleanField(default=True)),
                ('reference', models.UUIDField(unique=True)),
                ('provider', models.CharField(max_length=40)),
                ('provider_reference', models.CharField(blank=True, default='', max_length=100)),
                ('failure_code', models.CharField(blank=True, default='', max_length=60)),
                ('entry_id', models.UUIDField(blank=True, null=True)),
                ('succeeded_at', models.DateTimeField(blank=True, null=True)),
                ('claim', models.JSONField(blank=True, null=True)),
                ('next_check_at', models.DateTimeField(blank=True, null=True)),
                ('checks', models.IntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='captures', to='payments.attempt')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='captures', to='payments.payment')),
            ],
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddField(
            model_name='attempt',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tries', to='payments.payment'),
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
            ],
            options={
                'verbose_name': 'review',
                'ordering': ('id',),
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('payments.payment',),
        ),
        migrations.CreateModel(
            name='PaymentMethod',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('card_token', models.CharField(max_length=40)),
                ('brand', models.CharField(max_length=20)),
                ('last4', models.CharField(max_length=4)),
                ('exp_month', models.IntegerField()),
                ('exp_year', models.IntegerField()),
                ('country', models.CharField(max_length=2)),
                ('funding', models.CharField(max_length=10)),
                ('fingerprint', models.CharField(max_length=64)),
                ('risk', models.CharField(default='normal', max_length=10)),
                ('billing_name', models.CharField(blank=True, default='', max_length=256)),
                ('billing_email', models.CharField(blank=True, default='', max_length=512)),
                ('billing_phone', models.CharField(blank=True, default='', max_length=40)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField()),
                ('version', models.BigIntegerField(default=0)),
                ('customer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='payments.customer')),
            ],
        ),
        migrations.AddField(
            model_name='payment',
            name='payment_method',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='payments.paymentmethod'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='payment_method',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='payments.paymentmethod'),
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('state', django_fsm.FSMField(choices=[('created', 'created'), ('submitted', 'submitted'), ('succeeded', 'succeeded'), ('failed', 'failed'), ('canceled', 'canceled'), ('unknown', 'unknown')], default='created', max_length=20, protected=True)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('reason', models.CharField(blank=True, default='', max_length=40)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('failure_code', models.CharField(blank=True, default='', max_length=60)),
                ('provider', models.CharField(max_length=40)),
                ('provider_reference', models.CharField(blank=True, default='', max_length=100)),
                ('entry_id', models.UUIDField(blank=True, null=True)),
                ('return_entry_id', models.UUIDField(blank=True, null=True)),
                ('returned_at', models.DateTimeField(blank=True, null=True)),
                ('succeeded_at', models.DateTimeField(blank=True, null=True)),
                ('claim', models.JSONField(blank=True, null=True)),
                ('next_check_at', models.DateTimeField(blank=True, null=True)),
                ('checks', models.IntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('version', models.BigIntegerField(default=0)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.attempt')),
                ('capture', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.capture')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.payment')),
            ],
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddIndex(
            model_name='capture',
            index=models.Index(fields=['payment'], name='payments_capture_of_payment'),
        ),
        migrations.AddIndex(
            model_name='capture',
            index=models.Index(fields=['merchant_id', '-id'], name='payments_capture_list'),
        ),
        migrations.AddIndex(
            model_name='capture',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='payments_capture_due'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['created', 'submitted', 'unknown'])), fields=('payment',), name='payments_capture_is_the_only_open_one_of_its_payment'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.UniqueConstraint(condition=models.Q(('provider_reference', ''), _negated=True), fields=('provider', 'provider_reference'), name='payments_capture_is_booked_once_per_provider_reference'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 1)), name='payments_capture_takes_something'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.CheckConstraint(condition=models.Q(('fee_minor__gte', 0), ('fee_minor__lte', models.F('amount_minor'))), name='payments_capture_costs_at_most_what_it_takes'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_minor__gte', 0), ('refunded_minor__lte', models.F('amount_minor'))), name='payments_capture_refunds_at_most_what_it_took'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), ('entry_id__isnull', False), _connector='OR'), name='payments_capture_that_succeeded_is_booked'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'succeeded'), ('succeeded_at__isnull', True), _connector='XOR'), name='payments_capture_says_when_it_succeeded'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['submitted', 'unknown']), _negated=True), ('next_check_at__isnull', False), _connector='OR'), name='payments_capture_open_is_asked_about_again'),
        ),
        migrations.AddIndex(
            model_name='paymentmethod',
            index=models.Index(fields=['merchant_id', '-id'], name='payments_method_list'),
        ),
        migrations.AddIndex(
            model_name='paymentmethod',
            index=models.Index(fields=['customer'], name='payments_method_of_customer'),
        ),
        migrations.AddConstraint(
            model_name='paymentmethod',
            constraint=models.CheckConstraint(condition=models.Q(('exp_month__gte', 1), ('exp_month__lte', 12)), name='payments_paymentmethod_expires_in_a_month_of_the_year'),
        ),
        migrations.AddConstraint(
            model_name='paymentmethod',
            constraint=models.CheckConstraint(condition=models.Q(('last4__regex', '^[0-9]{4}$')), name='payments_paymentmethod_shows_four_digits'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['merchant_id', '-id'], name='payments_payment_list'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['customer_id', '-id'], name='payments_payment_of_customer'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('state__in', ['created', 'awaiting_payer', 'in_review', 'authorized', 'partially_captured'])), fields=['expires_at'], name='payments_payment_expiring'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 1), ('amount_minor__lte', 999999999999)), name='payments_payment_asks_for_something'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='payments_payment_names_its_currency'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('authorized_minor__gte', 0), ('authorized_minor__lte', models.F('amount_minor'))), name='payments_payment_authorizes_at_most_what_is_asked'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured_minor__gte', 0), ('captured_minor__lte', models.F('authorized_minor'))), name='payments_payment_captures_at_most_what_is_authorized'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured_minor__gte', django.db.models.expressions.CombinedExpression(models.F('refunded_minor'), '+', models.F('refund_pending_minor'))), ('refund_pending_minor__gte', 0), ('refunded_minor__gte', 0)), name='payments_payment_refunds_at_most_what_is_captured'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('fee_minor__gte', 0), ('fee_minor__lte', models.F('captured_minor'))), name='payments_payment_costs_at_most_what_is_captured'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured_minor', 0), ('captured_at__isnull', False), _connector='XOR'), name='payments_payment_says_when_it_captured'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'canceled'), _negated=True), models.Q(('canceled_at__isnull', False), ('captured_minor', 0)), _connector='OR'), name='payments_payment_canceled_takes_nothing_and_says_when'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('purpose', 'top_up'), ('wallet_id__isnull', False)), models.Q(('purpose', 'sale'), ('wallet_id__isnull', True)), _connector='OR'), name='payments_payment_tops_up_a_wallet_or_none'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['created', 'awaiting_payer', 'processing', 'in_review']), _negated=True), ('captured_minor', 0), _connector='OR'), name='payments_payment_takes_nothing_before_it_is_authorized'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'authorized'), _negated=True), models.Q(('authorized_minor__gt', 0), ('captured_minor', 0)), _connector='OR'), name='payments_payment_authorized_has_reserved_and_not_taken'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['captured', 'partially_captured']), _negated=True), ('captured_minor__gt', 0), _connector='OR'), name='payments_payment_captured_has_taken_something'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['in_review', 'conflicted']), _negated=True), ('review_id__isnull', False), _connector='OR'), name='payments_payment_held_for_people_names_its_review'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='payments_payment_counts_its_versions_from_one'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['merchant_id', '-id'], name='payments_attempt_list'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='payments_attempt_due'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(condition=models.Q(('void_id__isnull', False)), fields=['void_id'], name='payments_attempt_voiding'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('payment', 'number'), name='payments_attempt_is_numbered_once'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['created', 'authorizing', 'unknown', 'authorized'])), fields=('payment',), name='payments_attempt_is_the_only_open_one_of_its_payment'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('provider_reference', ''), _negated=True), fields=('provider', 'provider_reference'), name='payments_attempt_has_its_own_authorization'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 1)), name='payments_attempt_asks_for_something'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('captured_minor__gte', 0), ('captured_minor__lte', models.F('amount_minor'))), name='payments_attempt_captures_at_most_what_is_authorized'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_minor__gte', 0), ('refunded_minor__lte', models.F('captured_minor'))), name='payments_attempt_refunds_at_most_what_is_captured'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'unknown'), _negated=True), ('next_check_at__isnull', False), _connector='OR'), name='payments_attempt_unknown_is_asked_about_again'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['payment'], name='payments_refund_of_payment'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['merchant_id', '-id'], name='payments_refund_list'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='payments_refund_due'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('provider_reference', ''), _negated=True), fields=('provider', 'provider_reference'), name='payments_refund_is_booked_once_per_provider_reference'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 1)), name='payments_refund_gives_something'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), ('entry_id__isnull', False), _connector='OR'), name='payments_refund_that_succeeded_is_booked'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('entry_id__isnull', True), ('succeeded_at__isnull', False), _connector='XOR'), name='payments_refund_says_when_it_succeeded'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('return_entry_id__isnull', True), ('returned_at__isnull', True)), models.Q(('entry_id__isnull', False), ('return_entry_id__isnull', False), ('returned_at__isnull', False), ('state', 'failed')), _connector='OR'), name='payments_refund_that_came_back_is_booked_and_says_when'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['submitted', 'unknown']), _negated=True), ('next_check_at__isnull', False), _connector='OR'), name='payments_refund_open_is_asked_about_again'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='payments_refund_counts_its_versions_from_one'),
        ),
    ]
