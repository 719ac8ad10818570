"""
Braintree: what its API answers for a settlement batch and for disputes (JSON), and its export.

One transaction or dispute is in memory at a time.
"""

import codecs
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any, BinaryIO

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import decoding, figures
from fintech.reconciliation.readers.reports import (
    Adapter,
    Cells,
    Entry,
    Report,
    Told,
    kind_of,
)
from fintech.reconciliation.readers.staging import ZERO, Items, clean

SOURCE = "braintree"
_NAMES = ("merchantAccountId", "amountDisputed", "gateway_txn_id", "paymentMethodSnapshot",
          "disbursementDetails", "settlementBatchId", "orderId")  # fmt: skip
_PIECE = 1 << 16
_ITEM_MAX = 1 << 20  # Characters of one transaction; the largest real one has some thousands.
_LOST = {"LOST", "ACCEPTED", "EXPIRED", "AUTO_ACCEPTED"}
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal)


def recognizes(head: str) -> bool:
    """Whether a text begins like a list of Braintree's objects."""
    start = head.lstrip("\ufeff \t\r\n")
    if not start.startswith(("[", "{")):
        return False
    return any(f'"{name}"' in head for name in _NAMES)


def read(content: BinaryIO) -> Items:
    """Yield each transaction or dispute, each one set aside, and at the end the report."""
    report = Report(SOURCE)
    for line, item in _items(content):
        yield from report.take(line, partial(_told_all, item), partial(_shown, item))
    yield report.ended()


def _told_all(item: Any) -> list[Told]:
    return [_told(item)]


def _shown(item: Any) -> str:
    return clean(str(item)[:600], 300)


def _told(item: Any) -> Entry:
    if isinstance(item, dict) and isinstance(item.get("node"), dict):
        item = item["node"]
    if not isinstance(item, dict):
        message = "it is no object"
        raise ValueError(message)  # noqa: TRY004 -- the row is wrong, not our call.
    if "amountDisputed" in item:
        return _dispute(item)
    if "gateway_txn_id" in item:
        gross = _decimal(item.get("gross"))
        return Entry(
            kind="capture",
            currency=_currency(item.get("currency")),
            net=gross,
            gross=gross,
            reference=str(item["gateway_txn_id"]),
            others=(str(item.get("invoice_id") or ""),),
            on=figures.day(str(item.get("date"))),
        )
    return _transaction(item)


def _transaction(item: dict[str, Any]) -> Entry:
    seen, currency = _money(item.get("amount"))
    paid = item.get("disbursementDetails") or {}
    settled = paid.get("amount") if isinstance(paid, dict) else None
    net, net_currency = _money(settled) if isinstance(settled, dict) else (seen, currency)
    refund = str(item.get("type") or item.get("__typename") or "").upper() in {"CREDIT", "REFUND"}
    sign = -1 if refund or item.get("refundedTransaction") else 1
    fee = _decimal((item.get("transactionFee") or {}).get("value") or 0)
    history = [one for one in item.get("statusHistory") or () if isinstance(one, dict)]
    batch = next((one["settlementBatchId"] for one in history if one.get("settlementBatchId")), "")
    return Entry(
        kind="refund" if sign < 0 else "capture",
        currency=net_currency,
        net=net * sign - fee,
        fee=fee,
        gross=seen * sign,
        gross_currency=currency,
        rate=_decimal(paid["exchangeRate"]) if paid.get("exchangeRate") else None,
        reference=str(item.get("id") or item.get("legacyId") or ""),
        others=(str(item.get("orderId") or ""), str(item.get("legacyId") or "")),
        batch=str(batch),
        on=_day(paid.get("date")) or _day(item.get("createdAt")),
        booked_on=_day(item.get("createdAt")),
        text=str(item.get("status") or ""),
        status=str(item.get("status") or ""),
    )


def _dispute(item: dict[str, Any]) -> Entry:
    disputed, currency = _money(item["amountDisputed"])
    status = str(item.get("status") or "").upper()
    # Only what is lost has left; won or still open, the money is where it was.
    gross = -disputed if status in _LOST else ZERO
    about = item.get("transaction") or {}
    return Entry(
        kind="chargeback" if gross else f"dispute_{status.lower()}",
        currency=currency,
        net=gross,
        gross=gross,
        reference=str(item.get("id") or ""),
        others=(
            str(item.get("caseNumber") or ""), str(about.get("orderId") or ""),
            str(about.get("id") or ""),
        ),
        on=_day(item.get("receivedDate")) or _day(item.get("createdAt")),
        text=f"{status} {disputed}",
    )  # fmt: skip


def _money(value: Any) -> tuple[Decimal, str]:
    if not isinstance(value, dict):
        message = "the amount is missing"
        raise ValueError(message)  # noqa: TRY004 -- the row is wrong, not our call.
    currency = value.get("currencyCode") or value.get("currencyIsoCode")
    return _decimal(value.get("value")), _currency(currency)


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else figures.amount(str(value))


def _currency(value: Any) -> str:
    code = str(value or "").upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():  # noqa: PLR2004 -- ISO 4217.
        message = f"{clean(code, 20)!r} is no currency"
        raise ValueError(message)
    return code


def _day(value: Any) -> Any:
    return figures.day(str(value)) if value else None


def _items(content: BinaryIO) -> Iterator[tuple[int, Any]]:
    """Yield the members of the first list in a JSON text, with the line each begins on."""
    decoder = codecs.getincrementaldecoder(decoding.encoding_of(content))("replace")
    content.seek(0)
    text, line, ended = "", 1, False

    def more() -> bool:
        nonlocal text, ended
        piece = content.read(_PIECE)
        ended = not piece
        text += decoder.decode(piece, final=ended)
        return not ended

    while "[" not in text and len(text) < _ITEM_MAX and more():
        pass
    at = text.find("[")
    if at < 0:
        raise FileRejected("the JSON holds no list", line=1)
    line += text[:at].count("\n")
    at += 1
    while True:
        if at > _PIECE:
            text, at = text[at:], 0
        found = _BETWEEN.match(text, at)
        end = found.end() if found else at
        line += text.count("\n", at, end)
        at = end
        if text.startswith("]", at):
            return
        try:
            if at == len(text):
                raise json.JSONDecodeError("the list has no end", text, at)
            item, end = _DECODER.raw_decode(text, at)
            if end == len(text) and not ended:
                raise json.JSONDecodeError("a piece may be missing", text, end)
        except (ValueError, RecursionError) as broken:
            if len(text) - at < _ITEM_MAX and more():
                continue
            begun = text.count("\n", at, getattr(broken, "pos", at))
            reason = getattr(broken, "msg", "") or clean(str(broken), 100)
            message = f"the JSON is broken: {reason}"
            raise FileRejected(message, line=line + begun) from broken
        yield line, item
        line += text.count("\n", at, end)
        at = end


def _row(cells: Cells) -> Iterator[Told]:
    kind = kind_of(cells.text("transaction type", "type"))
    sign = -1 if kind == "refund" else 1
    currency = cells.currency(
        "settlement currency iso code", "currency iso code", "currency", "settlement currency"
    )
    if not currency:
        message = "the currency is missing"
        raise ValueError(message)
    amount = cells.amount(
        "settlement amount", "amount submitted for settlement", "amount authorized"
    )
    fee = abs(cells.amount("total fee amount", "total fee"))
    yield Entry(
        kind=kind,
        currency=currency,
        net=abs(amount) * sign - fee,
        fee=fee,
        gross=abs(amount) * sign,
        reference=cells.text("transaction id"),
        others=(cells.text("order id"),),
        batch=cells.text("settlement batch id", "disbursement date"),
        on=cells.day("disbursement date", "settlement date", "created datetime"),
        booked_on=cells.day("created datetime"),
        text=cells.text("transaction status"),
        status=cells.text("transaction status"),
    )


EXPORT = Adapter(
    source=SOURCE,
    requires=(
        frozenset({"transaction id", "transaction type", "transaction status", "settlement date"}),
        frozenset({"transaction id", "transaction type", "settlement amount", "total fee amount"}),
    ),
    told=_row,
    amounts=("settlement amount", "amount submitted for settlement", "total fee amount"),
    days=("settlement date", "disbursement date"),
)
