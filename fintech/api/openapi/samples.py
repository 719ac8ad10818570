"""
One of each thing, and another with everything filled in.

`wire` renders them into the document's examples, and from both together come the
schemas: so an example is always what the API answers, and a schema what it may.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from fintech.fraud import data as fraud
from fintech.kernel.money import Money
from fintech.kernel.proof import EMPTY_ROOT, GENESIS, Head, Signature, Tree
from fintech.ledger import data as ledger
from fintech.ledger.data import books
from fintech.merchants import data as merchants
from fintech.payments import data as payments
from fintech.payments.errors import UnexpectedState
from fintech.reconciliation import data as reconciliation
from fintech.wallets import data as wallets
from fintech.wire import payment_intents
from fintech.wire.events import MerchantEvent
from fintech.wire.message_preferences import Preference
from fintech.wire.webhook_endpoints import Delivery, Endpoint

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
LATER = AT + timedelta(days=7)


def _id(number: int) -> UUID:
    return UUID(int=0x019A_4100_0000_7000_8000_0000_0000_0000 + number)


def _eur(minor: int) -> Money:
    return Money(minor, "EUR")


MERCHANT_ID, PAYMENT_ID, ATTEMPT_ID, METHOD_ID, CUSTOMER_ID, ENTRY_ID, CASE_ID, WALLET_ID = (
    _id(number) for number in range(1, 9)
)

CARD = payments.Card(
    brand="visa",
    last4="4242",
    exp_month=12,
    exp_year=2034,
    country="US",
    funding="credit",
    fingerprint="5f2d6c0f8b9e4a7d1c3b5a69",
)
METHOD = payments.PaymentMethod(
    id=METHOD_ID,
    merchant_id=MERCHANT_ID,
    customer_id=CUSTOMER_ID,
    card=CARD,
    created_at=AT,
    billing_name="Ada Payer",
    billing_email="ada@example.com",
    billing_phone="+49 30 1234567",
    billing_country="DE",
    metadata={"kept": "yes"},
)
CUSTOMER = payments.Customer(
    id=CUSTOMER_ID,
    merchant_id=MERCHANT_ID,
    email="ada@example.com",
    name="Ada Payer",
    phone="+49 30 1234567",
    description="Pays on time",
    metadata={"customer_number": "7"},
    created_at=AT,
)
ATTEMPT = payments.Attempt(
    authenticated=True,
    authentication=payments.Authentication.PASSED,
    liability=payments.Liability.ISSUER,
    id=ATTEMPT_ID,
    payment_id=PAYMENT_ID,
    merchant_id=MERCHANT_ID,
    state=payments.AttemptState.AUTHORIZED,
    amount=_eur(4250),
    captured=_eur(4250),
    refunded=_eur(1000),
    assessment_id=_id(20),
    score=7,
    risk_level="normal",
    decision="allow",
    provider="simulator",
    provider_reference="sim_1",
    decline_code="",
    card=CARD,
    payment_method_id=METHOD_ID,
    created_at=AT,
    entry_id=ENTRY_ID,
    capture_entry_id=ENTRY_ID,
)
DECLINED_ATTEMPT = replace(
    ATTEMPT,
    authenticated=False,
    authentication=payments.Authentication.FAILED,
    liability=payments.Liability.UNDECIDED,
    capture_entry_id=None,
    state=payments.AttemptState.DECLINED,
    captured=_eur(0),
    refunded=_eur(0),
    decline_code="insufficient_funds",
)
UNDECIDED_ATTEMPT = replace(
    ATTEMPT,
    authenticated=False,
    authentication=payments.Authentication.ASKED,
    liability=payments.Liability.UNDECIDED,
    capture_entry_id=None,
    state=payments.AttemptState.UNKNOWN,
    assessment_id=None,
    score=None,
    card=replace(CARD, country=""),
)
UNASKED_ATTEMPT = replace(
    ATTEMPT,
    authenticated=False,
    authentication=payments.Authentication.NOT_ASKED,
    liability=payments.Liability.MERCHANT,
)
PAYMENT = payments.Payment(
    id=PAYMENT_ID,
    merchant_id=MERCHANT_ID,
    purpose=payments.Purpose.SALE,
    wallet_id=None,
    state=payments.PaymentState.CAPTURED,
    amount=_eur(4250),
    authorized=_eur(4250),
    captured=_eur(4250),
    refunded=_eur(1000),
    refund_pending=_eur(0),
    fee=_eur(85),
    capture_method=payments.CaptureMethod.AUTOMATIC,
    customer_id=CUSTOMER_ID,
    payment_method_id=METHOD_ID,
    card=CARD,
    description="Order 7",
    metadata={"order": "7"},
    receipt_email="ada@example.com",
    return_url="https://example.com/back",
    statement_descriptor="BLUE BOTTLE",
    cancellation_reason=None,
    last_error=None,
    latest_attempt=ATTEMPT,
    next_action_url=None,
    review_id=None,
    created_at=AT,
    canceled_at=None,
    version=5,
    link_id=None,
    actions=("refund",),
)
BARE_PAYMENT = replace(
    PAYMENT,
    state=payments.PaymentState.CREATED,
    authorized=_eur(0),
    captured=_eur(0),
    refunded=_eur(0),
    customer_id=None,
    payment_method_id=None,
    card=None,
    description="",
    metadata={},
    receipt_email="",
    return_url="",
    statement_descriptor="",
    latest_attempt=None,
)
DECLINED_PAYMENT = replace(
    BARE_PAYMENT,
    payment_method_id=METHOD_ID,
    latest_attempt=DECLINED_ATTEMPT,
    last_error=payments.Declined(
        code="card_declined",
        decline_code="insufficient_funds",
        message="The card has insufficient funds.",
        attempt_id=ATTEMPT_ID,
    ),
)
UNASKED_PAYMENT = replace(
    DECLINED_PAYMENT,
    last_error=payments.Declined(
        code="acquirer_unavailable",
        decline_code="acquirer_unavailable",
        message="The acquirer was not available; nothing was charged.",
        attempt_id=ATTEMPT_ID,
    ),
)
CHALLENGED_PAYMENT = replace(
    PAYMENT,
    state=payments.PaymentState.AWAITING_PAYER,
    next_action_url="/pay/challenge/ch_1",
)
UNSENT_BACK_PAYMENT = replace(CHALLENGED_PAYMENT, return_url="")
CANCELED_PAYMENT = replace(
    BARE_PAYMENT,
    purpose=payments.Purpose.TOP_UP,
    wallet_id=WALLET_ID,
    state=payments.PaymentState.CANCELED,
    cancellation_reason="abandoned",
    canceled_at=LATER,
    review_id=CASE_ID,
)
REFUND = payments.Refund(
    id=_id(10),
    merchant_id=MERCHANT_ID,
    payment_id=PAYMENT_ID,
    attempt_id=ATTEMPT_ID,
    amount=_eur(1000),
    state=payments.RefundState.SUCCEEDED,
    reason="requested_by_customer",
    metadata={"complaint": "12"},
    failure_reason=None,
    provider_reference="sim_2",
    created_at=LATER,
    version=2,
    entry_id=ENTRY_ID,
)
FAILED_REFUND = replace(
    REFUND,
    state=payments.RefundState.FAILED,
    reason="",
    failure_reason="declined",
    entry_id=None,
)
LINK = payments.Link(
    id=_id(11),
    merchant_id=MERCHANT_ID,
    token="a-link-of-the-reference",  # noqa: S106 - an example's.
    title="A book",
    amount=_eur(1200),
    currency="EUR",
    active=True,
    uses=1,
    max_uses=10,
    expires_at=LATER,
    created_at=AT,
)
PRODUCT = payments.Product(
    id=_id(80),
    merchant_id=MERCHANT_ID,
    name="A book",
    description="Bound in linen",
    active=True,
    images=("https://example.com/book.jpg",),
    url="https://example.com/book",
    unit_label="copy",
    statement_descriptor="BLUE BOTTLE BOOK",
    shippable=True,
    default_price_id=_id(81),
    metadata={"isbn": "7"},
    created_at=AT,
    updated_at=LATER,
)
BARE_PRODUCT = replace(
    PRODUCT,
    description="",
    images=(),
    url="",
    unit_label="",
    statement_descriptor="",
    shippable=None,
    default_price_id=None,
    metadata={},
)
PRICE = payments.Price(
    id=_id(81),
    merchant_id=MERCHANT_ID,
    product_id=PRODUCT.id,
    amount=_eur(1200),
    active=True,
    nickname="In the shop",
    lookup_key="book-shop",
    metadata={"season": "spring"},
    created_at=AT,
)
BARE_PRICE = replace(PRICE, nickname="", lookup_key="", metadata={})
LINE_ITEM = payments.LineItem(
    id=_id(82), description="A book", amount=_eur(2400), quantity=2, price=PRICE
)
PLAIN_ITEM = replace(LINE_ITEM, price=None)
SESSION = payments.CheckoutSession(
    id=_id(83),
    merchant_id=MERCHANT_ID,
    token="a-session-of-the-reference",  # noqa: S106 - an example's.
    state=payments.SessionState.COMPLETE,
    outcome=payments.SessionOutcome.PAID,
    amount=_eur(2400),
    items=(LINE_ITEM,),
    success_url="https://example.com/thanks",
    cancel_url="https://example.com/cart",
    customer_id=CUSTOMER_ID,
    customer_email="ada@example.com",
    payer_email="ada@example.com",
    payer_name="Ada Payer",
    client_reference_id="cart-7",
    metadata={"cart": "7"},
    payment_id=PAYMENT_ID,
    expires_at=LATER,
    created_at=AT,
    version=3,
)
OPEN_SESSION = replace(
    SESSION,
    state=payments.SessionState.OPEN,
    outcome=payments.SessionOutcome.NONE,
    items=(PLAIN_ITEM,),
    cancel_url="",
    customer_id=None,
    customer_email="",
    payer_email="",
    payer_name="",
    client_reference_id="",
    metadata={},
    payment_id=None,
    version=1,
)
EXPIRED_SESSION = replace(
    OPEN_SESSION,
    state=payments.SessionState.EXPIRED,
    customer_email="ada@example.com",
    version=2,
)
UNNAMED_SESSION = replace(SESSION, payer_email="", customer_email="")
MOVEMENT = payments.BalanceTransaction(
    id=ENTRY_ID,
    merchant_id=MERCHANT_ID,
    kind="charge",
    amount=_eur(4250),
    fee=_eur(85),
    net=_eur(4165),
    source_id=_id(12),
    attempt_id=ATTEMPT_ID,
    payment_id=PAYMENT_ID,
    entry_id=ENTRY_ID,
    created_at=AT,
    available_on=payments.available_on(AT),
    is_available=False,
)
WALLET_CARD = replace(
    CARD,
    brand="wallet",
    last4="",
    exp_month=0,
    exp_year=0,
    country="",
    funding="",
    wallet_id=WALLET_ID,
)
MERCHANT = merchants.Merchant(
    id=MERCHANT_ID,
    name="Blue Bottle Books",
    country="DE",
    default_currency="EUR",
    fee_basis_points=140,
    fee_fixed_minor=25,
    fee_fixed_elsewhere={"JPY": 30},
    status=merchants.MerchantStatus.ACTIVE,
    created_at=AT,
    statement_descriptor="BLUE BOTTLE",
)
WALLET = wallets.Wallet(
    id=WALLET_ID,
    merchant_id=MERCHANT_ID,
    customer_id=CUSTOMER_ID,
    owner="Ada Payer",
    currency="EUR",
    state=wallets.WalletState.ACTIVE,
    metadata={"tier": "gold"},
    created_at=AT,
    closed_at=None,
    version=1,
    currencies=("EUR", "USD"),
    tier="basic",
    zone="Europe/Berlin",
    floors={"EUR": -10_000},
)
CLOSED_WALLET = replace(
    WALLET,
    customer_id=None,
    owner="",
    tier="",
    zone="",
    floors={},
    state=wallets.WalletState.CLOSED,
    closed_at=LATER,
)
BALANCES = wallets.Balances(
    currency="EUR",
    posted=_eur(2000),
    pending=_eur(-500),
    held=_eur(500),
    available=_eur(11_500),
    floor=_eur(-10_000),
)
HOLD = wallets.Hold(
    id=_id(13),
    wallet_id=WALLET_ID,
    merchant_id=MERCHANT_ID,
    state=wallets.HoldState.ACTIVE,
    amount=_eur(500),
    captured=_eur(0),
    remaining=_eur(500),
    reason="deposit",
    entry_id=ENTRY_ID,
    expires_at=LATER,
    created_at=AT,
    ended_at=None,
    version=1,
)
MOVED = wallets.Movement(
    sequence=1,
    entry_id=ENTRY_ID,
    kind="top_up",
    subject_id=PAYMENT_ID,
    amount=_eur(2000),
    balance=_eur(2000),
    at=AT,
)
STATEMENT = wallets.Statement(
    wallet_id=WALLET_ID,
    currency="EUR",
    opening=_eur(0),
    closing=_eur(2000),
    lines=(
        wallets.StatementLine(
            sequence=1,
            entry_id=ENTRY_ID,
            amount=_eur(2000),
            pending=_eur(0),
            balance=_eur(2000),
            number=2,
            entry_hash="3f" * 32,
            hash="a1" * 32,
        ),
    ),
    previous_hash="0c" * 32,
)
TRANSFER = wallets.Transfer(
    id=_id(70),
    merchant_id=MERCHANT_ID,
    source_id=WALLET_ID,
    destination_id=_id(71),
    state=wallets.TransferState.SUCCEEDED,
    amount=_eur(500),
    received=_eur(500),
    quote_id=None,
    entry_id=ENTRY_ID,
    reversal_id=None,
    created_at=AT,
    reversed_at=None,
    version=1,
)
WAITING_TRANSFER = replace(
    TRANSFER,
    state=wallets.TransferState.AWAITING_APPROVAL,
    reasons=("over_amount", "review"),
    hold_entry_id=ENTRY_ID,
)
DECIDED_TRANSFER = replace(
    WAITING_TRANSFER, state=wallets.TransferState.CANCELED, decided_at=LATER, version=2
)
REVERSED_TRANSFER = replace(
    TRANSFER,
    state=wallets.TransferState.REVERSED,
    reversal_id=_id(72),
    reversed_at=LATER,
    version=2,
)
WITHDRAWAL = wallets.Withdrawal(
    id=_id(74),
    wallet_id=WALLET_ID,
    merchant_id=MERCHANT_ID,
    state=wallets.WithdrawalState.PENDING,
    amount=_eur(500),
    account="DE89370400440532013000",
    entry_id=ENTRY_ID,
    bank_reference="",
    created_at=AT,
    ended_at=None,
    version=1,
)
PAID_WITHDRAWAL = replace(
    WITHDRAWAL,
    state=wallets.WithdrawalState.PAID,
    bank_reference="bank_1",
    ended_at=LATER,
    version=2,
)
QUOTE = wallets.Quote(
    id=_id(73),
    merchant_id=MERCHANT_ID,
    state=wallets.QuoteState.OPEN,
    source=_eur(10_000),
    spread=_eur(50),
    destination=Money(10_945, "USD"),
    rate="1.1",
    rate_on=AT.date(),
    residue="0",
    created_at=AT,
    expires_at=LATER,
    version=1,
)
CONVERTED = replace(TRANSFER, quote_id=QUOTE.id, received=QUOTE.destination)
LIMIT = wallets.Limit(
    id=_id(14),
    merchant_id=MERCHANT_ID,
    scope=wallets.LimitScope.CARD,
    subject="",
    kind=wallets.LimitKind.AMOUNT,
    window=wallets.LimitWindow.DAY,
    seconds=None,
    zone="Europe/Berlin",
    currency="EUR",
    maximum=100_000,
    active=True,
    created_at=AT,
    version=1,
    tier="basic",
    channel="api",
    category="rent",
    operation="transfer",
)
USED = wallets.Usage(limit=LIMIT, subject="card", used=94_000, left=6_000, begins_anew_at=LATER)
UNENDING = replace(USED, begins_anew_at=None)
ROLLING_LIMIT = replace(
    LIMIT,
    kind=wallets.LimitKind.COUNT,
    window=wallets.LimitWindow.ROLLING,
    subject=CARD.fingerprint,
    seconds=3600,
    zone="",
    currency="",
    tier="",
    channel="",
    category="",
    operation="",
)
ENDED_HOLD = replace(
    HOLD, state=wallets.HoldState.RELEASED, reason="", expires_at=None, ended_at=LATER
)
ASSESSMENT = fraud.Assessment(
    id=_id(20),
    payment_id=PAYMENT_ID,
    attempt_id=ATTEMPT_ID,
    merchant_id=MERCHANT_ID,
    score=7,
    decision=fraud.Decision.ALLOW,
    reasons=(fraud.Reason("card_first_seen", 7),),
    case_id=None,
    created_at=AT,
    model_version="rules-1",
    amount=_eur(4250),
    features=fraud.Features(amount_minor=4250, currency="EUR"),
)
CASE = fraud.Case(
    id=CASE_ID,
    merchant_id=MERCHANT_ID,
    payment_id=PAYMENT_ID,
    assessment_id=_id(20),
    state=fraud.CaseState.PENDING,
    disposition=None,
    score=60,
    pivot_kind="card",
    pivot_value=CARD.fingerprint,
    assignee="",
    opened_at=AT,
    closed_at=None,
    version=1,
    due_at=LATER,
    group_id=_id(21),
)
CLOSED_CASE = replace(
    CASE,
    state=fraud.CaseState.CLOSED,
    disposition=fraud.Disposition.FALSE_POSITIVE,
    assignee="risk@example.com",
    closed_at=LATER,
    due_at=None,
    snoozed_until=LATER,
)
RULE = fraud.Rule(
    id=_id(22),
    merchant_id=MERCHANT_ID,
    name="dear_and_new",
    state=fraud.RuleState.ACTIVE,
    number=2,
    condition="amount > 50000 and not card_seen",
    points=20,
    decision=fraud.Decision.REVIEW,
    author="key_live",
    created_at=AT,
    version=3,
)
DRAFT_RULE = replace(RULE, state=fraud.RuleState.DRAFT, decision=None, snoozed_until=LATER)
VELOCITY_LIMIT = fraud.VelocityLimit(
    id=_id(61),
    merchant_id=MERCHANT_ID,
    name="cards_per_hour",
    of=fraud.Counted.CARD,
    seconds=3600,
    maximum=5,
    decision=fraud.Decision.BLOCK,
    active=True,
    created_at=AT,
    version=1,
)
POSTURE = fraud.Posture(
    merchant_id=MERCHANT_ID,
    mode=fraud.Mode.ENFORCE,
    fails=fraud.Fails.REVIEW,
    ceiling_minor=50_000,
    challenge_at=60,
    review_at=75,
    block_at=95,
    explore=100,
    version=1,
)
MODEL = fraud.TrainedModel(
    id=_id(62),
    number=7,
    schema="payments.2",
    stage=fraud.ModelStage.CHAMPION,
    source="payments",
    metrics={"average_precision": 0.71},
    gates={"average_precision": True},
    card="Trained on 90 days of decisions.",
    data_hash="",
    files={},
    slope=1.0,
    offset=0.0,
    signed_by="fraud",
    signature="",
    trained_by="system",
    created_at=AT,
    version=3,
)
BACK_TEST = fraud.BackTest(
    assessments=4100,
    hits=62,
    changed=((fraud.Decision.ALLOW, fraud.Decision.REVIEW, 58),),
    fraud=44,
    fraud_hit=31,
    good=900,
    good_hit=12,
    stopped=((_eur(61_900_00), _eur(4_100_00)),),
    released=((_eur(200_00), _eur(900_00)),),
    fraud_stopped_then=22,
    fraud_stopped=31,
    good_stopped_then=9,
    good_stopped=12,
)
UNLABELED_BACK_TEST = replace(BACK_TEST, fraud=0, fraud_hit=0, good=0, good_hit=0)
LIST_ITEM = fraud.ListItem(
    id=_id(21),
    merchant_id=MERCHANT_ID,
    kind=fraud.ListKind.CARD,
    value=CARD.fingerprint,
    action=fraud.ListAction.BLOCK,
    reason="reported stolen",
    expires_at=LATER,
    created_at=AT,
    removed_at=None,
    version=1,
)
ENTRY = ledger.JournalEntryView(
    id=ENTRY_ID,
    kind=ledger.EntryKind.PENDING,
    template="authorize_card",
    version=1,
    subject=PAYMENT_ID,
    pending_id=None,
    occurred_at=AT,
    recorded_at=AT,
    expires_at=LATER,
    by="api_key",
    lines=(
        ledger.LineView(
            address="assets:processor:simulator:receivable",
            direction=ledger.Direction.DEBIT,
            amount=_eur(4250),
            pending=True,
        ),
        ledger.LineView(
            address=f"liabilities:merchant:{MERCHANT_ID}:pending",
            direction=ledger.Direction.CREDIT,
            amount=_eur(4250),
            pending=True,
        ),
    ),
    state=ledger.EntryState.PENDING,
    remaining=_eur(4250),
)
CAPTURE_ENTRY = replace(
    ENTRY,
    kind=ledger.EntryKind.CAPTURE,
    template="capture_card",
    subject=None,
    pending_id=ENTRY_ID,
    expires_at=None,
    state=ledger.EntryState.POSTED,
    remaining=None,
)
BOOK_ACCOUNT = books.BookAccount(
    id=_id(60),
    book=MERCHANT_ID,
    type=ledger.Type.ASSET,
    currency="EUR",
    code="1000",
    name="Cash",
    floor=0,
    closed=False,
    metadata={"branch": "Berlin"},
    opened_at=AT,
    version=1,
)
BARE_BOOK_ACCOUNT = replace(BOOK_ACCOUNT, name="", floor=None, closed=True, metadata={})
BOOK_BALANCE = ledger.Balance(
    posted=_eur(4250),
    pending=_eur(0),
    available=_eur(4250),
    pending_in=_eur(0),
    pending_out=_eur(0),
    sequence=1,
)
STATEMENT_LINE = ledger.StatementLine(
    sequence=1,
    entry_id=ENTRY_ID,
    template="book.sale",
    subject=None,
    occurred_at=AT,
    recorded_at=AT,
    amount=_eur(4250),
    balance=_eur(4250),
)
TRIAL_LINE = books.BookTrialLine(account=BOOK_ACCOUNT, debit=_eur(4250), credit=_eur(0))
FAULT = ledger.Fault(row="ledger_line 7/1", reason="was changed")
ENTRY_PROOF = ledger.EntryProof(
    seal=ledger.Seal(
        head=Head(
            origin="ledger.journal",
            number=1,
            size=1,
            root=EMPTY_ROOT,
            previous=GENESIS,
            sealed_at_us=int(AT.timestamp()) * 1_000_000,
        ),
        signature=Signature(key_id="0123456789abcdef", value=bytes(64)),
        tree=Tree(),
        leaves=(),
        epoch="1",
        floor_position=0,
        from_xid=1,
        to_xid=2,
    ),
    leaf=EMPTY_ROOT,
    index=0,
    path=(EMPTY_ROOT,),
)
EVENT = MerchantEvent(
    id=_id(30),
    merchant_id=MERCHANT_ID,
    type="payment_intent.succeeded",
    object={},
    created_at=AT,
    request_id="req_1",
    idempotency_key="order-7",
    sequence=2,
    previous_event_id=_id(29),
)
ENDPOINT = Endpoint(
    id=_id(31),
    merchant_id=MERCHANT_ID,
    url="https://example.com/webhooks",
    enabled_events=("*",),
    is_enabled=True,
    created_at=AT,
    description="The shop",
    metadata={"team": "web"},
)
DELIVERY = Delivery(
    id=_id(32),
    event_id=_id(30),
    endpoint_id=_id(31),
    state="pending",
    attempts=1,
    created_at=AT,
    next_attempt_at=LATER,
    last_status=500,
    last_error="status_500",
)
AGREED = Preference(channel="sms", kind="payment_receipt", is_wanted=True, source="merchant")
UNASKED = Preference(channel="mail", kind="refund_receipt", is_wanted=True, source="default")
DONE_DELIVERY = replace(
    DELIVERY,
    endpoint_id=None,
    state="delivered",
    next_attempt_at=None,
    delivered_at=LATER,
    last_status=None,
    last_error="",
)
IMPORT = reconciliation.Import(
    id=_id(40),
    sha256="0" * 64,
    name="statement.xml",
    format="camt.053",
    witness="bank",
    source="bank",
    state=reconciliation.ImportState.IMPORTED,
    reason="",
    reason_line=0,
    reason_column=0,
    lines=12,
    set_aside=0,
    imported_at=AT,
    created_at=AT,
)
REJECTED_IMPORT = replace(
    IMPORT,
    format="",
    witness="",
    source="",
    state=reconciliation.ImportState.REJECTED,
    reason="This is no statement.",
    reason_line=1,
    reason_column=3,
    imported_at=None,
)
NOTHING_READ = reconciliation.Reading()
_STATEMENT = reconciliation.StatementRead(
    account="GB50SAND00000000000001",
    currency="EUR",
    opening="100.00",
    closing="141.65",
    entries=1,
    credits="41.65",
    debits="0.00",
    arithmetic_ok=True,
    difference="0.00",
)
STATEMENT_READ = reconciliation.Reading(
    statements=(_STATEMENT,), rejected=((12, "'12,x' is not an amount"),)
)
UNBALANCED_READ = reconciliation.Reading(
    statements=(
        replace(
            _STATEMENT,
            account="",
            currency="",
            opening=None,
            closing=None,
            arithmetic_ok=None,
            difference=None,
        ),
    )
)
_REPORT = reconciliation.ReportRead(
    rows=2,
    by_currency={"EUR": {"gross": "42.50", "fee": "0.85", "net": "41.65"}},
    ties_out=True,
    difference="0",
)
REPORT_READ = reconciliation.Reading(report=_REPORT)
UNTIED_READ = reconciliation.Reading(
    report=replace(
        _REPORT,
        by_currency=_REPORT.by_currency | {"USD": {"gross": "1", "fee": "0", "net": "1"}},
        ties_out=None,
        difference=None,
    )
)
NOWHERE_IMPORT = replace(REJECTED_IMPORT, reason_line=0, reason_column=0)
RUN = reconciliation.Run(
    id=_id(41),
    source="simulator",
    state=reconciliation.RunState.COMPLETED_WITH_BREAKS,
    started_at=AT,
    ended_at=LATER,
    error="",
    matched=11,
    opened=1,
    resolved=0,
    open_breaks=1,
    totals=(
        reconciliation.Total(
            witness="ledger",
            currency="EUR",
            input_count=12,
            input_minor=51_000,
            matched_count=11,
            matched_minor=46_750,
            broken_count=1,
            broken_minor=4_250,
            ignored_count=0,
            ignored_minor=0,
            waiting_count=0,
            waiting_minor=0,
        ),
    ),
)
FAILED_RUN = replace(
    RUN,
    state=reconciliation.RunState.FAILED,
    ended_at=None,
    error="The run was interrupted.",
)
BREAK = reconciliation.Break(
    id=_id(42),
    run_id=_id(41),
    source="simulator",
    leg=1,
    kind=reconciliation.BreakKind.AMOUNT_OVER,
    currency="EUR",
    amount_minor=100,
    ours_minor=4_250,
    theirs_minor=4_350,
    reference="sim_1",
    batch="2026-11-02",
    state=reconciliation.BreakState.OPEN,
    opened_at=AT,
    resolved_at=None,
    resolution="",
    note="",
)
RESOLVED_BREAK = replace(
    BREAK,
    ours_minor=None,
    theirs_minor=None,
    reference="",
    batch="",
    state=reconciliation.BreakState.RESOLVED,
    resolved_at=LATER,
    resolution="void",
    note="A test of theirs",
    entry_id=_id(43),
    wait_until=AT.date(),
)
PROPOSAL = reconciliation.Proposal(
    break_id=BREAK.id,
    template="adjust_receivable",
    why="The processor pays another amount than was captured; the rest waits in suspense.",
    needs_approval=False,
    lines=(
        reconciliation.ProposedLine(
            address="assets:processor:simulator:receivable", amount=Money(100, "EUR"), debit=True
        ),
        reconciliation.ProposedLine(
            address="liabilities:suspense:simulator", amount=Money(100, "EUR"), debit=False
        ),
    ),
)
SUGGESTIONS = (
    reconciliation.Suggestion(
        points=96, break_id=BREAK.id, reference="sim_2", amount=Money(4_250, "EUR"), on=AT.date()
    ),
    reconciliation.Suggestion(
        points=41, break_id=None, reference="", amount=Money(4_200, "EUR"), on=None
    ),
)
REPORT = reconciliation.Report(
    run=RUN,
    content={},
    statement=b"reconciliation run report v1\n{}",
    key_id="0123456789abcdef",
    signature=bytes(64),
)
HISTORY = (
    "simulator",
    (
        reconciliation.DayFigures(
            on=AT.date(),
            lines=12,
            match_rate=Decimal("0.916667"),
            fee_rate=Decimal("0.020000"),
            delay_days=Decimal("1.000000"),
            breaks=1,
            mix={"amount_over": 1},
        ),
    ),
    (
        reconciliation.Fees(
            currency="EUR",
            lines=11,
            gross=Money(46_750, "EUR"),
            charged=Money(936, "EUR"),
            expected=Money(935, "EUR"),
        ),
    ),
    (reconciliation.Age(days="0-1", currency="EUR", count=1, minor=4_165),),
)
SAFEGUARDED = reconciliation.Safeguarded(
    on=AT.date(),
    currency="EUR",
    owed=Money(100_000, "EUR"),
    held=Money(90_000, "EUR"),
    at_processors=Money(9_000, "EUR"),
)
BARE_CUSTOMER = replace(CUSTOMER, email="", name="", phone="", description="", metadata={})
REVIEWED_ASSESSMENT = replace(
    ASSESSMENT,
    decision=fraud.Decision.REVIEW,
    case_id=CASE_ID,
    reasons=(fraud.Reason("list_review", 60, (("on", "card"),)),),
)
REMOVED_ITEM = replace(LIST_ITEM, reason="", expires_at=None, removed_at=LATER)
OPEN_LINK = replace(LINK, amount=None, max_uses=None, expires_at=None, active=False)
BARE_ENDPOINT = replace(ENDPOINT, is_enabled=False, description="", metadata={})
SHOWING_EVENT = replace(EVENT, object=payment_intents.render(PAYMENT))
QUIET_EVENT = replace(
    EVENT,
    object=payment_intents.render(PAYMENT),
    request_id="",
    idempotency_key="",
    sequence=1,
    previous_event_id=None,
    previous_attributes={"description": "Order 6"},
)
REFUSAL = UnexpectedState(payment_id=PAYMENT_ID, state="captured", action="be captured")
