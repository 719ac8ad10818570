"""Whatever is wrong gets its exact status and code, and leaves nothing behind."""

import re

import pytest
from django.db import connection

from tests.api.bad_input import CASES, INTENT

# The request log and keys are what a refusal may leave.
_LEFT_OUT = ("merchants_requestlogline", "kernel_idempotencykey")


@pytest.fixture
def known(api, shop) -> dict[str, str]:
    """Ids of the shop's own things, by the names that the cases use."""
    made = {
        "customer": api.post("/v1/customers", name="Ada").body["id"],
        "method": api.post(
            "/v1/payment_methods", type="card", card={"number": "4242424242424242"}
        ).body["id"],
        "wallet": api.post("/v1/wallets", currency="eur").body["id"],
        "link": api.post("/v1/payment_links", title="A book", currency="eur").body["id"],
        "endpoint": api.post(
            "/v1/webhook_endpoints", url="https://example.com/hook", enabled_events=["*"]
        ).body["id"],
        "pi": api.post(INTENT, amount=500, currency="eur", payment_method="pm_card_visa").body[
            "id"
        ],
        "pi_bare": api.post(INTENT, amount=500, currency="eur").body["id"],
    }
    assert all(made.values())
    return made


def filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), text)


@pytest.fixture
def rows(db):
    """How many rows every table has, in one question."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "AND n.nspname NOT LIKE 'pg_%%' "
            "AND n.nspname NOT IN ('information_schema', 'pristine') "
            "AND NOT c.relname = ANY(%s)",
            [list(_LEFT_OUT)],
        )
        tables = [f"{schema}.{table}" for schema, table in cursor.fetchall()]
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)

    def counted() -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {counts}")
            return dict(zip(tables, cursor.fetchone(), strict=True))

    return counted


def test_there_are_enough_cases_and_each_has_a_name_of_its_own():
    names = [case.name for case in CASES]

    assert len(CASES) >= 400
    assert sorted({name for name in names if names.count(name) > 1}) == []


# A test is one transaction, and those have a longest time: a few cases each.
@pytest.mark.parametrize("start", range(0, len(CASES), 40))
def test_every_case_is_refused_as_it_should_and_leaves_nothing_behind(
    api, known, rows, acquirer, start
):
    before, wrong = rows(), []
    for case in CASES[start : start + 40]:
        content = case.content
        if len(content) < 5_000 and b"{" in content:
            content = filled(content.decode("utf-8", "surrogateescape"), known).encode(
                "utf-8", "surrogateescape"
            )
        answered = api.send(
            case.method,
            filled(case.path, known),
            content,
            content_type=case.content_type,
            headers=case.headers,
        )
        told = answered.body.get("error", {})
        got = (answered.status, told.get("code"), told.get("param"))
        if got != (case.status, case.code, case.param):
            wrong.append(f"{case.name}: {got}, not {(case.status, case.code, case.param)}")
        after = rows()
        if after != before:
            wrong.append(f"{case.name}: stored {[t for t in after if after[t] != before[t]]}")
        before = after
    assert not wrong, "\n".join(wrong)
    assert not acquirer.asked


def test_several_faults_are_told_at_once_the_first_in_the_envelope(api):
    refused = api.post(INTENT, amount="5", colour="red")

    assert refused.refusal == (400, "parameter_unknown", "colour")
    assert [(fault["param"], fault["code"]) for fault in refused.error["errors"]] == [
        ("colour", "parameter_unknown"),
        ("amount", "parameter_invalid_integer"),
        ("currency", "parameter_missing"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Zoë Ἀθηνᾶ 李"},
        {"name": "O'Neil"},
        {"name": "x" * 256},
        {"description": "emoji 🎉 and 👨‍👩‍👧, two\nlines"},
        {"metadata": {"k" * 40: "v" * 500}},
        {"metadata": {str(number): "v" for number in range(50)}},
        {"phone": "+49 1511 2345678"},
        {"description": "<script>alert(1)</script>"},
        {"name": None, "email": ""},
    ],
)
def test_what_is_unusual_but_right_passes(api, body):
    made = api.post("/v1/customers", body)

    assert made.status == 200
    wanted = {name: value for name, value in body.items() if value}
    assert {name: made.body[name] for name in wanted} == wanted
