import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import fintech.kernel.ids
from django.conf import settings
from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        InSchema('merchants'),
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254)),
                ('name', models.CharField(blank=True, default='', max_length=100)),
                ('is_staff', models.BooleanField(default=False)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('version', models.BigIntegerField(default=1)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
        ),
        migrations.CreateModel(
            name='Merchant',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('country', models.CharField(max_length=2)),
                ('default_currency', models.CharField(max_length=3)),
                ('fee_basis_points', models.IntegerField()),
                ('fee_fixed_minor', models.BigIntegerField()),
                ('status', models.CharField(choices=[('active', 'Active'), ('suspended', 'Suspended'), ('closed', 'Closed')], default='active', max_length=10)),
                ('statement_descriptor', models.CharField(blank=True, default='', max_length=22)),
                ('created_at', models.DateTimeField()),
                ('version', models.BigIntegerField(default=1)),
            ],
            options={
                'permissions': (('view_payments', 'view payments'), ('take_payments', 'take payments'), ('refund_payments', 'refund payments'), ('view_customers', 'view customers'), ('edit_customers', 'edit customers'), ('view_balance', 'view balance'), ('view_wallets', 'view wallets'), ('move_wallets', 'move wallets'), ('view_risk', 'view risk'), ('decide_risk', 'decide risk'), ('view_reports', 'view reports'), ('view_webhooks', 'view webhooks'), ('manage_webhooks', 'manage webhooks'), ('manage_keys', 'manage keys'), ('view_request_log', 'view request log'), ('manage_people', 'manage people'), ('manage_settings', 'manage settings')),
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='merchants_merchant_has_a_name'), models.CheckConstraint(condition=models.Q(('country__regex', '^[A-Z]{2}$')), name='merchants_merchant_names_its_country'), models.CheckConstraint(condition=models.Q(('default_currency__regex', '^[A-Z]{3}$')), name='merchants_merchant_names_its_currency'), models.CheckConstraint(condition=models.Q(('fee_basis_points__gte', 0), ('fee_basis_points__lte', 10000), ('fee_fixed_minor__gte', 0)), name='merchants_merchant_pays_between_nothing_and_the_whole'), models.CheckConstraint(condition=models.Q(('status__in', ['active', 'suspended', 'closed'])), name='merchants_merchant_has_a_known_status'), models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='merchants_merchant_counts_versions_from_one')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('finance', 'Finance'), ('support', 'Support'), ('developer', 'Developer'), ('viewer', 'Viewer')], max_length=10)),
                ('created_at', models.DateTimeField()),
                ('version', models.BigIntegerField(default=1)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='merchants.merchant')),
            ],
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('kind', models.CharField(choices=[('secret', 'Secret'), ('restricted', 'Restricted'), ('publishable', 'Publishable')], max_length=12)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list)),
                ('secret_sha256', models.BinaryField(max_length=32)),
                ('last4', models.CharField(max_length=4)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.BigIntegerField(default=1)),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_keys', to='merchants.merchant')),
            ],
        ),
        migrations.CreateModel(
            name='MerchantGroupPermission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='merchants.merchant')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.group')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='MerchantUserPermission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='merchants.merchant')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RequestLogLine',
            fields=[
                ('id', models.UUIDField(default=fintech.kernel.ids.new, editable=False, primary_key=True, serialize=False)),
                ('merchant_id', models.UUIDField(blank=True, null=True)),
                ('api_key_id', models.UUIDField(blank=True, null=True)),
                ('request_id', models.CharField(max_length=64)),
                ('method', models.CharField(max_length=10)),
                ('path', models.CharField(max_length=2048)),
                ('status', models.SmallIntegerField()),
                ('duration_ms', models.IntegerField()),
                ('error_code', models.CharField(blank=True, default='', max_length=80)),
                ('idempotency_key', models.CharField(blank=True, default='', max_length=255)),
                ('request_body', models.JSONField(blank=True, null=True)),
                ('response_body', models.JSONField(blank=True, null=True)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['merchant_id', '-id'], name='merchants_request_log_list'), models.Index(fields=['at'], name='merchants_request_log_aging')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__gte', 100), ('status__lte', 599)), name='merchants_requestlogline_has_an_http_status')],
            },
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(fields=('email',), name='merchants_user_has_an_address_of_their_own'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='merchants_user_address_is_lower_case'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('merchant', 'user'), name='merchants_membership_is_one_per_person'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'finance', 'support', 'developer', 'viewer'])), name='merchants_membership_has_a_known_role'),
        ),
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(fields=['merchant', '-id'], name='merchants_api_key_list'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.UniqueConstraint(fields=('secret_sha256',), name='merchants_api_key_has_a_secret_of_its_own'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(django.db.models.functions.text.Length('secret_sha256'), 32), name='merchants_api_key_keeps_a_digest_only'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['secret', 'restricted', 'publishable'])), name='merchants_api_key_has_a_known_kind'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'restricted'), ('scopes', []), _connector='XOR'), name='merchants_api_key_names_scopes_if_restricted'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), ('expires_at__gte', models.F('created_at')), _connector='OR'), name='merchants_api_key_expires_after_it_was_made'),
        ),
        migrations.AlterUniqueTogether(
            name='merchantgrouppermission',
            unique_together={('group', 'permission', 'content_object')},
        ),
        migrations.AlterUniqueTogether(
            name='merchantuserpermission',
            unique_together={('user', 'permission', 'content_object')},
        ),
    ]
