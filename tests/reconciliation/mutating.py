"""
Files that were damaged on their way: cut anywhere, bytes flipped, wrongly encoded, hostile.

Each family has a few sound files to begin with. A seed makes the same damage again.
"""

import random
from collections.abc import Callable, Iterator

from tests.reconciliation import test_bank_formats as bank
from tests.reconciliation import test_reports as reports

MT940 = """{{1:F01BANKDEFFAXXX0000000000}}{{2:O9400000}}{{4:
:20:START
:25:GB50SAND00000000000001
:28C:1/1
:60F:C261101EUR100,00
:61:2611021102C41,65NTRFREF-1//BANK-1
:86:166?00SEPA?20EREF+E2E-1?21SVWZ+Order 1?32Shop
:61:261102D2,50NMSCNONREF
:62F:C261102EUR139,15
-}}
"""
MT942 = """:20:START
:25:GB50SAND00000000000001
:28C:1/1
:34F:EURD0,
:13D:2611021200+0100
:61:2611021102C41,65NTRFREF-1
:86:text
:90C:1EUR41,65
"""
CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Id>STMT-1</Id><Acct><Id><IBAN>GB50SAND00000000000001</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">42.65</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>
<Ntry><Amt Ccy="EUR">41.65</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-02</Dt></BookgDt>
<ValDt><Dt>2026-11-02</Dt></ValDt><AcctSvcrRef>R1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>E2E</EndToEndId></Refs><RmtInf><Ustrd>Größe</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>
"""
SIMULATOR = """type,reference,original_reference,occurred_at,currency,gross_minor,fee_minor,net_minor,batch
capture,cap-1,,2026-11-02T09:00:00+00:00,EUR,4250,85,4165,SIM-EUR-20261102
TOTAL,,,,EUR,4250,85,4165,SIM-EUR-20261102
"""
FAMILIES: dict[str, tuple[str, ...]] = {
    "mt940": (MT940.format(), MT942),
    "camt": (CAMT, CAMT.replace("053", "054")),
    "bai2": (bank.BAI2.format(closing=121050, total=275150),),
    "ofx": (bank.OFX.format(amount="41.65"),),
    "coda": (bank.coda(closing=615000),),
    "csv": (bank.GERMAN, "Date,Amount,Currency,Balance\n2026-11-01,5.00,EUR,5.00\n"),
    "processors": (
        reports.ADYEN.format(payout="1000.00"),
        reports.PAYPAL.format(fees=320),
        reports.DLOCAL.format(net="29.00"),
        reports.TRUSTLY.format(paid="78.50"),
        reports.STRIPE.format(payout="87.10"),
        SIMULATOR,
    ),
    "json": ("[" + ",\n".join(str(reports.braintree()).replace("'", '"') for _ in range(3)) + "]",),
}
HUGE = 10_000_000  # Characters of one field.


def _cut(chance: random.Random, text: str) -> bytes:
    return text.encode()[: chance.randrange(len(text))]


def _flip(chance: random.Random, text: str) -> bytes:
    raw = bytearray(text.encode())
    for _ in range(chance.choice((1, 1, 2, 10, 100))):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


def _insert(chance: random.Random, text: str) -> bytes:
    raw, at = text.encode(), chance.randrange(len(text))
    junk = chance.choice(
        (b"\0", b'"', b"'", b"<", b">", b"&", b"\r", b"\n\n", b",", b";", b"/", b"--", b"]]>", b"{}", b"[",
         b"\xff\xfe", b"\xed\xa0\x80", b"9" * 400, b"1e999999999", b"-0", b"\xe2\x80\xae", b"NaN", b"\x1a")
    )  # fmt: skip
    return raw[:at] + junk * chance.choice((1, 1, 3, 50)) + raw[at:]


def _encode(chance: random.Random, text: str) -> bytes:
    told, really = (
        chance.choice(("utf-8", "utf-16", "utf-16-be", "utf-32", "cp500", "iso-8859-1", "utf-7")),
        chance.choice(("utf-8", "utf-16", "cp037", "iso-8859-15", "utf-32-be")),
    )
    return text.replace("UTF-8", told).encode(really, errors="replace")


def _lines(chance: random.Random, text: str) -> bytes:
    lines = text.splitlines(keepends=True)
    for _ in range(chance.randrange(1, 4)):
        at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
        what = chance.randrange(3)
        if what == 0 and len(lines) > 1:
            del lines[at]
        elif what == 1:
            lines.insert(to, lines[at])
        else:
            lines[at], lines[to] = lines[to % len(lines)], lines[at]
        if not lines:
            return b""
        lines = lines or [""]
    return "".join(lines).encode()


def _bomb(chance: random.Random, text: str) -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    kind = chance.randrange(4)
    if kind == 0:
        bomb = f"<!DOCTYPE x [{entities}]>"
        return text.replace("?>", "?>" + bomb, 1).replace("<OFX>", bomb + "<OFX>", 1).encode() + (
            b"" if "<" in text else bomb.encode()
        )
    if kind == 1:
        outside = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        return text.replace("?>", "?>" + outside, 1).replace("Order 1", "&x;").encode()
    deep = chance.choice((100, 5_000))
    at = chance.randrange(len(text))
    nest = {2: "<Ntry>" * deep, 3: '{"a":[' * deep}[kind]
    return (text[:at] + nest + text[at:]).encode()


def _huge(chance: random.Random, text: str) -> bytes:
    at = chance.randrange(len(text))
    return (text[:at] + chance.choice("A9 ,\n<\"'") * HUGE + text[at:]).encode()


DAMAGES: tuple[Callable[[random.Random, str], bytes], ...] = (
    _cut, _flip, _insert, _encode, _lines, _bomb,
)  # fmt: skip
HUGE_EVERY = 250


def damaged(family: str, count: int, seed: int = 7) -> Iterator[tuple[str, bytes]]:
    """Yield damaged files of a family with a name for each, so that one can be made again."""
    sound = FAMILIES[family]
    for number in range(count):
        chance = random.Random(f"{family} {seed} {number}")
        damage = DAMAGES[number % len(DAMAGES)] if number % HUGE_EVERY != 11 else _huge
        text = chance.choice(sound)
        content = damage(chance, text)
        if chance.random() < 0.2 and damage is not _huge:
            content = _flip(chance, content.decode("utf-8", "replace") or " ")
        yield f"{family} #{number} {damage.__name__}", content
