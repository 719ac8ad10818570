"""
Banks' CSV exports, by a declared column map.

A map says under which names a bank writes what. The common map knows the names that banks use
in a dozen languages; a bank that means something else by them (Plaid's positive amounts leave
the account) has a map of its own, and a person can declare one for a single import. Nothing
here is guessed: a currency that is written nowhere stays unknown, and its rows are set aside.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import BinaryIO

from fintech.kernel import money
from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import figures, tables
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
from fintech.reconciliation.readers.tables import Broken, Row, Table

ROLES = ("date", "value_date", "amount", "debit", "credit", "direction", "balance", "currency",
         "account", "reference", "text", "status")  # fmt: skip
FIXED = ("currency_is", "account_is", "outgoing_is_positive", "order", "mark")
_STATEMENTS_MAX = 1_000  # Accounts and currencies of one file.


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """Under which (normalized) names a bank writes what."""

    date: tuple[str, ...]
    value_date: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    debit: tuple[str, ...] = ()
    credit: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    balance: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    currency_is: str = ""  # What all rows are in, where no column says so.
    account_is: str = ""
    outgoing_is_positive: bool = False
    order: figures.Order | None = None
    mark: figures.Mark | None = None
    requires: frozenset[str] = frozenset()  # Columns by which the map is recognized.

    def knows(self, header: frozenset[str]) -> bool:
        """Whether a header has what the map needs."""
        plain = {_base(name)[0] for name in header} | header
        if self.requires and not self.requires <= plain:
            return False
        moved = plain & {*self.amount, *self.debit, *self.credit}
        return bool(moved) and bool(plain & set(self.date))


def declared(told: Mapping[str, str]) -> ColumnMap:
    """
    Make a map of what a person declares: role → column name (several parted by `|`).

    Raises:
        FileRejected: a role is unknown, or date or amount are missing.
    """
    unknown = sorted(set(told) - set(ROLES) - set(FIXED))
    if unknown:
        raise FileRejected(
            f"the column map names {', '.join(unknown)}; known are {', '.join(ROLES + FIXED)}"
        )
    columns = {
        role: tuple(tables.normalized(name) for name in told[role].split("|"))
        for role in ROLES
        if told.get(role)
    }
    if "date" not in columns or not {"amount", "debit", "credit"} & set(columns):
        raise FileRejected("the column map needs `date`, and `amount` or `debit` and `credit`")
    order, mark = told.get("order"), told.get("mark")
    if order not in {None, *figures.Order} or mark not in {None, ".", ","}:
        raise FileRejected("`order` is day_first or month_first, `mark` is . or ,")
    return ColumnMap(
        **columns,
        currency_is=told.get("currency_is", "").upper(),
        account_is=told.get("account_is", ""),
        outgoing_is_positive=told.get("outgoing_is_positive", "").lower() in {"yes", "true", "1"},
        order=figures.Order(order) if order else None,
        mark="," if mark == "," else "." if mark == "." else None,
        requires=frozenset(name for names in columns.values() for name in names[:1]),
    )


PLAID = ColumnMap(
    requires=frozenset({"iso currency code", "pending", "transaction id", "amount"}),
    date=("date",), value_date=("authorized date",), amount=("amount",),
    currency=("iso currency code", "unofficial currency code"), account=("account id",),
    reference=("transaction id",), text=("name", "merchant name"), status=("pending",),
    outgoing_is_positive=True,
)  # fmt: skip
MERCURY = ColumnMap(
    requires=frozenset({"date (utc)", "source account", "bank description", "amount"}),
    date=("date (utc)", "date"), amount=("amount",), account=("source account",),
    reference=("reference",), text=("description", "bank description", "note"),
    status=("status",), currency_is="USD",  # Its accounts are in dollars, whatever was paid.
    order=figures.Order.MONTH_FIRST,
)  # fmt: skip
COMMON = ColumnMap(
    date=(
        "date", "booking date", "transaction date", "posting date", "posted date", "post date",
        "posted", "date (utc)", "created (utc)", "started date", "completed date", "entry date",
        "buchungstag", "buchungsdatum", "buchung", "datum", "boekdatum", "boekingsdatum",
        "rentedatum", "transactiedatum", "date operation", "date de l'operation",
        "date de l'opération", "date opération", "date comptable", "fecha", "fecha operación",
        "fecha operacion", "f. operativa", "data", "data contabile", "data operazione",
        "data operacji", "data transakcji", "data lançamento", "bokföringsdag", "bokförd",
        "bogføringsdato", "dato", "bokført dato", "kirjauspäivä", "dátum", "tarih", "日付",
        "交易日期",
    ),
    value_date=(
        "value date", "valuta", "valutadatum", "wertstellung", "wertstellungsdatum",
        "date valeur", "date de valeur", "fecha valor", "data valuta", "data waluty",
        "settlement date", "rentedatum", "arvopäivä", "valutadag", "value dt",
    ),
    amount=(
        "amount", "transaction amount", "amt", "value", "betrag", "umsatz", "bedrag", "montant",
        "importe", "monto", "importo", "kwota", "valor", "belopp", "beløb", "beløp", "summa",
        "määrä", "összeg", "tutar", "amount in account currency", "net amount", "金额", "金額",
    ),
    debit=(
        "debit", "debits", "debit amount", "amount debit", "money out", "paid out", "withdrawal",
        "withdrawals", "withdrawal amount", "withdrawal amt.",
        "soll", "lastschrift", "belastung", "ausgabe", "af",
        "débit", "dépenses", "cargo", "cargos", "dare", "addebiti", "uscite", "obciążenia",
        "débito", "uttag", "ud", "ut", "out",
    ),
    credit=(
        "credit", "credits", "credit amount", "amount credit", "money in", "paid in", "deposit",
        "deposits", "deposit amount", "deposit amt.",
        "haben", "gutschrift", "einnahme", "bij", "crédit",
        "recettes", "abono", "abonos", "avere", "accrediti", "entrate", "uznania", "crédito",
        "insättning", "ind", "inn", "in",
    ),
    direction=(
        "d/c", "c/d", "dc", "dr/cr", "cr/dr", "debit/credit", "credit/debit", "credit debit",
        "credit debit indicator", "type (d/c)", "af bij", "af/bij", "soll/haben", "s/h",
        "debet/credit", "sens", "+/-", "direction",
    ),
    balance=(
        "balance", "running balance", "closing balance", "balance after", "saldo",
        "saldo nach buchung", "kontostand", "saldo na mutatie", "solde", "stan",
        "saldo po operacji",
        "balance after transaction", "bakiye", "egyenleg", "余额", "残高",
    ),
    currency=(
        "currency", "currency code", "account currency", "ccy", "währung", "waehrung", "munt",
        "valuta code", "devise", "moneda", "divisa", "waluta", "valuta", "moeda", "币种", "通貨",
    ),
    account=(
        "account", "account number", "account no", "account no.", "own account", "iban",
        "auftragskonto", "kontonummer", "rekening", "rekeningnummer", "numéro de compte",
        "compte", "cuenta", "conto", "numer rachunku", "konto", "account id", "iban konto",
    ),
    reference=(
        "reference", "transaction id", "transaction reference", "bank reference", "ref",
        "operation number", "id", "end to end id", "kundenreferenz (end-to-end)", "referenz",
        "referentie", "référence", "referencia", "riferimento", "numer referencyjny",
        "cheque number", "check number", "chq./ref.no.", "transaction number", "payment reference",
    ),
    text=(
        "description", "label", "narration",
        "details", "detail", "narrative", "memo", "name", "payee",
        "partner name", "particulars", "verwendungszweck", "buchungstext",
        "beguenstigter/zahlungspflichtiger", "auftraggeber / begünstigter", "omschrijving",
        "mededelingen", "naam / omschrijving", "libellé", "libelle", "concepto", "descripción",
        "descrizione", "causale", "opis", "opis operacji", "tekst", "text", "meddelande",
    ),
    status=("status", "state", "pending"),
)  # fmt: skip
DECLARED = (PLAID, MERCURY, COMMON)

_OUT = {"d", "dr", "debit", "db", "dbit", "af", "s", "soll", "out", "-", "debet", "withdrawal",
        "débit", "sent", "outgoing"}  # fmt: skip
_IN = {"c", "cr", "credit", "crdt", "bij", "h", "haben", "in", "+", "deposit", "crédit",
       "received", "incoming"}  # fmt: skip
_UNBOOKED = {"pending", "true", "declined", "failed", "cancelled", "canceled", "reverted"}
_OPENING = re.compile(
    r"(start|opening|beginning|previous|brought forward|anfang|begin|initial|départ|apertura)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(end|closing|ending|final|carried forward|endsaldo|fin\b|cierre|eind)", re.IGNORECASE
)
_BALANCE = re.compile(r"(balance|saldo|solde|stan\b|kontostand|stand)", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_ACCOUNT = re.compile(
    r"(?:account (?:number|no\.?)|konto(?:nummer)?|rekening(?:nummer)?|compte|cuenta)\b[\s:#,]*"
    r"((?=[^,]*\d)[A-Z0-9][A-Z0-9 ./-]{3,40})", re.IGNORECASE
)  # fmt: skip
_IN_UNIT = re.compile(r"^(.*?)\s*(?:[(\[](?:in )?|\bin )([a-z]{3}|[€$£])[)\]]?$")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}


def _base(name: str) -> tuple[str, str]:
    """Part `amount (eur)` into the name and the currency it shows."""
    found = _IN_UNIT.match(name)
    if found is None:
        return name, ""
    code = _SIGNS.get(found.group(2), found.group(2).upper())
    return (found.group(1), code) if money.is_known(code) else (name, "")


def map_of(header: frozenset[str]) -> ColumnMap | None:
    """Return the first declared map that knows a header."""
    return next((one for one in DECLARED if one.knows(header)), None)


@dataclass(slots=True, kw_only=True)
class _Open:
    """A statement being read: the rows of one account in one currency."""

    ordinal: int
    account: str
    currency: str
    sums: Sums = field(default_factory=Sums)
    booked: Decimal = ZERO
    first: tuple[Decimal, Decimal] | None = None  # Amount and balance of the first row,
    last: tuple[Decimal, Decimal] | None = None  # and of the last one.
    follows: int = 0  # Rows whose balance follows from the one above it,
    precedes: int = 0  # and from the one below it.
    balanced: bool = True


@dataclass(slots=True, kw_only=True)
class _Reading:
    """How one table is read."""

    map: ColumnMap
    mark: figures.Mark
    order: figures.Order
    unit: str  # The currency that a column's name shows.
    negative_debits: bool
    table: Table
    columns: dict[str, tuple[int, ...]]
    account: str = ""
    currency: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None


def read(content: BinaryIO, table: Table, known: ColumnMap) -> Items:
    """Yield each row, each row set aside, and at the end a statement per account and currency."""
    how = _prepared(content, table, known)
    statements: dict[tuple[str, str], _Open] = {}
    for found in how.table.rows(content):
        if isinstance(found, Broken):
            yield RejectedRow(line=found.line, reason=found.reason, expected="a row of CSV")
            continue
        row = Row(found.line, found.cells, how.columns)
        if _states_a_balance(how, row):
            continue
        try:
            yield _entry(how, row, statements)
        except ValueError as refused:
            yield RejectedRow(
                line=row.line,
                reason=str(refused),
                expected="a date and an amount under their columns",
                text=row.shown(),
            )
    if not statements:
        key = (how.account or known.account_is, how.currency or how.unit or known.currency_is)
        statements[key] = _Open(ordinal=0, account=key[0], currency=key[1])
    for state in statements.values():
        yield _close(how, state, alone=len(statements) == 1)


def _prepared(content: BinaryIO, table: Table, known: ColumnMap) -> _Reading:
    columns: dict[str, tuple[int, ...]] = {}
    unit = ""
    for name, indexes in table.columns.items():
        base, shown = _base(name)
        columns[name] = (*columns.get(name, ()), *indexes)
        if base != name:
            columns[base] = (*columns.get(base, ()), *indexes)
        if shown and base in {*known.amount, *known.debit, *known.credit, *known.balance}:
            unit = unit or shown
    table = Table(table.delimiter, table.header_line, table.header, table.preamble, columns)
    known = _by_content(content, table, known)
    amounts = table.samples(
        content, {*known.amount, *known.debit, *known.credit, *known.balance} & set(columns)
    )
    mark = known.mark or figures.decimal_mark(
        amounts, default="," if table.delimiter == ";" else "."
    )
    order = known.order or figures.day_order(
        table.samples(content, set(known.date) & set(columns)),
        default=figures.Order.DAY_FIRST if mark == "," or "." in "".join(
            table.samples(content, set(known.date) & set(columns))[:1]
        ) else figures.Order.MONTH_FIRST,
    )  # fmt: skip
    debits = table.samples(content, set(known.debit) & set(columns))
    how = _Reading(
        map=known, mark=mark, order=order, unit=unit, table=table, columns=columns,
        negative_debits=sum(_is_negative(cell) for cell in debits) * 2 > len(debits),
    )  # fmt: skip
    for cells in table.preamble:
        _learn(how, cells)
    return how


def _by_content(content: BinaryIO, table: Table, known: ColumnMap) -> ColumnMap:
    """Settle names that mean two things by what stands in the column (`Valuta`)."""
    both = {name for name in {*known.currency} & {*known.value_date} if name in table.columns}
    for name in both:
        cells = table.samples(content, [name])[:1]
        codes = all(money.is_known(cell.upper()) for cell in cells)
        if codes:
            known = replace(known, value_date=tuple(n for n in known.value_date if n != name))
        else:
            known = replace(known, currency=tuple(n for n in known.currency if n != name))
    return known


def _is_negative(cell: str) -> bool:
    return cell.strip().startswith(("-", "(", "\u2212")) or cell.strip().endswith("-")


def _learn(how: _Reading, cells: list[str]) -> None:
    """Take account, currency and balances from a row that stands before the table."""
    text = " , ".join(cell.strip() for cell in cells if cell.strip())[:2_000]
    found = _IBAN.search(text) or _ACCOUNT.search(text)
    if found and not how.account:
        how.account = clean(found.group(found.lastindex or 0).split(",")[0], 100).replace(" ", "")
    for cell in cells:
        code = cell.strip().lstrip(":").strip().upper()
        if money.is_known(code) and not how.currency:
            how.currency = code
    _balance_row(how, cells)


def _states_a_balance(how: _Reading, row: Row) -> bool:
    """Whether a row below the header has no date and only states a balance."""
    date = row.text(*how.map.date)
    try:
        figures.day(date, how.order)
    except ValueError:
        return _balance_row(how, row.cells)
    return False


def _balance_row(how: _Reading, cells: list[str]) -> bool:
    label = next((cell for cell in cells if cell.strip()), "")
    if not _BALANCE.search(label) or len(label) > 100:  # noqa: PLR2004 -- a label, not a text.
        return False
    for cell in reversed(cells):
        try:
            value = figures.amount(cell, how.mark)
        except ValueError:
            continue
        if _OPENING.search(label):
            how.opening = value
        elif _CLOSING.search(label):
            how.closing = value
        else:
            return False
        return True
    return False


def _entry(how: _Reading, row: Row, statements: dict[tuple[str, str], _Open]) -> Line:
    known = how.map
    amount = _amount(how, row)
    on = figures.day(row.text(*known.date), how.order)
    currency = (
        row.text(*known.currency).upper()
        if not known.currency_is
        else known.currency_is
    ) or how.unit or how.currency  # fmt: skip
    if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):  # noqa: PLR2004
        message = f"{clean(currency, 20)!r} is no currency"
        raise ValueError(message)
    account = clean(known.account_is or how.account or row.text(*known.account), 100)
    value_date = row.text(*known.value_date)
    value_on = figures.day(value_date, how.order) if value_date else on
    balance = row.text(*known.balance)
    stands = figures.amount(balance, how.mark) if balance else None
    booked = row.text(*known.status).lower() not in _UNBOOKED
    state = statements.get((account, currency))
    if state is None:
        if len(statements) >= _STATEMENTS_MAX:
            message = f"the file names more than {_STATEMENTS_MAX} accounts"
            raise ValueError(message)
        state = _Open(ordinal=len(statements), account=account, currency=currency)
        statements[account, currency] = state
    state.sums = state.sums.with_entry(amount)
    _balanced(state, amount, stands)
    return Line(
        statement=state.ordinal,
        line=row.line,
        kind=clean(row.text("type", "category", "transaction type", "buchungstext"), 40),
        currency=currency,
        gross=amount,
        net=amount,
        value_on=value_on,
        booked_on=on,
        booked=booked,
        reference=clean(row.text(*known.reference), 200),
        text=clean(" ".join(dict.fromkeys(filter(None, (row.text(name) for name in known.text))))),
        details=1,
    )


def _amount(how: _Reading, row: Row) -> Decimal:
    known = how.map
    written = row.text(*known.amount)
    if written:
        value = figures.amount(written, how.mark)
        word = row.text(*known.direction).lower()
        if word in _OUT:
            return -abs(value)
        if word in _IN:
            return abs(value)
        return -value if known.outgoing_is_positive else value
    out, into = row.text(*known.debit), row.text(*known.credit)
    if not out and not into:
        message = "the amount is missing"
        raise ValueError(message)
    taken = figures.amount(out, how.mark) if out else ZERO
    given = figures.amount(into, how.mark) if into else ZERO
    return given + (taken if how.negative_debits else -taken)


def _balanced(state: _Open, amount: Decimal, stands: Decimal | None) -> None:
    if stands is None:
        state.balanced = False
        return
    if state.first is None:
        state.first = (amount, stands)
    elif state.last is not None:
        before, stood = state.last
        state.follows += stood + amount == stands
        state.precedes += stood - before == stands
    state.last = (amount, stands)


def _close(how: _Reading, state: _Open, *, alone: bool) -> BankStatement:
    opening, closing = (how.opening, how.closing) if alone else (None, None)
    if opening is None and closing is None and state.balanced and state.first and state.last:
        if state.precedes > state.follows:  # The newest row stands first.
            opening, closing = state.last[1] - state.last[0], state.first[1]
        else:
            opening, closing = state.first[1] - state.first[0], state.last[1]
    difference: Decimal | None = None
    if opening is not None and closing is not None:
        difference = closing - (opening + state.sums.credits - state.sums.debits)
    return BankStatement(
        ordinal=state.ordinal,
        account=state.account,
        currency=state.currency[:3],
        opening=_stated(opening, state.currency),
        closing=_stated(closing, state.currency),
        by_currency={state.currency: state.sums} if state.sums.entries else {},
        entries=state.sums.entries,
        details=state.sums.entries,
        arithmetic_ok=None if difference is None else difference == ZERO,
        difference=difference,
    )


def _stated(amount: Decimal | None, currency: str) -> Balance | None:
    return None if amount is None else Balance(amount=amount, currency=currency, on=None)
