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
from fintech.reconciliation.readers.staging import Balance, BankStatement, Line, RejectedRow
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
    statements = queries.statements(found.id)
    assert found.lines + found.set_aside == len(items) - len(statements)
    assert len(statements) == sum(isinstance(item, BankStatement) for item in items)
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


def has_statements(kind: str, name: str) -> bool:
    theirs = expectation(kind, name)
    return bool(theirs.get("statements") or theirs.get("members"))
