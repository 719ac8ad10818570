"""How amounts, shares and instants are written for people. Whole numbers all the way."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from babel.dates import format_datetime
from babel.numbers import format_currency, get_currency_symbol

from fintech.kernel import money
from fintech.kernel.money import Money

LOCALE = "en_US"
_MINUS = "−"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_THOUSAND, _MILLION = 1000, 1_000_000


def amount(value: Money, locale: str = LOCALE) -> str:
    """Write money with its symbol, its own decimals and a true minus: `−€1,204.50`."""
    decimals = value.decimal()
    written = format_currency(abs(decimals), value.currency, locale=locale, currency_digits=True)
    written = written.replace("\xa0", " ").replace("\u202f", " ")
    if written.startswith(value.currency):
        written = f"{value.currency} {written.removeprefix(value.currency).lstrip()}"
    return f"{_MINUS}{written}" if value.minor < 0 else written


def short_amount(value: Money) -> str:
    """Write money for a chart's axis: `€12.4k`."""
    whole = abs(value.decimal())
    for size, letter in ((_MILLION, "m"), (_THOUSAND, "k")):
        if whole >= size:
            scaled = (whole / size).quantize(Decimal("0.1"), ROUND_HALF_UP)
            return f"{symbol(value.currency)}{scaled.normalize():f}{letter}"
    return f"{symbol(value.currency)}{whole.normalize():f}"


@cache
def symbol(currency: str) -> str:
    """Return a currency's sign, or its code where it has none."""
    sign = get_currency_symbol(currency, locale=LOCALE)
    return f"{sign} " if sign == currency else sign


def plain_amount(value: Money) -> str:
    """Write an amount as a form field holds it: `42.50`."""
    return f"{value.decimal():.{money.exponent(value.currency)}f}"


def per_mille(share: int | None) -> str:
    """Write thousandths as percent: `94.8%`."""
    return "—" if share is None else f"{share // 10}.{share % 10}%"


def ago(moment: datetime, now: datetime) -> str:
    """Write how long ago something was, or the day when that is long."""
    seconds = int((now - moment).total_seconds())
    if seconds < 0:
        return ahead(moment, now)
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    if seconds < 7 * _DAY:
        days = seconds // _DAY
        return "yesterday" if days == 1 else f"{days} days ago"
    written = moment.astimezone(UTC)
    year = "" if written.year == now.astimezone(UTC).year else f" {written.year}"
    return f"{written.day} {written:%b}{year}"


def ahead(moment: datetime, now: datetime) -> str:
    """Write how far off something is."""
    seconds = int((moment - now).total_seconds())
    if seconds < _MINUTE:
        return "in a moment"
    if seconds < _HOUR:
        return f"in {seconds // _MINUTE} min"
    if seconds < _DAY:
        return f"in {seconds // _HOUR} h"
    return f"in {_days(seconds // _DAY)}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def whole_moment(moment: datetime, locale: str = LOCALE) -> str:
    """Write an instant in full, in UTC."""
    if locale != LOCALE:
        return f"{format_datetime(moment.astimezone(UTC), 'd MMMM y, HH:mm', locale=locale)} UTC"
    written = moment.astimezone(UTC)
    return f"{written.day} {written:%B %Y, %H:%M:%S} UTC"


def day(on: date) -> str:
    """Write a day, in UTC where it is a moment: 26 Nov 2026."""
    return f"{on.day} {on:%b %Y}"


def day_and_time(moment: datetime) -> str:
    """Write an instant's day and time of day, shortly."""
    written = moment.astimezone(UTC)
    return f"{written.day} {written:%b %H:%M}"


def change(per_thousand: int) -> str:
    """Write a change with its sign: `+12.4%`."""
    sign = _MINUS if per_thousand < 0 else "+"
    return f"{sign}{per_mille(abs(per_thousand))}"


def after(step: timedelta) -> str:
    """Write the time between two steps: `+57 ms`, `+1.2 s`, `+6 min`."""
    milliseconds = step // timedelta(milliseconds=1)
    if milliseconds < _THOUSAND:
        return f"+{milliseconds} ms"
    if milliseconds < _MINUTE * _THOUSAND:
        return f"+{milliseconds // 1000}.{milliseconds % 1000 // 100} s"
    if milliseconds < _HOUR * _THOUSAND:
        return f"+{milliseconds // (_MINUTE * 1000)} min"
    if milliseconds < _DAY * _THOUSAND:
        return f"+{milliseconds // (_HOUR * 1000)} h"
    return f"+{_days(milliseconds // (_DAY * _THOUSAND))}"


def middle(text: str, keep: int = 18) -> str:
    """Shorten an id in its middle."""
    if len(text) <= keep:
        return text
    tail = 6
    return f"{text[: keep - tail - 1]}…{text[-tail:]}"
