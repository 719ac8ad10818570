"""Bad entries over the posting door: the exact code each, nothing stored, the rest unharmed."""

from datetime import timedelta

import pytest
from django.db import connection

from fintech.kernel import ids
from fintech.wire import json

pytestmark = pytest.mark.django_db

BIG = 2**62


@pytest.fixture
def book(api):
    def opened(code, type_="asset", currency="eur", **more):
        return api.post(
            "/v1/ledger/accounts", code=code, type=type_, currency=currency, **more
        ).body["id"]

    accounts = {
        "cash": opened("1"), "income": opened("2", "income"), "usd": opened("3", currency="usd"),
        "floored": opened("4", minimum_balance=0), "closed": opened("5"),
        "bank": opened("6"), "other": opened("7", "income"),
    }  # fmt: skip
    api.post(f"/v1/ledger/accounts/{accounts['closed']}/close")
    return accounts


def stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_entry")
        return cursor.fetchone()[0]


def id_made(delta):
    milliseconds = (ids.new().int >> 80) + int(delta.total_seconds() * 1000)
    made = (milliseconds << 80) | (ids.new().int & ((1 << 80) - 1))
    return ids.public("ltx", type(ids.new())(int=made))


DEBIT = '{"account":"@cash","direction":"debit","amount":5}'
CREDIT = '{"account":"@income","direction":"credit","amount":5}'
PAIR = f"[{DEBIT},{CREDIT}]"


def lines(debit=DEBIT, credit=CREDIT, more=""):
    return f'{{"lines":[{debit},{credit}]{more}}}'


def amount(text):
    return lines(DEBIT.replace(":5", f":{text}"), CREDIT.replace(":5", f":{text}"))


def with_(name, text):
    return f'{{"lines":{PAIR},"{name}":{text}}}'


MISSING, INVALID, WHOLE = "parameter_missing", "parameter_invalid", "parameter_invalid_integer"
EMPTY, UNKNOWN, MALFORMED = "parameter_invalid_empty", "parameter_unknown", "malformed_body"
# The entry as it is sent ("@name" stands for an account's id), and the code of its refusal.
CASES = {
    "unbalanced": (lines(credit=CREDIT.replace(":5", ":6")), "entry_unbalanced"),
    "two debits": (lines(credit=CREDIT.replace("credit", "debit")), "entry_unbalanced"),
    "one line": (f'{{"lines":[{DEBIT}]}}', "entry_unbalanced"),
    "no lines": ('{"lines":[]}', MISSING),
    "nothing": ("{}", MISSING),
    "lines null": ('{"lines":null}', MISSING),
    "lines an object": ('{"lines":{}}', INVALID),
    "lines text": ('{"lines":"all"}', INVALID),
    "a line null": (f'{{"lines":[{DEBIT},null]}}', EMPTY),
    "a line a number": (f'{{"lines":[{DEBIT},5]}}', INVALID),
    "a line empty": (f'{{"lines":[{DEBIT},{{}}]}}', MISSING),
    "101 lines": (f'{{"lines":[{",".join([DEBIT] * 101)}]}}', INVALID),
    "zero": (amount("0"), "amount_too_small"),
    "negative": (amount("-5"), "amount_too_small"),
    "very negative": (amount(str(-BIG * 4)), "amount_too_small"),
    "2^62": (amount(str(BIG)), "amount_too_large"),
    "2^63": (amount(str(2**63)), "amount_too_large"),
    "2^63 - 1": (amount(str(2**63 - 1)), "amount_too_large"),
    "2^64 + 5": (amount(str(2**64 + 5)), "amount_too_large"),
    "forty digits": (amount("9" * 40), "amount_too_large"),
    "forty-one digits": (amount("9" * 41), MALFORMED),
    "a thousand digits": (amount("9" * 1_000), MALFORMED),
    "a float": (amount("5.0"), WHOLE),
    "half a cent": (amount("0.5"), WHOLE),
    "an exponent": (amount("5e2"), WHOLE),
    "a huge exponent": (amount("1e400"), WHOLE),
    "text": (amount('"5"'), WHOLE),
    "hexadecimal": (amount('"0x10"'), WHOLE),
    "true": (amount("true"), WHOLE),
    "null amount": (amount("null"), EMPTY),
    "an array": (amount("[5]"), WHOLE),
    "an object as amount": (amount("{}"), WHOLE),
    "NaN": (amount("NaN"), MALFORMED),
    "Infinity": (amount("Infinity"), MALFORMED),
    "minus Infinity": (amount("-Infinity"), MALFORMED),
    "a leading zero": (amount("05"), MALFORMED),
    "a plus": (amount("+5"), MALFORMED),
    "no amount": (lines(DEBIT.replace(',"amount":5', "")), MISSING),
    "no direction": (lines(DEBIT.replace('"direction":"debit",', "")), MISSING),
    "no account": (lines(DEBIT.replace('"account":"@cash",', "")), MISSING),
    "another direction": (lines(DEBIT.replace("debit", "left")), INVALID),
    "a direction in capitals": (lines(DEBIT.replace("debit", "DEBIT")), INVALID),
    "sum beyond 2^62": (
        f'{{"lines":[{DEBIT.replace(":5", f":{BIG - 1}")},{DEBIT.replace(":5", f":{BIG - 1}")},'
        f'{CREDIT.replace(":5", f":{BIG - 1}")},{CREDIT.replace(":5", f":{BIG - 1}")}]}}',
        "amount_too_large",
    ),
    "an unknown account": (lines(DEBIT.replace("@cash", "@nobody")), "ledger_account_unknown"),
    "a made-up account": (lines(DEBIT.replace("@cash", "cash")), "ledger_account_unknown"),
    "the platform's bank": (
        lines(DEBIT.replace("@cash", "assets:bank:main")), "ledger_account_unknown",
    ),
    "an account of another kind": (
        lines(DEBIT.replace("@cash", "ltx_0000000000000000000000")), "ledger_account_unknown",
    ),
    "a number as account": (lines(DEBIT.replace('"@cash"', "7")), INVALID),
    "a closed account": (lines(DEBIT.replace("@cash", "@closed")), "ledger_account_closed"),
    "mixed currencies": (lines(CREDIT.replace("@income", "@usd")), "entry_unbalanced"),
    "two currencies": (lines(credit=CREDIT.replace("@income", "@usd")), "entry_currency_mismatch"),
    "another currency than the account's": (
        lines(DEBIT.replace(":5", ':5,"currency":"usd"')), "entry_currency_mismatch",
    ),
    "no currency of this world": (
        lines(DEBIT.replace(":5", ':5,"currency":"xxx"')), "currency_not_supported",
    ),
    "a withdrawn currency": (
        lines(DEBIT.replace(":5", ':5,"currency":"hrk"')), "currency_not_supported",
    ),
    "below the minimum": (
        lines(DEBIT.replace("@cash", "@other"), CREDIT.replace("@income", "@floored")),
        "entry_overdraft",
    ),
    "an id of the future": (with_("id", '"@future"'), "entry_id_out_of_window"),
    "an ancient id": (with_("id", '"@ancient"'), "entry_id_out_of_window"),
    "an id of version 4": (with_("id", '"@random"'), "entry_id_out_of_window"),
    "an id of zeros": (with_("id", f'"ltx_{"0" * 22}"'), "entry_id_out_of_window"),
    "an id too large": (with_("id", f'"ltx_{"z" * 22}"'), INVALID),
    "an id too short": (with_("id", '"ltx_1"'), INVALID),
    "an id with another prefix": (with_("id", f'"pi_{"1" * 22}"'), INVALID),
    "a number as id": (with_("id", "7"), INVALID),
    "a closed period": (with_("occurred_at", "1500000000"), "period_closed"),
    "before 1970": (with_("occurred_at", "-1"), INVALID),
    "after the year 9999": (with_("occurred_at", "253402300800"), INVALID),
    "a date as text": (with_("occurred_at", '"2026-11-24"'), WHOLE),
    "a pending entry that is not there": (with_("pending_entry", '"@new"'), "pending_not_found"),
    "pending and ending": (
        f'{{"lines":{PAIR},"pending":true,"pending_entry":"@new"}}', "parameters_exclusive",
    ),
    "pending with three lines": (
        f'{{"lines":[{DEBIT},{CREDIT},{DEBIT},{CREDIT}],"pending":true}}', "entry_unbalanced",
    ),
    "pending from the credit side": (
        f'{{"lines":[{CREDIT},{DEBIT}],"pending":true}}', "entry_unbalanced",
    ),
    "pending as text": (with_("pending", '"yes"'), INVALID),
    "a template with spaces": (with_("template", '"a sale"'), INVALID),
    "a template too long": (with_("template", f'"{"x" * 41}"'), INVALID),
    "an unknown parameter": (with_("comment", '"hello"'), UNKNOWN),
    "an unknown parameter of a line": (lines(DEBIT.replace(":5", ':5,"note":"x"')), UNKNOWN),
    "a name twice": (f'{{"lines":{PAIR},"lines":{PAIR}}}', MALFORMED),
    "an amount twice": (lines(DEBIT.replace(":5", ':5,"amount":6')), MALFORMED),
    "too deep": (with_("template", "[" * 20 + "]" * 20), MALFORMED),
    "half a character": (with_("template", '"\\ud800"'), MALFORMED),
    "a zero byte": (with_("template", '"\\u0000"'), INVALID),
    "broken JSON": (f'{{"lines":{PAIR}', MALFORMED),
    "trailing text": (f'{{"lines":{PAIR}}} x', MALFORMED),
    "an array for an entry": ("[]", MALFORMED),
    "a number": ("7", MALFORMED),
    "text only": ('"entry"', MALFORMED),
}  # fmt: skip


@pytest.fixture
def written(book, shop):
    """An entry of the table as bytes, with the accounts of this book."""
    from datetime import UTC, datetime

    from fintech.ledger import services
    from tests.make.ledger import BY

    services.close_period(
        before=datetime(2020, 1, 1, tzinfo=UTC), book=shop.id, by=BY, at=datetime.now(UTC)
    )
    names = {
        **book,
        "nobody": ids.public("lac", ids.new()),
        "future": id_made(timedelta(hours=2)),
        "ancient": id_made(timedelta(days=-450)),
        "random": ids.public(
            "ltx", __import__("uuid").UUID("0199e0c8-8a1b-4b6e-9a61-3c2a1b0c9d8e")
        ),
        "new": ids.public("ltx", ids.new()),
    }

    def write(text: str) -> bytes:
        for name, value in sorted(names.items(), key=lambda item: -len(item[0])):
            text = text.replace(f"@{name}", value)
        return text.encode()

    return write


def test_there_are_enough():
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES)
def test_one_is_refused_with_its_code_and_nothing_is_stored(api, written, case):
    text, code = CASES[case]
    answered = api.send("POST", "/v1/ledger/entries", written(text))

    assert (answered.status, answered.error["code"]) == (400, code)
    assert stored() == 0


@pytest.mark.parametrize("part", range(4))
def test_in_a_batch_the_others_are_unharmed(api, book, written, part):
    """Every case between two good entries: those are posted, this is rejected with its code."""
    cases = list(CASES.items())[part::4]
    good = written(lines())
    content = [good]
    for _, (text, _) in cases:
        content += [written(text), good]
    told = api.send(
        "POST", "/v1/ledger/entry_batches", b"\n".join(content), content_type="application/x-ndjson"
    ).body

    wrong = told["results"][1::2]
    assert {
        name: one["errors"][0]["code"] for (name, _), one in zip(cases, wrong, strict=True)
    } == {name: code for name, (_, code) in cases}
    assert [one["status"] for one in told["results"][::2]] == ["posted"] * (len(cases) + 1)
    assert stored() == len(cases) + 1
    assert api.get(f"/v1/ledger/accounts/{book['cash']}").body["posted"] == 5 * (len(cases) + 1)


def batch(api, content, content_type="application/json"):
    return api.send("POST", "/v1/ledger/entry_batches", content, content_type=content_type)


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (b" ", "application/json", "malformed_body"),
        (b"[]", "application/json", "malformed_body"),
        (b"{}", "application/json", "malformed_body"),
        (b"[{}", "application/json", "malformed_body"),
        (b"[7]", "application/json", "malformed_body"),
        (b'[{"a":1,"a":2}]', "application/json", "malformed_body"),
        (b'[{"a":NaN}]', "application/json", "malformed_body"),
        (b"\xff\xfe", "application/json", "malformed_body"),
        (b"\n\n", "application/x-ndjson", "malformed_body"),
        (b"[]", "text/csv", "unsupported_media_type"),
        (b"a=b", "application/x-www-form-urlencoded", "unsupported_media_type"),
        (json.dumps([{}] * 1_001), "application/json", "batch_too_large"),
        (b"{}\n" * 1_001, "application/x-ndjson", "batch_too_large"),
    ],
)
def test_a_whole_batch_is_refused(api, content, content_type, code):
    answered = batch(api, content, content_type)
    assert (answered.status, answered.error["code"]) == (400, code)
    assert stored() == 0


def test_a_batch_beyond_four_mebibytes_is_refused(api):
    answered = batch(api, b" " * (4 * 1024 * 1024 + 1), "application/x-ndjson")
    assert (answered.status, answered.error["code"]) == (413, "request_too_large")


def test_the_same_id_with_other_content_in_one_batch(api, written):
    first = written('{"lines":' + PAIR + ',"id":"@new","occurred_at":1795000000}')
    other = first.replace(b":5}", b":6}")
    told = batch(api, b"\n".join([first, other, first]), "application/x-ndjson").body
    assert [one["status"] for one in told["results"]] == ["posted", "rejected", "exists"]
    assert told["results"][1]["errors"][0]["code"] == "entry_conflict"
    assert stored() == 1


def test_a_balance_never_leaves_its_range(api, written):
    """Two of 2^62 - 1 would: the second is refused, and a third that fits is posted."""
    big = written(amount(str(BIG - 1)))
    told = batch(api, b"\n".join([big, big, written(lines())]), "application/x-ndjson").body
    assert [one["status"] for one in told["results"]] == ["posted", "rejected", "rejected"]
    assert told["results"][1]["errors"][0]["code"] == "amount_too_large"
