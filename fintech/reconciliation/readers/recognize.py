"""Which format a file has, by its content alone; names and endings lie too often."""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import BinaryIO

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import (
    bai2,
    bank_tables,
    camt,
    coda,
    decoding,
    mt940_reader,
    ofx,
    simulator,
    tables,
)
from fintech.reconciliation.readers.processors import (
    adyen,
    braintree,
    checkout,
    dlocal,
    gravy,
    paypal,
    stripe,
    trustly,
)
from fintech.reconciliation.readers.staging import BankStatement, Items, Line, clean

SIZE_MAX = 4 * 1024 * 1024 * 1024  # Bytes of a file; it is read as a stream.
UNPACKED_MAX = 64 * 1024 * 1024  # Bytes that an archive unpacks to.
MEMBERS_MAX = 100
HEAD = 8_192
_BLANK = b" \t\r\n\0"


class Format(StrEnum):
    """The formats that are read."""

    MT940 = "mt940"
    MT942 = "mt942"
    CAMT_052 = "camt.052"
    CAMT_053 = "camt.053"
    CAMT_054 = "camt.054"
    BAI2 = "bai2"
    OFX = "ofx"
    CODA = "coda"
    CSV = "csv"
    SIMULATOR = "simulator"
    ADYEN_SETTLEMENT = "adyen.settlement_detail"
    ADYEN_ACCOUNTING = "adyen.payments_accounting"
    PAYPAL = "paypal"
    PAYPAL_ACTIVITY = "paypal.activity"
    STRIPE = "stripe"
    CHECKOUT = "checkout"
    DLOCAL = "dlocal"
    DLOCAL_EXPORT = "dlocal.export"
    TRUSTLY = "trustly"
    GRAVY = "gravy"
    BRAINTREE = "braintree"
    BRAINTREE_EXPORT = "braintree.export"


# Processors' tables, by the columns that make each of them known.
_TABLES = {
    Format.ADYEN_SETTLEMENT: adyen.SETTLEMENT_DETAIL,
    Format.ADYEN_ACCOUNTING: adyen.PAYMENTS_ACCOUNTING,
    Format.STRIPE: stripe.REPORT,
    Format.CHECKOUT: checkout.REPORT,
    Format.DLOCAL_EXPORT: dlocal.EXPORT,
    Format.GRAVY: gravy.REPORT,
    Format.BRAINTREE_EXPORT: braintree.EXPORT,
    Format.PAYPAL_ACTIVITY: paypal.ACTIVITY,
}
type Reader = Callable[[BinaryIO], Items]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """
    A format and how to read it; `items` may still raise `FileRejected` while it is consumed.

    `source` is the processor whose report it is; a bank's statement has none.
    """

    format: Format
    source: str
    items: Items

    @property
    def processor(self) -> bool:
        """Whether it is a processor's report."""
        return bool(self.source)


def recognize(content: bytes | BinaryIO, *, columns: Mapping[str, str] | None = None) -> Recognized:
    """
    Find the reader for a file.

    Args:
        content: the file; a stream must be able to seek.
        columns: a column map that a person declares for a bank's CSV.

    Raises:
        FileRejected: it is empty, too large, or of no format that we read.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    begins = stream.read(HEAD)
    while begins and not begins.strip(_BLANK):
        begins = stream.read(HEAD)
    if not begins:
        raise FileRejected("the file is empty")
    if size > SIZE_MAX:
        raise FileRejected(f"the file has {size} bytes; at most {SIZE_MAX} are read")
    stream.seek(0)
    if stream.read(4) == b"PK\x03\x04":
        return _archive(stream)
    return _plain(stream, columns)


def _plain(stream: BinaryIO, columns: Mapping[str, str] | None = None) -> Recognized:
    if columns:
        found, source, read = _declared(stream, columns)
    else:
        known = _format(stream)
        if known is None:
            raise FileRejected(
                "the content is of no format that is read here (MT940, MT942, camt.052/053/054, "
                "BAI2, OFX, CODA, a bank's CSV, or a report of Adyen, Braintree, Checkout.com, "
                "dLocal, Gravy, PayPal, Stripe, Trustly or the simulator)",
                line=1,
            )
        found, source, read = known
    return Recognized(format=found, source=source, items=_told(found, read(stream)))


def _declared(stream: BinaryIO, columns: Mapping[str, str]) -> tuple[Format, str, Reader]:
    known = bank_tables.declared(columns)
    table = tables.find(stream, known.knows)
    if table is None:
        wanted = ", ".join(sorted(known.requires))
        raise FileRejected(f"no row is a header with the columns {wanted}", line=1)
    return Format.CSV, "", lambda content: bank_tables.read(content, table, known)


def _format(stream: BinaryIO) -> tuple[Format, str, Reader] | None:
    head = decoding.head(stream, HEAD)
    start = head.lstrip("\ufeff \t\r\n\0")
    if ofx.recognizes(start):
        return Format.OFX, "", ofx.read
    if start.startswith("<"):
        named = camt.message(head)
        return (Format(named), "", camt.read) if named else None
    if braintree.recognizes(start):
        return Format.BRAINTREE, braintree.SOURCE, braintree.read
    if start.startswith(simulator.HEADER):
        return Format.SIMULATOR, simulator.SOURCE, simulator.read
    lines = list(islice(decoding.lines(stream), tables.HEADER_WITHIN))
    filled = next((line for line in lines if line.strip()), "").lstrip("\ufeff")
    if coda.recognizes(filled):
        return Format.CODA, "", coda.read
    if bai2.recognizes(filled):
        return Format.BAI2, "", bai2.read
    if trustly.recognizes([filled]):
        return Format.TRUSTLY, trustly.SOURCE, trustly.read
    if paypal.recognizes(lines):
        return Format.PAYPAL, paypal.SOURCE, paypal.read
    table = _table(lines)
    if table is not None:
        return table
    swift = _swift(stream)
    return None if swift is None else (swift, "", mt940_reader.read)


def _table(lines: list[str]) -> tuple[Format, str, Reader] | None:
    for found, adapter in _TABLES.items():
        table = tables.find_in(lines, adapter.knows)
        if table is not None:
            return found, adapter.source, lambda content: adapter.read(content, table)  # noqa: B023 -- returned at once.
    table = tables.find_in(lines, dlocal.knows)
    if table is not None:
        return Format.DLOCAL, dlocal.SOURCE, lambda content: dlocal.read(content, table)
    table = tables.find_in(lines, lambda header: bank_tables.map_of(header) is not None)
    if table is None:
        return None
    known = bank_tables.map_of(frozenset(table.header))
    if known is None:
        return None
    return Format.CSV, "", lambda content: bank_tables.read(content, table, known)


def _swift(stream: BinaryIO) -> Format | None:
    """MT940 by its fields; an interim report (MT942) has a floor limit or sums, and no balance."""
    seen: set[str] = set()
    for part in mt940_reader.fields(decoding.lines(stream)):
        seen.add(part.tag[:2])
        if part.tag[:2] in {"60", "62"}:
            return Format.MT940
    if not seen:
        return None
    return Format.MT942 if seen & {"34", "90"} else Format.MT940


def _told(found: Format, items: Items) -> Items:
    """Pass everything on; a file without a single statement is refused."""
    statements = 0
    for item in items:
        if not isinstance(item, Line) and hasattr(item, "ordinal"):
            statements += 1
        yield item
    if not statements:
        raise FileRejected(f"the file holds no statement ({found})", line=1)


def _archive(stream: BinaryIO) -> Recognized:
    try:
        archive = zipfile.ZipFile(stream)
        members = [info for info in archive.infolist() if not info.is_dir()]
        if not members or len(members) > MEMBERS_MAX:
            raise FileRejected(
                f"the archive holds {len(members)} files; 1 to {MEMBERS_MAX} are read"
            )
        if sum(info.file_size for info in members) > UNPACKED_MAX:
            raise FileRejected(f"the archive unpacks to more than {UNPACKED_MAX} bytes")
        contents = [(info.filename, _member(archive, info)) for info in members]
        formats = {_format(io.BytesIO(inside)) for _, inside in contents}
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as broken:
        raise FileRejected(f"the archive can't be unpacked: {clean(str(broken), 200)}") from broken
    found = {one[:2] for one in formats if one is not None}
    if None in formats or len(found) != 1:
        raise FileRejected(
            "the archive holds files of no or several formats; import them one by one"
        )
    format_, source = found.pop()
    if source and len(contents) > 1:
        raise FileRejected("processors' reports are imported one by one, not several in an archive")
    return Recognized(format=format_, source=source, items=_members(contents))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as opened:
        inside = opened.read(UNPACKED_MAX + 1)  # The size in the directory may lie.
    if len(inside) > UNPACKED_MAX:
        raise FileRejected(f"{clean(info.filename, 100)} unpacks to more than {UNPACKED_MAX} bytes")
    return inside


def _members(contents: list[tuple[str, bytes]]) -> Items:
    ordinal = 0
    for name, content in contents:
        before = ordinal
        for item in _plain(io.BytesIO(content)).items:
            if isinstance(item, BankStatement):
                ordinal = before + item.ordinal + 1
                yield replace(item, ordinal=before + item.ordinal, member=clean(name, 200))
            elif isinstance(item, Line):
                yield replace(item, statement=before + item.statement)
            else:
                yield item
