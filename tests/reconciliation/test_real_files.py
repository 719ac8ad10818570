"""
Statements that nobody here wrote, read and compared with what independent readers found in them.

The folder is the setting REAL_DATA_DIR; where it is missing these tests are skipped, and nothing of it is
copied into the project.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from fintech.reconciliation import queries
from fintech.reconciliation.data import ImportState
from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.models import Line as Row
from fintech.reconciliation.readers import recognize
from fintech.reconciliation.readers.staging import (
    Balance,
    BankStatement,
    Line,
    ProcessorReport,
    RejectedRow,
)
from tests.make import reconciliation as make

FOLDER = Path(settings.REAL_DATA_DIR)
missing = pytest.mark.skipif(
    not (FOLDER / "mt940" / "expected.json").exists(),
    reason=f"no real bank files at {FOLDER} (REAL_DATA_DIR)",
)


def files(kind: str) -> list[str]:
    """The names of one folder's files, or none where the folder is missing."""
    expected = FOLDER / kind / "expected.json"
    return sorted(json.loads(expected.read_text())) if expected.exists() else []


def expectation(kind: str, name: str) -> dict[str, Any]:
    return json.loads((FOLDER / kind / "expected.json").read_text())[name]  # type: ignore[no-any-return]


def read(kind: str, name: str) -> tuple[list[BankStatement], list[Line], list[RejectedRow]]:
    items = list(recognize.recognize((FOLDER / kind / name).read_bytes()).items)
    return (
        [item for item in items if isinstance(item, BankStatement)],
        [item for item in items if isinstance(item, Line)],
        [item for item in items if isinstance(item, RejectedRow)],
    )


def same_balance(ours: Balance | None, theirs: dict[str, Any] | None) -> bool:
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return (ours.amount, ours.currency) == (Decimal(theirs["amount"]), theirs["currency"])


def mt940_differences(ours: BankStatement, theirs: dict[str, Any]) -> Iterator[str]:
    for name, mine, other in (
        ("account", ours.account or None, theirs["account"]),
        ("statement", ours.number or None, theirs["statement"]),
        ("reference", ours.reference or None, theirs["reference"]),
        ("entries", ours.entries, theirs["entries"]),
        ("reversals", ours.reversals, theirs["reversals"]),
        ("arithmetic_ok", ours.arithmetic_ok, theirs["arithmetic_ok"]),
        ("credits", sum(s.credits for s in ours.by_currency.values()), Decimal(theirs["credits"])),
        ("debits", sum(s.debits for s in ours.by_currency.values()), Decimal(theirs["debits"])),
    ):
        if mine != other:
            yield f"{name}: {mine!r}, expected {other!r}"
    # An interim report states its currency only beside its floor limit, where we read it and the
    # independent reader did not look.
    if theirs["currency"] and ours.currency != theirs["currency"]:
        yield f"currency: {ours.currency!r}, expected {theirs['currency']!r}"
    if not same_balance(ours.opening, theirs["opening"]):
        yield f"opening: {ours.opening!r}, expected {theirs['opening']!r}"
    if not same_balance(ours.closing, theirs["closing"]):
        yield f"closing: {ours.closing!r}, expected {theirs['closing']!r}"


def camt_differences(ours: BankStatement, theirs: dict[str, Any]) -> Iterator[str]:
    for name, mine, other in (
        ("id", ours.number, theirs["id"]),
        ("entries", ours.entries, theirs["entries"]),
        ("reversals", ours.reversals, theirs["reversal_entries"]),
        ("details", ours.details, theirs["transaction_details"]),
        ("arithmetic_ok", ours.arithmetic_ok, theirs["arithmetic_ok"]),
        (
            "by_currency",
            {c: (s.entries, s.credits, s.debits) for c, s in ours.by_currency.items()},
            {
                c: (s["entries"], Decimal(s["credits"]), Decimal(s["debits"]))
                for c, s in theirs["by_currency"].items()
            },
        ),
    ):
        if mine != other:
            yield f"{name}: {mine!r}, expected {other!r}"
    # The independent reader knows an account by IBAN or <Othr>; version 1 names it <PrtryAcct>, which we read too.
    if theirs["account"] and ours.account != theirs["account"]:
        yield f"account: {ours.account!r}, expected {theirs['account']!r}"
    stated = {balance["type"]: balance for balance in reversed(theirs["balances"])}
    if not same_balance(ours.opening, stated.get("OPBD") or stated.get("PRCD")):
        yield f"opening: {ours.opening!r}"
    if not same_balance(ours.closing, stated.get("CLBD")):
        yield f"closing: {ours.closing!r}"


def compare(kind: str, name: str) -> list[str]:
    """Every way in which our reading differs from the expectation."""
    theirs = expectation(kind, name)
    wanted = theirs.get("statements")
    if wanted is None:
        wanted = [part for member in theirs["members"].values() for part in member["statements"]]
    if not wanted:
        with pytest.raises(FileRejected):
            read(kind, name)
        return []
    ours, lines, rejected = read(kind, name)
    found = [] if len(ours) == len(wanted) else [f"{len(ours)} statements, expected {len(wanted)}"]
    differences = mt940_differences if kind == "mt940" else camt_differences
    for mine, other in zip(ours, wanted, strict=False):
        found += [f"statement {mine.ordinal}: {told}" for told in differences(mine, other)]
    if len(lines) != sum(part["entries"] for part in wanted):
        found.append(f"{len(lines)} lines")
    # What the independent reader could not parse is what we set aside (balances) or refuse.
    unparsed = sum(part.get("unparsed_lines", 0) for part in wanted)
    if (
        sum("available" not in row.reason and "second" not in row.reason for row in rejected)
        != unparsed
    ):
        found.append(f"set aside: {rejected}, expected {unparsed}")
    return found


@missing
@pytest.mark.parametrize("name", files("mt940"))
def test_reads_a_real_mt940_file(name: str) -> None:
    assert compare("mt940", name) == []


@missing
@pytest.mark.parametrize("name", files("camt"))
def test_reads_a_real_camt_file(name: str) -> None:
    assert compare("camt", name) == []


def report(name: str) -> tuple[ProcessorReport, list[Line], list[RejectedRow]]:
    items = list(recognize.recognize((FOLDER / "settlement" / name).read_bytes()).items)
    (told,) = [item for item in items if isinstance(item, ProcessorReport)]
    lines = [item for item in items if isinstance(item, Line)]
    return told, lines, [item for item in items if isinstance(item, RejectedRow)]


def amounts(texts: dict[str, str]) -> dict[str, Decimal]:
    """Sums that are not nothing, by currency."""
    return {code.upper(): Decimal(text) for code, text in texts.items() if Decimal(text)}


def ours_of(told: ProcessorReport, name: str) -> dict[str, Decimal]:
    found = {currency: getattr(sums, name) for currency, sums in told.by_currency.items()}
    return {currency: amount for currency, amount in found.items() if amount}


def adyen_differences(told: ProcessorReport, theirs: dict[str, Any]) -> Iterator[str]:
    if ours_of(told, "gross") != amounts(theirs["gross_by_currency"]):
        yield f"gross: {ours_of(told, 'gross')}"
    # As in the report itself a payout is a row: it takes its amount from the net.
    if ours_of(told, "net") != amounts(theirs["net_sum_by_currency"]):
        yield f"net: {ours_of(told, 'net')}"
    if told.ties_out != theirs["closes_to_zero"]:
        yield f"ties out: {told.ties_out}"
    if told.ties_out is False and told.differences != amounts(theirs["net_sum_by_currency"]):
        yield f"off by {told.differences}"


def paypal_differences(told: ProcessorReport, theirs: dict[str, Any]) -> Iterator[str]:
    minor = {code: s for code, s in theirs["minor_units_by_currency"].items() if code != "null"}
    for code, sums in minor.items():
        scale = 0 if code == "JPY" else -2
        gross = Decimal(int(sums["gross_credit"]) - int(sums["gross_debit"])).scaleb(scale)
        fee = Decimal(int(sums["fee_debit"]) - int(sums["fee_credit"])).scaleb(scale)
        mine = told.by_currency[code]
        if (mine.gross, mine.fee, mine.net) != (gross, fee, gross - fee):
            yield f"{code}: {mine}"
    off = {}
    footers = [row for row in theirs["footers"] if row[0] == "RF" and len(row) > 2]
    for _, code, credit, debit, fee_credit, fee_debit, *_ in footers:
        net = (int(credit) - int(debit) + int(fee_credit) - int(fee_debit)) / Decimal(100)
        if net != told.by_currency[code].net:
            off[code] = net - told.by_currency[code].net
    if told.ties_out != ((not off) if footers else None) or (told.differences or {}) != off:
        yield f"ties out: {told.ties_out}, off by {told.differences}, expected {off}"


def stripe_differences(told: ProcessorReport, theirs: dict[str, Any]) -> Iterator[str]:
    for code, sums in theirs["by_currency_excl_payout"].items():
        mine = told.by_currency[code.upper()]
        if [mine.gross, mine.fee, mine.net] != [Decimal(sums[n]) for n in ("gross", "fee", "net")]:
            yield f"{code}: {mine}"
        paid = [Decimal(row["net"]) for row in theirs.get("payout_rows", [])]
        off = {code.upper(): mine.net - sum(paid)} if paid and mine.net != sum(paid) else {}
        if (told.differences or {}) != off:
            yield f"off by {told.differences}, expected {off}"


# Which column of a table is which of our sums, and with which sign.
COLUMNS = {
    "Gross In Holding Currency": ("gross", 1),
    "Deduction In Holding Currency": ("fee", -1),
    "Net In Holding Currency": ("net", 1),
}


def table_differences(told: ProcessorReport, theirs: dict[str, Any]) -> Iterator[str]:
    for column, (name, sign) in COLUMNS.items():
        if column in theirs.get("column_sums", {}):
            mine = sum((getattr(s, name) for s in told.by_currency.values()), Decimal(0))
            if mine != sign * Decimal(theirs["column_sums"][column]):
                yield f"{column}: {mine}"


# The independent reader counted every record after the first as a row: in dLocal's report also its
# totals and a second header, in Trustly's also the funding and the totals.
CONTROL_RECORDS = {"dlocal": 2, "trustly": 2}


@missing
@pytest.mark.parametrize("name", files("settlement"))
def test_reads_a_real_processor_report(name: str) -> None:
    theirs = expectation("settlement", name)
    told, lines, rejected = report(name)

    plain = recognize.recognize((FOLDER / "settlement" / name).read_bytes()).format
    assert told.rows == len(lines) == theirs["rows"] - CONTROL_RECORDS.get(plain, 0)
    assert rejected == []
    differences = {
        "adyen_settlement_detail": adyen_differences,
        "paypal_report": paypal_differences,
        "stripe": stripe_differences,
    }.get(theirs["kind"], table_differences)
    assert list(differences(told, theirs)) == []


@missing
@pytest.mark.parametrize("name", files("bai2"))
def test_reads_a_real_bai2_file(name: str) -> None:
    theirs = expectation("bai2", name)
    if not theirs["accounts"]:
        with pytest.raises(FileRejected):
            read("bai2", name)
        return
    ours, lines, rejected = read("bai2", name)

    assert rejected == []
    # Every control total and every balance of the bank fits what we read.
    assert [one.arithmetic_ok for one in ours] == [True] * len(ours)
    assert all(not one.notes for one in ours)
    if theirs["groups"]:
        assert len(lines) == theirs["details"]
        for mine, other in zip(ours, theirs["accounts"], strict=True):
            sums = mine.by_currency[other["currency"]]
            assert (mine.account, sums.entries) == (other["account"], other["details"])
            assert sums.credits * 100 == other["detail_credits_minor"]
            assert sums.debits * 100 == other["detail_debits_minor"]
    else:
        # Several records stand on one line there. The independent reader saw only the first of each;
        # the bank's own count of accounts is ours.
        (control,) = theirs["group_controls"]
        assert len(ours) == int(control["control"][1])
        assert len(lines) >= theirs["details"]


@missing
@pytest.mark.parametrize("name", files("ofx"))
def test_reads_a_real_ofx_file(name: str) -> None:
    theirs = expectation("ofx", name)["accounts"]
    bad = sum(one["bad_amounts"] for one in theirs)
    if not theirs or bad == sum(one["entries"] for one in theirs) > 0:
        with pytest.raises(FileRejected):
            read("ofx", name)
        return
    ours, _, rejected = read("ofx", name)
    commented = b"<!--" in (FOLDER / "ofx" / name).read_bytes()
    for mine, other in zip(ours, theirs, strict=True):
        if commented and mine is ours[0]:
            # What is commented out is not there; the independent reader read it nevertheless.
            assert mine.entries + len(rejected) == other["entries"]
            continue
        assert (mine.account, mine.entries) == (other["account"], other["entries"])
        assert mine.currency == (other["currency"] or mine.currency)
        sums = list(mine.by_currency.values())
        assert sum(s.credits for s in sums) == Decimal(other["credits"])
        assert sum(s.debits for s in sums) == Decimal(other["debits"])
        assert (mine.closing and mine.closing.amount) == (
            Decimal(other["ledger_balance"]) if other["ledger_balance"] else None
        )


@missing
@pytest.mark.parametrize("name", files("csv_bank"))
def test_reads_a_real_bank_table(name: str) -> None:
    theirs = expectation("csv_bank", name)
    content = (FOLDER / "csv_bank" / name).read_bytes()
    if theirs.get("rows") == -1:
        with pytest.raises(FileRejected, match="empty"):
            recognize.recognize(content)
        return
    found = recognize.recognize(content)
    items = list(found.items)
    lines = [item for item in items if isinstance(item, Line)]
    assert [item for item in items if isinstance(item, RejectedRow)] == []
    if found.format == "coda":
        (statement,) = [item for item in items if isinstance(item, BankStatement)]
        assert statement.notes == ()  # Debits and credits are the file's own totals,
        assert statement.difference == Decimal("118.24")  # and do not make its new balance.
        return
    rows = theirs["rows"]
    if theirs["columns"] == 6 and not theirs["column_sums"]:
        rows -= 4  # Balances and titles stand above and below that table.
    assert len(lines) == rows
    for column, total in theirs["column_sums"].items():
        name_ = {"Gross": "gross", "Fee": "fee", "Net": "net"}.get(column, "net")
        sign = -1 if column == "Fee" else 1
        mine = sum((getattr(line, name_) for line in lines), Decimal(0)) * sign
        # A column beside the amount says its direction, or what leaves is positive by declaration.
        assert abs(mine) == abs(Decimal(total))


def stored(content: bytes, name: str) -> str:
    """What became of a file: how it was stored, or "rejected"."""
    try:
        found = make.imported(content, name)
    except FileRejected:
        (refused,) = [one for one in queries.imports(limit=500) if one.name == name]
        assert refused.state == ImportState.REJECTED
        assert not Row.objects.filter(file=refused.id).exists()
        return "rejected"
    # The command and the API tell what was stored, so it must be what was read.
    items = list(recognize.recognize(content).items)
    lines = [item for item in items if isinstance(item, Line)]
    reports = sum(isinstance(item, ProcessorReport) for item in items)
    statements = queries.statements(found.id)
    assert found.lines + found.set_aside == len(items) - len(statements)
    assert len(statements) == sum(isinstance(item, BankStatement) for item in items) + reports
    kept = sum((line.net.decimal() for line in queries.lines(found.id, limit=100_000)), Decimal(0))
    aside = sum(
        Decimal(row.text.split()[0])
        for row in queries.rows_set_aside(found.id, limit=100_000)
        if row.expected.startswith("an amount in whole minor units")
    )
    assert kept + aside == sum((line.net for line in lines), Decimal(0))
    return "imported"


@missing
@pytest.mark.django_db
def test_imports_every_real_file_whole_or_not_at_all(record_property: Any) -> None:
    for kind in ("mt940", "camt"):
        outcomes = {name: stored((FOLDER / kind / name).read_bytes(), name) for name in files(kind)}
        agreeing = [name for name in outcomes if compare(kind, name) == []]
        record_property(kind, f"{len(agreeing)} of {len(outcomes)} agree with expected.json")
        assert len(agreeing) == len(outcomes)
        assert {name for name, outcome in outcomes.items() if outcome == "rejected"} == {
            name for name in outcomes if not has_statements(kind, name)
        }
        for name, outcome in outcomes.items():
            if outcome == "imported":
                assert make.imported((FOLDER / kind / name).read_bytes(), "again").duplicate


@missing
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["settlement", "bai2", "ofx", "csv_bank"])
def test_imports_every_other_real_file_once(kind: str) -> None:
    for name in files(kind):
        content = (FOLDER / kind / name).read_bytes()
        outcome = stored(content, name)
        before = Row.objects.count()
        if outcome == "imported":
            assert make.imported(content, "again").duplicate
        assert Row.objects.count() == before


def has_statements(kind: str, name: str) -> bool:
    theirs = expectation(kind, name)
    return bool(theirs.get("statements") or theirs.get("members"))
