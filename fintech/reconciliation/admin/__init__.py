"""Reconciliation in the back office: everything may be looked at, nothing changed by hand."""

from fintech.reconciliation.admin.breaks import BreakAdmin
from fintech.reconciliation.admin.files import (
    BatchAdmin,
    ExpectationAdmin,
    ImportAdmin,
    LineAdmin,
    SetAsideAdmin,
    StatementAdmin,
)
from fintech.reconciliation.admin.runs import AnomalyAdmin, BankProofAdmin, RunAdmin, RunTotalAdmin

__all__ = [
    "AnomalyAdmin",
    "BankProofAdmin",
    "BatchAdmin",
    "BreakAdmin",
    "ExpectationAdmin",
    "ImportAdmin",
    "LineAdmin",
    "RunAdmin",
    "RunTotalAdmin",
    "SetAsideAdmin",
    "StatementAdmin",
]
