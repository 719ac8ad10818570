"""The log, the runtime role's grants and limits, and the kernel's own tables."""

from django.conf import settings
from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import AppendOnly, InSchema

ROLE = settings.RUNTIME_ROLE
RUNTIME = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
    CREATE ROLE {ROLE} LOGIN;
  END IF;
END $$;
ALTER ROLE {ROLE} SET transaction_timeout = '5s';
ALTER ROLE {ROLE} SET idle_in_transaction_session_timeout = '2s';
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLE};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {ROLE};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE};
"""
EVENT = """
CREATE TABLE kernel_event (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  stream text NOT NULL,
  version bigint NOT NULL,
  name text NOT NULL,
  data jsonb NOT NULL,
  meta jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT kernel_event_versions_count_from_one CHECK (version >= 1)
);
CREATE INDEX kernel_event_by_xid ON kernel_event (xid, position);
CREATE INDEX kernel_event_of_stream ON kernel_event (stream, version);
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(RUNTIME, migrations.RunSQL.noop),
        InSchema("kernel"),
        
        migrations.RunSQL(EVENT, "DROP TABLE kernel_event"),
        AppendOnly("kernel_event"),
        migrations.CreateModel(
            name='LoggedEvent',
            fields=[
                ('position', models.BigAutoField(primary_key=True, serialize=False)),
                ('stream', models.TextField()),
                ('version', models.BigIntegerField()),
                ('name', models.TextField()),
                ('data', models.JSONField()),
                ('meta', models.JSONField()),
                ('occurred_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'kernel_event',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=60)),
                ('payload', models.JSONField()),
                ('payload_hash', models.CharField(max_length=64)),
                ('version_seen', models.BigIntegerField(default=0)),
                ('state', models.CharField(choices=[('proposed', 'proposed'), ('executed', 'executed'), ('rejected', 'rejected')], default='proposed', max_length=10)),
                ('maker_id', models.UUIDField()),
                ('checker_id', models.UUIDField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('proposed_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=1)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'proposed')), fields=['proposed_at'], name='kernel_approval_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('checker_id__isnull', True), models.Q(('checker_id', models.F('maker_id')), _negated=True), _connector='OR'), name='kernel_approval_is_decided_by_someone_else'), models.CheckConstraint(condition=models.Q(models.Q(('checker_id__isnull', True), ('decided_at__isnull', True), ('state', 'proposed')), models.Q(('checker_id__isnull', False), ('decided_at__isnull', False), ('state__in', ['executed', 'rejected'])), _connector='OR'), name='kernel_approval_says_who_decided_and_when')],
            },
        ),
        migrations.CreateModel(
            name='ClockOffset',
            fields=[
                ('id', models.IntegerField(default=1, primary_key=True, serialize=False)),
                ('microseconds', models.BigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='kernel_clockoffset_is_one_row')],
            },
        ),
        migrations.CreateModel(
            name='Cursor',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('subscription', models.CharField(max_length=60)),
                ('source', models.CharField(max_length=60)),
                ('epoch', models.CharField(max_length=40)),
                ('low', models.BigIntegerField(default=0)),
                ('high', models.BigIntegerField(blank=True, null=True)),
                ('position', models.BigIntegerField(default=0)),
                ('reached', models.BigIntegerField(default=0)),
                ('moved_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('subscription', 'source'), name='kernel_cursor_is_one_per_subscription_and_source'), models.CheckConstraint(condition=models.Q(('high__isnull', True), ('high__gte', models.F('low')), _connector='OR'), name='kernel_cursor_window_does_not_run_backward')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('scope', models.UUIDField()),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.BinaryField()),
                ('command', models.CharField(max_length=80)),
                ('outcome', models.JSONField(blank=True, null=True)),
                ('claimed_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['claimed_at'], name='kernel_key_by_age')],
                'constraints': [models.UniqueConstraint(fields=('scope', 'key'), name='kernel_idempotencykey_is_claimed_once'), models.CheckConstraint(condition=models.Q(('outcome__isnull', True), ('settled_at__isnull', False), _connector='XOR'), name='kernel_idempotencykey_is_settled_with_an_outcome')],
            },
        ),
    
    ]
