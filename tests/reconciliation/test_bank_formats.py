"""BAI2, OFX, CODA and banks' tables as they write them."""

from decimal import Decimal

import pytest

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import figures, recognize
from fintech.reconciliation.readers.staging import BankStatement, Line, RejectedRow

BAI2 = """01,BANK,US,261102,0800,1,80,1,2/
02,US,BANK,1,261101,2400,USD,2/
03,12345,USD,010,100000,,,015,{closing},,,100,25050,2,/
16,195,25000,V,261101,,REF1,CUST1,WIRE FROM SHOP/
88,MORE TEXT/
16,142,50,Z,REF2,,ACH/
16,475,4000,S,1000,2000,1000,REF3,,CHECK PAID/
49,{total},6/
98,{total},1,8/
99,{total},1,10/
"""
OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS></SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>1<ACCTID>42<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261101<DTEND>20261102
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261101120000[-5:EST]<TRNAMT>{amount}<FITID>F1<NAME>Shop &amp; Co<MEMO>Order 1</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261102<TRNAMT>-2,50<FITID>F2<NAME>Fee</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>139.15<DTASOF>20261102</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


def read(
    content: str | bytes, **columns: str
) -> tuple[list[BankStatement], list[Line], list[RejectedRow]]:
    raw = content.encode() if isinstance(content, str) else content
    items = list(recognize.recognize(raw, columns=columns or None).items)
    return (
        [item for item in items if isinstance(item, BankStatement)],
        [item for item in items if isinstance(item, Line)],
        [item for item in items if isinstance(item, RejectedRow)],
    )


def test_bai2_balances_and_control_totals():
    total = 100000 + 121050 + 25050 + 25000 + 50 + 4000
    (statement,), lines, rejected = read(BAI2.format(closing=121050, total=total))

    assert rejected == []
    assert (statement.account, statement.currency, statement.entries) == ("12345", "USD", 3)
    assert (statement.opening.amount, statement.closing.amount) == (
        Decimal("1000.00"),
        Decimal("1210.50"),
    )
    assert (statement.arithmetic_ok, statement.notes) == (True, ())
    assert [(line.kind, line.net, line.reference) for line in lines] == [
        ("195", Decimal("250.00"), "REF1"),
        ("142", Decimal("0.50"), "REF2"),
        ("475", Decimal("-40.00"), "REF3"),
    ]
    assert lines[0].text == "WIRE FROM SHOP MORE TEXT"


def test_bai2_that_does_not_add_up_says_by_how_much():
    total = 100000 + 121051 + 25050 + 25000 + 50 + 4000
    (statement,), _, _ = read(BAI2.format(closing=121051, total=total))
    assert (statement.arithmetic_ok, statement.difference) == (False, Decimal("0.01"))

    (control,), _, _ = read(BAI2.format(closing=121050, total=total))
    assert (control.arithmetic_ok, control.difference) == (False, Decimal("0.01"))


def test_bai2_that_is_cut_is_refused():
    cut = BAI2.format(closing=1, total=1).rpartition("99,")[0]

    with pytest.raises(FileRejected, match=r"line \d+: the file ends"):
        read(cut)


def test_bai2_codes_of_loans_and_of_a_banks_own_making_and_a_balance_that_can_not_be_read():
    text = BAI2.format(closing="1210.50", total=1).replace("16,142,", "16,960,")
    text = text.replace("16,195,25000,V,261101,,", "16,720,25000,Z,").replace(
        "261102,", "20261102,"
    )
    (statement,), lines, rejected = read(text.replace("49,", "16,890,,Z,,,TEXT/\n49,", 1))

    assert [(line.kind, line.net) for line in lines] == [
        ("720", Decimal("250.00")), ("960", Decimal("-0.50")), ("475", Decimal("-40.00")),
        ("890", Decimal(0)),
    ]  # fmt: skip
    assert [row.line for row in rejected] == [3]
    assert "type code 015: '1210.50'" in rejected[0].reason
    assert (statement.opening.amount, statement.closing) == (Decimal("1000.00"), None)


def test_ofx_in_sgml_with_either_decimal_mark():
    (statement,), lines, rejected = read(OFX.format(amount="+41.65"))

    assert rejected == []
    assert (statement.account, statement.currency, statement.closing.amount) == (
        "42",
        "EUR",
        Decimal("139.15"),
    )
    assert [(line.net, line.reference, line.text) for line in lines] == [
        (Decimal("41.65"), "F1", "Shop & Co Order 1"),
        (Decimal("-2.50"), "F2", "Fee"),
    ]


def test_ofx_sets_a_bad_transaction_aside():
    _, lines, rejected = read(OFX.format(amount="$41"))

    assert [line.reference for line in lines] == ["F2"]
    assert [(row.line, row.reason) for row in rejected] == [
        (9, "<STMTTRN>: the amount '$41' can't be read")
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (OFX.format(amount="1")[:-60], "ends before its </OFX>"),
        (
            OFX.format(amount="1").replace("<OFX>", '<!DOCTYPE a [<!ENTITY b "c">]><OFX>'),
            "entities",
        ),
        ("<OFX><STATUS><CODE>15500<SEVERITY>ERROR<MESSAGE>No</STATUS></OFX>", "15500 No"),
        ("<OFX></OFX>", "no statement"),
    ],
)
def test_ofx_that_is_no_statement_is_refused_with_its_line(content, reason):
    with pytest.raises(FileRejected, match=f"line [0-9]+: .*{reason}"):
        read(content)


def coda(*, closing: int, debit: int = 435000) -> str:
    def row(text: str, end: str) -> str:
        return text.ljust(127) + end

    account = "BE68539007547034".ljust(34) + "EUR"
    movement = (
        "21000100" + "00" + "BANKREF1".ljust(21) + f"1{debit:015d}" + "021126" + "00150000" + "0"
    )
    return "\n".join(
        [
            row("0000002112672505        00178299  SHOP".ljust(120), "2"),
            row("12001" + account + f"0{1000000:015d}" + "011126" + "SHOP", "1"),
            row((movement + "PAYMENT").ljust(115) + "021126001", "0"),
            row("2200010000" + "MORE".ljust(53) + "CUSTREF".ljust(35), "0"),
            row(
                "21000200"
                "00" + "BANKREF2".ljust(21) + f"0{50000:015d}" + "021126" + "00150000" + "0REFUND",
                "0",
            ),
            row("21000200" + "01" + "PART".ljust(21) + f"0{50000:015d}" + "021126", "0"),
            row("8001" + account + f"0{closing:015d}" + "021126", "0"),
            row("9" + " " * 15 + "000006" + f"{debit:015d}" + f"{50000:015d}", "2"),
        ]
    )


def test_coda_counts_movements_and_not_their_parts():
    (statement,), lines, rejected = read(coda(closing=615000))

    assert rejected == []
    assert (statement.account, statement.currency) == ("BE68539007547034", "EUR")
    assert (statement.arithmetic_ok, statement.notes) == (True, ())
    assert [(line.net, line.reference) for line in lines] == [
        (Decimal("-435.00"), "BANKREF1"),
        (Decimal("50.00"), "BANKREF2"),
    ]
    assert lines[0].text == "PAYMENT MORE"


def test_coda_that_does_not_add_up_or_is_cut():
    (statement,), _, _ = read(coda(closing=615010))
    assert (statement.arithmetic_ok, statement.difference) == (False, Decimal("0.01"))

    with pytest.raises(FileRejected, match="line 7: the file ends"):
        read("\n".join(coda(closing=1).splitlines()[:-1]))


def test_coda_whose_second_statement_can_not_begin_tells_the_first_one_once():
    rows = coda(closing=615000).splitlines()
    broken = rows[1].replace("EUR", "EUR0x", 1).ljust(128)

    statements, lines, rejected = read("\n".join([*rows[:-1], broken, *rows[2:]]))

    assert [(one.ordinal, one.entries) for one in statements] == [(0, 2)]
    assert len(lines) == 2
    assert len(rejected) > 1


GERMAN = """Kontonummer: DE02120300000000202051
Zeitraum: 01.11.2026 - 30.11.2026

Buchungstag;Valuta;Verwendungszweck;Betrag (EUR);Saldo
03.11.2026;04.11.2026;"Zahlung; Rechnung 7";-1.200,50;299,50
02.11.2026;02.11.2026;Eingang;1.500,00;1.500,00
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_german_export_newest_first(encoding):
    (statement,), lines, rejected = read(GERMAN.encode(encoding))

    assert rejected == []
    assert (statement.account, statement.currency) == ("DE02120300000000202051", "EUR")
    assert (statement.opening.amount, statement.closing.amount) == (
        Decimal("0.00"),
        Decimal("299.50"),
    )
    assert statement.arithmetic_ok is True
    assert [(line.net, f"{line.booked_on}", f"{line.value_on}") for line in lines] == [
        (Decimal("-1200.50"), "2026-11-03", "2026-11-04"),
        (Decimal("1500.00"), "2026-11-02", "2026-11-02"),
    ]


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Date,Description,Debit,Credit,Currency\n2026-11-01,a,5.00,,GBP\n2026-11-02,b,,7.25,GBP\n", "-5.00 7.25"),
        ("Date,Description,Money Out,Money In,Currency\n01/11/2026,a,-5.00,,GBP\n13/11/2026,b,,7.25,GBP\n", "-5.00 7.25"),
        ("Datum;Omschrijving;Af Bij;Bedrag (EUR)\n20261101;a;Af;5,00\n20261102;b;Bij;7,25\n", "-5.00 7.25"),
        ("Date\tLibellé\tMontant\tDevise\n01/11/2026\ta\t-1 005,00\tEUR\n02/11/2026\tb\t7,25\tEUR\n", "-1005.00 7.25"),
        ("date,amount,currency,name\n11/30/2026,(5.00),USD,a\n12/01/2026,$7.25,USD,b\n", "-5.00 7.25"),
        ("Date,Amount,Currency\n11/30/2026,($5.00),USD\n12/01/2026,$7.25,USD\n", "-5.00 7.25"),
        ("Datum;Belastung in CHF;Gutschrift in CHF\n30.11.2026;-5.00;\n01.12.2026;;1'007.25\n", "-5.00 1007.25"),
        ('Date,Narration,Withdrawal Amt.,Deposit Amt.,Currency\n30/11/26,a,5.00,,INR\n01/12/26,b,,"1,00,007.25",INR\n', "-5.00 100007.25"),
        ("Date,Amount,Currency\n1 Nov 2026,5.00-,CHF\n2 Nov 2026,1'007.25,CHF\n", "-5.00 1007.25"),
    ],
)  # fmt: skip
def test_banks_write_amounts_in_many_ways(text, amounts):
    _, lines, rejected = read(text)

    assert rejected == []
    assert " ".join(str(line.net) for line in lines) == amounts


def test_a_currency_that_is_written_nowhere_is_not_guessed():
    (statement,), lines, _ = read("Date,Amount\n2026-11-01,5.00\n")

    assert (statement.currency, lines[0].currency) == ("", "")


def test_a_person_declares_the_columns_of_a_bank_that_nobody_knows():
    text = "Wann|Wieviel|Wofür\n3/11/26|1.200,50|Miete\n13/11/26|-7,00|Porto\n"
    with pytest.raises(FileRejected, match="no format"):
        read(text)

    (statement,), lines, rejected = read(
        text, date="Wann", amount="Wieviel", text="Wofür", currency_is="EUR", account_is="42"
    )

    assert rejected == []
    assert (statement.account, statement.currency) == ("42", "EUR")
    assert [(line.net, f"{line.booked_on}", line.text) for line in lines] == [
        (Decimal("1200.50"), "2026-11-03", "Miete"),
        (Decimal("-7.00"), "2026-11-13", "Porto"),
    ]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"date": "Wann"}, "needs `date`, and `amount`"),
        ({"date": "Wann", "amount": "Viel", "color": "red"}, "names color; known are"),
        ({"date": "Wann", "amount": "Viel"}, "no row is a header with the columns viel, wann"),
    ],
)
def test_a_declared_map_that_does_not_fit_says_why(columns, reason):
    with pytest.raises(FileRejected, match=reason):
        read("Wann|Wieviel\n3/11/26|1,00\n", **columns)


@pytest.mark.parametrize(
    ("samples", "mark"),
    [
        (["1,234"], "."),
        (["1,234", "5,50"], ","),
        (["1.234", "1.234,5"], ","),
        (["0,500"], ","),
        (["1.234.567"], ","),
        (["12 345.60"], "."),
    ],
)
def test_a_column_shows_what_parts_its_decimals(samples, mark):
    assert figures.decimal_mark(samples, default=".") == mark
