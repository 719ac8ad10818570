"""
Files that wait in a folder: what a processor or a bank has sent over night.

Whatever carries them there (SFTP, a mailbox, a bank's client) is outside; here each is
imported once, known by its content, and stays where it is.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fintech.kernel.actor import Actor
from fintech.reconciliation import data, errors
from fintech.reconciliation.services.importing import import_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of the files of a folder."""

    imported: tuple[data.Import, ...]
    known: int
    refused: tuple[tuple[str, str], ...]


def fetch(*, folder: Path, by: Actor, at: datetime) -> Fetched:
    """Import every file of a folder, in the order of their names; a bad one stops nobody."""
    imported, refused, known = [], [], 0
    paths = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    for path in paths:
        if path.name.startswith(".") or path.suffix in {".part", ".tmp"}:
            continue  # Still being written.
        try:
            with path.open("rb") as content:
                found = import_file(content=content, name=path.name, by=by, at=at)
        except (errors.FileRejected, errors.ImportInProgress, OSError) as told:
            refused.append((path.name, str(told)))
            continue
        if found.duplicate:
            known += 1
        else:
            imported.append(found)
    return Fetched(imported=tuple(imported), known=known, refused=tuple(refused))
