"""What an operator does with breaks and reports over the API."""

import hashlib
import json

import pytest

from fintech.kernel import ids
from fintech.ledger import queries as ledger
from fintech.reconciliation import queries
from tests.make import reconciliation as make

BREAKS = "/v1/reconciliation/breaks"

pytestmark = pytest.mark.django_db(transaction=True)  # The journal is read below open writers.


@pytest.fixture
def run():
    """A comparison in which a fee is five cents higher than the contract says."""
    truth = make.Truth()
    truth.capture(42_50, reference="cap-1", fee_off=-5)
    make.imported(truth.report())
    make.imported(truth.camt())
    return make.compared()


def test_a_break_shows_what_would_be_posted_before_it_is(api, run):
    (found,) = api.get(BREAKS).body["data"]

    shown = api.get(f"{BREAKS}/{found['id']}/proposal").body

    assert [(line["account"], line["amount"], line["direction"]) for line in shown["lines"]] == [
        ("expenses:processor_fees", 5, "debit"),
        ("assets:processor:simulator:receivable", 5, "credit"),
    ]
    assert (shown["template"], shown["needs_approval"]) == ("adjust_receivable", False)
    done = api.post(
        f"{BREAKS}/{found['id']}/resolve", resolution="post_adjustment", note="as agreed"
    ).body
    entry = ledger.entry(ids.parse("ltx", done["journal_entry"]))
    assert (done["resolution"], entry.template) == ("post_adjustment", shown["template"])
    again = api.post(f"{BREAKS}/{found['id']}/resolve", resolution="void", note="twice")
    assert again.refusal[:2] == (400, "reconciliation_break_resolved")


def test_a_break_waits_with_a_reason_until_a_day_of_the_calendar(api, run):
    (found,) = api.get(BREAKS).body["data"]
    path = f"{BREAKS}/{found['id']}/wait"

    assert api.post(path, until="2026-02-30", note="later").refusal == (
        400,
        "parameter_invalid",
        "until",
    )
    assert api.get(f"{BREAKS}/{found['id']}").body["wait_until"] is None
    waiting = api.post(path, until="2026-12-01", note="The processor corrects it.").body

    assert (waiting["status"], waiting["wait_until"]) == ("open", "2026-12-01")


def test_what_a_break_might_belong_to_is_ranked(api):
    truth = make.Truth()
    truth.capture(42_50, reference="cap-1", in_ledger=False)
    truth.capture(42_50, reference="cap-2", at_acquirer=False)
    make.imported(truth.report())
    make.compared(at=make.NOON.replace(day=9))
    missing = next(
        one for one in api.get(BREAKS).body["data"] if one["kind"] == "missing_in_ledger"
    )

    told = api.get(f"{BREAKS}/{missing['id']}/suggestions").body

    assert [(one["reference"], one["amount"]) for one in told["data"]] == [("cap-2", 42_50)]
    assert told["data"][0]["points"] > 80


def test_a_report_is_the_text_that_was_signed(api, run):
    (shown,) = api.get("/v1/reconciliation/runs").body["data"]
    told = api.get(f"/v1/reconciliation/runs/{shown['id']}/report").body

    head, _, figures = told["statement"].partition("\n")
    assert head == "reconciliation run report v1"
    assert json.loads(figures)["open_breaks"] == 1
    assert told["sha256"] == hashlib.sha256(told["statement"].encode()).hexdigest()
    assert bytes.fromhex(told["signature"]) == queries.report(run.id).signature


def test_a_source_over_time_and_client_money_of_a_day(api, run):
    month = {"source": "simulator", "from": "2026-11-01", "to": "2026-11-30"}
    told = api.get("/v1/reconciliation/history", **month).body
    held = api.get("/v1/reconciliation/safeguarding", date="2026-11-01").body

    assert [(day["date"], day["lines"], day["breaks"]) for day in told["days"]] == [
        ("2026-11-02", 1, [{"count": 1, "kind": "fee_variance"}])
    ]
    assert held["currencies"] == []  # Before the first payment.
    (euros,) = api.get("/v1/reconciliation/safeguarding", date="2026-11-02").body["currencies"]
    assert euros["owed"] == 42_50
