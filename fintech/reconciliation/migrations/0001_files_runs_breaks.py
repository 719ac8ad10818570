"""Files with their rows, expectations, batches, runs and breaks."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import fintech.kernel.ids
from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('kernel', '0001_initial'),
    ]

    operations = [
        InSchema('reconciliation'),
        migrations.CreateModel(
            name='Break',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=60)),
                ('leg', models.SmallIntegerField()),
                ('kind', models.CharField(choices=[('missing_in_ledger', 'missing in ledger'), ('missing_in_processor', 'missing in processor'), ('missing_in_bank', 'missing in bank'), ('amount_over', 'amount over'), ('amount_under', 'amount under'), ('fee_variance', 'fee variance'), ('currency', 'currency'), ('direction', 'direction'), ('duplicate', 'duplicate'), ('multiple_candidates', 'multiple candidates'), ('unidentified_credit', 'unidentified credit')], max_length=30)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('ours_minor', models.BigIntegerField(null=True)),
                ('theirs_minor', models.BigIntegerField(null=True)),
                ('reference', models.CharField(blank=True, max_length=200)),
                ('batch', models.CharField(blank=True, max_length=200)),
                ('state', models.CharField(choices=[('open', 'open'), ('resolved', 'resolved')], default='open', max_length=20)),
                ('opened_at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(null=True)),
                ('resolution', models.CharField(blank=True, max_length=30)),
                ('note', models.TextField(blank=True)),
                ('version', models.IntegerField(default=1)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Cursor',
            fields=[
                ('name', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=60)),
                ('name', models.CharField(max_length=200)),
                ('currency', models.CharField(max_length=3)),
                ('rows', models.IntegerField(default=0)),
                ('gross_minor', models.BigIntegerField(default=0)),
                ('fee_minor', models.BigIntegerField(default=0)),
                ('net_minor', models.BigIntegerField(default=0)),
                ('fee_difference_minor', models.BigIntegerField(default=0)),
                ('last_on', models.DateField(null=True)),
                ('entry_id', models.UUIDField(null=True)),
                ('place', models.CharField(choices=[('open', 'open'), ('matched', 'matched'), ('broken', 'broken'), ('ignored', 'ignored')], default='open', max_length=10)),
                ('rule', models.CharField(blank=True, max_length=30)),
                ('difference', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.break')),
            ],
            options={
                'verbose_name_plural': 'batches',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Expectation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ledger_line', models.UUIDField()),
                ('position', models.BigIntegerField()),
                ('entry_id', models.UUIDField()),
                ('provider', models.CharField(max_length=60)),
                ('kind', models.CharField(max_length=40)),
                ('reference', models.CharField(max_length=200)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('fee_minor', models.BigIntegerField()),
                ('due_on', models.DateField()),
                ('occurred_at', models.DateTimeField()),
                ('place', models.CharField(choices=[('open', 'open'), ('matched', 'matched'), ('broken', 'broken'), ('ignored', 'ignored')], default='open', max_length=10)),
                ('rule', models.CharField(blank=True, max_length=30)),
                ('difference', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.break')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, primary_key=True, serialize=False)),
                ('sha256', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=300)),
                ('format', models.CharField(blank=True, max_length=20)),
                ('witness', models.CharField(blank=True, max_length=20)),
                ('source', models.CharField(blank=True, max_length=60)),
                ('state', models.CharField(choices=[('reading', 'reading'), ('imported', 'imported'), ('rejected', 'rejected')], default='reading', max_length=20)),
                ('reason', models.CharField(blank=True, max_length=1000)),
                ('reason_line', models.IntegerField(default=0)),
                ('reason_column', models.IntegerField(default=0)),
                ('lines', models.IntegerField(default=0)),
                ('set_aside', models.IntegerField(default=0)),
                ('sequence', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField()),
                ('imported_at', models.DateTimeField(null=True)),
                ('actor_kind', models.CharField(max_length=20)),
                ('actor_id', models.CharField(max_length=100)),
                ('version', models.IntegerField(default=0)),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [models.UniqueConstraint(fields=('sha256',), name='reconciliation_import_takes_a_file_once'), models.UniqueConstraint(fields=('sequence',), name='reconciliation_import_has_its_own_sequence'), models.CheckConstraint(condition=models.Q(models.Q(('imported_at__isnull', False), ('reason', ''), ('sequence__isnull', False), ('state', 'imported')), models.Q(('imported_at__isnull', True), ('reason', ''), ('sequence__isnull', True), ('state', 'reading')), models.Q(('imported_at__isnull', True), ('lines', 0), ('sequence__isnull', True), ('state', 'rejected'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='reconciliation_import_is_whole_or_says_why_not')],
            },
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('witness', models.CharField(choices=[('ledger', 'ledger'), ('processor', 'processor'), ('batch', 'batch'), ('bank', 'bank')], max_length=20)),
                ('source', models.CharField(max_length=60)),
                ('statement', models.IntegerField()),
                ('row', models.IntegerField()),
                ('kind', models.CharField(blank=True, max_length=40)),
                ('currency', models.CharField(max_length=3)),
                ('gross_minor', models.BigIntegerField()),
                ('fee_minor', models.BigIntegerField()),
                ('net_minor', models.BigIntegerField()),
                ('value_on', models.DateField(null=True)),
                ('booked_on', models.DateField(null=True)),
                ('booked', models.BooleanField(default=True)),
                ('reversal', models.BooleanField(default=False)),
                ('reference', models.CharField(blank=True, max_length=200)),
                ('references', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), default=list)),
                ('batch', models.CharField(blank=True, max_length=200)),
                ('text', models.CharField(blank=True, max_length=1000)),
                ('details', models.IntegerField(default=0)),
                ('place', models.CharField(choices=[('open', 'open'), ('matched', 'matched'), ('broken', 'broken'), ('ignored', 'ignored')], default='open', max_length=10)),
                ('rule', models.CharField(blank=True, max_length=30)),
                ('difference', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.break')),
                ('expectation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.expectation')),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='reconciliation.import')),
                ('settlement', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.batch')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.AddField(
            model_name='batch',
            name='bank_line',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.line'),
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=60)),
                ('state', models.CharField(choices=[('pending', 'pending'), ('running', 'running'), ('completed', 'completed'), ('completed_with_breaks', 'completed with breaks'), ('failed', 'failed')], default='pending', max_length=30)),
                ('journal_position', models.BigIntegerField(default=0)),
                ('import_sequence', models.BigIntegerField(default=0)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('actor_kind', models.CharField(max_length=20)),
                ('actor_id', models.CharField(max_length=100)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('matched', models.IntegerField(default=0)),
                ('opened', models.IntegerField(default=0)),
                ('resolved', models.IntegerField(default=0)),
                ('open_breaks', models.IntegerField(default=0)),
                ('version', models.IntegerField(default=0)),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['pending', 'running'])), fields=('source',), name='reconciliation_run_of_a_source_runs_alone'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state__in', ['pending', 'running'])), models.Q(('ended_at__isnull', False), ('state__in', ['completed', 'completed_with_breaks', 'failed'])), _connector='OR'), name='reconciliation_run_says_when_it_ended')],
            },
        ),
        migrations.AddField(
            model_name='line',
            name='run',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.run'),
        ),
        migrations.AddField(
            model_name='expectation',
            name='run',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.run'),
        ),
        migrations.AddField(
            model_name='break',
            name='resolved_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.run'),
        ),
        migrations.AddField(
            model_name='break',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.run'),
        ),
        migrations.AddField(
            model_name='batch',
            name='run',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reconciliation.run'),
        ),
        migrations.CreateModel(
            name='RunTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('witness', models.CharField(choices=[('ledger', 'ledger'), ('processor', 'processor'), ('batch', 'batch'), ('bank', 'bank')], max_length=20)),
                ('currency', models.CharField(max_length=3)),
                ('input_count', models.BigIntegerField()),
                ('input_minor', models.DecimalField(decimal_places=0, max_digits=38)),
                ('matched_count', models.BigIntegerField()),
                ('matched_minor', models.DecimalField(decimal_places=0, max_digits=38)),
                ('broken_count', models.BigIntegerField()),
                ('broken_minor', models.DecimalField(decimal_places=0, max_digits=38)),
                ('ignored_count', models.BigIntegerField()),
                ('ignored_minor', models.DecimalField(decimal_places=0, max_digits=38)),
                ('waiting_count', models.BigIntegerField()),
                ('waiting_minor', models.DecimalField(decimal_places=0, max_digits=38)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='totals', to='reconciliation.run')),
            ],
        ),
        migrations.CreateModel(
            name='SetAside',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row', models.IntegerField()),
                ('column', models.IntegerField(default=0)),
                ('reason', models.CharField(max_length=1000)),
                ('expected', models.CharField(blank=True, max_length=300)),
                ('text', models.CharField(blank=True, max_length=1000)),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='reconciliation.import')),
            ],
            options={
                'verbose_name_plural': 'rows set aside',
                'ordering': ('file', 'row'),
            },
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ordinal', models.IntegerField()),
                ('account', models.CharField(blank=True, max_length=100)),
                ('number', models.CharField(blank=True, max_length=100)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('entries', models.IntegerField()),
                ('arithmetic_ok', models.BooleanField(null=True)),
                ('summary', models.JSONField()),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='statements', to='reconciliation.import')),
            ],
            options={
                'ordering': ('file', 'ordinal'),
            },
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(condition=models.Q(('place', 'open')), fields=['source', 'id'], name='recon_line_open'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(fields=['source', 'kind', 'reference'], name='recon_line_reference'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(condition=models.Q(('settlement__isnull', True), ('witness', 'processor')), fields=['source', 'batch', 'currency'], name='recon_line_unbatched'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(condition=models.Q(('place', 'broken')), fields=['difference'], name='recon_line_broken'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(fields=['run', 'place'], name='recon_line_run'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('witness', 'bank')), fields=['references'], name='recon_line_references'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.UniqueConstraint(fields=('expectation',), name='reconciliation_line_answers_an_expectation_alone'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('place', 'broken'), _negated=True), ('difference__isnull', False), _connector='OR'), name='reconciliation_line_broken_names_its_break'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(('net_minor', django.db.models.expressions.CombinedExpression(models.F('gross_minor'), '-', models.F('fee_minor')))), name='reconciliation_line_nets_its_fee'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('place', 'matched'), ('witness', 'processor'), _negated=True), ('expectation__isnull', False), _connector='OR'), name='reconciliation_line_matched_names_its_expectation'),
        ),
        migrations.AddIndex(
            model_name='expectation',
            index=models.Index(fields=['provider', 'kind', 'reference'], name='recon_expectation_reference'),
        ),
        migrations.AddIndex(
            model_name='expectation',
            index=models.Index(condition=models.Q(('place', 'open')), fields=['provider', 'due_on', 'id'], name='recon_expectation_due'),
        ),
        migrations.AddIndex(
            model_name='expectation',
            index=models.Index(condition=models.Q(('place', 'broken')), fields=['difference'], name='recon_expectation_broken'),
        ),
        migrations.AddIndex(
            model_name='expectation',
            index=models.Index(fields=['run', 'place'], name='recon_expectation_run'),
        ),
        migrations.AddConstraint(
            model_name='expectation',
            constraint=models.UniqueConstraint(fields=('ledger_line',), name='reconciliation_expectation_is_read_once'),
        ),
        migrations.AddConstraint(
            model_name='expectation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('place', 'broken'), _negated=True), ('difference__isnull', False), _connector='OR'), name='reconciliation_expectation_broken_names_its_break'),
        ),
        migrations.AddIndex(
            model_name='break',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['source', 'id'], name='recon_break_open'),
        ),
        migrations.AddIndex(
            model_name='break',
            index=models.Index(fields=['run'], name='recon_break_run'),
        ),
        migrations.AddConstraint(
            model_name='break',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolution', ''), ('resolved_at__isnull', True), ('state', 'open')), models.Q(('resolved_at__isnull', False), ('state', 'resolved'), models.Q(('resolution', ''), _negated=True)), _connector='OR'), name='reconciliation_break_says_when_and_how_it_was_resolved'),
        ),
        migrations.AddConstraint(
            model_name='break',
            constraint=models.CheckConstraint(condition=models.Q(('ours_minor__isnull', False), ('theirs_minor__isnull', False), _connector='OR'), name='reconciliation_break_has_a_side'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.UniqueConstraint(condition=models.Q(('place__in', ['open', 'broken'])), fields=('source', 'name', 'currency'), name='reconciliation_batch_waits_once'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.UniqueConstraint(fields=('bank_line',), name='reconciliation_batch_is_paid_by_its_own_bank_line'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('place', 'broken'), _negated=True), ('difference__isnull', False), _connector='OR'), name='reconciliation_batch_broken_names_its_break'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('place', 'matched'), _negated=True), ('bank_line__isnull', False), _connector='OR'), name='reconciliation_batch_matched_names_its_bank_line'),
        ),
        migrations.AddConstraint(
            model_name='runtotal',
            constraint=models.UniqueConstraint(fields=('run', 'witness', 'currency'), name='reconciliation_runtotal_is_told_once_per_witness_and_currency'),
        ),
        migrations.AddConstraint(
            model_name='runtotal',
            constraint=models.CheckConstraint(condition=models.Q(('input_count', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('matched_count'), '+', models.F('broken_count')), '+', models.F('ignored_count')), '+', models.F('waiting_count'))), ('input_minor', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('matched_minor'), '+', models.F('broken_minor')), '+', models.F('ignored_minor')), '+', models.F('waiting_minor')))), name='reconciliation_runtotal_accounts_for_every_row_and_unit'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(fields=('file', 'ordinal'), name='reconciliation_statement_is_stored_once'),
        ),
    ]
