"""What can be asked of reconciliation: import a file, run a comparison, resolve a break."""

from fintech.reconciliation.services.downloading import download
from fintech.reconciliation.services.fetching import fetch
from fintech.reconciliation.services.importing import import_file
from fintech.reconciliation.services.proposing import proposal
from fintech.reconciliation.services.resolving import approved, assign, resolve, wait
from fintech.reconciliation.services.running import preview, run
from fintech.reconciliation.services.watching import watch

__all__ = [
    "approved",
    "assign",
    "download",
    "fetch",
    "import_file",
    "preview",
    "proposal",
    "resolve",
    "run",
    "wait",
    "watch",
]
