"""
Damaged files: never a crash, never a half of a file, and each error names where it is.

A whole campaign (EFFORT=1) damages 5,000 files of each family; `make test` a share of them.
"""

import os
import re
import tracemalloc

import pytest

from fintech.reconciliation import queries
from fintech.reconciliation.data import ImportState
from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.models import Import, Line, SetAside, Statement
from fintech.reconciliation.readers import recognize
from fintech.reconciliation.readers.staging import RejectedRow
from tests.make import reconciliation as make
from tests.reconciliation.mutating import FAMILIES, damaged

EFFORT = float(os.environ.get("EFFORT", "0.02"))
EACH = max(60, round(5_000 * EFFORT))
STORED = EACH if EFFORT >= 1 else max(12, EACH // 5)  # As many in a campaign.
# What a reason names where there is no line to name: a file without lines, or an archive's member.
ELEMENT = re.compile(r"the file is empty|archive|<\w+>|of no format")


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_damaged_file_is_read_or_refused_where_it_breaks(family, record_property):
    refused = rows = 0
    for name, content in damaged(family, EACH):
        try:
            items = list(recognize.recognize(content).items)
        except FileRejected as told:
            refused += 1
            if not (told.line > 0 or ELEMENT.search(told.reason)) or len(str(told)) > 1_000:
                pytest.fail(f"{name} is refused without a place: {told}")
            continue
        for item in items:
            if isinstance(item, RejectedRow):
                rows += 1
                assert item.line > 0, f"{name}: {item}"
                assert item.reason, name
                assert len(item.reason) < 1_000, name
    record_property(f"mutations_{family}", EACH)
    record_property(f"refused_{family}", refused)
    assert refused
    assert rows or family in {"camt", "json"}


@pytest.mark.django_db(transaction=True)  # A file may take longer than one transaction may.
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_damaged_file_is_stored_whole_or_not_at_all(family, record_property):
    for name, content in damaged(family, STORED, seed=8):
        try:
            with make.chunks_of(2):
                found = make.imported(content, name)
        except FileRejected:
            pass
        else:
            assert found.duplicate or queries.readings([found.id])
    record_property(f"stored_{family}", STORED)

    whole = Import.objects.filter(state=ImportState.IMPORTED)
    assert not Import.objects.filter(state=ImportState.READING).exists()
    for model in (Line, SetAside, Statement):
        assert not model.objects.exclude(file__in=whole).exists()
    for row in whole:
        assert Line.objects.filter(file=row).count() == row.lines
        assert SetAside.objects.filter(file=row).count() == row.set_aside
    for row in Import.objects.filter(state=ImportState.REJECTED):
        assert row.reason


@pytest.mark.parametrize(
    "family", ["mt940", "bai2", "csv", "processors", "json", "coda", "ofx", "camt"]
)
def test_memory_does_not_grow_with_the_file(family, tmp_path):
    """Twenty times the rows, and the most memory that reading takes stays what it was."""
    middle = {
        "mt940": (":61:261102C1,00NTRFREF\n:86:" + "text " * 20 + "\n", ":61:261102D2,50"),
        "bai2": ("16,195,25000,V,261101,,REF1,CUST1,WIRE FROM SHOP/\n", "16,475"),
        "csv": ("03.11.2026;04.11.2026;Zahlung;-1.200,50;299,50\n", "02.11.2026"),
        "processors": ("Us,UsShop,psp-1,order-1,visa,2026-11-02 10:00:00,CET,Refunded,mod-3,EUR,200.00,,1,EUR,200.00,,,,,,7\n", "Us,UsShop,,,,"),
        "json": ("", ""),
        "coda": ("", ""),
        "ofx": ("<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261102<TRNAMT>-2,50<FITID>F2<NAME>Fee</STMTTRN>\n", "<STMTTRN><TRNTYPE>DEBIT"),
        "camt": ('<Ntry><Amt Ccy="EUR">41.65</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts></Ntry>\n', "</Stmt>"),
    }[family]  # fmt: skip
    text = FAMILIES[family][0]

    def most(rows: int) -> int:
        if family == "json":
            content = "[" + ",\n".join([text[1:-1].split(",\n")[0]] * (rows // 8)) + "]"
        elif family == "coda":
            lines = text.splitlines()
            content = "\n".join([*lines[:2], *(lines[2:4] * (rows // 2)), *lines[4:]])
        else:
            content = text.replace(middle[1], middle[0] * rows + middle[1], 1)
        path = tmp_path / f"{rows}"
        path.write_bytes(content.encode())
        with path.open("rb") as opened:
            tracemalloc.start()
            count = sum(1 for _ in recognize.recognize(opened).items)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert count > rows // 10
        return peak

    small = most(400)
    large = most(8_000)
    assert large < small + 1_500_000
