"""
What the acquirer and the bank send at the end of a business day.

Three views of the same rows: the acquirer's settlement report, and the bank's statement
as camt.053 and as MT940. Each can be made to lie in exactly one place, so that somebody
who reconciles them has something to find.
"""

import csv
import io
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sandbox.acquirer.book import Book, Settled, exponent

ACCOUNT = "GB50SAND00000000000001"
BANK = "SANDGB00XXX"
_TRANSFER = "Transfer"
DIFFERENCE_MINOR = 100  # By how much `amount` is off: less than it should be.
COLUMNS = (
    "type",
    "reference",
    "original_reference",
    "occurred_at",
    "currency",
    "gross_minor",
    "fee_minor",
    "net_minor",
    "batch",
)


class Break(StrEnum):
    """The one deliberate difference."""

    NONE = ""
    AMOUNT = "amount"  # The first amount is DIFFERENCE_MINOR (or 1, where it is small) too little.
    MISSING = "missing"  # The last row is not there.


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """What an acquirer calls its batches by, and the account that it pays them to."""

    batches: str = "SIM"
    account: str = ACCOUNT


OF_FIRST = Payee()
OF_BACKUP = Payee(batches="BAK", account="GB23SAND00000000000002")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What was settled in one currency for one business day, and what the account held before."""

    on: date
    currency: str
    rows: tuple[Settled, ...]
    opening_minor: int
    sent: tuple[tuple[str, int], ...] = ()  # Transfers: reference and amount.
    payee: Payee = OF_FIRST

    @property
    def batch(self) -> str:
        """Name the batch; 16 characters, so that it fits any statement's reference."""
        return f"{self.payee.batches}-{self.currency}-{self.on:%Y%m%d}"

    @property
    def net_minor(self) -> int:
        """Add up what is paid out."""
        return sum(row.net_minor for row in self.rows)

    @property
    def sent_minor(self) -> int:
        """Add up what left the account."""
        return sum(minor for _, minor in self.sent)


def day(
    book: Book, *, on: date, currency: str, wrong: Break = Break.NONE, payee: Payee = OF_FIRST
) -> Day:
    """Read a business day from the book, with the acquirer's own mistake in it if asked for."""
    rows = book.settled(on, currency)
    if wrong is Break.AMOUNT and rows:
        rows[0] = replace(rows[0], gross_minor=rows[0].gross_minor - _off(rows[0].gross_minor))
    if wrong is Break.MISSING and rows:
        rows.pop()
    return Day(
        on=on,
        currency=currency,
        rows=tuple(rows),
        opening_minor=book.held_before(on, currency),
        sent=tuple((one.reference, one.amount_minor) for one in book.sent(on, currency)),
        payee=payee,
    )


def settlement(told: Day) -> bytes:
    """Write the acquirer's report, with the totals it adds up to."""
    out = io.StringIO(newline="")
    write = csv.writer(out, lineterminator="\n").writerow
    write(COLUMNS)
    for row in told.rows:
        write(
            (
                row.kind,
                row.reference,
                row.original_reference,
                row.occurred_at,
                told.currency,
                row.gross_minor,
                row.fee_minor,
                row.net_minor,
                told.batch,
            )
        )
    gross = sum(row.gross_minor for row in told.rows)
    fee = sum(row.fee_minor for row in told.rows)
    write(("TOTAL", "", "", "", told.currency, gross, fee, gross - fee, told.batch))
    return out.getvalue().encode()


def camt(told: Day, *, wrong: Break = Break.NONE) -> bytes:
    """Write the bank's statement as camt.053.001.08."""
    paid = _paid(told, wrong)
    closing = told.opening_minor + (paid or 0) - told.sent_minor
    on = told.on.isoformat()
    entries = [] if paid is None else [(told.batch, paid, "Sandbox Acquirer settlement")]
    entries += [(reference, -minor, _TRANSFER) for reference, minor in told.sent]
    entry = "".join(_camt_entry(told, number, *one) for number, one in enumerate(entries, start=1))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>MSG-{told.currency}-{told.on:%Y%m%d}</MsgId><CreDtTm>{on}T23:59:59Z</CreDtTm></GrpHdr>
  <Stmt>
   <Id>STMT-{told.currency}-{told.on:%Y%m%d}</Id>
   <CreDtTm>{on}T23:59:59Z</CreDtTm>
   <Acct><Id><IBAN>{told.payee.account}</IBAN></Id><Ccy>{told.currency}</Ccy></Acct>
{_camt_balance(told, "OPBD", told.opening_minor)}
{_camt_balance(told, "CLBD", closing)}{entry}
  </Stmt>
 </BkToCstmrStmt>
</Document>
""".encode()


def mt940(told: Day, *, wrong: Break = Break.NONE) -> bytes:
    """Write the bank's statement as MT940."""
    paid = _paid(told, wrong)
    closing = told.opening_minor + (paid or 0) - told.sent_minor
    stamp = f"{told.on:%y%m%d}"

    def balance(minor: int) -> str:
        return f"{_mark(minor)}{stamp}{told.currency}{_swift(minor, told.currency)}"

    lines = [
        f":20:STMT{told.currency}{told.on:%Y%m%d}",
        f":25:{told.payee.account}",
        f":28C:{told.on:%j}/1",
        f":60F:{balance(told.opening_minor)}",
    ]
    if paid is not None:
        amount = f"{_mark(paid)}{_swift(paid, told.currency)}"
        lines += [
            f":61:{stamp}{told.on:%m%d}{amount}NTRF{told.batch}//BK{told.on:%Y%m%d}",
            ":86:Sandbox Acquirer settlement",
        ]
    for reference, minor in told.sent:
        lines += [
            f":61:{stamp}{told.on:%m%d}D{_swift(minor, told.currency)}NTRFNONREF//BK{stamp}",
            f":86:020?00UEBERWEISUNG?20EREF+{reference[:23]}?21{reference[23:]}",
        ]
    lines += [f":62F:{balance(closing)}", "-"]
    return ("\r\n".join(lines) + "\r\n").encode()


def _paid(told: Day, wrong: Break) -> int | None:
    """Return what the bank says it was paid, or None if it says nothing."""
    if not told.rows or wrong is Break.MISSING:
        return None
    return told.net_minor - (_off(told.net_minor) if wrong is Break.AMOUNT else 0)


def _off(minor: int) -> int:
    return DIFFERENCE_MINOR if abs(minor) > DIFFERENCE_MINOR else 1


def _camt_balance(told: Day, kind: str, minor: int) -> str:
    return (
        f"   <Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f"{_camt_amount(minor, told.currency)}<Dt><Dt>{told.on.isoformat()}</Dt></Dt></Bal>"
    )


def _camt_amount(minor: int, currency: str) -> str:
    return (
        f'<Amt Ccy="{currency}">{_plain(abs(minor), currency)}</Amt>'
        f"<CdtDbtInd>{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd>"
    )


def _camt_entry(told: Day, number: int, reference: str, minor: int, text: str) -> str:
    on = told.on.isoformat()
    way = "RCDT" if minor >= 0 else "ICDT" if text == _TRANSFER else "IDDT"
    known = f"BK{told.currency}{told.on:%Y%m%d}" + (f"-{number}" if number > 1 else "")
    return f"""
   <Ntry>
    <NtryRef>{number}</NtryRef>{_camt_amount(minor, told.currency)}
    <Sts><Cd>BOOK</Cd></Sts>
    <BookgDt><Dt>{on}</Dt></BookgDt><ValDt><Dt>{on}</Dt></ValDt>
    <AcctSvcrRef>{known}</AcctSvcrRef>
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{way}</Cd><SubFmlyCd>OTHR</SubFmlyCd></Fmly></Domn></BkTxCd>
    <NtryDtls><TxDtls>
     <Refs><EndToEndId>{reference}</EndToEndId></Refs>
     <RmtInf><Ustrd>{text}</Ustrd></RmtInf>
    </TxDtls></NtryDtls>
   </Ntry>"""


def _mark(minor: int) -> str:
    return "D" if minor < 0 else "C"


def _plain(minor: int, currency: str) -> str:
    return str(Decimal(minor).scaleb(-exponent(currency)))


def _swift(minor: int, currency: str) -> str:
    text = _plain(abs(minor), currency).replace(".", ",")
    return text if "," in text else f"{text},"
