"""Bringing files: whole or not at all, once, and bad rows do not stop good ones."""

from decimal import Decimal

import pytest

from fintech.kernel import event_log
from fintech.kernel.money import Money
from fintech.reconciliation import errors, queries
from fintech.reconciliation import services as reconciliation
from fintech.reconciliation.data import ImportState
from fintech.reconciliation.models import Import, Line, SetAside, Statement
from tests.make import reconciliation as make
from tests.make.reconciliation import BY, NOON, Truth
from tests.racing import race

REPORT = b"""type,reference,original_reference,occurred_at,currency,gross_minor,fee_minor,net_minor,batch
capture,cap-1,,2026-11-02T09:00:00+00:00,EUR,4250,85,4165,SIM-EUR-20261102
refund,ref-1,cap-1,2026-11-02T10:00:00+00:00,EUR,-1000,0,-1000,SIM-EUR-20261102
TOTAL,,,,EUR,3250,85,3165,SIM-EUR-20261102
"""
CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Id>STMT-1</Id><Acct><Id><IBAN>GB50SAND00000000000001</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
{entries}
</Stmt></BkToCstmrStmt></Document>"""
ENTRY = '<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><AcctSvcrRef>{ref}</AcctSvcrRef></Ntry>'


def camt(*amounts: str, closing: str = "1.00") -> bytes:
    entries = "\n".join(
        ENTRY.format(amount=amount, ref=f"R{n}") for n, amount in enumerate(amounts)
    )
    return CAMT.format(entries=entries, closing=closing).encode()


def stored() -> tuple[int, int, int]:
    return Line.objects.count(), SetAside.objects.count(), Statement.objects.count()


@pytest.mark.django_db
def test_keeps_every_row_of_a_report_exactly():
    found = make.imported(REPORT, "settlement.csv")

    assert (found.state, found.format, found.source) == (
        ImportState.IMPORTED,
        "simulator",
        "simulator",
    )
    assert (found.lines, found.set_aside, found.duplicate) == (2, 0, False)
    assert [
        (line.kind, line.reference, line.gross, line.fee, line.net, line.batch)
        for line in queries.lines(found.id)
    ] == [
        (
            "capture",
            "cap-1",
            Money(42_50, "EUR"),
            Money(85, "EUR"),
            Money(41_65, "EUR"),
            "SIM-EUR-20261102",
        ),
        (
            "refund",
            "ref-1",
            Money(-10_00, "EUR"),
            Money(0, "EUR"),
            Money(-10_00, "EUR"),
            "SIM-EUR-20261102",
        ),
    ]
    (report,) = queries.statements(found.id)
    assert (report.entries, report.arithmetic_ok) == (2, True)
    assert report.summary["by_currency"] == {
        "EUR": {"rows": 2, "gross": "32.50", "fee": "0.85", "net": "31.65"}
    }
    (fact,) = event_log.stream("reconciliation.import", found.id)
    assert fact.data == {
        "import_id": str(found.id), "format": "simulator", "lines": 2, "set_aside": 0
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["camt", "mt940"])
def test_keeps_a_bank_statement_in_either_format(kind):
    truth = Truth()
    truth.capture(42_50, in_ledger=False)

    found = make.imported(getattr(truth, kind)())

    (statement,) = queries.statements(found.id)
    assert (statement.account, statement.currency) == ("GB50SAND00000000000001", "EUR")
    assert statement.arithmetic_ok is True
    assert statement.summary["closing"] == {
        "amount": "41.65",
        "currency": "EUR",
        "on": "2026-11-02",
    }
    (line,) = queries.lines(found.id)
    assert line.net == Money(41_65, "EUR")
    (row,) = Line.objects.all()
    assert "SIM-EUR-20261102" in (row.reference, *row.references)


@pytest.mark.django_db
def test_the_same_content_again_adds_nothing():
    first = make.imported(REPORT, "settlement.csv")
    before = stored()

    again = make.imported(REPORT, "settlement (1).csv")

    assert again.duplicate
    assert (again.id, again.name) == (first.id, "settlement.csv")
    assert stored() == before
    assert len(queries.imports()) == 1


@pytest.mark.django_db
def test_a_bad_row_is_set_aside_and_stops_nobody():
    broken = REPORT.replace(b"EUR,-1000,0,-1000", b"EUR,-10.00,0,-1000")

    found = make.imported(broken)

    assert (found.lines, found.set_aside) == (1, 1)
    (aside,) = queries.rows_set_aside(found.id)
    assert (aside.row, aside.reason) == (
        3,
        "gross_minor '-10.00' is not a whole number of minor units",
    )
    (report,) = queries.statements(found.id)
    assert report.arithmetic_ok is False
    assert report.summary["differences"] == {"EUR": "-10.00"}


@pytest.mark.django_db
def test_what_is_finer_than_a_minor_unit_is_kept_exactly_and_never_rounded():
    found = make.imported(camt("2.00", "0.00545", closing="3.00545"))

    (aside,) = queries.rows_set_aside(found.id)
    assert aside.text == "0.00545 EUR R1"
    (statement,) = queries.statements(found.id)
    assert statement.arithmetic_ok is True
    assert Decimal(statement.summary["by_currency"]["EUR"]["credits"]) == Decimal("2.00545")
    assert [line.net for line in queries.lines(found.id)] == [Money(2_00, "EUR")]


@pytest.mark.django_db
def test_a_statement_that_does_not_add_up_is_stored_with_its_difference():
    found = make.imported(camt("2.00", closing="3.50"))

    (statement,) = queries.statements(found.id)
    assert (statement.arithmetic_ok, statement.summary["difference"]) == (False, "0.50")


@pytest.mark.django_db
def test_what_can_not_be_read_leaves_its_reason_and_nothing_else():
    with (
        make.chunks_of(2),
        pytest.raises(errors.FileRejected, match=r"line 1[0-9]: the XML is broken"),
    ):
        make.imported(camt("1.00", "2.00", "3.00", "4.00", "5.00")[:-60], "cut.xml")

    assert stored() == (0, 0, 0)
    (refused,) = queries.imports()
    assert (refused.name, refused.state, refused.lines) == ("cut.xml", ImportState.REJECTED, 0)
    assert refused.reason.startswith("the XML is broken")
    assert refused.reason_line > 0
    assert event_log.stream("reconciliation.import", refused.id) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\0\0\0", "empty"),
        (b"hello", "no format"),
        (b"<html/>", "no format"),
        (b"PK\x03\x04nonsense", "archive"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>', "entities"),
        (REPORT.replace(b"type,", b"kind,", 1), "no format"),
    ],
)  # fmt: skip
def test_refuses_what_is_no_statement(content, reason):
    for _ in range(2):
        with pytest.raises(errors.FileRejected, match=reason):
            make.imported(content)

    assert stored() == (0, 0, 0)
    assert len(queries.imports()) == 1


@pytest.mark.django_db
def test_nobody_sees_a_file_that_is_still_being_read(monkeypatch):
    seen = []
    copy = reconciliation.importing._copy

    def look(lines):
        copy(lines)
        if lines:
            seen.append((len(queries.lines(Import.objects.get().id)), len(queries.imports())))

    monkeypatch.setattr(reconciliation.importing, "_copy", look)
    with make.chunks_of(1):
        make.imported(REPORT)

    assert seen == [(0, 0), (0, 0)]


@pytest.mark.django_db
def test_an_import_that_died_is_taken_up_again(monkeypatch):
    with make.chunks_of(1):
        with monkeypatch.context() as patched:
            patched.setattr(reconciliation.importing, "_show", lambda *_a, **_k: 1 / 0)
            patched.setattr(reconciliation.importing, "_discard", lambda _row: None)
            patched.setattr(Import, "delete", lambda _self: None)
            with pytest.raises(ZeroDivisionError):
                make.imported(REPORT)
        assert stored()[0] == 2
        assert queries.imports() == []

        found = make.imported(REPORT)

    assert found.duplicate is False
    assert stored() == (2, 0, 1)


@pytest.mark.django_db
def test_an_error_of_ours_leaves_no_trace_of_the_file(monkeypatch):
    monkeypatch.setattr(reconciliation.importing, "_report", lambda *_args: 1 / 0)
    with make.chunks_of(1), pytest.raises(ZeroDivisionError):
        make.imported(REPORT)

    assert stored() == (0, 0, 0)
    assert not Import.objects.exists()


@pytest.mark.django_db(transaction=True)  # Real commits: four bring one file at once.
def test_one_file_is_imported_once_however_many_bring_it():
    outcomes = race(
        4, reconciliation.import_file, content=REPORT, name="settlement.csv", by=BY, at=NOON
    )

    fresh = [
        found for found in outcomes if not isinstance(found, Exception) and not found.duplicate
    ]
    assert len(fresh) == 1
    refused = [type(found) for found in outcomes if isinstance(found, Exception)]
    assert set(refused) <= {errors.ImportInProgress}
    assert stored() == (2, 0, 1)
