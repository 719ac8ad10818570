"""
A run's report: what it began with and where every row and unit ended, signed.

The figures are one canonical JSON text, signed with the platform's Ed25519 key. The CSV and
the PDF show the same figures and name the text's hash and the signature, so that either can be
held against the JSON by anybody who has the public key.
"""

import csv
import hashlib
import io
import json
from pathlib import Path
from uuid import UUID

import orjson
from django.conf import settings

from fintech.kernel import proof
from fintech.reconciliation import data
from fintech.reconciliation.models import BankProof, Break
from fintech.reconciliation.queries import reading

_PAPER = Path(__file__).resolve().parent.parent / "typst" / "run.typ"
_KIND = b"reconciliation run report v1\n"
_BREAKS_MAX = 10_000
_PLACES = ("input", "matched", "broken", "ignored", "waiting")


def report(run_id: UUID) -> data.Report:
    """
    Return a run's report with its signature.

    Raises:
        RunNotFound: there is none.
    """
    run = reading.run(run_id)
    content: dict[str, object] = {
        "run": str(run.id),
        "source": run.source,
        "state": str(run.state),
        "started_at": run.started_at.isoformat(),
        "ended_at": None if run.ended_at is None else run.ended_at.isoformat(),
        "matched_rows": run.matched,
        "opened": run.opened,
        "resolved": run.resolved,
        "open_breaks": run.open_breaks,
        "control_totals": [
            {
                "witness": total.witness,
                "currency": total.currency,
                **{
                    place: {
                        "count": getattr(total, f"{place}_count"),
                        "minor": getattr(total, f"{place}_minor"),
                    }
                    for place in _PLACES
                },
                "accounted_for": total.input_minor
                == total.matched_minor
                + total.broken_minor
                + total.ignored_minor
                + total.waiting_minor,
            }
            for total in run.totals
        ],
        "bank": [
            {
                "account": one.account,
                "currency": one.closing.currency,
                "on": None if one.on is None else one.on.isoformat(),
                "closing_minor": one.closing.minor,
                "before_minor": one.before.minor,
                "booked_minor": one.ledger.minor,
                "unbooked_minor": one.unbooked.minor,
                "unexplained_minor": one.unexplained.minor,
            }
            for one in (row.as_data() for row in BankProof.objects.filter(run=run_id))
        ],
        "breaks_opened": [
            {
                "break": str(row.id),
                "kind": row.kind,
                "leg": row.leg,
                "reference": row.reference or row.batch,
                "currency": row.currency,
                "ours_minor": row.ours_minor,
                "theirs_minor": row.theirs_minor,
                "minor": row.amount_minor,
            }
            for row in Break.objects.filter(run=run_id).order_by("id")[:_BREAKS_MAX]
        ],
    }
    statement = _KIND + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    signed = proof.sign(statement, settings.SIGNING_KEY)
    return data.Report(
        run=run, content=content, statement=statement, key_id=signed.key_id, signature=signed.value
    )


def report_json(told: data.Report) -> bytes:
    """Return the report as JSON: the signed text's figures, its hash and the signature."""
    return orjson.dumps(
        {
            "report": told.content,
            "sha256": _hash(told),
            "signed_by": told.key_id,
            "signature": told.signature.hex(),
        },
        option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2,
    )


def report_csv(told: data.Report) -> bytes:
    """Return the control totals, the breaks and the signature as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("part", "witness", "currency", "place", "count", "minor"))
    for total in told.run.totals:
        for place in _PLACES:
            writer.writerow(
                (
                    "total",
                    total.witness,
                    total.currency,
                    place,
                    getattr(total, f"{place}_count"),
                    getattr(total, f"{place}_minor"),
                )
            )
    breaks = told.content["breaks_opened"]
    if isinstance(breaks, list):
        for one in breaks:
            writer.writerow(
                ("break", one["kind"], one["currency"], _plain(one["reference"]), 1, one["minor"])
            )
    writer.writerow(("sha256", _hash(told)))
    writer.writerow(("signature", told.key_id, told.signature.hex()))
    return text.getvalue().encode()


def report_pdf(told: data.Report) -> bytes:
    """Print the report; what it says travels as data, never as markup."""
    import typst

    shown = {
        **told.content,
        "sha256": _hash(told),
        "signed_by": told.key_id,
        "signature": told.signature.hex(),
    }
    printed: bytes = typst.compile(str(_PAPER), sys_inputs={"told": json.dumps(shown)})
    return printed


def _hash(told: data.Report) -> str:
    return hashlib.sha256(told.statement).hexdigest()


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
