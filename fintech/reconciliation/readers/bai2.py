"""
BAI2: cash management files of banks in North America.

01 file, 02 group, 03 account with its balances, 16 transaction, 88 continues the record before
it, 49/98/99 control totals of account, group and file. A record ends with a slash; some banks
put several on one line or break one over two. Amounts are minor units without a mark.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import decoding
from fintech.reconciliation.readers.reports import in_minor
from fintech.reconciliation.readers.staging import (
    ZERO,
    Balance,
    BankStatement,
    Items,
    Line,
    RejectedRow,
    Sums,
    clean,
)

_BEGINS = re.compile(r"\s*(01|02|03|16|49|88|98|99)\s*,")
_NEXT = re.compile(r"/[ \t]+(?=(?:01|02|03|16|49|88|98|99),)|/(?=(?:02|03|49|98|99),)")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_OPENING, _CLOSING = "010", "015"
_DAYS = {"S": 3, "V": 2, "1": 0, "2": 0, "0": 0, "Z": 0, "": 0}
_RECORD_MAX = 20_000  # Characters kept of one record.
# Detail of deposit accounts, of loans, and of what a bank has made up for its customers.
_CREDITS = {*range(100, 400), *range(720, 760), *range(920, 960)}
_DEBITS = {*range(400, 700), *range(760, 800), *range(960, 1000)}
_NO_MONEY = 890  # A record that only carries text.


@dataclass(slots=True)
class Record:
    """A record with what continues it, and the line on which it begins."""

    code: str
    line: int
    text: str
    continued: list[str] = field(default_factory=list)
    records: int = 1

    def fields(self) -> list[str]:
        """Return its fields; what continues it follows as if it stood in one record."""
        found = [part.strip() for part in _body(self.text).split(",")]
        for more in self.continued:
            found += [part.strip() for part in _body(more).split(",")[1:]]
        return found


@dataclass(slots=True, kw_only=True)
class _Account:
    ordinal: int
    line: int
    number: str
    currency: str
    as_of: date | None
    opening: Decimal | None = None
    closing: Decimal | None = None
    total: int = 0  # All amounts as minor units, as the bank's control total counts them.
    records: int = 0
    sums: Sums = field(default_factory=Sums)
    notes: list[str] = field(default_factory=list)
    off: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class _File:
    currency: str = "USD"  # What the format means where none is written.
    as_of: date | None = None
    account: _Account | None = None
    accounts: int = 0
    ended: bool = False
    notes: list[str] = field(default_factory=list)


def recognizes(line: str) -> bool:
    """Whether a file's first line is a BAI2 file header."""
    return re.match(r"\s*01,[^,]*,[^,]*,\d{6}(?:\d\d)?\b", line) is not None


def records(content: BinaryIO) -> Iterator[Record]:
    """Yield every record together with the 88 that continue it."""
    record: Record | None = None
    for number, raw in enumerate(decoding.lines(content), start=1):
        for text in _NEXT.split(raw[: _RECORD_MAX * 4]):
            if not text.strip():
                continue
            begins = _BEGINS.match(text)
            if begins is None:
                if record is None:
                    yield Record("", number, text[:_RECORD_MAX])
                else:
                    _append(record, text)
                continue
            if begins.group(1) == "88" and record is not None:
                record.records += 1
                if sum(map(len, record.continued)) < _RECORD_MAX:
                    record.continued.append(text.strip()[:_RECORD_MAX])
                continue
            if record is not None:
                yield record
            record = Record(begins.group(1), number, text.strip()[:_RECORD_MAX])
    if record is not None:
        yield record


def _append(record: Record, text: str) -> None:
    if record.continued:
        record.continued[-1] = (record.continued[-1] + " " + text.strip())[:_RECORD_MAX]
    else:
        record.text = (record.text + " " + text.strip())[:_RECORD_MAX]


def read(content: BinaryIO) -> Items:
    """
    Yield each transaction, each row set aside, and after its last transaction each statement.

    Raises:
        FileRejected: it ends without its last control record.
    """
    file = _File()
    line = 0
    for record in records(content):
        line = record.line
        try:
            yield from _apply(file, record)
        except ValueError as refused:
            yield RejectedRow(
                line=record.line,
                reason=f"record {record.code or '?'}: {refused}",
                expected="a BAI2 record: code, fields, slash",
                text=clean(record.text, 200),
            )
    if file.account is not None or not file.ended:
        raise FileRejected("the file ends without its last control record (99)", line=line)


def _apply(file: _File, record: Record) -> Items:
    fields = record.fields()
    if file.account is not None and record.code in {"03", "16"}:
        file.account.records += record.records
    match record.code:
        case "01":
            pass
        case "02":
            file.currency = (_field(fields, 6) or "USD").upper()
            file.as_of = _day(_field(fields, 4))
        case "03":
            if file.account is not None:
                file.account.notes.append("the account has no control record (49)")
                yield _close(file.account)
            file.account = None
            file.account = _begun(file, record, fields)
            file.accounts += 1
            yield from _balances(file.account, record, fields)
        case "16":
            if file.account is None:
                message = "there is no account (03) before it"
                raise ValueError(message)
            yield _transaction(file.account, record)
        case "49":
            if file.account is None:
                message = "there is no account (03) before it"
                raise ValueError(message)
            account, file.account = file.account, None
            account.records += record.records
            _check(account, fields)
            yield _close(account)
        case "98":
            pass
        case "99":
            file.ended = True
        case _:
            message = f"{clean(record.text, 40)!r} begins no record"
            raise ValueError(message)


def _begun(file: _File, record: Record, fields: list[str]) -> _Account:
    return _Account(
        ordinal=file.accounts,
        line=record.line,
        number=_field(fields, 1),
        currency=(_field(fields, 2) or file.currency).upper(),
        as_of=file.as_of,
        records=record.records,
    )


def _balances(account: _Account, record: Record, fields: list[str]) -> Iterator[RejectedRow]:
    """Take what an account's record states; an amount that can't be read is set aside alone."""
    at = 3
    while at < len(fields):
        code, amount = fields[at], _field(fields, at + 1)
        if code and amount:
            try:
                value = _integer(amount)
            except ValueError as refused:
                yield RejectedRow(
                    line=record.line,
                    reason=f"record 03: type code {clean(code, 10)}: {refused}",
                    expected="a balance in whole minor units",
                    text=clean(record.text, 200),
                )
            else:
                account.total += value
                if code == _OPENING:
                    account.opening = in_minor(Decimal(value), account.currency)
                elif code == _CLOSING:
                    account.closing = in_minor(Decimal(value), account.currency)
        at += 3
        at += 1 + _extra(fields, at)


def _extra(fields: list[str], at: int) -> int:
    """How many fields a funds type takes that stands at a place."""
    kind = _field(fields, at).upper()
    if kind == "D":
        count = _field(fields, at + 1)
        return 1 + 2 * min(int(count) if count.isdecimal() and len(count) < 4 else 0, 100)  # noqa: PLR2004
    return _DAYS.get(kind, 0)


def _transaction(account: _Account, record: Record) -> Line:
    fields = [part.strip() for part in _body(record.text).split(",")]
    code = _field(fields, 1)
    value = _integer(_field(fields, 2) or "0")
    if not (code.isdecimal() and code.isascii() and len(code) == 3):  # noqa: PLR2004 -- a type code.
        message = f"{clean(code, 10)!r} is no type code"
        raise ValueError(message)
    account.total += value
    if int(code) in _CREDITS:
        sign = 1
    elif int(code) in _DEBITS or (int(code) == _NO_MONEY and not value):
        sign = -1
    else:
        message = f"type code {code} is neither a credit nor a debit"
        raise ValueError(message)
    at = 4 + _extra(fields, 3)
    text = ",".join(fields[at + 2 :])
    more = " ".join(_body(part).partition(",")[2] for part in record.continued)
    amount = in_minor(Decimal(value * sign), account.currency)
    account.sums = account.sums.with_entry(amount)
    return Line(
        statement=account.ordinal,
        line=record.line,
        kind=code,
        currency=account.currency,
        gross=amount,
        net=amount,
        value_on=_day(_field(fields, 4)) if _field(fields, 3).upper() == "V" else account.as_of,
        booked_on=account.as_of,
        reference=clean(_field(fields, at), 200),
        other_references=tuple(kept for kept in (clean(_field(fields, at + 1), 200),) if kept),
        text=clean(f"{text} {more}"),
        details=1,
    )


def _check(account: _Account, fields: list[str]) -> None:
    """Hold the bank's control total and count against what was read."""
    stated = _integer(_field(fields, 1) or "0")
    if stated != account.total:
        account.off = in_minor(Decimal(stated - account.total), account.currency)
        account.notes.append(
            f"the control total is {stated}, the account's amounts add up to {account.total}"
        )
    count = _field(fields, 2)
    if count.isdecimal() and len(count) < 10 and int(count) != account.records:  # noqa: PLR2004
        account.notes.append(
            f"the bank counts {int(count)} records, the account has {account.records}"
        )


def _close(account: _Account) -> BankStatement:
    difference: Decimal | None = account.off
    if account.opening is not None and account.closing is not None:
        moved = account.sums.credits - account.sums.debits
        difference = account.closing - (account.opening + moved) or account.off
    return BankStatement(
        ordinal=account.ordinal,
        account=clean(account.number, 100),
        currency=account.currency,
        opening=_stated(account, account.opening),
        closing=_stated(account, account.closing),
        by_currency={account.currency: account.sums} if account.sums.entries else {},
        entries=account.sums.entries,
        details=account.sums.entries,
        arithmetic_ok=difference == ZERO,
        difference=difference,
        notes=tuple(account.notes),
    )


def _stated(account: _Account, amount: Decimal | None) -> Balance | None:
    if amount is None:
        return None
    return Balance(amount=amount, currency=account.currency, on=account.as_of)


def _body(text: str) -> str:
    return text.strip().removesuffix("/")


def _field(fields: list[str], at: int) -> str:
    return fields[at] if at < len(fields) else ""


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or not text.isascii():
        message = f"{clean(text, 30)!r} is not a whole number of minor units"
        raise ValueError(message)
    return int(text)


def _day(text: str) -> date | None:
    """Read YYMMDD; a bank that writes something else there has no date."""
    if len(text) != 6 or not (text.isdecimal() and text.isascii()):  # noqa: PLR2004
        return None
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
