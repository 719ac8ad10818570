"""What can be asked about reconciliation. Nothing here changes anything."""

from fintech.reconciliation.queries.history import (
    day_figures,
    days_of_run,
    fee_report,
    settlement_ageing,
)
from fintech.reconciliation.queries.invariants import INVARIANTS
from fintech.reconciliation.queries.reading import (
    batches,
    breaks,
    found_break,
    has_run_on,
    imported,
    imports,
    lines,
    open_breaks,
    places,
    readings,
    rows_set_aside,
    run,
    runs,
    statements,
)
from fintech.reconciliation.queries.reporting import report, report_csv, report_json, report_pdf
from fintech.reconciliation.queries.safeguarding import safeguarding
from fintech.reconciliation.queries.working import (
    ageing,
    anomalies,
    claim_file,
    files_missing,
    jobs,
    suggestions,
)

__all__ = [
    "INVARIANTS",
    "ageing",
    "anomalies",
    "batches",
    "breaks",
    "claim_file",
    "day_figures",
    "days_of_run",
    "fee_report",
    "files_missing",
    "found_break",
    "has_run_on",
    "imported",
    "imports",
    "jobs",
    "lines",
    "open_breaks",
    "places",
    "readings",
    "report",
    "report_csv",
    "report_json",
    "report_pdf",
    "rows_set_aside",
    "run",
    "runs",
    "safeguarding",
    "settlement_ageing",
    "statements",
    "suggestions",
]
