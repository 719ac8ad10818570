"""Conversions: exact terms, used once, posted with the spread as its own line."""

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from fintech.kernel import event_log, ids, money
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from fintech.wallets.models import Rate
from fintech.wallets.services import quoting
from tests.make import wallets as make
from tests.make.wallets import eur
from tests.racing import race

BY_NOW = {"by": make.BY, "at": make.NOON}
RATES = (
    ("USD", date(2026, 10, 30), Decimal("1.0870")),
    ("USD", date(2026, 10, 29), Decimal("2.0")),
    ("USD", date(2026, 11, 3), Decimal("3.0")),
    ("JPY", date(2026, 10, 30), Decimal("163.25")),
    ("KWD", date(2026, 10, 29), Decimal("0.3333")),
)


@pytest.fixture
def rates(db):
    wallets.record_rates(RATES, source="ecb")


def _quote(source, to, **given):
    return wallets.create_quote(
        merchant_id=make.MERCHANT, source=source, destination_currency=to, **{**BY_NOW, **given}
    ).value


def _convert(source, destination, quote, **given):
    return wallets.transfer(
        source_id=source.id, destination_id=destination.id, quote_id=quote.id, **{**BY_NOW, **given}
    ).value


def _available(wallet):
    return queries.balances(wallet.id)[0].available


def test_a_hundred_dollars_become_euros_less_the_spread(rates):
    quote = _quote(Money(100_00, "USD"), "EUR")

    assert quote.spread == Money(50, "USD")
    assert (quote.rate, quote.rate_on) == ("0.919963201471", date(2026, 10, 30))
    assert quote.destination == eur(91_53)
    assert Decimal(quote.residue) == Decimal("0.6338546364500")
    assert quote.expires_at == make.NOON + timedelta(minutes=2)
    assert queries.quote(quote.id) == quote


@pytest.mark.parametrize(
    ("source", "to", "destination"),
    [
        (eur(10_00), "JPY", 1624),  # 9.95 x 163.25 = 1624.3375
        (Money(1000, "JPY"), "EUR", 6_09),
        (Money(10_000, "KWD"), "JPY", 4873),  # 9.950 / 0.3333 x 163.25
        (eur(10_00), "KWD", 3_316),
    ],
)
def test_currencies_of_every_exponent_convert_to_the_last_unit(rates, source, to, destination):
    assert _quote(source, to).destination == Money(destination, to)


@given(
    minor=st.integers(1_000, 10**11),
    to=st.sampled_from(["JPY", "KWD", "USD", "CLF"]),
    rate=st.decimals("0.0001", "10000", places=12),
    spread=st.integers(0, 9_000),
)
def test_nothing_is_rounded_away(minor, to, rate, spread):
    source = eur(minor)
    try:
        terms = quoting.worked_out(source, to, rate, spread)
    except errors.AmountTooSmall:
        return

    got = (Decimal(terms.received.minor) + terms.residue).scaleb(-money.exponent(to))
    assert got == (source - terms.spread).decimal() * rate
    assert 0 <= terms.residue < 1
    assert 0 <= terms.spread.minor * 10_000 - minor * spread < 10_000


@pytest.mark.django_db
def test_a_conversion_is_posted_per_currency_with_the_spread_as_its_own_line(rates):
    dollars, euros = make.wallet(100_00, "USD"), make.wallet()

    made = _convert(dollars, euros, _quote(Money(100_00, "USD"), "EUR"))

    assert (made.amount, made.received) == (Money(100_00, "USD"), eur(91_53))
    assert (_available(dollars).minor, _available(euros)) == (0, eur(91_53))
    spread = ledger_queries.balance("income:fx_spread", "USD").posted
    position = ledger_queries.balance("equity:fx_position", "USD").posted
    bought = ledger_queries.balance("equity:fx_position", "EUR").posted
    assert (spread, position, bought) == (Money(50, "USD"), Money(99_50, "USD"), eur(-91_53))
    facts = event_log.stream("wallets.quote", made.quote_id)
    assert [fact.data.get("transfer_id") for fact in facts] == [None, str(made.id)]
    assert list(queries.replay()) == []


@pytest.mark.django_db
def test_a_quote_is_used_once_by_its_merchant_and_in_time(rates):
    dollars, euros = make.wallet(500_00, "USD"), make.wallet()
    used, late = (_quote(Money(100_00, "USD"), "EUR") for _ in range(2))
    _convert(dollars, euros, used)
    foreign = make.wallet(1_00, "USD", merchant=ids.new())

    with pytest.raises(errors.QuoteNotOpen, match="has been used already"):
        _convert(dollars, euros, used)
    with pytest.raises(errors.QuoteNotOpen, match="has expired"):
        _convert(dollars, euros, late, at=make.NOON + timedelta(minutes=2))
    with pytest.raises(errors.QuoteNotFound):
        _convert(foreign, make.wallet(merchant=foreign.merchant_id), late)
    with pytest.raises(errors.CurrencyNotTheWallets):
        _convert(euros, dollars, late)
    with pytest.raises(errors.ParameterInvalid, match="The quote is for"):
        _convert(dollars, euros, late, amount=Money(1, "USD"))

    assert _available(dollars) == Money(400_00, "USD")
    assert queries.quote(late.id) == late


@pytest.mark.django_db
def test_a_converted_transfer_does_not_go_back(rates):
    dollars, euros = make.wallet(100_00, "USD"), make.wallet()
    made = _convert(dollars, euros, _quote(Money(100_00, "USD"), "EUR"))

    with pytest.raises(errors.TransferNotReversible, match="was converted"):
        wallets.reverse_transfer(transfer_id=made.id, **BY_NOW)


@pytest.mark.django_db
def test_a_conversion_without_funds_leaves_the_quote_open(rates):
    dollars, euros = make.wallet(99_99, "USD"), make.wallet()
    quote = _quote(Money(100_00, "USD"), "EUR")

    with pytest.raises(errors.InsufficientFunds):
        _convert(dollars, euros, quote)

    assert queries.quote(quote.id) == quote


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_use_a_quote_one_does():
    wallets.record_rates(RATES, source="ecb")
    dollars, euros = make.wallet(800_00, "USD"), make.wallet()
    quote = _quote(Money(100_00, "USD"), "EUR")

    results = race(
        8,
        wallets.transfer,
        source_id=dollars.id,
        destination_id=euros.id,
        quote_id=quote.id,
        **BY_NOW,
    )

    assert len([r for r in results if isinstance(r, errors.QuoteNotOpen)]) == 7
    assert _available(euros) == eur(91_53)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("source", "to", "error"),
    [
        (eur(0), "USD", errors.AmountTooSmall),
        (Money(1, "JPY"), "KWD", errors.AmountTooSmall),
        (eur(10**12), "USD", errors.AmountTooLarge),
        (eur(1_00), "EUR", errors.ParameterInvalid),
        (eur(1_00), "usd", errors.CurrencyNotSupported),
        (eur(1_00), "CHF", errors.RateUnknown),
    ],
)
def test_what_can_not_be_converted_is_refused(rates, source, to, error):
    with pytest.raises(error):
        _quote(source, to)


@pytest.mark.django_db
def test_a_published_rate_stays_as_it_is():
    assert wallets.record_rates(RATES, source="ecb") == 5
    again = wallets.record_rates([("USD", date(2026, 10, 30), Decimal(9))], source="ecb")

    assert again == 0
    assert Rate.objects.get(currency="USD", published_on=date(2026, 10, 30)).per_euro == Decimal(
        "1.0870"
    )


@pytest.mark.django_db
def test_the_european_central_banks_rates_come_with_the_package():
    said = StringIO()

    call_command("load_rates", since=date(2026, 10, 28), stdout=said)

    assert said.getvalue().endswith("new rates.\n")
    assert Rate.objects.get(currency="USD", published_on=date(2026, 10, 30)).per_euro > 1
    assert _quote(eur(1_000_00), "JPY").destination.minor > 100_000
