"""
Every place where we read MT940 differently from the `mt-940` library, and why.

The library parses single fields well. As a whole it is too strict (one odd
field and the file is refused) and in a few places wrong. Each correction names
what was seen; each has a test in `tests/reconciliation/test_mt940.py`.
"""

import calendar
import re
from datetime import date

import mt940
from mt940 import models, processors, tags

# All of the library's own opt-in fixes: above all the sign of RC (the reversal
# of a credit takes money away; by default the library adds it), and `:86:`
# without KREF no longer wiping `:61:`'s reference.
OPTIONS = mt940.Options.all()

# The fields that begin a new field when a line starts with one. Anything else
# that looks like a tag (`:12:11` in a wrapped time of day) belongs to the text
# of the field before it; the library drops the rest of that field.
FIELD = re.compile(r"^:(20|21|25P?|28C?|13D?|34F|60[FM]?|61|62[FM]?|64|65[A-Z]?|86|90[DC]?|NS):")

# SWIFT envelope around the message: `{1:F01…}{2:…}{4:` and `-}`.
ENVELOPE = re.compile(r"^(?:\{[1-3]:[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\{4:|\{5:.*$)+")

# `:90D:` and `:90C:` of an interim report: how many, currency, sum.
SUMMED = re.compile(r"\d{1,5}([A-Z]{3})\d")

REFERENCE_LENGTH = 16  # The standard's cap; the library lets the rest spill into `extra_details`.


class StatementLine(tags.Statement):
    """
    `:61:` with what banks really send.

    The library refuses the statement when a reference is an IBAN (ASN), when
    blanks stand in for the entry date *and* the reference is long, when the
    bank's own reference passes 16 characters, or when the supplementary text
    has two lines, or (MT942) when an entry is only expected, EC and ED. Here these are read.
    """

    pattern = r"""^
    (?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})
    (?P<entry_month>[0-9]{2}|[ ]{2})?(?P<entry_day>[0-9]{2}|[ ]{2})?
    (?P<status>[RE]?[DC])
    (?P<funds_code>[A-Z])?
    [\n ]?
    (?P<amount>[0-9]{1,15}(?:[,.][0-9]{0,9})?)
    (?P<id>[A-Z][A-Z0-9 ]{3})?
    (?P<customer_reference>(?:(?!//)[^\n])*)
    (?://(?P<bank_reference>[^\n]*))?
    (?:\n(?P<extra_details>[\s\S]*))?
    $"""


class BalanceField(tags.BalanceBase):
    """`:60:`, `:62:`, `:64:`, `:65:`: the amount may end in its comma; nothing backtracks."""

    pattern = r"""^
    (?P<status>[DC])
    (?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})
    (?P<currency>[A-Z]{3})
    (?P<amount>[0-9]{1,18}(?:[,.][0-9]{0,9})?)
    \s*$"""


STATEMENT_LINE = StatementLine()
BALANCE_FIELD = BalanceField()


def day(year: str, month: str, day_of_month: str) -> date:
    """
    A date of two-digit parts; a day past the month's end is its last day.

    Banks that reckon 30 days a month book interest on February 30; the library
    knows that for February only and refuses the whole file for November 31.

    Raises:
        ValueError: there is no such month or day in any month.
    """
    y, m, d = 2000 + int(year), int(month), int(day_of_month)
    if not 1 <= d <= 31:  # noqa: PLR2004 -- the longest month.
        msg = f"there is no day {day_of_month}"
        raise ValueError(msg)
    if not 1 <= m <= 12:  # noqa: PLR2004 -- months of a year.
        msg = f"there is no month {month}"
        raise ValueError(msg)
    return date(y, m, min(d, calendar.monthrange(y, m)[1]))


def split_reference(reference: str) -> tuple[str, str]:
    """
    The customer's reference, and what the bank packed behind it.

    A long reference without a blank is one reference (GLS, ASN); with a blank,
    the standard's 16 characters are the reference and the rest is text.
    """
    reference = reference.rstrip()
    if len(reference) <= REFERENCE_LENGTH or " " not in reference.strip():
        return reference.strip(), ""
    return reference[:REFERENCE_LENGTH].strip(), reference[REFERENCE_LENGTH:].strip()


def details(value: str) -> dict[str, str]:
    """The structured part of an `:86:`, by the library's own keys; what is missing is left out."""
    transactions = models.Transactions(options=OPTIONS)
    result: dict[str, object] = {"transaction_details": value}
    parsed = processors.transaction_details_post_processor(
        transactions, tags.TransactionDetails(), {"transaction_details": value}, result
    )
    return {key: str(kept) for key, kept in parsed.items() if kept}
