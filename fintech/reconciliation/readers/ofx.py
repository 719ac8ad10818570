"""
OFX: statements of bank and card accounts, as SGML (version 1) or XML (version 2).

SGML leaves out the ends of its fields, so both are read as a stream of tags with the text
behind them. Nothing is expanded but the five named characters; there are no entities.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from html import unescape
from typing import BinaryIO

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import decoding, figures
from fintech.reconciliation.readers.staging import (
    Balance,
    BankStatement,
    Items,
    Line,
    RejectedRow,
    Sums,
    clean,
)

_PIECE = 1 << 16
_TEXT_MAX = 4_000  # Characters kept of one field.
_STATEMENTS = {"STMTRS", "CCSTMTRS"}
_AMOUNT = re.compile(r"[+-]?(?:\d[\d.,]*|[.,]\d+)")
_PARTS = {"STMTTRN", "LEDGERBAL", "AVAILBAL", "BANKACCTFROM", "CCACCTFROM", "CURRENCY",
          "ORIGCURRENCY", "STATUS", "BANKACCTTO", "CCACCTTO", "PAYEE", "BAL"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, the text behind it, and the line on which it stands."""

    line: int
    name: str
    text: str

    @property
    def ends(self) -> bool:
        """Whether it closes an element."""
        return self.name.startswith("/")


@dataclass(frozen=True, slots=True)
class _Part:
    """An open element, and the fields in it."""

    name: str
    line: int
    found: dict[str, str]


@dataclass(slots=True, kw_only=True)
class _Open:
    ordinal: int
    line: int
    card: bool
    currency: str = ""
    account: dict[str, str] = field(default_factory=dict)
    closing: dict[str, str] = field(default_factory=dict)
    sums: dict[str, Sums] = field(default_factory=dict)
    entries: int = 0


def recognizes(head: str) -> bool:
    """Whether a text begins like OFX."""
    start = head.lstrip("\ufeff \t\r\n").upper()
    return start.startswith("OFXHEADER") or (
        start.startswith("<") and re.search(r"<\?OFX|<OFX\b", head[:4000]) is not None
    )


def tags(content: BinaryIO) -> Iterator[Tag]:
    """Yield every tag; a comment is none."""
    decoder = codecs.getincrementaldecoder(decoding.encoding_of(content))("replace")
    content.seek(0)
    line, part, commented = 1, "", False
    while True:
        piece = content.read(_PIECE)
        text = decoder.decode(piece, final=not piece)
        pieces = text.split("<")
        for index, following in enumerate(pieces):
            if index:
                yield from _tag(line, part, commented=commented)
                commented = _in_comment(part, commented=commented)
                line += part.count("\n")
                part = following
            elif len(part) < _PIECE * 4:
                part += following
            else:
                line += following.count("\n")
        if not piece:
            yield from _tag(line, part, commented=commented)
            return


def _tag(line: int, part: str, *, commented: bool) -> Iterator[Tag]:
    if commented or part.startswith("!--"):
        return
    if part[:8].upper() in {"!DOCTYPE", "!ENTITY "} or part.startswith("!["):
        raise FileRejected("a statement may not define entities or document types", line=line)
    name, closed, text = part.partition(">")
    if closed:
        plain = text.strip() if len(text) <= _TEXT_MAX else text[:_TEXT_MAX].strip()
        yield Tag(line, name.strip().upper()[:40], unescape(plain))


def _in_comment(part: str, *, commented: bool) -> bool:
    return (commented or part.startswith("!--")) and "-->" not in part


def read(content: BinaryIO) -> Items:
    """
    Yield each transaction, each row set aside, and after its last one each statement.

    Raises:
        FileRejected: the bank answered with an error, the file is cut, or holds no statement.
    """
    reader = _Reader()
    for tag in tags(content):
        yield from reader.take(tag)
    reader.end()


@dataclass(slots=True)
class _Reader:
    """The file being read: its open statement, and the elements that are open inside it."""

    state: _Open | None = None
    path: list[_Part] = field(default_factory=list)
    statements: int = 0
    accepted: int = 0
    investments: bool = False
    ended: bool = False
    line: int = 1
    refused: RejectedRow | None = None  # The first one.
    failure: tuple[int, str] | None = None

    def take(self, tag: Tag) -> Items:
        """Take a tag."""
        self.line = tag.line
        name = tag.name.lstrip("/")
        if name in _STATEMENTS:
            yield from self._statement(tag, name)
        elif name in _PARTS and tag.ends:
            yield from self._close(name)
        elif name in _PARTS:
            if name == "STMTTRN" and self.path:
                raise FileRejected(
                    f"<{self.path[-1].name}> is not closed before <STMTTRN>", line=tag.line
                )
            self.path.append(_Part(name, tag.line, {}))
        elif not tag.ends:
            self._field(name, tag.text)
        self.ended = self.ended or (tag.ends and name == "OFX")
        self.investments = self.investments or name == "INVSTMTRS"

    def end(self) -> None:
        """Refuse a file that is cut, or has nothing to read."""
        if self.state is not None or self.path or not self.ended:
            raise FileRejected("the file ends before its </OFX>", line=self.line)
        if self.refused is not None and not self.accepted:
            raise FileRejected(
                f"no transaction can be read: {self.refused.reason}", line=self.refused.line
            )
        if self.statements:
            return
        if self.failure is not None:
            line, told = self.failure
            raise FileRejected(f"the bank answered with an error: {clean(told, 200)}", line=line)
        what = "no statement"
        if self.investments:
            what = "an investment statement, which is not read here"
        raise FileRejected(f"the file holds {what} (ofx)", line=self.line)

    def _statement(self, tag: Tag, name: str) -> Items:
        if self.state is not None:
            yield _close(self.state)
        self.state = None
        self.path.clear()
        if not tag.ends:
            self.state = _Open(ordinal=self.statements, line=tag.line, card=name == "CCSTMTRS")
            self.statements += 1

    def _field(self, name: str, text: str) -> None:
        if self.path:
            self.path[-1].found.setdefault(name, text)
        elif self.state is not None and name == "CURDEF":
            self.state.currency = text[:3].upper()

    def _close(self, name: str) -> Items:
        """Close an element, and what inside it was left open."""
        while self.path:
            part = self.path.pop()
            if part.name == "STATUS" and part.found.get("SEVERITY", "").upper() == "ERROR":
                told = f"{part.found.get('CODE', '')} {part.found.get('MESSAGE', '')}"
                self.failure = self.failure or (part.line, told)
            if self.state is not None:
                yield from self._take(self.state, part)
            if part.name == name:
                return

    def _take(self, state: _Open, part: _Part) -> Items:
        match part.name:
            case "BANKACCTFROM" | "CCACCTFROM" if not self.path:
                state.account = part.found
            case "LEDGERBAL":
                state.closing = part.found
            case "CURRENCY" | "ORIGCURRENCY" if self.path:
                for name in ("CURSYM", "CURRATE"):
                    self.path[-1].found[f"{part.name}.{name}"] = part.found.get(name, "")
            case "STMTTRN":
                yield self._transaction(state, part)
            case _:
                return

    def _transaction(self, state: _Open, part: _Part) -> Line | RejectedRow:
        try:
            line = _transaction(state, part.line, part.found)
        except ValueError as refused:
            row = RejectedRow(
                line=part.line,
                reason=f"<STMTTRN>: {refused}",
                expected="a <STMTTRN> with DTPOSTED, TRNAMT and FITID",
                text=clean(str(part.found), 200),
            )
            self.refused = self.refused or row
            return row
        self.accepted += 1
        return line


def _transaction(state: _Open, line: int, found: dict[str, str]) -> Line:
    amount = _amount(found.get("TRNAMT", ""))
    currency = (found.get("CURRENCY.CURSYM") or state.currency)[:3].upper()
    posted = found.get("DTPOSTED", "")
    booked_on = _day(posted)
    state.entries += 1
    state.sums[currency] = state.sums.get(currency, Sums()).with_entry(amount)
    state.currency = state.currency or currency
    return Line(
        statement=state.ordinal,
        line=line,
        kind=clean(found.get("TRNTYPE", ""), 40),
        currency=currency,
        gross=amount,
        net=amount,
        value_on=_day(found["DTAVAIL"]) if found.get("DTAVAIL") else booked_on,
        booked_on=booked_on,
        reference=clean(found.get("FITID", ""), 200),
        other_references=tuple(
            dict.fromkeys(
                kept
                for name in ("REFNUM", "SRVRTID", "CHECKNUM")
                if (kept := clean(found.get(name, ""), 200))
            )
        ),
        text=clean(f"{found.get('NAME', '')} {found.get('MEMO', '')}"),
        details=1,
    )


def _close(state: _Open) -> BankStatement:
    closing: Balance | None = None
    notes: tuple[str, ...] = ()
    if state.closing.get("BALAMT"):
        try:
            closing = Balance(
                amount=_amount(state.closing["BALAMT"]),
                currency=state.currency,
                on=_day(state.closing["DTASOF"]) if state.closing.get("DTASOF") else None,
            )
        except ValueError as refused:
            notes = (f"<LEDGERBAL>: {refused}",)
    return BankStatement(
        ordinal=state.ordinal,
        account=clean(state.account.get("ACCTID", ""), 100),
        number="",
        currency=state.currency,
        closing=closing,
        by_currency=state.sums,
        entries=state.entries,
        details=state.entries,
        notes=notes,
    )


def _amount(text: str) -> Decimal:
    plain = text.strip()
    if not _AMOUNT.fullmatch(plain):
        message = (
            f"the amount {clean(text, 40)!r} can't be read" if plain else "<TRNAMT> is missing"
        )
        raise ValueError(message)
    # The format knows no grouping: a lone comma parts the decimals.
    return figures.amount(plain, "," if "," in plain and "." not in plain else ".")


def _day(text: str) -> date:
    digits = text.strip()[:8]
    if len(digits) != 8 or not (digits.isdecimal() and digits.isascii()):  # noqa: PLR2004 -- YYYYMMDD.
        message = f"the date {clean(text, 30)!r} is not YYYYMMDD"
        raise ValueError(message)
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
