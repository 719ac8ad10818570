"""Wallets, holds, limits and what is reserved of them."""

import django.db.models.deletion
import django_fsm
import fintech.kernel.ids
import fintech.wallets.data
from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('kernel', '0001_initial'),
    ]

    operations = [
        InSchema('wallets'),
        migrations.CreateModel(
            name='Limit',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('scope', models.CharField(choices=[('merchant', 'merchant'), ('customer', 'customer'), ('card', 'card'), ('wallet', 'wallet')], max_length=20)),
                ('subject', models.CharField(blank=True, max_length=80)),
                ('kind', models.CharField(choices=[('amount', 'amount'), ('count', 'count')], max_length=20)),
                ('window', models.CharField(choices=[('per_transaction', 'per transaction'), ('rolling', 'rolling'), ('day', 'day')], max_length=20)),
                ('seconds', models.IntegerField(blank=True, null=True)),
                ('zone', models.CharField(blank=True, max_length=60)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('maximum', models.BigIntegerField()),
                ('active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('version', models.BigIntegerField(default=1)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('active', True)), fields=['merchant_id'], name='wallets_limit_active')],
                'constraints': [models.CheckConstraint(condition=models.Q(('maximum__gte', 0)), name='wallets_limit_is_not_negative'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'amount'), _negated=True), models.Q(('currency', ''), _negated=True), _connector='OR'), name='wallets_limit_of_an_amount_has_a_currency'), models.CheckConstraint(condition=models.Q(models.Q(('seconds__gte', 1), ('window', 'rolling')), models.Q(models.Q(('window', 'rolling'), _negated=True), ('seconds__isnull', True)), _connector='OR'), name='wallets_limit_that_rolls_says_how_long'), models.CheckConstraint(condition=models.Q(models.Q(('window', 'day'), models.Q(('zone', ''), _negated=True)), models.Q(models.Q(('window', 'day'), _negated=True), ('zone', '')), _connector='OR'), name='wallets_limit_of_a_day_says_in_which_zone')],
            },
        ),
        migrations.CreateModel(
            name='Wallet',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('customer_id', models.UUIDField(blank=True, null=True)),
                ('owner', models.CharField(blank=True, max_length=200)),
                ('currency', models.CharField(max_length=3)),
                ('state', django_fsm.FSMField(choices=[('active', 'active'), ('frozen', 'frozen'), ('closed', 'closed')], default=fintech.wallets.data.WalletState['ACTIVE'], max_length=20, protected=True)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=0)),
            ],
            options={
                'indexes': [models.Index(fields=['merchant_id', '-id'], name='wallets_wallet_list'), models.Index(condition=models.Q(('customer_id__isnull', False)), fields=['customer_id'], name='wallets_wallet_of_customer')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state', 'closed'), ('closed_at__isnull', True), _connector='XOR'), name='wallets_wallet_says_when_it_closed'), models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='wallets_wallet_counts_its_versions_from_one')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('operation_id', models.UUIDField()),
                ('subject', models.CharField(max_length=80)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('state', models.CharField(choices=[('reserved', 'reserved'), ('confirmed', 'confirmed'), ('released', 'released')], default=fintech.wallets.data.ReservationState['RESERVED'], max_length=20)),
                ('at', models.DateTimeField()),
                ('limit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reservations', to='wallets.limit')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'released'), _negated=True), fields=['limit', 'subject', 'at'], include=('amount_minor',), name='wallets_reservation_used')],
                'constraints': [models.UniqueConstraint(fields=('operation_id', 'limit'), name='wallets_reservation_is_made_once_per_operation_and_limit'), models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='wallets_reservation_is_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField()),
                ('state', django_fsm.FSMField(choices=[('active', 'active'), ('partially_captured', 'partially captured'), ('captured', 'captured'), ('released', 'released'), ('expired', 'expired')], default=fintech.wallets.data.HoldState['ACTIVE'], max_length=20, protected=True)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('captured_minor', models.BigIntegerField(default=0)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('entry_id', models.UUIDField(unique=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=0)),
                ('wallet', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='wallets.wallet')),
            ],
            options={
                'indexes': [models.Index(fields=['wallet', '-id'], name='wallets_hold_list'), models.Index(condition=models.Q(('expires_at__isnull', False), ('state__in', [fintech.wallets.data.HoldState['ACTIVE'], fintech.wallets.data.HoldState['PARTIALLY_CAPTURED']])), fields=['expires_at'], name='wallets_hold_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__gte', 1)), name='wallets_hold_sets_something_aside'), models.CheckConstraint(condition=models.Q(('captured_minor__gte', 0), ('captured_minor__lte', models.F('amount_minor'))), name='wallets_hold_captures_at_most_what_is_held'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state__in', [fintech.wallets.data.HoldState['ACTIVE'], fintech.wallets.data.HoldState['PARTIALLY_CAPTURED']])), models.Q(models.Q(('state__in', [fintech.wallets.data.HoldState['ACTIVE'], fintech.wallets.data.HoldState['PARTIALLY_CAPTURED']]), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='wallets_hold_says_when_it_ended'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'active'), _negated=True), ('captured_minor', 0), _connector='OR'), name='wallets_hold_that_was_captured_is_not_active'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['captured', 'partially_captured']), _negated=True), ('captured_minor__gte', 1), _connector='OR'), name='wallets_hold_captured_took_something'), models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='wallets_hold_counts_its_versions_from_one')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
    ]
