"""What reconciliation refuses, and why."""

from uuid import UUID

from fintech.kernel.errors import Conflict, Invalid, NotFound, Refused


class FileRejected(Invalid):
    """The file can't be read as a statement or report; nothing of it is stored but this reason."""

    code = "statement_unreadable"
    format = ""  # As which it was read, once that is known.

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        where = f"line {line}: " if line else ""
        super().__init__(f"{where}{message}", line=line, column=column)
        self.reason, self.line, self.column = message, line, column


class ImportInProgress(Conflict):
    """Somebody is importing this very file."""

    code = "statement_import_in_progress"

    def __init__(self, *, sha256: str) -> None:
        super().__init__("This file is being imported right now.", sha256=sha256)


class ImportNotFound(NotFound):
    """There is no such import."""

    def __init__(self, import_id: UUID) -> None:
        super().__init__("There is no such import.", import_id=str(import_id))


class SourceUnknown(NotFound):
    """No processor is reconciled under this name."""

    def __init__(self, source: str) -> None:
        super().__init__(f"There is no source {source[:60]!r} to reconcile.", source=source[:60])


class RunInProgress(Conflict):
    """Another run of the same source holds the lock."""

    code = "reconciliation_run_in_progress"

    def __init__(self, *, source: str) -> None:
        super().__init__(
            f"A run of {source} is in progress; try again when it has ended.", source=source
        )


class RunNotFound(NotFound):
    """There is no such run."""

    def __init__(self, run_id: UUID) -> None:
        super().__init__("There is no such run.", run_id=str(run_id))


class BreakNotFound(NotFound):
    """There is no such break."""

    def __init__(self, break_id: UUID) -> None:
        super().__init__("There is no such break.", break_id=str(break_id))


class BreakAlreadyResolved(Refused):
    """The break was resolved before."""

    code = "reconciliation_break_resolved"

    def __init__(self, break_id: UUID, *, resolution: str) -> None:
        super().__init__(
            f"The break was resolved before ({resolution}).",
            break_id=str(break_id),
            resolution=resolution,
        )


class NoteMissing(Invalid):
    """A person who resolves a break says why."""

    code = "parameter_missing"
    param = "note"

    def __init__(self) -> None:
        super().__init__("A break is resolved with a note that says why.")


class ResolutionImpossible(Refused):
    """This kind of break cannot be resolved in this way."""

    code = "reconciliation_resolution_impossible"

    def __init__(self, *, kind: str, resolution: str) -> None:
        super().__init__(
            f"A break {kind} cannot be resolved by {resolution}.", kind=kind, resolution=resolution
        )
