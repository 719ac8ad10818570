"""Files in a body: raw as they are, or one part of a multipart form."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from fintech.api.codec.tree import Malformed

_FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes and what it is called; for people only."""

    name: str
    content: bytes


def read(content: bytes, headers: Mapping[str, str], *, part: str = "file") -> File:
    """
    Read the one file of a body.

    Raises:
        Malformed: the form cannot be read, or does not hold exactly that part.
    """
    media_type = headers.get("Content-Type", "")
    if not media_type.lower().startswith(_FORM):
        return File(name=headers.get("X-File-Name", "")[:300], content=content)
    meta = {"CONTENT_TYPE": media_type, "CONTENT_LENGTH": str(len(content))}
    handlers = [MemoryFileUploadHandler(), TemporaryFileUploadHandler()]
    try:
        fields, files = MultiPartParser(meta, BytesIO(content), handlers, "utf-8").parse()
    except (MultiPartParserError, BadRequest, RequestDataTooBig, SuspiciousOperation):
        raise Malformed("The multipart form cannot be read.") from None
    named = [*fields, *(name for name in files if name != part)]
    if named:
        raise Malformed(
            f"The form holds {named[0][:80]!r}; it holds {part!r} alone.", named[0][:80]
        )
    found = files.getlist(part)
    if len(found) != 1 or not isinstance(found[0], UploadedFile):
        raise Malformed(f"The form holds no {part!r}, or more than one.", part)
    return File(name=str(found[0].name), content=found[0].read())
