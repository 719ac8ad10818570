"""Checking the journal against its seals, seal by seal, as the entries come."""

from uuid import UUID

from fintech.kernel.sealing import SealedLog
from fintech.kernel.seals import Fault, Seal

Found = tuple[int, bytes, int, bytes]  # Position, leaf, writing transaction, id.


class Sealed:
    """What the seals say beside what was read; kept is only what waits for its seal."""

    def __init__(self, log: SealedLog, known: tuple[int, bytes] | None) -> None:
        """Begin at the first seal."""
        self._checked = log.checked(known=known)
        self._found: dict[int, tuple[bytes, int, bytes]] = {}
        self._faults: list[Fault] = []
        self._windows: list[tuple[int, int, int]] = []
        self._seal = self._next()

    def take(self, found: list[Found]) -> None:
        """Compare entries with their seals, as far as all of a seal's have come."""
        for position, leaf, xid, entry_id in found:
            self._found[position] = leaf, xid, entry_id
        while self._seal and all(position in self._found for position, _ in self._seal.leaves):
            self._compare(self._seal)
            self._seal = self._next()

    def finish(self) -> list[Fault]:
        """Compare what is left; return everything that differs."""
        while self._seal:
            self._compare(self._seal)
            self._seal = self._next()
        for _, xid, entry_id in self._found.values():
            if self._was_sealed(xid):
                row = f"ledger_entry {UUID(bytes=entry_id)}"
                self._faults.append(Fault(row=row, reason="was put in after the seal"))
        return self._faults

    def _was_sealed(self, xid: int) -> bool:
        return any(low <= xid < high for low, high, _ in self._windows)

    def _compare(self, seal: Seal) -> None:
        low, high, floor = seal.from_xid, seal.to_xid, seal.floor_position
        last = self._windows[-1] if self._windows else (0, 0, -1)
        if last[1:] == (low, floor):
            self._windows[-1] = last[0], high, floor
        else:
            self._windows.append((low, high, floor))
        for position, sealed in seal.leaves:
            leaf, _, entry_id = self._found.pop(position, (None, 0, b""))
            if leaf is None:
                row = f"ledger_entry at position {position}"
                self._faults.append(Fault(row=row, reason="was removed"))
            elif leaf != sealed:
                row = f"ledger_entry {UUID(bytes=entry_id)}"
                self._faults.append(Fault(row=row, reason="was changed"))

    def _next(self) -> Seal | None:
        for seal, faults in self._checked:
            self._faults += faults
            if seal is not None:
                return seal
        return None
