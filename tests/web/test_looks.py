"""Words, numbers, charts and files: what can be checked without a browser."""

import hashlib
import re
from collections import defaultdict
from datetime import date, timedelta
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import URLResolver, get_resolver, resolve

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import events as payment_events
from fintech.web import charts, formats, pills
from fintech.web.dashboard import desk, steps
from fintech.web.dashboard.steps import telling
from fintech.web.data import Day, Period
from fintech.web.forms import money_of
from tests.e2e import addresses as pages

WEB = Path(charts.__file__).parent
STATIC = WEB / "static" / "web"
ROOMS = (
    *("merchants", "ledger", "wallets", "fraud", "payments"),
    *("reconciliation", "audit", "notifications", "web"),
)


# Which machine of `pills` shows each machine of the rooms; None: no person ever sees it.
SHOWN = {
    "merchants.MerchantStatus": "merchant",
    "ledger.EntryState": "entry",
    "wallets.WalletState": "wallet",
    "wallets.HoldState": "hold",
    "wallets.ReservationState": "reservation",
    "wallets.TransferState": "transfer",
    "wallets.QuoteState": "quote",
    "wallets.WithdrawalState": "withdrawal",
    "fraud.Decision": "decision",
    "fraud.CaseState": "case",
    "fraud.RuleState": "rule",
    "fraud.ModelStage": "model",
    "payments.PaymentState": "payment",
    "payments.AttemptState": "attempt",
    "payments.CaptureState": "operation",
    "payments.RefundState": "operation",
    "payments.SessionState": "session",
    "payments.AnswerStatus": None,  # What a provider says, before it is anybody's state.
    "reconciliation.ImportState": "import",
    "reconciliation.RunState": "run",
    "reconciliation.BreakState": "break",
    "notifications.DeliveryState": "delivery",
    "notifications.Stage": "stage",
    "web.ExportState": "export",
}


def machines() -> dict[str, type[StrEnum]]:
    """Every enumeration of states that a room declares."""
    found = {}
    for room in ROOMS:
        declared = import_module(f"fintech.{room}.data")
        for name, value in vars(declared).items():
            is_machine = isinstance(value, type) and issubclass(value, StrEnum)
            if is_machine and name.endswith(("State", "Status", "Stage", "Decision")):
                found[f"{room}.{name}"] = value
    return found


def test_every_machine_of_every_room_is_shown_or_said_not_to_be():
    assert set(machines()) == set(SHOWN)


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_every_state_has_a_pill_a_word_and_a_sentence(name):
    shown = SHOWN[name]
    if shown is None:
        return
    for state in machines()[name]:
        pill = pills.MACHINES[shown][str(state)]
        assert pill.word
        assert pill.sentence.endswith(".")


def test_every_column_of_a_state_that_a_person_sees_has_its_pills():
    """Machines that are no enumeration are found by the choices of their columns."""
    described = [set(states) for states in pills.MACHINES.values()]
    for model in apps.get_models():
        if not model._meta.app_label.startswith(("kernel", *ROOMS)):
            continue
        for column in model._meta.concrete_fields:
            states = {str(value) for value, _ in column.choices or ()}
            if column.name in {"state", "status"} and states:
                assert any(states <= known for known in described), (model, states)


def test_every_pill_has_its_anchor_in_the_docs(client, db):
    page = client.get("/docs/states").content.decode()

    for machine, states in pills.MACHINES.items():
        for state, pill in states.items():
            assert f'id="{pills.anchor(machine, state)}"' in page
            assert pill.sentence.replace("'", "&#x27;") in page


def test_every_fact_of_a_payment_is_told_on_its_timeline():
    def named(kind: type) -> set[str]:
        return {kind.name.split(".")[1]} if kind.name else set()

    facts = set[str]()
    for base in (payment_events.PaymentFact, payment_events.RefundFact):
        for kind in base.__subclasses__():
            facts |= named(kind)

    assert facts <= steps.KINDS


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (42_50, "EUR", "€42.50"),
        (-1204_50, "EUR", "−€1,204.50"),
        (0, "EUR", "€0.00"),
        (1200, "JPY", "¥1,200"),
        (1_234, "KWD", "KWD 1.234"),
        (999_999_999_999, "EUR", "€9,999,999,999.99"),
    ],
)
def test_amounts_are_written_with_their_own_decimals(minor, currency, written):
    assert formats.amount(Money(minor, currency)) == written


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("42.50", "EUR", 42_50),
        ("€1,204.5", "EUR", 1204_50),
        (" 7 ", "KWD", 7_000),
        ("1200", "JPY", 1200),
        ("0.001", "KWD", 1),
    ],
)
def test_amounts_are_read_exactly(typed, currency, minor):
    assert money_of(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("step", "written"),
    [
        (timedelta(milliseconds=57), "+57 ms"),
        (timedelta(seconds=1.25), "+1.2 s"),
        (timedelta(minutes=6), "+6 min"),
        (timedelta(days=1), "+1 day"),
        (timedelta(days=12), "+12 days"),
    ],
)
def test_gaps_are_written_shortly(step, written):
    assert formats.after(step) == written


def test_a_charts_bars_stand_for_their_amounts():
    first = date(2026, 11, 1)
    period = Period(
        currency="EUR",
        days=tuple(
            Day(day=first + timedelta(days=number), captured_minor=minor)
            for number, minor in enumerate((0, 100_00, 200_00, 1))
        ),
    )

    chart = charts.volume(period)

    assert [bar.height for bar in chart.bars] == [0, 92, 184, 1]
    assert all(bar.y + bar.height == chart.bottom for bar in chart.bars)
    assert [rule.label for rule in chart.rules] == ["€0", "€50", "€100", "€150", "€200"]


def test_a_chart_of_nothing_is_a_chart():
    assert charts.volume(Period(currency="JPY")).bars == ()


def test_vendored_files_are_those_of_the_list():
    listed = re.findall(
        r"\| `(vendor/\S+)` .*\| `([0-9a-f]{64})` \|", (STATIC / "VENDORED.md").read_text()
    )

    assert {name for name, _ in listed} == {
        str(path.relative_to(STATIC))
        for path in (STATIC / "vendor").rglob("*")
        if path.is_file() and path.name != "LICENSE"
    }
    for name, digest in listed:
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest
        assert (STATIC / name).with_name("LICENSE").is_file()


def test_no_page_asks_another_host_and_none_carries_a_script_or_style_of_its_own():
    for template in (WEB / "templates").rglob("*.html"):
        source = template.read_text()
        assert not re.search(r"""(src|href)=["'](https?:)?//""", source), template
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", source), (
            template
        )
    css = (STATIC / "web.css").read_text()
    assert not re.search(r"url\(\"?(https?:)?//|@import", css)


def test_pages_carry_the_strict_policy(client, db):
    policy = client.get("/accounts/login/")["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_every_icon_is_in_the_sprite():
    """One that is not there would be drawn as nothing."""
    drawn = set(re.findall(r'id="([a-z0-9-]+)"', next(STATIC.rglob("icons.svg")).read_text()))
    used = {step(_ANY)[1] for step in telling.TOLD.values()}
    for template in (WEB / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([a-z0-9-]+)" %}', template.read_text()))
    used |= {icon for _, _, icon, _ in desk._NAV}

    assert used <= drawn


class _Anything(dict):
    """Data of a fact, whatever is asked of it."""

    def __missing__(self, name: str) -> object:
        return "EUR" if name == "currency" else 100 if name.endswith(("minor", "score")) else "x"

    def get(self, name: str, _default: object = None) -> object:
        return self[name]


_ANY = _Anything()


def test_what_payers_load_is_light():
    """Bootstrap, our layer, the script and the type face, as they go over the wire."""
    import gzip

    packed = [
        STATIC / "vendor/bootstrap-5.3.9/bootstrap.min.css",
        STATIC / "web.css",
        STATIC / "web.js",
    ]
    total = sum(len(gzip.compress(path.read_bytes())) for path in packed)
    total += (STATIC / "vendor/inter-5.3.0/inter-latin-wght-normal.woff2").stat().st_size

    assert total < 100_000


def test_every_address_is_looked_at_in_a_browser_or_shows_no_page():
    """The names come from the addresses themselves, so a new page cannot be forgotten."""
    uuid = str(ids.new())
    places = defaultdict(
        lambda: uuid,
        month="2026-01",
        customer=ids.public("cus", ids.new()),
        thanks=f"/pay/token/{ids.public('pi', ids.new())}",
        challenge=f"/pay/challenge/{ids.public('ch', ids.new())}",
        **{name: ids.public("pi", ids.new()) for name in ("payment", "authorized", "declined")},
    )
    known = {one.name for one in _addresses(get_resolver("fintech.web.urls").url_patterns)}
    looked_at = {
        resolve(address.format_map(places).partition("?")[0], "fintech.web.urls").url_name
        for address in (*pages.DESK.values(), *pages.OPEN.values())
        if not address.startswith(("/accounts/", "/docs/")) or address == "/docs/states"
    }
    elsewhere = set().union(*pages.NO_PAGE.values())

    assert known - elsewhere - looked_at == set()
    assert elsewhere - known == set()
    assert elsewhere & looked_at == set()


def _addresses(patterns):
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _addresses(one.url_patterns)
        else:
            yield one
