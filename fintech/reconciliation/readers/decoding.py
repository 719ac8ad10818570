"""
Bytes to text, a piece at a time.

Banks still send ISO-8859-1, UTF-16 and files with stray bytes; a name is not worth a refusal.
"""

import codecs
from collections.abc import Iterator
from typing import BinaryIO
from weakref import WeakKeyDictionary

_PIECE = 1 << 16
# Characters kept of one line; whatever is longer can only be noise, and is cut.
LINE_MAX = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(content: BinaryIO) -> str:
    """
    Tell the encoding by byte-order mark, else UTF-16 by its zeros, else UTF-8 if it is valid.

    What is neither is Windows-1252, or ISO-8859-1, in which every byte means something.
    """
    known = _known.get(content)
    if known is None:
        known = _known[content] = _encoding_of(content)
    return known


# A file is looked at several times before it is read; telling its encoding takes all of it.
_known: WeakKeyDictionary[BinaryIO, str] = WeakKeyDictionary()


def _encoding_of(content: BinaryIO) -> str:
    content.seek(0)
    head = content.read(_PIECE)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    pairs = head[:512]
    if len(pairs) >= 8 and pairs.count(0) * 3 > len(pairs):  # noqa: PLR2004 -- a few characters.
        return "utf-16-be" if pairs[::2].count(0) > pairs[1::2].count(0) else "utf-16-le"
    for encoding in ("utf-8", "cp1252"):
        if _decodes(content, encoding):
            return encoding
    return "iso-8859-1"


def lines(content: BinaryIO) -> Iterator[str]:
    """Yield every line without its end; only one line is in memory, and of that a bounded part."""
    decoder = codecs.getincrementaldecoder(encoding_of(content))("replace")
    content.seek(0)
    begun: list[str] = []
    size, end = 0, ""
    while True:
        piece = content.read(_PIECE)
        text = decoder.decode(piece, final=not piece)
        if text and not end:
            end = "\n" if "\n" in text or "\r" not in text else "\r"
        first, *rest = text.split(end or "\n")
        if size < LINE_MAX:
            begun.append(first[: LINE_MAX - size])
        size += len(first)
        for following in rest:
            yield "".join(begun).rstrip("\r")
            begun, size = [following[:LINE_MAX]], len(following)
        if not piece:
            break
    if size:
        yield "".join(begun).rstrip("\r")


def head(content: BinaryIO, characters: int) -> str:
    """Return the beginning of the text."""
    encoding = encoding_of(content)
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(content.read(characters * 4))[:characters]


def is_utf8(content: BinaryIO) -> bool:
    """Whether the bytes are valid UTF-8."""
    return _decodes(content, "utf-8")


def _decodes(content: BinaryIO, encoding: str) -> bool:
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := content.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
