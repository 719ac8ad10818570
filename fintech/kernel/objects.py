"""
Files by the SHA-256 of their content: written once, never changed.

They lie in a folder (`settings.OBJECTS_DIR`), two levels deep, read-only. The same
content has the same name, so writing twice is writing once.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings

from fintech.kernel.errors import NotFound


class ObjectNotFound(NotFound):
    """No file with this content is kept."""


def put(content: bytes) -> str:
    """Keep a file and return the SHA-256 of its content in hex."""
    name = hashlib.sha256(content).hexdigest()
    path = _path(name)
    if path.exists():
        return name
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
    Path(written.name).chmod(0o444)
    Path(written.name).replace(path)
    return name


def get(name: str) -> bytes:
    """
    Return the content of a file, checked against its name.

    Raises:
        ObjectNotFound: there is none, or it is no longer what it was.
    """
    try:
        content = _path(name).read_bytes()
    except OSError as missing:
        raise ObjectNotFound(object=name) from missing
    if hashlib.sha256(content).hexdigest() != name:
        raise ObjectNotFound("The file is not what it was.", object=name)
    return content


def _path(name: str) -> Path:
    return Path(settings.OBJECTS_DIR) / name[:2] / name[2:4] / name
