"""What can be asked of reconciliation: import a file, run a comparison, resolve a break."""

from fintech.reconciliation.services.importing import import_file
from fintech.reconciliation.services.resolving import resolve
from fintech.reconciliation.services.running import run

__all__ = ["import_file", "resolve", "run"]
