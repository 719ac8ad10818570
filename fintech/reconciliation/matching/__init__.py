"""What fits to what: pure decisions over plain values, without a database."""

from fintech.reconciliation.matching.judging import (
    Finding,
    Ours,
    Paid,
    Theirs,
    Verdict,
    difference,
    distinct,
    judge_batch,
    judge_line,
    ours_only,
    theirs_only,
)
from fintech.reconciliation.matching.likeness import (
    Candidate,
    Fit,
    Wanted,
    fits,
    ranked,
    subset,
)

__all__ = [
    "Candidate",
    "Finding",
    "Fit",
    "Ours",
    "Paid",
    "Theirs",
    "Verdict",
    "Wanted",
    "difference",
    "distinct",
    "fits",
    "judge_batch",
    "judge_line",
    "ours_only",
    "ranked",
    "subset",
    "theirs_only",
]
