"""Every business event's entry: balanced whatever the amounts, exact where we know them."""

from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.kernel import ids
from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger import errors, queries, services
from fintech.ledger.data import EntryKind, Seen, chart, templates
from tests.make import ledger as make
from tests.make.ledger import BY, DUE, NOON, PROVIDER, eur

MERCHANT, WALLET, OTHER, BANK = ids.new(), ids.new(), ids.new(), "DE89370400440532013000"
CARD = {"provider": PROVIDER, "provider_reference": "ref", "due_on": DUE}

# What each template needs beside the common facts, from an amount and a part of it.
CALLS = {
    "adjust_receivable": lambda a, _: {
        "provider": PROVIDER, "amount": -a, "against": "processor_fees",
    },
    "convert_receivable": lambda a, _: {
        "provider": PROVIDER, "expected": a, "paid": Money(a.minor, "CHF"),
    },
    "authorize_card": lambda a, _: {
        "merchant_id": MERCHANT, "provider": PROVIDER, "amount": a, "expires_at": NOON,
    },
    "call_back": lambda a, p: {"merchant_id": MERCHANT, "amount": a, "shortfall": p},
    "capture_card": lambda a, p: {
        "pending_id": OTHER, "merchant_id": MERCHANT, "amount": a, "fee": p, "processor_fee": p,
        "final": True, **CARD,
    },
    "capture_wallet": lambda a, p: {
        "pending_id": OTHER, "wallet_id": WALLET, "merchant_id": MERCHANT, "amount": a, "fee": p,
        "final": False,
    },
    "convert_wallets": lambda a, p: {
        "source_wallet_id": WALLET, "destination_wallet_id": OTHER, "amount": a, "spread": p,
        "received": Money(a.minor, "CHF"),
    },
    "dispute_lost": lambda a, _: {
        "merchant_id": MERCHANT, "provider": PROVIDER, "amount": a, "liable": "platform",
    },
    "dispute_opened": lambda a, p: {
        "merchant_id": MERCHANT, "provider": PROVIDER, "amount": a, "from_available": p,
        "scheme_fee": p, "merchant_fee": p,
    },
    "dispute_won": lambda a, _: {"merchant_id": MERCHANT, "provider": PROVIDER, "amount": a},
    "explain_credit": lambda a, _: {
        "bank_account": BANK, "target": f"liabilities:wallet:{WALLET}", "amount": a,
    },
    "hold_wallet": lambda a, _: {
        "wallet_id": WALLET, "to_account": "platform", "merchant_id": MERCHANT, "amount": a,
        "expires_at": None,
    },
    "make_available": lambda a, p: {"merchant_id": MERCHANT, "amount": a, "reserved": p},
    "payout_created": lambda a, _: {"merchant_id": MERCHANT, "amount": a},
    "payout_failed": lambda a, _: {"merchant_id": MERCHANT, "amount": a},
    "payout_paid": lambda a, _: {"merchant_id": MERCHANT, "amount": a, "bank_account": BANK},
    "payout_returned": lambda a, _: {"merchant_id": MERCHANT, "amount": a, "bank_account": BANK},
    "recover_debt": lambda a, _: {"merchant_id": MERCHANT, "amount": a},
    "refund_card": lambda a, _: {
        "merchant_id": MERCHANT, "amount": a, "from_pending": False, **CARD,
    },
    "refund_returned": lambda a, _: {
        "merchant_id": MERCHANT, "amount": a, "to_pending": True, **CARD,
    },
    "refund_wallet": lambda a, _: {"wallet_id": WALLET, "merchant_id": MERCHANT, "amount": a},
    "release_reserve": lambda a, _: {"merchant_id": MERCHANT, "amount": a},
    "settle_processor": lambda a, p: {
        "provider": PROVIDER, "net": a, "fee_difference": -p, "bank_account": BANK,
    },
    "top_up": lambda a, p: {"wallet_id": WALLET, "amount": a, "processor_fee": p, **CARD},
    "transfer_arrives": lambda a, _: {"wallet_id": WALLET, "from_shard": 1, "amount": a},
    "transfer_departs": lambda a, _: {"wallet_id": WALLET, "to_shard": 1, "amount": a},
    "hold_transfer": lambda a, _: {
        "source_wallet_id": WALLET, "destination_wallet_id": OTHER, "amount": a, "received": a,
    },
    "capture_transfer": lambda a, p: {
        "source_wallet_id": WALLET, "destination_wallet_id": OTHER, "pending_id": OTHER,
        "amount": a, "spread": p,
        "received": a if a.currency == "EUR" else Money(a.minor, "EUR"),
    },
    "transfer_wallets": lambda a, _: {
        "source_wallet_id": WALLET, "destination_wallet_id": OTHER, "amount": a,
    },
    "unknown_credit": lambda a, _: {"bank_account": BANK, "amount": a},
    "withdraw": lambda a, _: {"wallet_id": WALLET, "amount": a},
    "withdrawal_failed": lambda a, _: {"wallet_id": WALLET, "amount": a},
    "withdrawal_paid": lambda a, _: {"wallet_id": WALLET, "amount": a, "bank_account": BANK},
    "write_off": lambda a, _: {"merchant_id": MERCHANT, "amount": a},
}  # fmt: skip
WITHOUT_AMOUNTS = {"by_hand", "by_merchant", "release", "reversal"}
# Templates whose first version was replaced.
VERSIONS = {
    "refund_card": 3, "refund_returned": 2, "refund_wallet": 2, "recover_debt": 2,
    "dispute_opened": 2, "payout_paid": 2, "withdrawal_paid": 2,
}  # fmt: skip


def made(name, amount, part, **named):
    facts = {"entry_id": ids.new(), "subject": OTHER, "at": NOON, **CALLS[name](amount, part)}
    return getattr(templates, name)(**{**facts, **named})


def test_no_template_is_left_out():
    assert CALLS.keys() | WITHOUT_AMOUNTS == set(templates.__all__)


@pytest.mark.parametrize("name", CALLS)
@given(
    minor=st.integers(1, 10**15),
    share=st.integers(0, 1000),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_an_entry_is_balanced_whatever_the_amounts(name, minor, share, currency):
    amount, part = Money(minor, currency), Money(minor * share // 1000, currency)
    entry = made(name, amount, part)

    sums = defaultdict(int)
    for line in entry.lines:
        sums[line.account.currency] += line.amount_minor
        assert line.amount_minor != 0 or amount == part
        assert any(kind.code == line.account.code for kind in chart.CHART)
    assert set(sums.values()) == {0}
    assert len(entry.lines) >= 2
    assert (entry.template, entry.version) == (name, VERSIONS.get(name, 1))
    assert entry.lines[0].amount_minor >= 0 >= entry.lines[1].amount_minor


@pytest.mark.parametrize("name", CALLS)
def test_what_will_be_seen_outside_is_marked_on_one_line(name):
    entry = made(name, eur(1_000), eur(10))
    marked = [line for line in entry.lines if line.expected]
    seen = {
        "capture_card": Seen.CAPTURE,
        "top_up": Seen.CAPTURE,
        "refund_card": Seen.REFUND,
        "refund_returned": Seen.REFUND_RETURNED,
        "payout_paid": Seen.PAYOUT,
        "withdrawal_paid": Seen.PAYOUT,
    }
    assert [line.expected.kind for line in marked] == ([seen[name]] if name in seen else [])
    for line in marked:
        told = (line.account.code, line.expected.source, line.expected.reference)
        at_bank = (chart.BANK.code, f"bank:{BANK}", str(entry.subject))
        at_processor = (chart.RECEIVABLE.code, PROVIDER, "ref")
        assert told == (at_bank if line.expected.kind is Seen.PAYOUT else at_processor)


def test_two_currencies_never_meet_in_a_pair():
    with pytest.raises(CurrencyMismatch):
        made("capture_card", eur(1_000), Money(10, "USD"))


def post(name, amount, part=None, **named):
    return make.post(made(name, amount, part or Money.zero(amount.currency), **named))


def book(address, currency="EUR"):
    return queries.balance(address.format(m=MERCHANT, w=WALLET), currency).posted


AVAILABLE, PENDING = "liabilities:merchant:{m}:available", "liabilities:merchant:{m}:pending"
RESERVE, FROZEN = "liabilities:merchant:{m}:reserve", "liabilities:merchant:{m}:dispute_reserve"
IN_TRANSIT, DEBT = "liabilities:merchant:{m}:payout_in_transit", "assets:merchant:{m}:receivable"
RECEIVABLE, DISPUTED = (
    "assets:processor:simulator:receivable",
    "assets:processor:simulator:disputed",
)
MONEY = f"assets:bank:{BANK}"


@pytest.fixture
def paid(db):
    """A card payment of 100.00 with a fee of 3.20, accrued at 1.90 (E1, E3)."""
    card = make.authorization(eur(100_00), merchant_id=MERCHANT)
    make.post(card, make.capture(card, eur(100_00), fee=eur(3_20), processor_fee=eur(1_90)))


@pytest.mark.usefixtures("paid")
def test_a_payment_from_capture_to_payout():
    post("make_available", eur(96_80), eur(6_80))  # E4
    assert (book(PENDING), book(AVAILABLE), book(RESERVE)) == (eur(0), eur(90_00), eur(6_80))

    post("settle_processor", eur(98_00), fee_difference=eur(10))  # E5: ten cents dearer.
    assert (book(MONEY), book(RECEIVABLE)) == (eur(98_00), eur(0))
    assert book("expenses:processor_fees") == eur(2_00)

    post("payout_created", eur(90_00))  # E8
    assert (book(AVAILABLE), book(IN_TRANSIT)) == (eur(0), eur(90_00))
    post("payout_paid", eur(90_00))
    assert (book(IN_TRANSIT), book(MONEY)) == (eur(0), eur(8_00))
    post("release_reserve", eur(6_80))  # E11
    assert book(AVAILABLE) == eur(6_80)


@pytest.mark.usefixtures("paid")
def test_a_payout_that_fails_or_comes_back_is_available_again():
    post("make_available", eur(96_80))
    post("payout_created", eur(50_00))
    post("payout_failed", eur(50_00))
    assert (book(AVAILABLE), book(IN_TRANSIT)) == (eur(96_80), eur(0))

    post("payout_created", eur(50_00))
    post("payout_paid", eur(50_00))
    post("payout_returned", eur(50_00))
    assert (book(AVAILABLE), book(MONEY)) == (eur(96_80), eur(0))


@pytest.mark.usefixtures("paid")
def test_no_payout_leaves_twice():
    post("make_available", eur(96_80))
    post("payout_created", eur(50_00))
    post("payout_paid", eur(50_00))
    with pytest.raises(errors.Overdraft):
        post("payout_paid", eur(1))


@pytest.mark.usefixtures("paid")
def test_a_dispute_freezes_and_is_won_or_lost():
    post("make_available", eur(96_80))
    post(
        "dispute_opened", eur(100_00),
        from_available=eur(80_00), scheme_fee=eur(15_00), merchant_fee=eur(15_00),
    )  # E7: 20.00 and the fee are a debt.  # fmt: skip
    assert (book(DISPUTED), book(FROZEN)) == (eur(100_00), eur(100_00))
    assert (book(AVAILABLE), book(DEBT)) == (eur(16_80), eur(35_00))
    assert book(RECEIVABLE) == eur(98_10 - 100_00 - 15_00)
    assert (book("expenses:dispute_fees"), book("income:fees:dispute")) == (eur(15_00), eur(15_00))

    post("dispute_won", eur(60_00))
    assert (book(DISPUTED), book(FROZEN)) == (eur(40_00), eur(40_00))
    post("recover_debt", eur(35_00))
    assert (book(DEBT), book(AVAILABLE)) == (eur(0), eur(41_80))

    post("dispute_lost", eur(30_00), liable="merchant")
    post("dispute_lost", eur(10_00), liable="platform")
    assert (book(DISPUTED), book(FROZEN)) == (eur(0), eur(0))
    assert (book(AVAILABLE), book("expenses:losses:fraud")) == (eur(51_80), eur(10_00))


@pytest.mark.usefixtures("paid")
def test_a_dispute_takes_its_fee_too_where_there_is_money():
    post("make_available", eur(96_80))
    post(
        "dispute_opened", eur(90_00),
        from_available=eur(96_80), scheme_fee=eur(0), merchant_fee=eur(15_00),
    )  # fmt: skip
    assert (book(AVAILABLE), book(FROZEN), book(DEBT)) == (eur(0), eur(90_00), eur(8_20))


@pytest.mark.usefixtures("paid")
def test_a_refund_beyond_what_is_available_is_a_debt():
    post("make_available", eur(96_80))
    with pytest.raises(errors.Overdraft):
        post("refund_card", eur(100_00))
    refund = made("refund_card", eur(100_00), eur(0), shortfall=eur(3_20))
    make.post(refund)

    assert (book(AVAILABLE), book(DEBT), book(RECEIVABLE)) == (eur(0), eur(3_20), eur(-1_90))
    assert [line.amount_minor for line in refund.lines if line.expected] == [-100_00]

    post("refund_card", eur(5_00), shortfall=eur(5_00))
    assert book(DEBT) == eur(8_20)


@pytest.mark.usefixtures("paid")
def test_a_refund_takes_pending_funds_then_available_ones_then_a_debt():
    post("make_available", eur(40_00))  # 56.80 is pending.
    post(
        "refund_card", eur(100_00),
        from_pending=True, from_available=eur(40_00), shortfall=eur(3_20),
    )  # fmt: skip
    assert (book(PENDING), book(AVAILABLE), book(DEBT)) == (eur(0), eur(0), eur(3_20))

    post("refund_returned", eur(50_00), repaid=eur(1_20))
    assert (book(PENDING), book(DEBT)) == (eur(48_80), eur(2_00))
    post("recover_debt", eur(2_00), from_pending=eur(2_00))
    assert (book(PENDING), book(DEBT)) == (eur(46_80), eur(0))
    refund = made("refund_wallet", eur(50_00), eur(0), shortfall=eur(3_20))
    make.post(refund)
    assert (book(PENDING), book(DEBT)) == (eur(0), eur(3_20))


@pytest.mark.django_db
def test_a_conversion_balances_in_each_currency():
    """E9: 100.00 USD at 0.92 with a spread of 0.50."""
    usd = make.full_wallet(Money(100_00, "USD"))
    post(
        "convert_wallets", Money(100_00, "USD"), source_wallet_id=usd,
        spread=Money(50, "USD"), received=eur(91_54),
    )  # fmt: skip
    assert book("equity:fx_position", "USD") == Money(99_50, "USD")
    assert book("income:fx_spread", "USD") == Money(50, "USD")
    assert book("equity:fx_position", "EUR") == eur(-91_54)
    assert queries.wallet_balance(OTHER, "EUR").posted == eur(91_54)


@pytest.mark.django_db
def test_a_withdrawal_leaves_fails_or_is_paid():
    post("top_up", eur(50_00))
    post("withdraw", eur(30_00))
    in_transit = "liabilities:wallet:{w}:withdrawal_in_transit"
    assert (book("liabilities:wallet:{w}"), book(in_transit)) == (eur(20_00), eur(30_00))
    post("withdrawal_failed", eur(10_00))
    post("withdrawal_paid", eur(20_00))
    assert (book("liabilities:wallet:{w}"), book(in_transit)) == (eur(30_00), eur(0))
    assert book(MONEY) == eur(-20_00)
    with pytest.raises(errors.Overdraft):
        post("withdraw", eur(30_01))


@pytest.mark.django_db
def test_unknown_money_waits_until_it_is_explained():
    post("unknown_credit", eur(12_34))
    assert (book(MONEY), book(f"liabilities:suspense:{BANK}")) == (eur(12_34), eur(12_34))
    post("explain_credit", eur(12_34))
    assert (book(f"liabilities:suspense:{BANK}"), book("liabilities:wallet:{w}")) == (
        eur(0),
        eur(12_34),
    )


@pytest.mark.django_db
def test_a_debt_is_written_off_as_a_loss():
    post(
        "dispute_opened", eur(10_00), from_available=eur(0), scheme_fee=eur(0), merchant_fee=eur(0)
    )
    post("write_off", eur(10_00))
    assert (book(DEBT), book("expenses:losses:bad_debt")) == (eur(0), eur(10_00))


def reverse(entry_id, reversal_id=None):
    return services.reverse(
        entry_id=entry_id, reversal_id=reversal_id or ids.new(), by=BY, at=NOON + timedelta(hours=1)
    )


@pytest.mark.django_db
def test_a_reversal_is_the_exact_opposite_and_happens_once():
    entry = made("unknown_credit", eur(12_34), eur(0))
    make.post(entry)
    again = ids.new()
    assert not reverse(entry.id, again).existed

    assert (book(MONEY), book(f"liabilities:suspense:{BANK}")) == (eur(0), eur(0))
    (reversal,) = queries.reversals_of(entry.id)
    assert (reversal.id, reversal.template, reversal.subject) == (again, "reversal", entry.id)
    assert reverse(entry.id, again).existed
    with pytest.raises(errors.EntryAlreadyReversed):
        reverse(entry.id)
    with pytest.raises(errors.EntryNotReversible):
        reverse(again)
    with pytest.raises(errors.EntryNotFound):
        reverse(ids.new())


@pytest.mark.django_db
def test_pending_entries_are_released_not_reversed():
    card = make.authorized(eur(10_00))
    with pytest.raises(errors.EntryNotReversible):
        reverse(card.id)


@pytest.mark.django_db
def test_a_reversal_keeps_floors():
    entry = made("top_up", eur(10_00), eur(0))
    make.post(entry)
    post("transfer_wallets", eur(1), destination_wallet_id=ids.new())
    with pytest.raises(errors.Overdraft):
        reverse(entry.id)


def test_every_kind_of_account_stands_where_its_type_does():
    codes = [kind.code for kind in chart.CHART]
    assert len(set(codes)) == len(codes)
    for kind in chart.CHART:
        debit = kind.code < 2000 or kind.code >= 5000
        assert (kind.type.normal == chart.Normal.DEBIT) is debit


def test_an_address_leads_to_one_kind_only():
    for kind in chart.CHART:
        address = kind.pattern.replace("{", "").replace("}", "")
        assert [other.code for other in chart.CHART if other.matches(address)] == [kind.code]
        assert chart.at(address, "EUR").code == kind.code
        assert chart.at(address, "EUR").digest != chart.at(address, "USD").digest


def test_kinds_of_entries_are_known():
    assert made("authorize_card", eur(5), eur(0)).kind == EntryKind.PENDING
    assert made("hold_wallet", eur(5), eur(0)).kind == EntryKind.PENDING
    assert made("capture_card", eur(5), eur(0)).kind == EntryKind.CAPTURE
