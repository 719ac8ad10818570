"""
Bytes to text.

Banks still send ISO-8859-1, UTF-16 and files with stray bytes; a name is not worth a refusal.
"""

import codecs


def decode(content: bytes) -> str:
    """
    Decode by byte-order mark, else as UTF-8, else as Windows-1252 or ISO-8859-1.

    Never fails: every byte means something in ISO-8859-1.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("iso-8859-1")


def is_utf8(content: bytes) -> bool:
    """Whether the bytes are valid UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), 1 << 20):
            decoder.decode(content[start : start + (1 << 20)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
