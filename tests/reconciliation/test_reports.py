"""Processors' reports as they write them, in every dialect in which they reach us."""

import json
from decimal import Decimal

import pytest

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import recognize
from fintech.reconciliation.readers.staging import Line, ProcessorReport, RejectedRow

ADYEN = """Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Batch Number
Us,UsShop,psp-1,order-1,visa,2026-11-01 10:00:00,CET,Settled,mod-1,EUR,,1200.00,1,EUR,,1180.00,8.00,,2.00,10.00,7
Us,UsShop,psp-2,order-2,jcb,2026-11-01 11:00:00,CET,Settled,mod-2,JPY,,5000,0.0061,EUR,,30.00,0.50,,,,7
Us,UsShop,psp-1,order-1,visa,2026-11-02 10:00:00,CET,Refunded,mod-3,EUR,200.00,,1,EUR,200.00,,,,,,7
Us,UsShop,,,,2026-11-02 12:00:00,CET,Fee,Transaction fees,,,,,EUR,10.00,,,,,,7
Us,UsShop,,,,2026-11-02 13:00:00,CET,MerchantPayout,batch 7,,,,,EUR,{payout},,,,,,7
"""
PAYPAL = """"RH",2026/11/02 02:00:00 -0800,"A","ACCOUNT",009,
"SH",2026/11/01 00:00:00 -0800,2026/11/01 23:59:59 -0800,"ACCOUNT",""
"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code","Transaction Initiation Date","Transaction Completion Date","Transaction Debit or Credit","Gross Transaction Amount","Gross Transaction Currency","Fee Debit or Credit","Fee Amount","Fee Currency"
"SB","T1","I1","","","T0006",2026/11/01 01:00:00 -0800,2026/11/01 01:00:00 -0800,"CR",10000,"USD","DR",320,"USD"
"SB","T2","I1","T1","TXN","T1107",2026/11/01 02:00:00 -0800,2026/11/01 02:00:00 -0800,"DR",2500,"USD","CR",20,"USD"
"SF","USD",10000,2500,20,{fees},"CR",0,"CR",7200
"RF","USD",10000,2500,20,{fees},"CR",0,"CR",7200
"RC",2
"""
DLOCAL = """ROW_TYPE,SETTLEMENT_CURRENCY,NUMBER_OF_ITEMS,GROSS_TOTAL_AMOUNT,FEE_TOTAL_AMOUNT,NET_TOTAL_AMOUNT,TRANSFER_DATE,TRANSFER_ID
HEADER,USD,2,30.01,-1.01,{net},2026-11-03,900
ROW_TYPE,MID,COUNTRY,CREATION_DATE,APPROVED_DATE,TRANSACTION_ID,DLOCAL_TRANSACTION_ID,LOCAL_AMOUNT,LOCAL_CURRENCY,FX_RATE,GROSS_AMOUNT,FEE_AMOUNT,NET_AMOUNT
PAYMENT,1,Brazil,2026-11-01 10:00:00,2026-11-01 10:00:01,o-1,D-1,100,BRL,5,20.0041,-0.5041,19.5
REFUND,1,Brazil,2026-11-01 10:00:00,2026-11-01 10:00:01,o-2,D-2,50,BRL,5,10.0042,-0.5042,9.5
"""
TRUSTLY = """H,P11KFUN,1.0.0,2026-11-01T12:00:00.000Z,2026-11-02T12:00:00.000Z,3618,0001of0001
I,900,2026-11-01T12:00:00.000Z,800,3618,Deferred,1,1,1,hash,Capture,Processed,2026-11-02T05:00:00.000Z,2026-11-02T05:00:00.000Z,USD,100.00,T5,AC118,999,,ref-1,ptx-1,-1.50
I,901,2026-11-01T13:00:00.000Z,801,3618,Deferred,1,1,1,hash,Capture,Denied,2026-11-02T05:00:00.000Z,2026-11-02T05:00:00.000Z,USD,-20.00,T5,R03,999,,ref-2,ptx-2,
F,Shop,,T5,USD,{paid},21,2026-11-02T10:00:00.000Z
L,2,80.00,1,{paid}
"""
STRIPE = """balance_transaction_id,created,available_on,currency,gross,fee,net,reporting_category,source_id,description,automatic_payout_id
txn_1,2026-11-01 10:00:00,2026-11-03 00:00:00,eur,100.00,2.90,97.10,charge,ch_1,,po_1
txn_2,2026-11-01 11:00:00,2026-11-03 00:00:00,eur,-10.00,0.00,-10.00,refund,re_1,,po_1
txn_3,2026-11-03 00:00:00,2026-11-03 00:00:00,eur,{payout},0.00,{payout},payout,po_1,STRIPE PAYOUT,po_1
"""


def read(content: str | bytes) -> tuple[ProcessorReport, list[Line], list[RejectedRow]]:
    raw = content.encode() if isinstance(content, str) else content
    items = list(recognize.recognize(raw).items)
    (told,) = [item for item in items if isinstance(item, ProcessorReport)]
    lines = [item for item in items if isinstance(item, Line)]
    return told, lines, [item for item in items if isinstance(item, RejectedRow)]


def sums(told: ProcessorReport) -> dict[str, tuple[str, str, str]]:
    return {c: (f"{s.gross}", f"{s.fee}", f"{s.net}") for c, s in told.by_currency.items()}


def test_adyen_adds_up_what_was_seen_and_what_was_paid():
    told, lines, rejected = read(ADYEN.format(payout="1000.00"))

    assert rejected == []
    assert (told.rows, told.ties_out, told.differences) == (5, True, {})
    assert sums(told) == {"EUR": ("1000.00", "30.50", "0.00"), "JPY": ("5000", "0", "0")}
    assert [(line.kind, line.gross, line.fee, line.net, line.batch) for line in lines] == [
        ("capture", Decimal("1200.00"), Decimal("20.00"), Decimal("1180.00"), "7"),
        ("capture", Decimal("30.50"), Decimal("0.50"), Decimal("30.00"), "7"),
        ("refund", Decimal("-200.00"), Decimal(0), Decimal("-200.00"), "7"),
        ("fee", Decimal(0), Decimal("10.00"), Decimal("-10.00"), "7"),
        ("payout", Decimal("-1000.00"), Decimal(0), Decimal("-1000.00"), "7"),
    ]
    foreign = lines[1]
    assert (foreign.original, foreign.original_currency, foreign.rate) == (
        Decimal(5000),
        "JPY",
        Decimal("0.0061"),
    )


def test_adyen_that_does_not_close_is_told_by_how_much():
    told, _, _ = read(ADYEN.format(payout="999.99"))

    assert (told.ties_out, told.differences) == (False, {"EUR": Decimal("0.01")})


def as_spreadsheet(text: str) -> bytes:
    """The same table as a German spreadsheet saves it."""
    lines = []
    for row in text.splitlines():
        cells = row.split(",")
        lines.append(
            ";".join(c.replace(".", ",") if c.replace(".", "").isdigit() else c for c in cells)
        )
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: ("sep=,\n" + text).encode(),
        lambda text: ("Report of November\n\n" + text).encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("order-1", '"order,\n1"').encode(),
        lambda text: text.replace("Us,UsShop,psp-2", "Müller,Café,psp-2").encode("cp1252"),
        lambda text: text.replace("Psp Reference", "PSP REFERENCE").encode(),
        as_spreadsheet,
    ],
)
def test_the_dialect_of_a_table_changes_nothing(write):
    told, lines, rejected = read(write(ADYEN.format(payout="1000.00")))

    assert rejected == []
    assert (told.rows, told.ties_out) == (5, True)
    assert sums(told)["EUR"] == ("1000.00", "30.50", "0.00")
    assert lines[0].booked_on.isoformat() == "2026-11-01"


def test_amounts_with_groups_are_read_by_what_their_column_shows():
    text = ADYEN.format(payout='"1,000.00"').replace("1200.00", '"1,200.00"')

    told, _, rejected = read(text)

    assert rejected == []
    assert sums(told)["EUR"][0] == "1000.00"


def test_a_bad_row_is_set_aside_and_the_report_is_off_by_it():
    told, lines, rejected = read(ADYEN.format(payout="1000.00").replace("1180.00", "11x80.00"))

    assert [(row.line, row.reason) for row in rejected] == [
        (2, "net credit (nc): '11x80.00' is not an amount")
    ]
    assert len(lines) == 4
    assert (told.ties_out, told.differences) == (False, {"EUR": Decimal("-1180.00")})


def test_a_quote_that_never_ends_is_one_bad_row():
    told, lines, rejected = read(ADYEN.format(payout="1000.00").replace("order-2", '"order-2'))

    assert [row.line for row in rejected] == [3]
    assert "CSV is broken" in rejected[0].reason
    assert len(lines) == 1
    assert told.rows == 1


def test_paypal_is_held_against_its_own_totals():
    told, lines, _ = read(PAYPAL.format(fees=320))

    assert (told.rows, told.ties_out, told.notes) == (2, True, ())
    assert sums(told) == {"USD": ("75.00", "3.00", "72.00")}
    assert [(line.kind, line.reference, line.net) for line in lines] == [
        ("capture", "T1", Decimal("96.80")),
        ("refund", "T2", Decimal("-24.80")),
    ]

    off, _, _ = read(PAYPAL.format(fees=350))
    assert (off.ties_out, off.differences) == (False, {"USD": Decimal("-0.30")})


def test_paypal_without_totals_of_the_report_is_held_against_those_of_its_sections():
    text = "\n".join(
        row for row in PAYPAL.format(fees=350).splitlines() if not row.startswith('"R')
    )

    told, _, _ = read(text)

    assert (told.ties_out, told.differences) == (False, {"USD": Decimal("-0.30")})


def test_dlocal_is_finer_than_a_cent_and_rounding_is_no_difference():
    told, lines, _ = read(DLOCAL.format(net="29.00"))

    assert (told.rows, told.ties_out) == (2, True)
    assert sums(told) == {"USD": ("30.0083", "1.0083", "29.0")}
    assert [line.batch for line in lines] == ["900", "900"]

    off, _, _ = read(DLOCAL.format(net="29.02"))
    assert (off.ties_out, off.differences) == (False, {"USD": Decimal("0.02")})


def test_trustly_is_told_by_letters():
    told, lines, _ = read(TRUSTLY.format(paid="78.50"))

    assert (told.rows, told.ties_out) == (2, True)
    assert sums(told) == {"USD": ("80.00", "1.50", "78.50")}
    assert [line.kind for line in lines] == ["capture", "refund"]

    off, _, _ = read(TRUSTLY.format(paid="78.51"))
    assert (off.ties_out, off.differences) == (False, {"USD": Decimal("0.01")})


@pytest.mark.parametrize("payout", ["87.10", "-87.10"])
def test_stripes_payout_is_a_total_whichever_sign_it_has(payout):
    told, _, _ = read(STRIPE.format(payout=payout))

    assert (told.rows, told.ties_out) == (3, True)
    assert sums(told) == {"EUR": ("90.00", "2.90", "87.10")}


def test_stripe_that_pays_less_than_its_rows_is_told():
    told, _, _ = read(STRIPE.format(payout="87.00"))

    assert (told.ties_out, told.differences) == (False, {"EUR": Decimal("0.10")})


def braintree(**more) -> dict[str, object]:
    return {
        "id": "tx-1",
        "orderId": "o-1",
        "createdAt": "2026-11-01T10:00:00.000000Z",
        "status": "SETTLED",
        "merchantAccountId": "us",
        "statusHistory": [{"settlementBatchId": "2026-11-01_us"}, []],
        "disbursementDetails": {
            "date": "2026-11-02",
            "amount": {"value": "3.10", "currencyCode": "USD"},
        },
        "amount": {"value": "3.10", "currencyCode": "USD"},
    } | more


def test_braintree_streams_a_list_whatever_is_around_it():
    told, lines, _ = read(json.dumps([braintree(), braintree(id="tx-2")], indent=2))

    assert sums(told) == {"USD": ("6.20", "0", "6.20")}
    assert [(line.reference, line.batch) for line in lines] == [
        ("tx-1", "2026-11-01_us"),
        ("tx-2", "2026-11-01_us"),
    ]
    wrapped = {"data": {"search": {"edges": [{"node": braintree()}]}}}
    assert read(json.dumps(wrapped))[0].rows == 1


def test_a_braintree_object_without_an_amount_is_set_aside_and_the_next_one_is_read():
    told, _, rejected = read(json.dumps([braintree(amount=None), braintree()], indent=1))

    assert [(row.line, row.reason) for row in rejected] == [(2, "the amount is missing")]
    assert told.rows == 1


@pytest.mark.parametrize("cut", [1, 200, 700])
def test_a_list_that_is_cut_is_refused_with_its_line(cut):
    content = json.dumps([braintree(), braintree()], indent=1)[:-cut]

    with pytest.raises(FileRejected, match=r"line \d+: the JSON is broken"):
        read(content)


def test_a_lost_dispute_has_left_and_an_open_one_has_not():
    dispute = {
        "id": "d-1",
        "caseNumber": "c",
        "amountDisputed": {"value": "5.00", "currencyCode": "USD"},
    }

    told, lines, _ = read(json.dumps([dispute | {"status": "LOST"}, dispute | {"status": "OPEN"}]))

    assert sums(told) == {"USD": ("-5.00", "0", "-5.00")}
    assert [line.kind for line in lines] == ["chargeback", "dispute_open"]
