"""
CODA: the Belgian banks' coded statement, versions 1 and 2. Lines of 128 columns.

0 header, 1 old balance, 2 movement in up to three parts, 3 information, 4 message, 8 new
balance, 9 totals. A movement with a detail number other than zero is a part of the one
before it, and is not counted again.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import decoding
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

WIDTH = 128
_DECIMALS = 3
_IBAN = "23"  # Structures of an account: 0 and 1 are numbers, 2 and 3 are IBANs.


@dataclass(slots=True, kw_only=True)
class _Open:
    ordinal: int
    account: str = ""
    currency: str = ""
    number: str = ""
    opening: Balance | None = None
    closing: Balance | None = None
    sums: Sums = field(default_factory=Sums)
    details: int = 0
    reversals: int = 0
    pending: Line | None = None
    notes: list[str] = field(default_factory=list)


def recognizes(line: str) -> bool:
    """Whether a file's first line is a CODA header."""
    return (
        len(line.rstrip()) == WIDTH
        and line.startswith("0000")
        and line[5:11].isdecimal()
        and line[127] in "12"
    )


def read(content: BinaryIO) -> Items:
    """
    Yield each movement, each row set aside, and after its last movement each statement.

    Raises:
        FileRejected: it ends before its last record.
    """
    reader = _Reader()
    for number, raw in enumerate(decoding.lines(content), start=1):
        reader.line = number
        if not raw.strip():
            continue
        try:
            yield from reader.take(raw[:WIDTH].ljust(WIDTH))
        except (ValueError, IndexError) as refused:
            yield _rejected(number, str(refused), raw)
    if not reader.ended or reader.state is not None:
        raise FileRejected("the file ends before its last record (9)", line=reader.line)


@dataclass(slots=True)
class _Reader:
    state: _Open | None = None
    statements: int = 0
    line: int = 0
    ended: bool = True

    def take(self, text: str) -> Items:
        """Take a record."""
        match text[0]:
            case "0":
                self.ended = False
            case "1":
                before, self.state = self.state, None
                if before is not None:
                    yield from _close(before)
                self.state = _begun(text, self.statements)
                self.statements += 1
            case "9":
                self.ended = True
                before, self.state = self.state, None
                if before is not None:
                    _totals(before, text)
                    yield from _close(before)
            case "3" | "4":
                return
            case "2" | "8" if self.state is not None:
                if text[0] == "2":
                    yield from _movement(self.state, text, self.line)
                else:
                    self.state.closing = _balance(text, 41, 42, 57)
            case "2" | "8":
                message = "there is no old balance (record 1) before it"
                raise ValueError(message)
            case other:
                message = f"there is no record {clean(other, 5)!r}"
                raise ValueError(message)


def _rejected(line: int, reason: str, raw: str) -> RejectedRow:
    return RejectedRow(
        line=line, reason=reason, expected="a CODA record of 128 columns", text=clean(raw, 200)
    )


def _begun(text: str, ordinal: int) -> _Open:
    structure, coded = text[1], text[5:42]
    if structure in _IBAN:
        account, currency = coded[:34].strip(), coded[34:37].strip()
    else:
        account, currency = coded[:12].strip(), coded[13:16].strip()
    state = _Open(ordinal=ordinal, account=account, currency=currency, number=text[2:5].strip())
    state.opening = replace(_balance(text, 42, 43, 58), currency=currency)
    return state


def _balance(text: str, sign: int, begin: int, day: int) -> Balance:
    return Balance(amount=_amount(text, sign, begin), currency="", on=_day(text[day : day + 6]))


def _movement(state: _Open, text: str, line: int) -> Items:
    part, detail = text[1], text[6:10]
    if part == "1":
        yield from _flush(state)
        if detail != "0000":
            state.details += 1
            return
        amount = _amount(text, 31, 32)
        code = text[53:61]
        state.pending = Line(
            statement=state.ordinal,
            line=line,
            kind=clean(code, 40),
            currency=state.currency,
            gross=amount,
            net=amount,
            value_on=_day(text[47:53]),
            booked_on=_day(text[115:121]),
            reference=clean(text[10:31], 200),
            text=clean(text[62:115]),
            details=1,
        )
    elif state.pending is not None and detail == "0000":
        if part == "2":
            state.pending = replace(
                state.pending,
                other_references=tuple(
                    kept for part in (text[63:98],) if (kept := clean(part, 200))
                ),
                text=clean(f"{state.pending.text} {text[10:63]}"),
            )
        elif part == "3":
            state.pending = replace(
                state.pending, text=clean(f"{state.pending.text} {text[47:125]} {text[10:47]}")
            )


def _flush(state: _Open) -> Items:
    if state.pending is not None:
        line = state.pending
        state.sums = state.sums.with_entry(line.net)
        state.details += 1
        state.pending = None
        yield line


def _totals(state: _Open, text: str) -> None:
    for name, found, begin in (
        ("debits", state.sums.debits, 22),
        ("credits", state.sums.credits, 37),
    ):
        digits = text[begin : begin + 15]
        if digits.isdecimal():
            pending = state.pending.net if state.pending else ZERO
            extra = max(pending, ZERO) if name == "credits" else max(-pending, ZERO)
            stated = Decimal(int(digits)).scaleb(-_DECIMALS)
            if stated != found + extra:
                state.notes.append(f"the file states {name} of {stated}, it has {found + extra}")


def _close(state: _Open) -> Items:
    yield from _flush(state)
    closing = state.closing and replace(state.closing, currency=state.currency)
    difference: Decimal | None = None
    if state.opening is not None and closing is not None:
        difference = closing.amount - (
            state.opening.amount + state.sums.credits - state.sums.debits
        )
    yield BankStatement(
        ordinal=state.ordinal,
        account=clean(state.account, 100),
        number=state.number,
        currency=state.currency,
        opening=state.opening,
        closing=closing,
        by_currency={state.currency: state.sums} if state.sums.entries else {},
        entries=state.sums.entries,
        details=state.details,
        arithmetic_ok=None if difference is None else difference == ZERO,
        difference=difference,
        notes=tuple(state.notes),
    )


def _amount(text: str, sign: int, begin: int) -> Decimal:
    digits = text[begin : begin + 15]
    if not (digits.isdecimal() and digits.isascii()) or text[sign] not in "01":
        message = f"the amount {clean(text[sign : begin + 15], 20)!r} can't be read"
        raise ValueError(message)
    value = Decimal(int(digits)).scaleb(-_DECIMALS).normalize()
    value = value.quantize(Decimal("0.01")) if value == value.quantize(Decimal("0.01")) else value
    return -value if text[sign] == "1" else value


def _day(text: str) -> date | None:
    if not text.strip(" 0"):
        return None
    if not (text.isdecimal() and text.isascii()):
        message = f"the date {clean(text, 10)!r} can't be read"
        raise ValueError(message)
    day, month, year = int(text[:2]), int(text[2:4]), int(text[4:])
    return date(2000 + year, month, day)
