"""
All settings, and the only reader of the environment.

A live instance has no default for any secret; a sandbox has harmless ones, so that a
fresh clone runs. An instance is one or the other for its whole life (`MODE`).
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
import environ
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.csp import CSP

from config import logs
from fintech.kernel.schema import SEARCH_PATH
from fintech.wire import instance

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()  # type: ignore[no-untyped-call]

MODE: str = env.str("MODE", default="sandbox")
if MODE not in {"sandbox", "live"}:
    raise ImproperlyConfigured(f"MODE is {MODE}, not sandbox or live")


def secret(name: str) -> str:
    """Return a secret; a sandbox has a harmless default that says what it is."""
    if MODE == "sandbox":
        harmless = hashlib.sha256(f"sandbox {name}".encode()).hexdigest()
        return str(env.str(name, default=harmless))
    return str(env.str(name))


DEBUG: bool = env.bool("DEBUG", default=False)
if DEBUG and MODE == "live":
    raise ImproperlyConfigured("DEBUG cannot be on in a live instance")

SECRET_KEY = secret("SECRET_KEY")
SIGNING_KEY = secret("SIGNING_KEY")  # Ed25519 seed, 64 hex digits: seals of journal and audit.
# Public keys (hex) that signed before, or will: heads of both sides of a change verify.
SIGNING_KEYS_KNOWN: list[str] = env.list("SIGNING_KEYS_KNOWN", default=[])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
BASE_URL: str = env.str("BASE_URL", default="http://127.0.0.1:8000")
instance.describe(instance.Instance(is_live=MODE == "live", base_url=BASE_URL, secret=SECRET_KEY))
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL])

# -- servers ----------------------------------------------------------------------------

DATABASE_URL: str = env.str("DATABASE_URL", default="postgresql://fintech_app@/fintech")
DATABASE_OWNER_URL: str = env.str("DATABASE_OWNER_URL", default="postgresql://fintech@/fintech")
REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")


# Statements are prepared where they say so (`kernel.columns`) and nowhere else. Django's own
# default, None, would leave even those to be planned anew each time.
_NEVER_UNASKED = 2**31


def _database(url: str) -> dict[str, Any]:
    parsed: dict[str, Any] = env.db_url_config(url)  # type: ignore[no-untyped-call]
    options = dict(parsed.get("OPTIONS", {}))
    if options.get("host") and not parsed.get("HOST"):
        parsed["HOST"] = options.pop("host")
    options["options"] = f"-c search_path={SEARCH_PATH}"
    options["prepare_threshold"] = _NEVER_UNASKED
    return {
        **parsed,
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,  # Seconds; a new connection per request costs 12 times a call.
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


# The runtime role may not change what is append-only; the owner migrates.
DATABASES = {"default": _database(DATABASE_URL), "owner": _database(DATABASE_OWNER_URL)}
RUNTIME_ROLE: str = DATABASES["default"].get("USER") or "fintech_app"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

EMAIL_BACKEND: str = env.str("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST: str = env.str("EMAIL_HOST", default="127.0.0.1")
EMAIL_PORT: int = env.int("EMAIL_PORT", default=1025)
EMAIL_TIMEOUT = 10  # Seconds.
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="receipts@localhost")

ACQUIRER_URL: str = env.str("ACQUIRER_URL", default="http://127.0.0.1:8900")
ACQUIRER_SECRET = secret("ACQUIRER_SECRET")
ACQUIRER_CALLBACK_URL = f"{BASE_URL}/inbound/simulator"
# Stripe is a provider where there is a key, of this instance's mode; callbacks are signed with
# the secret of the endpoint {BASE_URL}/inbound/stripe. The address may be of what speaks like it.
STRIPE_SECRET_KEY: str = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET: str = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_URL: str = env.str("STRIPE_URL", default="https://api.stripe.com")
# A provider is left alone for `open_s` when `failures` calls, and at least half of all, failed
# within `window_s`; then `probes` calls decide whether it is well again.
PROVIDER_CIRCUIT: dict[str, float] = env.json(
    "PROVIDER_CIRCUIT", default={"failures": 20, "window_s": 30, "open_s": 15, "probes": 3}
)
# How often a call that has one effect per reference is made again, and for how long; the
# waits double, each somewhere below its bound. Authorizations are never made again.
PROVIDER_RETRIES: dict[str, float] = env.json(
    "PROVIDER_RETRIES", default={"times": 2, "first_wait_s": 0.1, "within_s": 3}
)
# How many providers one confirmation asks at most, where a route names several.
PROVIDERS_PER_CONFIRM: int = env.int("PROVIDERS_PER_CONFIRM", default=3)

OBJECTS_DIR: str = env.str("OBJECTS_DIR", default=str(BASE_DIR / ".run" / "objects"))
REAL_DATA_DIR: str = env.str("REAL_DATA_DIR", default=str(BASE_DIR.parent / "shared" / "data"))
# A webhook may go to this machine only in a sandbox, where the receiver is on it too.
WEBHOOK_ALLOW_LOOPBACK: bool = MODE == "sandbox" and env.bool(
    "WEBHOOK_ALLOW_LOOPBACK", default=True
)
# By it an address is known again without being kept.
RECIPIENTS_KEY = secret("RECIPIENTS_KEY")
# Where a sandbox reads its text messages.
SMS_SINK_URL: str = env.str("SMS_SINK_URL", default="")
SMS_SINK_SECRET: str = env.str("SMS_SINK_SECRET", default="")
# The first seals the secrets of webhook endpoints; the others still open what they sealed.
ENDPOINT_SECRETS_KEYS: list[str] = [
    secret("ENDPOINT_SECRETS_KEY"),
    *env.list("ENDPOINT_SECRETS_FORMER_KEYS", default=[]),
]
# How long a receiver may take to answer; a message is leased for a few times that.
WEBHOOK_TIMEOUT_S: float = env.float("WEBHOOK_TIMEOUT_S", default=10.0)
# How many runs of deliveries there are at once, over all workers: each fills a thread.
DELIVERY_RUNS: int = env.int("DELIVERY_RUNS", default=1)

# Who carries mails and texts. Of each channel there may be several: shares decide between
# them while they are well. Kinds: smtp, anymail, http and twilio (SMS).
MESSAGE_PROVIDERS: list[dict[str, Any]] = env.json(
    "MESSAGE_PROVIDERS",
    default=[
        {"name": "smtp", "kind": "smtp"},
        *(
            [{"name": "sink", "kind": "http", "url": SMS_SINK_URL, "secret": SMS_SINK_SECRET}]
            if SMS_SINK_URL
            else []
        ),
    ],
)

# -- wiring: what only config fills in ---------------------------------------------------

SUBSCRIPTIONS = "config.subscriptions.SUBSCRIPTIONS"
INVARIANTS = "config.invariants.INVARIANTS"
REPLAYS = {
    "payments": "fintech.payments.queries.replay",
    "ledger": "fintech.ledger.queries.replay",
    "wallets": "fintech.wallets.queries.replay",
    "fraud": "fintech.fraud.queries.replay",
}
MERCHANTS = "fintech.merchants.queries.merchants_by_id"  # Names for the back office.
REBUILDS = {"web": "fintech.web.services.rebuild"}
AUDIT_VERIFIERS = ["fintech.ledger.queries.verify"]
# Whose keys may work with the platform's own files and breaks, in a live instance.
OPERATOR_MERCHANTS: list[str] = env.list("OPERATOR_MERCHANTS", default=[])
# How many payments a day people can look at: a model is measured by what it finds in these.
FRAUD_REVIEWS_A_DAY: int = env.int("FRAUD_REVIEWS_A_DAY", default=100)
# Whole units up to which one person says yes to a payment in review.
REVIEWS_ALONE_UP_TO: int = env.int("REVIEWS_ALONE_UP_TO", default=10_000)
FRAUD_BUDGET_MS: int = env.int("FRAUD_BUDGET_MS", default=80)  # 0: as long as it takes.
# Above so many whole units a transfer between wallets waits for a second person; 0: none does.
TRANSFER_APPROVAL_OVER: int = env.int("TRANSFER_APPROVAL_OVER", default=10_000)
APPROVALS: dict[str, str] = {
    "ledger.manual_entry": "fintech.ledger.services.post_approved_entry",
    "payments.correct_status": "fintech.payments.services.correct",
    "notifications.resend_range": "fintech.notifications.services.resend_agreed",
    "fraud.install_model": "fintech.fraud.services.install_model",
    "reconciliation.adjust": "fintech.reconciliation.services.approved",
    "payments.refund": "fintech.payments.services.refund_agreed",
    "payments.route": "fintech.payments.services.route_agreed",
    "payments.review": "fintech.payments.services.review_agreed",
    "merchants.staff_role": "fintech.merchants.services.staff_role_agreed",
    "wallets.overdraft": "fintech.wallets.services.overdraft_agreed",
}
# Which permission the second person has, by kind of proposal.
APPROVAL_PERMISSIONS: dict[str, str] = {
    "ledger.manual_entry": "ledger.add_journalrow",
    "payments.correct_status": "payments.change_payment",
    "notifications.resend_range": "notifications.change_deadletter",
    "fraud.install_model": "fraud.change_trainedmodel",
    "reconciliation.adjust": "reconciliation.change_break",
    "payments.refund": "payments.change_payment",
    "payments.route": "payments.change_route",
    "payments.review": "payments.change_review",
    "merchants.staff_role": "merchants.change_user",
    "wallets.overdraft": "wallets.change_allowance",
}
# A folder in which banks' and processors' files arrive; each night they are imported.
RECONCILIATION_INBOX: str = env.str("RECONCILIATION_INBOX", default="")
# Processors that are compared beside the sandbox's, as JSON: {"adyen": {"account": "DE…"}}.
RECONCILIATION_SOURCES: dict[str, dict[str, object]] = env.json(
    "RECONCILIATION_SOURCES", default={}
)
# How many business days back a processor is asked for its settlement file until it was had.
RECONCILIATION_FETCH_DAYS: int = env.int("RECONCILIATION_FETCH_DAYS", default=3)
# Minor units up to which one person may book what a break is off by.
RECONCILIATION_ALONE_UP_TO_MINOR: int = env.int("RECONCILIATION_ALONE_UP_TO_MINOR", default=10_000)
# Set in the processes that write and that somebody waits for.
WAKE_SUBSCRIBERS: bool = env.bool("WAKE_SUBSCRIBERS", default=False)
# Requests that meet in one web process share their commits.
COMBINE: bool = env.bool("COMBINE", default=False)

BODY_TIMEOUT_S: float = env.float("BODY_TIMEOUT_S", default=60.0)  # For a whole body to arrive.
HOT_DOOR: bool = env.bool("HOT_DOOR", default=True)  # Off: Django serves these paths too.
WEB_PROCESSES: int = env.int("WEB_CONCURRENCY", default=1)  # Each has its share of limits.
# Requests of one merchant in progress in all of them; 0 is what the mode has.
API_AT_ONCE: int = env.int("API_AT_ONCE", default=0)
WEB_THREADS: int = env.int("WEB_THREADS", default=16)  # Per web process.
PROMETHEUS_MULTIPROC_DIR: str = env.str("PROMETHEUS_MULTIPROC_DIR", default="")

# -- Django -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "rest_framework",
    "corsheaders",
    "django_fsm",
    "guardian",
    "allauth",
    "allauth.account",
    "allauth.idp.oidc",
    "allauth.mfa",
    "fintech.kernel",
    "fintech.merchants",
    "fintech.ledger",
    "fintech.wallets",
    "fintech.fraud",
    "fintech.payments",
    "fintech.reconciliation",
    "fintech.audit",
    "fintech.notifications",
    "fintech.web",
    "fintech.api",
]

MIDDLEWARE = [
    "config.health.Measured",
    "corsheaders.middleware.CorsMiddleware",
    "fintech.api.middleware.Requests",  # request ids, the request log
    "django.middleware.security.SecurityMiddleware",
    "config.static_files.Packed",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.security.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.security.SessionsEnd",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.security.StaffProveThemselves",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "fintech" / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_USER_MODEL = "merchants.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
    "fintech.merchants.queries.StaffRoles",  # the matrix of the back office
]
GUARDIAN_RAISE_403 = False
ANONYMOUS_USER_NAME = None
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "fintech.merchants.credentials.MachineSecret",  # secrets of programs, which are pure chance
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "config.security.Accounts"
# After ten wrong passwords nobody gets in under that name for half an hour.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/30m/key,50/30m/ip"}
# Pages of other origins that may ask the API, with a key of theirs and never with a session.
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/(v1|oauth|\.well-known)/"
CORS_ALLOW_METHODS = ["GET", "POST", "DELETE"]
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("idempotency-key", "api-version", "dry-run", "traceparent", "if-match"),
]
CORS_EXPOSE_HEADERS = [
    *("request-id", "api-version", "idempotent-replayed", "ratelimit", "ratelimit-policy"),
    *("retry-after", "traceparent"),
]
# OAuth 2.0 for programs: client credentials only, tokens by RFC 9068 (fintech/api/oauth.py).
IDP_OIDC_ADAPTER = "fintech.api.oauth.Provider"
IDP_OIDC_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
# Proxies that may say which certificate a client came with (`Client-Cert`, RFC 9440).
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
LOGIN_URL = "/accounts/login/"
MFA_ADAPTER = "config.security.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Browsers keep passkeys to https and to this machine; only a sandbox is anything else.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = MODE == "sandbox" and not BASE_URL.startswith("https://")
MFA_ALLOW_UNVERIFIED_EMAIL = True  # People are invited to their address by an owner.
MFA_TOTP_ISSUER = "Fintech platform"
MFA_TOTP_TOLERANCE = 1  # Periods of 30 s that a phone's clock may be off.
LOGIN_REDIRECT_URL = "/dashboard/"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600  # Seconds; however busy, people sign in again after that.
# Seconds without a click after which people sign in again: in the back office, at a desk.
SESSION_IDLE_STAFF_S: int = env.int("SESSION_IDLE_STAFF_S", default=15 * 60)
SESSION_IDLE_S: int = env.int("SESSION_IDLE_S", default=60 * 60)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SECURE_HSTS_SECONDS = 31_536_000 if BASE_URL.startswith("https://") else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
# Swagger UI comes as a wheel: its files are served from here, never from elsewhere.
STATICFILES_DIRS = [
    (
        "swagger",
        Path(drf_spectacular_sidecar.__file__ or "").parent
        / "static/drf_spectacular_sidecar/swagger-ui-dist",
    )
]
# Collected files, where a deployment has them; else each package's own are served.
STATIC_ROOT: str | None = env.str("STATIC_ROOT", default="") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024  # Bytes; the API's own limits are tighter.

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "fintech.api.problems.handle",
}


def _sees(table: str) -> Callable[[Any], bool]:
    """Return who is shown a table's link."""
    app, _, model = table.rpartition("_")
    return lambda request: bool(request.user.has_perm(f"{app}.view_{model}"))


def _group(title: str, *pages: tuple[str, str, str]) -> dict[str, Any]:
    """Return a group of the back office's navigation: titles, icons and tables."""
    return {
        "title": title,
        "separator": True,
        "collapsible": title != "Queues",
        "items": [
            {
                "title": name,
                "icon": icon,
                "link": reverse_lazy(f"admin:{table}_changelist"),
                "permission": _sees(table),
            }
            for name, icon, table in pages
        ],
    }


UNFOLD = {
    "SITE_TITLE": "Back office",
    "SITE_HEADER": "Back office",
    "SITE_SUBHEADER": f"{MODE.capitalize()} instance",
    "SHOW_HISTORY": False,
    "STYLES": ["config.back_office.style"],
    "ENVIRONMENT": "config.security.environment",
    "DASHBOARD_CALLBACK": "config.back_office.home",
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(70.7% .165 254.6)",
            "500": "oklch(66% .19 259.8)",
            "600": "oklch(54.6% .245 262.9)",
            "700": "oklch(48.8% .243 264.4)",
            "800": "oklch(42.4% .199 265.6)",
            "900": "oklch(37.9% .146 265.5)",
            "950": "oklch(28.2% .091 267.9)",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": True,
        "navigation": [
            _group(
                "Queues",
                ("Payments to review", "rule", "payments_review"),
                ("Breaks", "difference", "reconciliation_break"),
                ("Approvals", "approval", "kernel_approval"),
                ("Dead letters", "unsubscribe", "notifications_deadletter"),
            ),
            _group(
                "Payments",
                ("Payments", "payments", "payments_payment"),
                ("Attempts", "repeat", "payments_attempt"),
                ("Captures", "download_done", "payments_capture"),
                ("Refunds", "undo", "payments_refund"),
                ("Became available", "event_available", "payments_availability"),
                ("Callbacks", "call_received", "payments_callback"),
                ("Customers", "group", "payments_customer"),
                ("Payment methods", "credit_card", "payments_paymentmethod"),
                ("Products", "inventory_2", "payments_product"),
                ("Prices", "sell", "payments_price"),
                ("Links", "link", "payments_link"),
                ("Checkout sessions", "shopping_cart", "payments_checkoutsession"),
                ("Routes", "alt_route", "payments_route"),
                ("Costs of providers", "price_change", "payments_providercost"),
                ("Payment providers", "health_and_safety", "payments_providerhold"),
                ("Timelines", "timeline", "web_payment"),
            ),
            _group(
                "Ledger",
                ("Journal", "menu_book", "ledger_journalrow"),
                ("Accounts", "account_balance", "ledger_accountrow"),
                ("Merchants' accounts", "menu_book", "ledger_bookaccount"),
                ("Seals of the journal", "verified", "ledger_seal"),
            ),
            _group(
                "Wallets",
                ("Wallets", "account_balance_wallet", "wallets_wallet"),
                ("Holds", "lock", "wallets_hold"),
                ("Transfers", "swap_horiz", "wallets_transfer"),
                ("Withdrawals", "output", "wallets_withdrawal"),
                ("Limits", "speed", "wallets_limit"),
                ("Overdrafts", "trending_down", "wallets_allowance"),
                ("Reservations", "bookmark", "wallets_reservation"),
                ("Usage of limits", "avg_pace", "wallets_usage"),
                ("Quotes", "request_quote", "wallets_quote"),
                ("Rates", "currency_exchange", "wallets_rate"),
            ),
            _group(
                "Fraud",
                ("Cases", "gavel", "fraud_case"),
                ("Alerts", "notifications_active", "fraud_alert"),
                ("Assessments", "policy", "fraud_assessment"),
                ("Transfers", "swap_horiz", "fraud_transferassessment"),
                ("Outcomes", "flag", "fraud_outcome"),
                ("Lists", "block", "fraud_listitem"),
                ("Rules", "tune", "fraud_rule"),
                ("Velocity limits", "timer", "fraud_velocitylimit"),
                ("Models", "psychology", "fraud_trainedmodel"),
                ("Postures", "security", "fraud_posture"),
                ("Second looks", "replay", "fraud_reassessment"),
            ),
            _group(
                "Merchants",
                ("Merchants", "storefront", "merchants_merchant"),
                ("People", "person", "merchants_user"),
                ("API keys", "key", "merchants_apikey"),
                ("OAuth clients", "vpn_key", "allauth_idp_oidc_client"),
                ("Requests", "http", "merchants_requestlogline"),
            ),
            _group(
                "Notifications",
                ("Deliveries", "send", "notifications_delivery"),
                ("Endpoints", "webhook", "notifications_endpoint"),
                ("Events", "bolt", "notifications_merchantevent"),
                ("Wordings", "edit_note", "notifications_wording"),
                ("Preferences", "tune", "notifications_preference"),
                ("Quiet hours", "bedtime", "notifications_quiethours"),
                ("Providers", "health_and_safety", "notifications_providerhealth"),
            ),
            _group(
                "Reconciliation",
                ("Runs", "play_circle", "reconciliation_run"),
                ("Totals of runs", "functions", "reconciliation_runtotal"),
                ("Bank balances", "account_balance", "reconciliation_bankproof"),
                ("Odd days", "monitoring", "reconciliation_anomaly"),
                ("Imports", "upload_file", "reconciliation_import"),
                ("Fetched from processors", "cloud_download", "reconciliation_download"),
                ("Statements", "description", "reconciliation_statement"),
                ("Lines", "list", "reconciliation_line"),
                ("Set aside", "inventory_2", "reconciliation_setaside"),
                ("Expectations", "schedule", "reconciliation_expectation"),
                ("Batches", "layers", "reconciliation_batch"),
            ),
            _group(
                "Dashboard",
                ("Exports", "download", "web_export"),
                ("Kept views", "bookmarks", "web_view"),
            ),
            _group("Audit", ("Seals of the log", "verified_user", "audit_seal")),
            _group(
                "Kernel",
                ("Event log", "history", "kernel_loggedevent"),
                ("Cursors", "linear_scale", "kernel_cursor"),
                ("Idempotency keys", "fingerprint", "kernel_idempotencykey"),
            ),
        ],
    },
}

LOGGING_CONFIG = None
logs.configure(level=env.str("LOG_LEVEL", default="INFO"))
