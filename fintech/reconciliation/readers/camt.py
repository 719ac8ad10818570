"""
camt.052, camt.053 and camt.054, every version: ISO 20022 reports, statements, notifications.

One pass over a hardened parser: no DTD, no entities, bounded depth and text.
Only the entry being read is in memory. Elements are known by their local name,
because that is what stays the same from version 1 to 13.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import decoding
from fintech.reconciliation.readers.staging import (
    ZERO,
    Balance,
    BankStatement,
    Item,
    Items,
    Line,
    RejectedRow,
    Sums,
    clean,
    exact,
)

CHUNK = 1 << 16
DEPTH_MAX = 64
ELEMENT_TEXT_MAX = 4_000  # Characters kept per element; longer text is cut, it is free text only.
NODES_MAX = 2_000_000  # Elements of one entry; a batch of 100,000 transactions stays below.
STATEMENTS = {"Stmt", "Rpt", "Ntfctn"}
# Children of a statement that are built as a small tree.
KEPT = {"Ntry", "Bal", "Acct", "TxsSummry"}
# Which message it is stands in its namespace, whoever has made that, else in its first element.
NAMESPACE = re.compile(
    r"xmlns(?::[\w.-]+)?\s*=\s*[\"'][^\"'<>]*\b(camt\.05[234])(?:\.\d{3}\.\d{2})?\b"
)
ROOT = re.compile(r"<(?:[\w.-]+:)?(BkToCstmrStmt|BkToCstmrAcctRpt|BkToCstmrDbtCdtNtfctn)[\s>]")
_MESSAGES = {
    "BkToCstmrAcctRpt": "camt.052",
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
}
# A bank that does not give the opening balance gives the previous closing one.
OPENING_KINDS = ("OPBD", "PRCD")


@dataclass(slots=True)
class Node:
    """One element: its local name, attributes, text and children."""

    name: str
    line: int
    attributes: dict[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def find(self, *path: str) -> "Node | None":
        """The first element along a path of local names."""
        here: Node | None = self
        for name in path:
            here = (
                next((child for child in here.children if child.name == name), None)
                if here
                else None
            )
        return here

    def all(self, name: str) -> Iterator["Node"]:
        """Every descendant of that name, in order; found without recursion."""
        stack = [*reversed(self.children)]
        while stack:
            node = stack.pop()
            if node.name == name:
                yield node
            stack.extend(reversed(node.children))

    def value(self, *path: str) -> str:
        """The text at a path, or an empty string."""
        found = self.find(*path)
        return found.text.strip() if found else ""


@dataclass(slots=True, kw_only=True)
class _Open:
    ordinal: int
    line: int
    number: str = ""
    account: str = ""
    account_currency: str = ""
    balances: list[tuple[str, Balance]] = field(default_factory=list)
    sums: dict[str, Sums] = field(default_factory=dict)
    booked: dict[str, Sums] = field(default_factory=dict)
    entries: int = 0
    details: int = 0
    reversals: int = 0
    notes: list[str] = field(default_factory=list)
    stated: Node | None = None


class _Target:
    """Receives the parser's events and gathers what is ready to be yielded."""

    def __init__(self) -> None:
        self.ready: list[Item] = []
        self.line_of: Any = None  # Set once the parser exists.
        self.path: list[str] = []
        self.nodes: list[Node] = []
        self.count = 0
        self.statement: _Open | None = None
        self.statements = 0
        self.text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self.path.append(name)
        if len(self.path) > DEPTH_MAX:
            msg = f"elements are nested deeper than {DEPTH_MAX}"
            raise FileRejected(msg, line=self.line_of())
        if self.nodes:
            self.count += 1
            if self.count > NODES_MAX:
                msg = f"one entry has more than {NODES_MAX} elements"
                raise FileRejected(msg, line=self.line_of())
            node = Node(name, self.line_of(), attributes)
            self.nodes[-1].children.append(node)
            self.nodes.append(node)
        elif self.statement is None:
            if name in STATEMENTS:
                self.statement = _Open(ordinal=self.statements, line=self.line_of())
                self.statements += 1
        elif name in KEPT and self.path[-2] in STATEMENTS:
            self.count = 0
            self.nodes.append(Node(name, self.line_of(), attributes))
        self.text.clear()

    def data(self, text: str) -> None:
        if len(self.text) < ELEMENT_TEXT_MAX:  # Pieces; each is cut when joined.
            self.text.append(text[:ELEMENT_TEXT_MAX])

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        self.path.pop()
        if self.nodes:
            node = self.nodes.pop()
            if not node.children:
                node.text = "".join(self.text)[:ELEMENT_TEXT_MAX]
            if not self.nodes and self.statement is not None:
                self.ready.extend(_take(self.statement, node))
        elif self.statement is not None:
            if name in STATEMENTS:
                self.ready.extend(_close(self.statement))
                self.statement = None
            elif name == "Id" and self.path[-1] in STATEMENTS:
                self.statement.number = clean("".join(self.text), 100)
        self.text.clear()

    def close(self) -> None:
        return None


def message(head: str) -> str:
    """Name the message that a text begins, such as camt.053, or nothing."""
    named = NAMESPACE.search(head)
    if named:
        return named.group(1)
    root = ROOT.search(head)
    return _MESSAGES[root.group(1)] if root else ""


def read(content: BinaryIO) -> Items:
    """
    Yield each entry, each row set aside, and after its last entry each statement.

    Raises:
        FileRejected: the XML is broken, hostile, or names no statement.
    """
    target = _Target()
    # A file that says UTF-8 and is not is read as ISO-8859-1: names suffer, amounts don't.
    content.seek(0)
    head = content.read(200)
    declared = re.match(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding=[\"']([\w.-]+)", head)
    says_utf8 = declared is None or declared.group(1).lower() in {
        b"utf-8",
        b"utf8",
        b"us-ascii",
        b"ascii",
    }
    wide = head[:2] in {b"\xff\xfe", b"\xfe\xff"}
    override = "iso-8859-1" if says_utf8 and not wide and not decoding.is_utf8(content) else None
    try:
        parser = DefusedXMLParser(target=target, encoding=override, forbid_dtd=True)
    except LookupError as unknown:
        raise FileRejected(str(unknown)) from unknown
    target.line_of = lambda: parser.parser.CurrentLineNumber
    content.seek(3 if override and head.startswith(b"\xef\xbb\xbf") else 0)
    try:
        while piece := content.read(CHUNK):
            parser.feed(piece)
            yield from target.ready
            target.ready.clear()
        parser.close()
    except ParseError as broken:
        line, column = broken.position
        msg = f"the XML is broken: {broken.msg}"
        raise FileRejected(msg, line=line, column=column) from broken
    except DefusedXmlException as hostile:
        msg = f"a statement may not define entities or document types ({type(hostile).__name__})"
        raise FileRejected(msg, line=target.line_of()) from hostile
    except (LookupError, ValueError) as unknown:
        msg = f"the XML can't be decoded: {clean(str(unknown), 200)}"
        raise FileRejected(msg, line=target.line_of()) from unknown
    yield from target.ready


def _take(state: _Open, node: Node) -> list[Item]:
    """Digest a finished child of the statement."""
    try:
        match node.name:
            case "Acct":
                state.account = clean(node.value("Id", "IBAN") or _other_id(node), 100)
                state.account_currency = node.value("Ccy")[:3].upper()
            case "Bal":
                state.balances.append(_balance(node))
            case "TxsSummry":
                state.stated = node
            case _:
                return [_entry(state, node)]
    except ValueError as refused:
        what = {"Bal": "balance", "Ntry": "entry"}.get(node.name, node.name)
        return [
            RejectedRow(
                line=node.line, reason=f"{what}: {refused}", expected=f"a readable <{node.name}>"
            )
        ]
    return []


def _other_id(account: Node) -> str:
    return (
        account.value("Id", "Othr", "Id")
        or account.value("Id", "PrtryAcct", "Id")
        or account.value("Id", "BBAN")
    )


def _money(node: Node) -> tuple[Decimal, str]:
    amount = node.find("Amt")
    if amount is None:
        msg = "there is no <Amt>"
        raise ValueError(msg)
    currency = amount.attributes.get("Ccy", "").upper()
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():  # noqa: PLR2004 -- ISO 4217.
        msg = f"the currency {clean(currency, 20)!r} is none"
        raise ValueError(msg)
    value = exact(amount.text)
    match node.value("CdtDbtInd"):
        case "CRDT":
            return value, currency
        case "DBIT":
            return -value, currency
        case other:
            msg = f"<CdtDbtInd> is {clean(other, 20)!r}, not CRDT or DBIT"
            raise ValueError(msg)


def _date(node: Node | None) -> date | None:
    if node is None:
        return None
    text = (node.value("Dt") or node.value("DtTm") or node.text)[:10].strip()
    return date.fromisoformat(text) if text else None


def _balance(node: Node) -> tuple[str, Balance]:
    amount, currency = _money(node)
    kind = (
        node.value("Tp", "CdOrPrtry", "Cd")
        or node.value("Tp", "Cd")
        or node.value("Tp", "CdOrPrtry", "Prtry")
    )
    return kind, Balance(amount=amount, currency=currency, on=_date(node.find("Dt")))


def _entry(state: _Open, node: Node) -> Line:
    # The indicator gives the entry's own direction. <RvslInd> only says that it
    # undoes another one: it must not turn the sign a second time.
    amount, currency = _money(node)
    status = node.value("Sts", "Cd") or node.value("Sts") or "BOOK"
    reversal = node.value("RvslInd") in {"true", "1"}
    details = sum(1 for _ in node.all("TxDtls"))
    line = Line(
        statement=state.ordinal,
        line=node.line,
        kind=clean(node.value("BkTxCd", "Prtry", "Cd") or _family(node), 40),
        currency=currency,
        gross=amount,
        net=amount,
        value_on=_date(node.find("ValDt")),
        booked_on=_date(node.find("BookgDt")),
        booked=status == "BOOK",
        reversal=reversal,
        reference=clean(node.value("AcctSvcrRef") or node.value("NtryRef"), 200),
        other_references=_references(node),
        text=clean(" ".join(_texts(node))),
        details=details,
    )
    state.sums[currency] = state.sums.get(currency, Sums()).with_entry(amount)
    if line.booked:
        state.booked[currency] = state.booked.get(currency, Sums()).with_entry(amount)
    state.entries += 1
    state.details += details
    state.reversals += reversal
    return line


def _family(node: Node) -> str:
    parts = (
        node.value("BkTxCd", "Domn", "Cd"),
        node.value("BkTxCd", "Domn", "Fmly", "Cd"),
        node.value("BkTxCd", "Domn", "Fmly", "SubFmlyCd"),
    )
    return "/".join(part for part in parts if part)


REFERENCES = (
    "EndToEndId",
    "InstrId",
    "MsgId",
    "PmtInfId",
    "TxId",
    "AcctSvcrRef",
    "UETR",
    "MndtId",
    "Ref",
    "NtryRef",
)
REFERENCES_KEPT = 20


def _references(node: Node) -> tuple[str, ...]:
    """The references an entry and its transactions carry, a bounded number of them."""
    found: dict[str, None] = {}
    for name in REFERENCES:
        for reference in node.all(name):
            value = clean(reference.text, 200)
            if value and value != "NOTPROVIDED":
                found[value] = None
            if len(found) >= REFERENCES_KEPT:
                return tuple(found)
    return tuple(found)


def _texts(node: Node) -> Iterator[str]:
    for name in ("Ustrd", "AddtlNtryInf", "AddtlTxInf"):
        for _, found in zip(range(20), node.all(name), strict=False):
            yield found.text


def _close(state: _Open) -> list[Item]:
    opening = next(
        (b for wanted in OPENING_KINDS for kind, b in state.balances if kind == wanted), None
    )
    closing = next((b for kind, b in reversed(state.balances) if kind == "CLBD"), None)
    currency = state.account_currency or next((b.currency for b in (opening, closing) if b), "")
    if not currency:
        currency = next(iter(state.sums), "") or next((b.currency for _, b in state.balances), "")
    difference: Decimal | None = None
    if opening and closing and opening.currency == closing.currency:
        booked = state.booked.get(opening.currency, Sums())
        difference = closing.amount - (opening.amount + booked.credits - booked.debits)
    return [
        BankStatement(
            ordinal=state.ordinal,
            account=state.account,
            number=state.number,
            currency=currency,
            opening=opening,
            closing=closing,
            by_currency=state.sums,
            entries=state.entries,
            details=state.details,
            reversals=state.reversals,
            arithmetic_ok=(difference == 0) if opening and closing else None,
            difference=difference,
            notes=(*state.notes, *_against_stated(state)),
        )
    ]


def _against_stated(state: _Open) -> Iterator[str]:
    """Where the bank's own summary does not fit the entries it sent."""
    if state.stated is None:
        return
    count = state.stated.value("TtlNtries", "NbOfNtries")
    if count.isdecimal() and count.isascii() and len(count) < 10 and int(count) != state.entries:  # noqa: PLR2004
        yield f"the summary counts {int(count)} entries, the file has {state.entries}"
    total = state.stated.value("TtlNtries", "Sum")
    if not total or len(state.sums) != 1:
        return
    (sums,) = state.sums.values()
    try:
        difference = exact(total) - (sums.credits + sums.debits)
    except ValueError:
        yield f"the summary's total {clean(total, 40)!r} can't be read"
        return
    if difference != ZERO:
        yield f"the summary's total differs from the entries by {difference}"
