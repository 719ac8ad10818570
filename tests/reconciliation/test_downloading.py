"""What processors have settled is fetched from them by the clock, through their adapters."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from fintech.kernel import clock
from fintech.kernel.money import Money
from fintech.payments import services as payments
from fintech.payments.data import AnswerStatus, SettlementFile
from fintech.payments.providers import circuit, registry
from fintech.reconciliation import queries, tasks
from fintech.reconciliation import services as reconciliation
from fintech.reconciliation.data import SOURCES, declared
from fintech.reconciliation.models import Download, Import, Line
from fintech.reconciliation.services.downloading import Downloaded
from sandbox.acquirer import book, files
from tests.make.reconciliation import BY, DAY, NOON, Truth, expect_capture, imported
from tests.payments.providers.fake import FakeAcquirer

# Real commits: the journal is read below the horizon of open transactions.
pytestmark = pytest.mark.django_db(transaction=True)
NEXT_DAY = NOON + timedelta(days=1)


@pytest.fixture
def truth() -> Truth:
    return Truth()


@pytest.fixture
def outside(truth) -> Iterator[dict[str, FakeAcquirer]]:
    """The acquirer and its backup, each with a book of its own, both paid to known accounts."""
    both = {name: FakeAcquirer(name=name) for name in ("simulator", "backup")}
    both["simulator"].book = truth.acquirer
    SOURCES.update(declared({"backup": {"account": files.OF_BACKUP.account}}))
    with ExitStack() as stack:
        for acquirer in both.values():
            stack.enter_context(registry.using(acquirer))
        yield both
    del SOURCES["backup"]


@pytest.fixture
def office(client) -> Client:
    """Somebody with every right."""
    user = get_user_model().objects.create_superuser(
        email="staff@example.com", name="Sam", password="a long enough password"
    )
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def captured_at_backup(outside, minor: int, reference: str) -> None:
    outside["backup"].book.authorize(
        {
            "reference": reference,
            "amount_minor": minor,
            "currency": "EUR",
            "card": "visa",
            "capture": True,
            "occurred_at": NOON.isoformat(),
        }
    )
    fee = Money(book.fee_minor(minor, "EUR"), "EUR")
    expect_capture(reference, Money(minor, "EUR"), fee, provider="backup")


def downloaded(at=NEXT_DAY) -> Downloaded:
    return reconciliation.download(by=BY, at=at)


def kept() -> list[tuple[str, str, str, int]]:
    return [
        (row.provider, f"{row.on:%m-%d} {row.currency}", row.outcome, row.asked)
        for row in Download.objects.order_by("provider", "on", "currency")
    ]


def test_the_clock_fetches_from_every_processor_and_compares(truth, outside):
    truth.capture(42_50, reference="cap-1")
    captured_at_backup(outside, 9_99, "cap-2")

    with clock.fixed(NEXT_DAY):
        tasks.run_nightly()

    rows = Line.objects.order_by("reference").values_list("source", "reference", "batch", "place")
    assert list(rows) == [
        ("simulator", "cap-1", "SIM-EUR-20261102", "matched"),
        ("backup", "cap-2", "BAK-EUR-20261102", "matched"),
    ]
    assert {run.source: run.matched for run in queries.runs()} == {"simulator": 2, "backup": 2}
    names = Import.objects.order_by("name").values_list("name", "source")
    assert ("backup 2026-11-02 EUR", "backup") in names


def test_a_file_that_was_had_is_not_asked_for_again(truth, outside):
    truth.capture(42_50)
    assert downloaded().fetched == 3
    assert downloaded() == Downloaded()

    assert kept() == [
        ("simulator", "10-31 EUR", "fetched", 1),
        ("simulator", "11-01 EUR", "fetched", 1),
        ("simulator", "11-02 EUR", "fetched", 1),
    ]
    assert downloaded(NEXT_DAY + timedelta(days=1)).fetched == 1  # The new day alone.
    assert outside["simulator"].asked[f"file {DAY} EUR"] == 1


def test_a_day_that_is_not_over_and_a_currency_that_nobody_expects_are_not_asked_for(
    truth, outside
):
    truth.capture(500, "JPY")
    downloaded(NOON)

    assert {(row[0], row[1]) for row in kept()} == {
        ("simulator", "10-30 JPY"),
        ("simulator", "10-31 JPY"),
        ("simulator", "11-01 JPY"),
    }


def test_a_processor_that_does_not_answer_costs_the_others_nothing_and_is_asked_an_hour_later(
    truth, outside
):
    truth.capture(42_50)
    captured_at_backup(outside, 9_99, "cap-2")
    outside["simulator"].fall_silent()

    had = downloaded()

    assert (had.fetched, had.unanswered) == (3, ("simulator",))
    assert kept()[3:] == [("simulator", "10-31 EUR", "unanswered", 1)]  # And left alone.
    outside["simulator"].fall_silent(silent=False)
    assert downloaded(NEXT_DAY + timedelta(hours=1)).fetched == 3
    assert kept()[3:] == [
        ("simulator", "10-31 EUR", "fetched", 2),
        ("simulator", "11-01 EUR", "fetched", 1),
        ("simulator", "11-02 EUR", "fetched", 1),
    ]


def test_what_was_missed_in_an_outage_is_closed_by_the_file_that_comes_late(truth, outside):
    truth.capture(42_50)
    outside["simulator"].fall_silent()
    with clock.fixed(NEXT_DAY + timedelta(days=1)):
        tasks.run_nightly()
    assert [found.kind for found in queries.open_breaks()] == ["missing_in_processor"]

    outside["simulator"].fall_silent(silent=False)
    with clock.fixed(NEXT_DAY + timedelta(days=2)):
        tasks.run_nightly()

    assert [f.kind for f in queries.open_breaks(source="simulator") if f.leg == 1] == []


def test_after_a_long_outage_every_day_is_asked_for(truth, outside):
    truth.capture(42_50)
    outside["simulator"].fall_silent()
    downloaded()
    outside["simulator"].fall_silent(silent=False)

    assert downloaded(NEXT_DAY + timedelta(days=9)).fetched == 12  # From 31 October on.
    assert kept()[0][1] == "10-31 EUR"


def test_a_file_that_could_not_be_had_shows_in_metrics(truth, outside):
    truth.capture(42_50)
    outside["simulator"].fall_silent()
    downloaded()
    assert queries.files_missing(at=NOON) == {"simulator": 1}
    with clock.fixed(NEXT_DAY):
        told = Client().get("/metrics").content.decode()
    assert 'settlement_files_missing{provider="simulator"} 1.0' in told

    outside["simulator"].fall_silent(silent=False)
    downloaded(NEXT_DAY + timedelta(hours=1))
    with clock.fixed(NEXT_DAY + timedelta(hours=1)):
        told = Client().get("/metrics").content.decode()
    assert 'settlement_files_missing{provider="simulator"} 0.0' in told


def test_staff_see_which_day_s_file_was_had(truth, outside, office):
    truth.capture(42_50)
    outside["simulator"].fall_silent()
    downloaded()
    outside["simulator"].fall_silent(silent=False)
    page = office.get(reverse("admin:reconciliation_download_changelist")).content.decode()
    assert "unanswered" in page

    downloaded(NEXT_DAY + timedelta(hours=1))
    page = office.get(reverse("admin:reconciliation_download_changelist")).content.decode()
    assert "simulator 2026-11-02 EUR" in page
    assert "unanswered" not in page.split("<tbody")[1]


def test_a_processor_whose_circuit_is_open_is_not_asked(truth, outside):
    truth.capture(42_50)
    circuit.hold("simulator", "open")
    try:
        assert downloaded().unanswered == ("simulator",)
    finally:
        circuit.hold("simulator", "")

    assert kept() == [("simulator", "10-31 EUR", "unanswered", 0)]
    assert outside["simulator"].asked.total() == 0


@pytest.mark.parametrize("content", [b"", b"<html>Please sign in</html>", b"date,amount\n1,2\n"])
def test_what_is_no_report_leaves_its_reason_and_no_row(truth, outside, monkeypatch, content):
    truth.capture(42_50)
    answer = SettlementFile(status=AnswerStatus.SUCCEEDED, content=content)
    monkeypatch.setattr(outside["simulator"], "settlement_file", lambda **_: answer)

    assert downloaded().refused == 3

    assert {row[2] for row in kept()} == {"refused"}
    assert Line.objects.count() == 0
    assert {row.state for row in Import.objects.all()} == {"rejected"}


def test_a_bank_s_statement_is_no_processor_s_report(truth, outside, monkeypatch):
    truth.capture(42_50)
    answer = SettlementFile(status=AnswerStatus.SUCCEEDED, content=truth.camt())
    monkeypatch.setattr(outside["simulator"], "settlement_file", lambda **_: answer)

    downloaded()

    (row,) = Import.objects.all()
    assert (row.state, row.reason) == (
        "rejected",
        "simulator sent something else than a processor's report",
    )
    assert imported(truth.camt()).state == "imported"  # By a person it may be brought.


def test_a_processor_without_files_is_not_asked(truth, outside, monkeypatch):
    truth.capture(42_50)
    from fintech.payments.providers.protocol import Capabilities

    monkeypatch.setattr(outside["simulator"], "capabilities", Capabilities(settlement_files=False))
    assert downloaded() == Downloaded()

    told = payments.settlement_file(provider="simulator", on=DAY, currency="EUR")
    assert (told.status, told.asked) == (AnswerStatus.ABSENT, False)
    assert outside["simulator"].asked.total() == 0


def test_nobody_is_asked_while_a_transaction_is_open(outside):
    with transaction.atomic(), pytest.raises(RuntimeError, match="no transaction is open"):
        payments.settlement_file(provider="simulator", on=DAY, currency="EUR")


def test_the_database_refuses_a_day_that_was_fetched_without_a_file():
    with pytest.raises(IntegrityError, match="that_was_fetched_names_its_file"):
        Download.objects.create(
            provider="simulator", on=DAY, currency="EUR", outcome="fetched", asked_at=NOON
        )
