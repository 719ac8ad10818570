"""The commands and the nightly task."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from fintech.kernel import clock
from fintech.kernel.money import Money
from fintech.reconciliation import queries, tasks
from fintech.reconciliation.data import SOURCES, declared
from fintech.reconciliation.services import locks
from sandbox.acquirer.files import Break as Wrong
from tests.make.reconciliation import (
    DAY,
    NOON,
    SOURCE,
    Truth,
    compared,
    expect_capture,
    imported,
)

# Real commits: the journal is read below the horizon of open transactions.
pytestmark = pytest.mark.django_db(transaction=True)


def command(name: str, *arguments: object) -> str:
    out = StringIO()
    call_command(name, *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A day's report and statements, and a file that is none."""
    truth = Truth()
    truth.capture(42_50, reference="cap-1")
    contents = {
        "report.csv": truth.report(),
        "bank.xml": truth.camt(wrong=Wrong.AMOUNT),
        "bank.sta": truth.mt940(),
        "letter.txt": b"Dear customer",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}


def test_import_statement_says_per_file_what_was_stored(files):
    told = command("import_statement", files["report.csv"], files["bank.xml"], files["bank.sta"])

    report, xml, sta = told.splitlines()
    assert report.endswith(
        "simulator imported: 1 rows (EUR gross 42.50, fee 0.85, net 41.65); the report ties out"
    )
    assert xml.endswith(
        "camt.053 imported: GB50SAND00000000000001: 1 entries, +40.65 -0 EUR, 0.00 to 40.65 adds up"
    )
    assert "mt940 imported" in sta
    assert "mt940 duplicate" in command("import_statement", files["bank.sta"])


def test_import_statement_speaks_json_and_fails_when_a_file_is_refused(files):
    out = StringIO()
    with pytest.raises(CommandError, match="2 of 3 files were refused"):
        call_command(
            "import_statement",
            "--json",
            str(files["bank.sta"]),
            str(files["letter.txt"]),
            str(files["letter.txt"]) + ".missing",
            stdout=out,
        )

    good, bad, missing = map(json.loads, out.getvalue().splitlines())
    assert good["statements"] == [
        {
            "account": "GB50SAND00000000000001",
            "currency": "EUR",
            "opening": "0.00",
            "closing": "41.65",
            "entries": 1,
            "credits": "41.65",
            "debits": "0",
            "arithmetic_ok": True,
            "difference": "0.00",
        }
    ]
    assert (good["status"], bad["status"], missing["status"]) == (
        "imported",
        "rejected",
        "rejected",
    )
    assert "no format" in bad["error"]
    assert "No such file" in missing["error"]


def test_reconcile_lists_what_is_open(files):
    command("import_statement", files["report.csv"], files["bank.xml"])

    told = command("reconcile", "--date", DAY)

    assert told.splitlines() == [
        "completed_with_breaks: 2 rows matched, 1 breaks opened, 0 resolved, 1 open",
        "  amount_under -1.00 EUR SIM-EUR-20261102",
    ]
    with locks.held(locks.source(SOURCE)):
        pass  # The command has left no lock behind.


def test_the_nightly_task_compares_each_source_once_a_day():
    truth = Truth()
    truth.capture(42_50)
    imported(truth.report())
    with clock.fixed(NOON):
        tasks.run_nightly()
        tasks.run_nightly()

    assert [run.started_at for run in queries.runs()] == [NOON]
    with clock.fixed(NOON.replace(day=3)):
        tasks.run_nightly()
    assert len(queries.runs()) == 2
    compared(at=NOON.replace(day=4))
    with clock.fixed(NOON.replace(day=4)):
        tasks.run_nightly()
    assert len(queries.runs()) == 3


def test_a_dry_run_says_what_there_is_and_changes_nothing(files):
    command("import_statement", files["report.csv"], files["bank.xml"])

    told = command("reconcile", "--dry-run")

    assert "would compare 1 processor rows" in told
    assert "would compare 1 bank rows" in told
    assert queries.runs() == []


@pytest.fixture
def adyen():
    """An instance that also takes payments through Adyen, paid to the same account."""
    told = {"adyen": {"account": SOURCES[SOURCE].account, "fee_minor": 0, "bank_days": 5}}
    SOURCES.update(declared(told))
    yield
    del SOURCES["adyen"]


ADYEN = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
    "Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),"
    "Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),"
    "Markup (NC),Scheme Fees (NC),Interchange (NC),Batch Number\n"
    "Us,Shop,psp-1,order-1,visa,2026-11-02 10:00:00,CET,Settled,ady-1,EUR,,12.00,1,EUR,,11.80,"
    "0.20,,,,ADYEN-7\n"
)
PAID = """<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
<BkToCstmrStmt><Stmt><Id>S</Id><Acct><Id><IBAN>GB50SAND00000000000001</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Ntry><NtryRef>ADYEN-7</NtryRef><Amt Ccy="EUR">11.80</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Sts>BOOK</Sts><ValDt><Dt>2026-11-03</Dt></ValDt></Ntry></Stmt></BkToCstmrStmt></Document>"""


def test_two_processors_that_pay_to_one_account_are_each_compared_at_night(adyen):
    truth = Truth()
    truth.capture(42_50, reference="cap-1")
    expect_capture("ady-1", Money(12_00, "EUR"), Money(20, "EUR"), at=NOON, provider="adyen")
    imported(truth.report())
    imported(truth.camt())
    imported(ADYEN.encode())
    imported(PAID.encode())

    with clock.fixed(NOON.replace(day=4)):
        tasks.run_nightly()

    assert {run.source: run.state for run in queries.runs()} == {
        "simulator": "completed", "adyen": "completed",
    }  # fmt: skip
    assert queries.open_breaks() == []
    assert {(batch.source, batch.name, batch.place) for batch in queries.batches()} == {
        ("simulator", "SIM-EUR-20261102", "matched"), ("adyen", "ADYEN-7", "matched"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "told", [{"Ad yen": {"account": "1"}}, {"a": {}}, {"a": {"account": "1", "fee": 1}}, {"a": {"account": "1", "fee_minor": -1}}]
)  # fmt: skip
def test_a_source_that_is_declared_wrongly_is_refused(told):
    with pytest.raises(ValueError, match="needs an account"):
        declared(told)
