"""MT940 as banks write it; one test for each place where we read it otherwise than the library."""

import io
from datetime import date
from decimal import Decimal

import pytest

from fintech.reconciliation.readers import mt940_reader, recognize
from fintech.reconciliation.readers.staging import BankStatement, Line, RejectedRow

STATEMENT = """:20:START
:25:GB50SAND00000000000001
:28C:1/1
:60F:C261101EUR100,00
{lines}
:62F:C261102EUR{closing}
-
"""


def read(
    *lines: str, closing: str = "100,00"
) -> tuple[list[Line], BankStatement, list[RejectedRow]]:
    text = STATEMENT.format(lines="\n".join(lines), closing=closing)
    items = list(mt940_reader.read(io.BytesIO(text.replace("\n", "\r\n").encode())))
    (statement,) = [item for item in items if isinstance(item, BankStatement)]
    return (
        [item for item in items if isinstance(item, Line)],
        statement,
        [item for item in items if isinstance(item, RejectedRow)],
    )


def test_reads_a_plain_statement():
    (line,), statement, rejected = read(
        ":61:2611021102C41,65NTRFSIM-EUR-20261102//BK20261102",
        ":86:Sandbox Acquirer settlement",
        closing="141,65",
    )

    assert (line.net, line.currency, line.value_on) == (Decimal("41.65"), "EUR", date(2026, 11, 2))
    assert (line.reference, line.other_references) == ("SIM-EUR-20261102", ("BK20261102",))
    assert line.text == "Sandbox Acquirer settlement"
    assert (statement.account, statement.arithmetic_ok, rejected) == (
        "GB50SAND00000000000001",
        True,
        [],
    )


@pytest.mark.parametrize(
    ("mark", "amount"), [("C", "1.00"), ("D", "-1.00"), ("RC", "-1.00"), ("RD", "1.00")]
)
def test_a_reversal_turns_the_sign(mark, amount):
    (line,), _, _ = read(f":61:2611021102{mark}1,00NTRFX")

    assert (line.net, line.reversal) == (Decimal(amount), mark.startswith("R"))


@pytest.mark.parametrize(
    ("written", "reference", "text"),
    [
        ("NTRFNL56ASNB9999999999", "NL56ASNB9999999999", ""),  # An IBAN, longer than allowed.
        ("NTRF1234567890123456 AND TEXT", "1234567890123456", "AND TEXT"),
        ("NTRFNONREF", "", ""),
        ("NTRF", "", ""),
    ],
)
def test_reads_references_of_any_length(written, reference, text):
    (line,), _, rejected = read(f":61:2611021102C1,00{written}")

    assert (line.reference, line.text, rejected) == (reference, text, [])


def test_reads_blanks_for_the_entry_date_and_two_lines_of_details():
    (line,), _, _ = read(":61:261102    C1,NMSC1234//99999999999999999999", "first", "second")

    assert (line.value_on, line.booked_on) == (date(2026, 11, 2), date(2026, 11, 2))
    assert line.other_references == ("99999999999999999999",)
    assert line.text == "first second"


@pytest.mark.parametrize(("written", "on"), [("260230", date(2026, 2, 28)), ("261131", date(2026, 11, 30))])  # fmt: skip
def test_a_day_past_the_month_is_its_last(written, on):
    (line,), _, _ = read(f":61:{written}C1,00NTRFX")

    assert line.value_on == on


def test_an_entry_date_without_a_year_is_the_nearest():
    (line,), _, _ = read(":61:2701021231C1,00NTRFX")

    assert (line.value_on, line.booked_on) == (date(2027, 1, 2), date(2026, 12, 31))


def test_what_looks_like_a_field_inside_a_text_belongs_to_the_text():
    (line,), statement, _ = read(":61:2611021102C1,00NTRFX", ":86:paid at", ":12:11 o'clock")

    assert line.text == "paid at :12:11 o'clock"
    assert statement.entries == 1


def test_a_structured_text_does_not_wipe_the_reference():
    (line,), _, _ = read(
        ":61:2611021102C1,00NTRFORDER-1", ":86:166?00TRANSFER?20EREF+E2E-1?21SVWZ+Invoice"
    )

    assert line.reference == "ORDER-1"
    assert "E2E-1" in line.other_references


@pytest.mark.parametrize(
    "broken",
    [
        ":61:rubbish",
        ":61:2613021102C1,00NTRFX",
        ":61:2611021102X1,00NTRFX",
        ":61:2611021102C1,00,00NTRFX",
        ":61:2611021102C" + "9" * 3_000,
    ],
)
def test_a_broken_entry_is_set_aside_and_its_neighbors_are_read(broken):
    lines, _, (rejected,) = read(broken, ":61:2611021102C2,00NTRFY")

    assert [line.net for line in lines] == [Decimal("2.00")]
    assert rejected.line == 5
    assert rejected.reason.startswith("entry: ")


def test_tells_by_how_much_a_statement_does_not_add_up():
    _, statement, _ = read(":61:2611021102C2,00NTRFY", closing="103,50")

    assert (statement.arithmetic_ok, statement.difference) == (False, Decimal("1.50"))


def test_an_interim_report_with_expected_entries_and_without_a_floor_limit():
    found = recognize.recognize(
        b":20:X\n:25:ACC\n:28C:1\n:13:2501021530\n:61:2501020102ED10,00NTRFA\n"
        b":61:2501020102EC20,5NTRFB\n:90D:1EUR10,00\n:90C:1EUR20,50\n-\n"
    )
    items = list(found.items)

    assert found.format == "mt942"
    assert [(str(one.net), one.booked) for one in items[:2]] == [("-10.00", False), ("20.5", False)]
    assert (items[2].currency, items[2].entries, items[2].arithmetic_ok) == ("EUR", 2, None)
