"""
MT940 and MT942: SWIFT customer statements.

We split the file into fields ourselves, because a row that is set aside needs
its line number and must not take its neighbors with it; each field is then
read by the `mt-940` library with the corrections of `mt940_corrections`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from fintech.reconciliation.readers import decoding
from fintech.reconciliation.readers import mt940_corrections as corrected
from fintech.reconciliation.readers.staging import (
    Balance,
    BankStatement,
    Items,
    Line,
    RejectedRow,
    Sums,
    clean,
    exact,
)

FIELD_MAX = 20_000  # Characters of one field that are looked at; the rest can only be noise.
LINE_FIELD_MAX = 2_000  # A `:61:` is 200 characters at most by the standard.


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A tag, its value over all its lines, and where it begins."""

    tag: str
    value: str
    line: int


@dataclass(slots=True, kw_only=True)
class _Open:
    """The statement being read."""

    ordinal: int
    account: str = ""
    number: str = ""
    reference: str = ""
    opening: Balance | None = None
    closing: Balance | None = None
    floor_currency: str = ""
    sums: Sums = field(default_factory=Sums)
    entries: int = 0
    reversals: int = 0
    seen: bool = False  # A reference alone or a stray `:86:` makes no statement.
    pending: list[tuple[Field, str]] = field(default_factory=list)

    @property
    def currency(self) -> str:
        balance = self.opening or self.closing
        return balance.currency if balance else self.floor_currency


def fields(lines: Iterable[str]) -> Iterator[Field]:
    """Split a message into its fields; lines that begin none continue the one before."""
    parts: list[str] = []
    tag, size, began = "", 0, 0
    for number, raw in enumerate(lines, start=1):
        line = (
            corrected.ENVELOPE.sub("", raw[: FIELD_MAX + 200])
            if raw.startswith("{")
            else raw[: FIELD_MAX + 200]
        )
        if line.rstrip() in {"-", "-}"} or line.startswith("-}"):
            if tag:
                yield Field(tag=tag, value="\n".join(parts), line=began)
            tag, parts, size = "", [], 0
            continue
        found = corrected.FIELD.match(line)
        if found:
            if tag:
                yield Field(tag=tag, value="\n".join(parts), line=began)
            rest = line[found.end() :]
            tag, parts, size, began = found.group(1), [rest], len(rest), number
        elif tag and size < FIELD_MAX:
            parts.append(line)
            size += len(line)
    if tag:
        yield Field(tag=tag, value="\n".join(parts), line=began)


def read(content: BinaryIO) -> Items:
    """Yield each entry, each row set aside, and after its last entry each statement."""
    state = _Open(ordinal=0)
    for part in fields(decoding.lines(content)):
        if part.tag == "20" and (state.seen or state.reference):
            yield from _close(state)
            state = _Open(ordinal=state.ordinal + (1 if state.seen else 0))
        yield from _apply(state, part)
    yield from _close(state)


def _apply(state: _Open, part: Field) -> Items:
    kind = part.tag[:2]
    first = part.value.split("\n", 1)[0].strip()
    if kind == "86":
        if state.pending and not state.pending[-1][1]:
            state.pending[-1] = (state.pending[-1][0], part.value[:FIELD_MAX])
        return
    if kind in {"61", "62", "64", "65", "90"}:
        yield from _flush(state)
    match kind:
        case "20":
            state.reference = clean(first, 100)
        case "25":
            state.account, state.seen = clean(first, 100), True
        case "28":
            state.number = clean(first, 50)
        case "34" | "90":  # An interim report's floor limit and totals name its currency.
            named = first[:3] if kind == "34" else _summed_currency(first)
            state.floor_currency = state.floor_currency or named
        case "61":
            state.pending.append((part, ""))
            state.seen = True
        case "60" | "62":
            state.seen = True
            yield from _balance(state, part, opening=kind == "60")
        case "64" | "65":
            try:
                _read_balance(part)
            except ValueError as refused:
                yield _rejected(part, f"available balance: {refused}")
        case _:
            return


def _summed_currency(text: str) -> str:
    found = corrected.SUMMED.match(text)
    return found.group(1) if found else ""


def _balance(state: _Open, part: Field, *, opening: bool) -> Items:
    name = "opening balance" if opening else "closing balance"
    try:
        balance = _read_balance(part)
    except ValueError as refused:
        yield _rejected(part, f"{name}: {refused}", expected="mark, YYMMDD, currency, amount")
        return
    if opening:
        if state.opening is not None:
            yield _rejected(part, "a second opening balance in one statement")
            return
        state.opening = balance
    else:
        if state.closing is not None:
            yield _rejected(part, "a second closing balance in one statement")
            return
        state.closing = balance


def _read_balance(part: Field) -> Balance:
    found = corrected.BALANCE_FIELD.re.match(part.value.split("\n", 1)[0].strip())
    if found is None:
        msg = f"{clean(part.value, 60)!r} can't be read"
        raise ValueError(msg)
    got = found.groupdict()
    amount = exact(got["amount"])
    return Balance(
        amount=-amount if got["status"].upper() == "D" else amount,
        currency=got["currency"].upper(),
        on=corrected.day(got["year"], got["month"], got["day"]),
    )


def _flush(state: _Open) -> Items:
    """Yield the entry whose `:86:` (if it has one) is now complete."""
    for part, information in state.pending:
        try:
            line = _entry(state, part, information)
        except ValueError as refused:
            yield _rejected(
                part,
                f"entry: {refused}",
                expected="YYMMDD[MMDD], C/D/RC/RD, amount, type, reference",
            )
            continue
        state.sums = state.sums.with_entry(line.net)
        state.entries += 1
        state.reversals += line.reversal
        yield line
    state.pending.clear()


def _entry(state: _Open, part: Field, information: str) -> Line:
    if len(part.value) > LINE_FIELD_MAX:
        msg = f"the field has more than {LINE_FIELD_MAX} characters"
        raise ValueError(msg)
    found = corrected.STATEMENT_LINE.re.match(part.value.rstrip())
    if found is None:
        msg = f"{clean(part.value, 60)!r} can't be read"
        raise ValueError(msg)
    got = {key: value or "" for key, value in found.groupdict().items()}
    if got["customer_reference"][:1] in {",", "."}:
        msg = f"{clean(part.value, 60)!r} has an amount with two separators"
        raise ValueError(msg)
    mark = got["status"].upper()
    amount = exact(got["amount"])
    # C, EC (expected) and RD (a debit taken back) bring money; D, ED and RC take it.
    signed = amount if mark in {"C", "EC", "RD"} else -amount
    value_on = corrected.day(got["year"], got["month"], got["day"])
    reference, packed = corrected.split_reference(got["customer_reference"])
    known = corrected.details(information) if information else {}
    return Line(
        statement=state.ordinal,
        line=part.line,
        kind=got["id"].strip(),
        currency=state.currency,
        gross=signed,
        net=signed,
        value_on=value_on,
        booked_on=_booked_on(value_on, got),
        booked=not mark.startswith("E"),
        reversal=mark.startswith("R"),
        reference=clean("" if reference == "NONREF" else reference, 200),
        other_references=_others(got, known),
        text=clean(" ".join((packed, got["extra_details"], *_texts(known, information)))),
        details=1,
    )


def _booked_on(value_on: date, got: dict[str, str]) -> date:
    month, day = got["entry_month"].strip(), got["entry_day"].strip()
    if not month or not day:
        return value_on
    # The entry's year is not written: it is the one that brings it nearest to the value date.
    near = [
        candidate
        for year in (value_on.year - 1, value_on.year, value_on.year + 1)
        if (candidate := corrected.day(f"{year % 100:02d}", month, day))
    ]
    return min(near, key=lambda candidate: abs((candidate - value_on).days))


def _others(got: dict[str, str], known: dict[str, str]) -> tuple[str, ...]:
    wanted = (
        got["bank_reference"],
        known.get("end_to_end_reference", ""),
        known.get("customer_reference", ""),
    )
    return tuple(
        dict.fromkeys(kept for value in wanted if (kept := clean(value, 200)) and kept != "NONREF")
    )


def _texts(known: dict[str, str], information: str) -> tuple[str, ...]:
    if "transaction_details" in known or not known:
        return (information,)
    return tuple(known.get(key, "") for key in ("purpose", "additional_purpose", "applicant_name"))


def _close(state: _Open) -> Items:
    yield from _flush(state)
    if not state.seen:
        return
    difference: Decimal | None = None
    if state.opening and state.closing and state.opening.currency == state.closing.currency:
        difference = state.closing.amount - (
            state.opening.amount + state.sums.credits - state.sums.debits
        )
    comparable = state.opening is not None and state.closing is not None
    yield BankStatement(
        ordinal=state.ordinal,
        account=state.account,
        number=state.number,
        reference=state.reference,
        currency=state.currency,
        opening=state.opening,
        closing=state.closing,
        by_currency={state.currency: state.sums} if state.entries else {},
        entries=state.entries,
        details=state.entries,
        reversals=state.reversals,
        arithmetic_ok=(difference == 0) if comparable else None,
        difference=difference,
    )


def _rejected(part: Field, reason: str, expected: str = "") -> RejectedRow:
    return RejectedRow(
        line=part.line, reason=reason, expected=expected, text=clean(part.value, 200)
    )
