"""
A truth of any size, told by ledger, processor and bank, with differences planted in it.

Most rows agree; one of a hundred lines and some of the bank's entries are wrong in one known
way. What was planted is kept beside it, so that whoever compares can be held to it exactly.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

ACCOUNT = "GB50SAND00000000000001"
SOURCE = "simulator"
DAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
COMPARED_AT = datetime(2026, 11, 12, 2, tzinfo=UTC)
PER_BATCH = 100
PER_EURO = {"USD": 1.25}
LINE_KINDS = (
    "missing_in_ledger", "missing_in_processor", "amount_over", "amount_under", "fee_variance",
    "fx_variance", "currency", "direction", "status", "duplicate", "split", "multiple_candidates",
    "timing",
)  # fmt: skip
BANK_KINDS = (
    "missing_in_bank", "amount_over", "amount_under", "direction", "duplicate", "split",
    "unidentified_credit", "missing_in_ledger",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """A line that the ledger expects."""

    reference: str
    currency: str
    amount: int
    fee: int
    due_on: date


@dataclass(frozen=True, slots=True)
class Reported:
    """A line of the processor's report."""

    reference: str
    currency: str
    gross: int
    fee: int
    batch: str
    status: str = ""
    original_currency: str = ""
    original: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the bank's statement."""

    reference: str
    currency: str
    amount: int


@dataclass(slots=True)
class World:
    """The three witnesses, and what each break should be: kind, reference, difference."""

    rows: int
    seed: int = 7
    every: int = 100  # One line of so many is wrong.
    prefix: str = ""  # Of every reference, so that several truths stand beside each other.
    expected: list[Expected] = field(default_factory=list)
    reported: list[Reported] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    planted: list[tuple[str, str, int]] = field(default_factory=list)
    waiting: int = 0  # Expectations that are only not due yet.

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        kinds = 0
        nets: dict[tuple[str, str], int] = {}
        for number in range(self.rows):
            batch = f"{self.prefix}B-{number // PER_BATCH:06d}"
            kind = ""
            if number % self.every == self.every // 2:
                kind = LINE_KINDS[kinds % len(LINE_KINDS)]
                kinds += 1
            before = len(self.reported)
            self._row(f"{self.prefix}cap-{number:08d}", batch, kind, chance)
            for line in self.reported[before:]:
                if not line.status:
                    key = (line.batch, line.currency)
                    nets[key] = nets.get(key, 0) + line.gross - line.fee
        self._bank(nets, chance)

    def _row(  # noqa: C901, PLR0912 -- a list of cases reads best as one.
        self, reference: str, batch: str, kind: str, chance: random.Random
    ) -> None:
        amount, due = chance.randrange(1_000, 500_000), DAY + timedelta(days=1)
        fee = amount // 50 + 10
        ours = Expected(reference, "EUR", amount, fee, due)
        theirs = Reported(reference, "EUR", amount, fee, batch)
        off = chance.randrange(1, 900)

        def tell(difference: int) -> None:
            self.planted.append((kind, reference, difference))

        match kind:
            case "missing_in_ledger":
                self.reported.append(theirs)
                tell(amount)
            case "missing_in_processor":
                self.expected.append(ours)
                tell(-amount)
            case "timing":
                self.expected.append(Expected(reference, "EUR", amount, fee, date(2026, 12, 24)))
                self.waiting += 1
            case "multiple_candidates":
                later = date(2026, 12, 24)
                self.expected.append(Expected(reference, "EUR", amount, fee, later))
                self.expected.append(Expected(reference, "EUR", amount, fee, later))
                self.reported.append(theirs)
                self.waiting += 2
                tell(amount)
            case "amount_over" | "amount_under":
                by = off if kind == "amount_over" else -off
                self.expected.append(ours)
                self.reported.append(Reported(reference, "EUR", amount + by, fee, batch))
                tell(by)
            case "fee_variance":
                self.expected.append(ours)
                self.reported.append(Reported(reference, "EUR", amount, fee + 1 + off, batch))
                tell(-1 - off)
            case "direction":
                self.expected.append(ours)
                self.reported.append(Reported(reference, "EUR", -amount, fee, batch))
                tell(-2 * amount)
            case "currency":
                self.expected.append(ours)
                self.reported.append(Reported(reference, "USD", amount, fee, batch))
                tell(amount)
            case "fx_variance":
                made = round(amount * PER_EURO["USD"])
                paid = made + made // 10
                self.expected.append(ours)
                self.reported.append(
                    Reported(reference, "USD", paid, fee, batch, "", "EUR", amount)
                )
                tell(paid - made)
            case "status":
                self.expected.append(ours)
                self.reported.append(Reported(reference, "EUR", amount, fee, batch, "failed"))
                tell(-amount)
            case "duplicate":
                self.expected.append(ours)
                self.reported += [theirs, theirs]
                tell(amount)
            case "split":
                self.expected.append(ours)
                part = amount // 3
                self.reported.append(Reported(reference, "EUR", part, 0, batch))
                self.reported.append(Reported(reference, "EUR", amount - part, fee, batch))
                tell(0)
            case _:
                self.expected.append(ours)
                if chance.random() < 0.01:  # Paid in another currency, at about our rate.
                    made = round(amount * PER_EURO["USD"] * 1.01)
                    self.reported.append(
                        Reported(reference, "USD", made, fee, batch, "", "EUR", amount)
                    )
                else:
                    self.reported.append(theirs)

    def _bank(self, nets: dict[tuple[str, str], int], chance: random.Random) -> None:
        euros = [key for key in nets if key[1] == "EUR"]
        wrong = {
            key: BANK_KINDS[index % len(BANK_KINDS)]
            for index, key in enumerate(
                chance.sample(euros, min(len(euros), max(len(BANK_KINDS), len(euros) // 50)))
            )
        }
        for number, ((batch, currency), net) in enumerate(nets.items()):
            kind, off = wrong.get((batch, currency), ""), chance.randrange(1, 900)
            if not net:
                continue
            match kind:
                case "missing_in_bank":
                    self.planted.append((kind, batch, -net))
                    continue
                case "amount_over" | "amount_under":
                    by = off if kind == "amount_over" else -off
                    self.entries.append(Entry(batch, currency, net + by))
                    self.planted.append((kind, batch, by))
                    continue
                case "direction":
                    self.entries.append(Entry(batch, currency, -net))
                    self.planted.append((kind, batch, -2 * net))
                    continue
                case "split":
                    self.entries += [
                        Entry(batch, currency, net // 3),
                        Entry(batch, currency, net - net // 3),
                    ]
                    self.planted.append((kind, batch, 0))
                    continue
                case "duplicate":
                    # It pays again in a later statement what it has paid before.
                    self.entries.append(Entry(batch, currency, net))
                    self.entries.append(Entry(f"{batch}-AGAIN", currency, net + 7))
                    self.planted.append(("unidentified_credit", f"{batch}-AGAIN", net + 7))
                    continue
                case "unidentified_credit" | "missing_in_ledger":
                    amount = (
                        9_000_000 + number if kind == "unidentified_credit" else -777_000 - number
                    )
                    self.entries.append(Entry(f"{batch}-X", currency, amount))
                    self.planted.append((kind, f"{batch}-X", amount))
            self.entries.append(Entry(batch, currency, net))

    def report(self) -> Iterator[bytes]:
        """Write the processor's report, a piece at a time."""
        yield (
            b"type,reference,original_reference,occurred_at,currency,gross_minor,fee_minor,"
            b"net_minor,batch,status,original_currency,original_minor\n"
        )
        for line in self.reported:
            original = "" if line.original is None else line.original
            yield (
                f"capture,{line.reference},,{NOON.isoformat()},{line.currency},{line.gross},"
                f"{line.fee},{line.gross - line.fee},{line.batch},{line.status},"
                f"{line.original_currency},{original}\n"
            ).encode()

    def statement(self) -> Iterator[bytes]:
        """Write the bank's statement, one per currency, as camt.053."""
        yield (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:'
            b'xsd:camt.053.001.08"><BkToCstmrStmt>'
        )
        for currency in sorted({entry.currency for entry in self.entries}):
            rows = [entry for entry in self.entries if entry.currency == currency]
            total = sum(entry.amount for entry in rows)
            yield (
                f"<Stmt><Id>S-{currency}</Id><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id>"
                f"<Ccy>{currency}</Ccy></Acct>{_balance('OPBD', currency, 0)}"
                f"{_balance('CLBD', currency, total)}\n"
            ).encode()
            for entry in rows:
                yield (
                    f'<Ntry><Amt Ccy="{currency}">{_units(abs(entry.amount))}</Amt>'
                    f"<CdtDbtInd>{'CRDT' if entry.amount >= 0 else 'DBIT'}</CdtDbtInd>"
                    f"<Sts>BOOK</Sts><BookgDt><Dt>{DAY}</Dt></BookgDt><ValDt><Dt>{DAY}</Dt></ValDt>"
                    f"<AcctSvcrRef>{entry.reference}</AcctSvcrRef></Ntry>\n"
                ).encode()
            yield b"</Stmt>\n"
        yield b"</BkToCstmrStmt></Document>\n"


def _units(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _balance(kind: str, currency: str, minor: int) -> str:
    mark = "CRDT" if minor >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">'
        f"{_units(abs(minor))}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Dt><Dt>{DAY}</Dt></Dt></Bal>"
    )


def post(world: World, *, batch: int = 1_000) -> None:
    """Book everything the ledger expects, as one entry per line."""
    from fintech.kernel import actor, ids
    from fintech.kernel.money import Money
    from fintech.ledger import services as ledger
    from fintech.ledger.data import EntryKind, JournalEntry, Seen, chart
    from fintech.ledger.data import Expected as Marked
    from fintech.ledger.data.templates import making

    suspense = {c: chart.account(chart.SUSPENSE, c, "planted") for c in ("EUR", "USD")}
    for start in range(0, len(world.expected), batch):
        ledger.post(
            [
                JournalEntry(
                    id=ids.new(),
                    kind=EntryKind.POSTED,
                    template="planted",
                    version=1,
                    at=NOON,
                    lines=making.pairs(
                        (
                            making.receivable(SOURCE, Money(one.amount, one.currency)),
                            suspense[one.currency],
                            Money(one.amount, one.currency),
                        ),
                        expected=Marked(
                            kind=Seen.CAPTURE,
                            source=SOURCE,
                            reference=one.reference,
                            due_on=one.due_on,
                            fee_minor=one.fee,
                        ),
                    ),
                    subject=ids.new(),
                )
                for one in world.expected[start : start + batch]
            ],
            by=actor.system("planted"),
        )


def found() -> list[tuple[str, str, int]]:
    """Return the open breaks as they are planted."""
    from fintech.reconciliation.models import Break

    return [
        (kind, reference or batch, amount)
        for kind, reference, batch, amount in Break.objects.filter(state="open").values_list(
            "kind", "reference", "batch", "amount_minor"
        )
    ]


def record_rates() -> None:
    """Store the rates that the truth is made with."""
    from decimal import Decimal

    from fintech.wallets.services.quoting import record_rates as record

    record([(code, DAY, Decimal(str(rate))) for code, rate in PER_EURO.items()], source="planted")
