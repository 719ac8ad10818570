"""The journal taken outside: the stand-alone verifier, and other people's formats."""

import hashlib
import io
import json
import re
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

import fintech.ledger
from fintech.kernel import ids, proof
from fintech.kernel.money import Money
from fintech.ledger import queries, services
from tests.make import ledger as make
from tests.make.ledger import eur

pytestmark = pytest.mark.django_db(transaction=True)

VERIFIER = Path(fintech.ledger.__file__).parent / "management" / "verify_journal.py"


@pytest.fixture
def books():
    wallet = make.full_wallet(eur(50_00))
    card = make.authorized(eur(42_50))
    make.post(make.capture(card, eur(40_00), fee=eur(80), processor_fee=eur(60)))
    services.seal()
    held = make.hold(wallet, ids.new(), eur(5_00))
    make.post(held)
    make.post(make.release(held))
    make.post(
        make.top_up(ids.new(), Money(700, "JPY")), make.top_up(ids.new(), Money(1_234, "KWD"))
    )
    services.seal()
    make.post(make.transfer(wallet, ids.new(), eur(1_00)))


def export(form: str) -> list[str]:
    out = io.StringIO()
    call_command("export_journal", format=form, stdout=out)
    return out.getvalue().splitlines()


def judge(tmp_path, lines: list[str], *more: str) -> tuple[int, str]:
    file = tmp_path / "journal.jsonl"
    file.write_text("\n".join(lines) + "\n")
    key = proof.public_key(settings.SIGNING_KEY).hex()
    # Isolated and elsewhere: it must not need, or find, the project.
    done = subprocess.run(
        [sys.executable, "-I", VERIFIER, file, "--key", key, *more],
        capture_output=True, text=True, check=False, cwd=tmp_path, env={},
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


@pytest.mark.usefixtures("books")
def test_a_true_journal_is_intact(tmp_path):
    code, said = judge(tmp_path, export("jsonl"))
    assert code == 0
    assert "intact: 8 entries, " in said
    assert "7 entries sealed by 2 heads, 1 not sealed yet" in said
    assert said.endswith(f"head 2:{queries.heads()[0].head.digest().hex()}")


def changed(lines, kind, where, **change):
    """The export with one record of a kind changed, and that record as it was."""
    places = [n for n, text in enumerate(lines) if json.loads(text)["type"] == kind]
    place = places[where]
    record = json.loads(lines[place])
    return [*lines[:place], json.dumps({**record, **change}), *lines[place + 1 :]], record


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": 1},
        {"template": "other"},
        {"by": "staff|x"},
        {"recorded_at": 1},
        {"final": True},
        {"subject": None},
        {"expected": "[]"},
        {"version": 2},
    ],
)
def test_a_changed_entry_is_named(tmp_path, change):
    lines, record = changed(export("jsonl"), "entry", 1, **change)
    code, said = judge(tmp_path, lines)
    assert code == 1
    assert record["id"] in said


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("change", [{"amount": 1}, {"balance": 7}, {"hash": "00"}, {"pending": 9}])
def test_a_changed_line_is_named(tmp_path, change):
    lines, record = changed(export("jsonl"), "line", 3, **change)
    code, said = judge(tmp_path, lines)
    assert code == 1
    assert f"line {record['account']}/{record['seq']}" in said


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("kind", ["account", "entry", "line", "seal"])
def test_a_removed_record_is_noticed(tmp_path, kind):
    lines = export("jsonl")
    for place, text in enumerate(lines):
        if json.loads(text)["type"] == kind:
            without = [*lines[:place], *lines[place + 1 :]]
            code, said = judge(tmp_path, without)
            last_line = kind == "line" and "not all of its lines" in said
            assert code == 1, (text, said)
            assert "is missing" in said or "not there" in said or last_line or "follow" in said
            break


@pytest.mark.usefixtures("books")
def test_a_cut_off_journal_is_told_by_a_head_kept_elsewhere(tmp_path):
    lines = export("jsonl")
    kept = f"2:{queries.heads()[0].head.digest().hex()}"
    assert judge(tmp_path, lines, "--head", kept)[0] == 0

    shorter = [text for text in lines if json.loads(text).get("number") != 2]
    assert judge(tmp_path, shorter)[0] == 0
    assert judge(tmp_path, shorter, "--head", kept) == (
        1,
        "NOT INTACT: seal 2: is missing; the journal was cut off",
    )
    other = f"2:{hashlib.sha256().hexdigest()}"
    assert judge(tmp_path, lines, "--head", other)[0] == 1


@pytest.mark.usefixtures("books")
def test_a_head_signed_by_a_stranger_is_refused(tmp_path):
    lines, _ = changed(export("jsonl"), "seal", 0, key_id="0" * 16)
    assert "a key that was not given" in judge(tmp_path, lines)[1]
    lines, _ = changed(export("jsonl"), "seal", 0, signature="00" * 64)
    assert "its signature is wrong" in judge(tmp_path, lines)[1]


@pytest.mark.usefixtures("books")
def test_a_file_that_is_no_export_is_refused(tmp_path):
    for lines in (["{"], ['{"type": "entry"}'], ['{"type": "other"}'], ["[]"], ["7"]):
        assert judge(tmp_path, lines)[0] == 1


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("form", ["hledger", "beancount"])
def test_other_formats_hold_every_balance(form):
    sums = defaultdict(Decimal)
    for text in export(form):
        found = re.fullmatch(r"\s+(\S+)  (-?[\d.]+) ([A-Z]{3})", text)
        if found:
            sums[found[1].lower(), found[3]] += Decimal(found[2])

    receivable = "assets:processor:simulator:receivable"
    for currency in ("EUR", "JPY", "KWD"):
        stored = queries.balance(receivable, currency).posted.decimal()
        assert sums[f"{receivable}:{currency.lower()}", currency] == stored != 0
        assert sum(total for (_, of), total in sums.items() if of == currency) == 0
