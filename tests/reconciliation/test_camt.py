"""camt.05x as banks write it, and as attackers would."""

import io
from decimal import Decimal

import pytest

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import camt, recognize
from fintech.reconciliation.readers.staging import BankStatement, Line, RejectedRow

DOCUMENT = """<?xml version="1.0" encoding="{encoding}"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt><Stmt><Id>S</Id>
{inside}
</Stmt></BkToCstmrStmt></Document>"""
ENTRY = (
    '<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>{more}'
    "<Sts>{status}</Sts></Ntry>"
)


def entry(amount: str = "1.00", **changed: str) -> str:
    return ENTRY.format(
        **{"currency": "EUR", "mark": "CRDT", "more": "", "status": "BOOK", "amount": amount}
        | changed
    )


def read(*inside: str, version: str = "08", encoding: str = "UTF-8", written: str = "utf-8"):
    text = DOCUMENT.format(inside="\n".join(inside), version=version, encoding=encoding)
    items = list(camt.read(io.BytesIO(text.encode(written))))
    return (
        [item for item in items if isinstance(item, Line)],
        next(item for item in items if isinstance(item, BankStatement)),
        [item for item in items if isinstance(item, RejectedRow)],
    )


@pytest.mark.parametrize("version", ["01", "02", "04", "08", "13"])
def test_reads_every_version(version):
    (line,), statement, rejected = read(entry("12.5"), version=version)

    assert (line.net, line.currency, statement.entries, rejected) == (Decimal("12.5"), "EUR", 1, [])


@pytest.mark.parametrize(
    "namespace",
    [
        "",
        ' xmlns="urn:swift:xsd:camt.053.001.02"',
        ' xmlns="http://www.six-interbank-clearing.com/de/camt.053.001.04.xsd"',
        " xmlns:n='urn:iso:std:iso:20022:tech:xsd:camt.053.001.13'",
    ],
)
def test_a_message_is_known_by_whoever_named_it_or_by_its_first_element(namespace):
    text = DOCUMENT.format(inside=entry("12.5"), version="08", encoding="UTF-8")
    text = text.replace(' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"', namespace)

    found = recognize.recognize(text.encode())

    assert (found.format, [str(one.net) for one in found.items if isinstance(one, Line)]) == (
        "camt.053",
        ["12.5"],
    )


def test_a_reversal_keeps_the_sign_that_its_entry_states():
    (line,), _, _ = read(entry(mark="DBIT", more="<RvslInd>true</RvslInd>"))

    assert (line.net, line.reversal) == (Decimal("-1.00"), True)


def test_what_is_only_announced_is_not_booked():
    lines, statement, _ = read(entry(status="PDNG"), entry("2.00", status="<Cd>BOOK</Cd>"))

    assert [(line.net, line.booked) for line in lines] == [
        (Decimal("1.00"), False),
        (Decimal("2.00"), True),
    ]
    assert statement.entries == 2


@pytest.mark.parametrize(
    "broken",
    [
        entry("1,2,3"),
        entry("NaN"),
        entry("1e9"),
        entry(mark="PLUS"),
        entry(currency="EURO"),
        "<Ntry><CdtDbtInd>CRDT</CdtDbtInd></Ntry>",
        entry(more="<ValDt><Dt>2026-02-30</Dt></ValDt>"),
    ],
)
def test_a_broken_entry_is_set_aside_and_its_neighbors_are_read(broken):
    lines, _, (rejected,) = read(broken, entry("2.00"))

    assert [line.net for line in lines] == [Decimal("2.00")]
    assert rejected.reason.startswith("entry: ")
    assert rejected.line == 3


def test_a_file_that_is_not_in_the_encoding_it_states_is_read():
    (line,), _, _ = read(entry(more="<AddtlNtryInf>Müller</AddtlNtryInf>"), written="latin-1")

    assert line.text == "Müller"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
            "entities",
        ),
        ('<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "document types"),
        ("<a>" * 100 + "</a>" * 100, "nested deeper"),
        ("<a><b></a>", "broken"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "klingon|encoding|broken"),
    ],
)
def test_refuses_what_is_hostile_or_broken(content, reason):
    with pytest.raises(FileRejected, match=reason):
        list(camt.read(io.BytesIO(content.encode())))


def test_a_field_of_ten_million_characters_is_cut():
    (line,), _, _ = read(entry(more=f"<AddtlNtryInf>{'x' * 10_000_000}</AddtlNtryInf>"))

    assert len(line.text) == 1_000


def test_a_document_without_a_statement_is_refused():
    empty = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"></Document>'
    with pytest.raises(FileRejected, match="no statement"):
        list(recognize.recognize(empty.encode()).items)
