"""Rows of reconciliation: files with their rows, expectations, batches, runs and breaks."""

from fintech.reconciliation.models.breaks import Break
from fintech.reconciliation.models.files import Download, Import, SetAside, Statement
from fintech.reconciliation.models.lines import Batch, Expectation, Line
from fintech.reconciliation.models.runs import Anomaly, BankProof, Cursor, Run, RunTotal

__all__ = [
    "Anomaly",
    "BankProof",
    "Batch",
    "Break",
    "Cursor",
    "Download",
    "Expectation",
    "Import",
    "Line",
    "Run",
    "RunTotal",
    "SetAside",
    "Statement",
]
