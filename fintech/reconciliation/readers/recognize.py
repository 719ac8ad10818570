"""Which format a file has, by its content alone; names and endings lie too often."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import (
    camt,
    decoding,
    mt940_reader,
    simulator,
)
from fintech.reconciliation.readers.staging import BankStatement, Items, Line, clean

# Bytes: the limit that the API has for an upload; also for what an archive unpacks to.
SIZE_MAX = 64 * 1024 * 1024
MEMBERS_MAX = 100
HEAD = 8_192


class Format(StrEnum):
    """The formats that are read."""

    MT940 = "mt940"
    MT942 = "mt942"
    CAMT_052 = "camt.052"
    CAMT_053 = "camt.053"
    CAMT_054 = "camt.054"
    SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """A format and how to read it; `items` may still raise `FileRejected` while it is consumed."""

    format: Format
    processor: bool
    items: Items


def recognize(content: bytes) -> Recognized:
    """
    Find the reader for a file.

    Raises:
        FileRejected: it is empty, too large, or of no format that we read.
    """
    if not content.strip(b" \t\r\n\0"):
        raise FileRejected("the file is empty")
    if len(content) > SIZE_MAX:
        raise FileRejected(f"the file has {len(content)} bytes; at most {SIZE_MAX} are read")
    if content.startswith(b"PK\x03\x04"):
        return _archive(content)
    return _plain(content)


def _plain(content: bytes) -> Recognized:
    found = _format(content)
    if found is None:
        raise FileRejected(
            "the content is of no format that is read here "
            "(MT940, MT942, camt.052/053/054, simulator)"
        )
    read: dict[Format, Callable[[bytes], Items]] = {
        Format.MT940: mt940_reader.read,
        Format.MT942: mt940_reader.read,
        Format.SIMULATOR: simulator.read,
    }
    return Recognized(
        format=found,
        processor=found is Format.SIMULATOR,
        items=_told(found, read.get(found, camt.read)(content)),
    )


def _format(content: bytes) -> Format | None:
    head = content[:HEAD]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = decoding.decode(content[: HEAD * 2]).encode()
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        named = camt.NAMESPACE.search(head)
        return Format(named.group(1).decode()) if named else None
    if start.startswith(simulator.HEADER.encode()):
        return Format.SIMULATOR
    return _swift(content)


def _swift(content: bytes) -> Format | None:
    """MT940 by its fields; an interim report (MT942) has a floor limit and no booked balance."""
    text = decoding.decode(content)
    if "\n" not in text:
        text = text.replace("\r", "\n")
    seen: set[str] = set()
    for part in mt940_reader.fields(text):
        seen.add(part.tag[:2])
        if part.tag[:2] in {"60", "62"}:
            return Format.MT940
    if not seen:
        return None
    return Format.MT942 if "34" in seen else Format.MT940


def _told(found: Format, items: Items) -> Items:
    """Pass everything on; a file without a single statement is refused."""
    statements = 0
    for item in items:
        if not isinstance(item, Line) and hasattr(item, "ordinal"):
            statements += 1
        yield item
    if not statements:
        raise FileRejected(f"the file holds no statement ({found})")


def _archive(content: bytes) -> Recognized:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = [info for info in archive.infolist() if not info.is_dir()]
        if not members or len(members) > MEMBERS_MAX:
            raise FileRejected(
                f"the archive holds {len(members)} files; 1 to {MEMBERS_MAX} are read"
            )
        if sum(info.file_size for info in members) > SIZE_MAX:
            raise FileRejected(f"the archive unpacks to more than {SIZE_MAX} bytes")
        contents = [(info.filename, _member(archive, info)) for info in members]
        formats = {_format(inside) for _, inside in contents}
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as broken:
        raise FileRejected(f"the archive can't be unpacked: {clean(str(broken), 200)}") from broken
    if len(formats) != 1 or (found := formats.pop()) is None:
        raise FileRejected(
            "the archive holds files of no or several formats; import them one by one"
        )
    if found is Format.SIMULATOR:
        raise FileRejected("a processor's report is imported by itself, not in an archive")
    return Recognized(format=found, processor=False, items=_members(contents))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as opened:
        inside = opened.read(SIZE_MAX + 1)  # The size in the directory may lie.
    if len(inside) > SIZE_MAX:
        raise FileRejected(f"{clean(info.filename, 100)} unpacks to more than {SIZE_MAX} bytes")
    return inside


def _members(contents: list[tuple[str, bytes]]) -> Items:
    ordinal = 0
    for name, content in contents:
        before = ordinal
        for item in _plain(content).items:
            if isinstance(item, BankStatement):
                ordinal = before + item.ordinal + 1
                yield replace(item, ordinal=before + item.ordinal, member=clean(name, 200))
            elif isinstance(item, Line):
                yield replace(item, statement=before + item.statement)
            else:
                yield item
