"""Two encodings of one schema: the traps that clients have set."""

import pytest

from fintech.api.codec import brackets, fields, strict_json
from fintech.api.codec.fields import read_fields
from fintech.api.codec.tree import Malformed

SCHEMA = {
    "amount": fields.Amount(),
    "confirm": fields.Boolean(),
    "currency": fields.Currency(),
    "description": fields.Text(longest=20, lines=True),
    "metadata": fields.Metadata(),
    "types": fields.Many(of=fields.OneOf(words=("card", "wallet"))),
    "card": fields.Group(
        fields={"number": fields.CardNumber(required=True), "exp_month": fields.Integer()}
    ),
    "created": fields.Range(),
    "customer": fields.Id(prefix="cus", noun="customer"),
    "payment_method": fields.PaymentMethod(),
    "url": fields.Url(),
    "email": fields.Email(),
}


def read(nodes) -> dict:
    """Values, or codes by parameter where something is wrong."""
    faults: list = []
    values = read_fields(SCHEMA, nodes, faults)
    return {fault.param: fault.code for fault in faults} or values


def form(text: str) -> dict:
    return read(brackets.read(text))


def json(text: str) -> dict:
    return read(strict_json.read(text.encode()))


TWINS = [
    ("amount=4250&currency=eur", '{"amount": 4250, "currency": "eur"}'),
    ("confirm=true", '{"confirm": true}'),
    ("metadata[order]=1&metadata[b c]=x+y", '{"metadata": {"order": "1", "b c": "x y"}}'),
    ("metadata[0]=x", '{"metadata": {"0": "x"}}'),
    ("metadata%5Border%5D=1", '{"metadata": {"order": "1"}}'),
    ("metadata=", '{"metadata": ""}'),
    ("metadata[gone]=", '{"metadata": {"gone": null}}'),
    ("types[0]=card&types[1]=wallet", '{"types": ["card", "wallet"]}'),
    ("types[1]=wallet&types[0]=card", '{"types": ["card", "wallet"]}'),
    ("types[]=card&types[]=wallet", '{"types": ["card", "wallet"]}'),
    ("card[number]=4242424242424242", '{"card": {"number": "4242424242424242"}}'),
    ("created[gte]=5&created[lt]=9", '{"created": {"gte": 5, "lt": 9}}'),
    ("created=5", '{"created": 5}'),
    ("description=", '{"description": null}'),
    ("description=a%0Ab", '{"description": "a\\nb"}'),
    ("payment_method=pm_card_visa", '{"payment_method": "pm_card_visa"}'),
]


@pytest.mark.parametrize(("written", "said"), TWINS)
def test_a_form_and_its_json_twin_mean_the_same(written, said):
    assert form(written) == json(said)


def test_a_list_is_a_list_because_its_field_says_so():
    assert form("types[0]=card") == {"types": ["card"]}
    assert form("metadata[0]=card") == {"metadata": {"0": "card"}}


@pytest.mark.parametrize(
    "text",
    [
        "a=1&a[b]=2",
        "a[b]=2&a=1",
        "a=1&a=2",
        "a[b]=1&a[b]=2",
        "a[]=1&a[b]=2",
        "a[b]=1&a[]=2",
        "a[][b]=1",
        "a[b=1",
        "a]b[=1",
        "[a]=1",
        "=1",
        "a[b][c][d][e][f][g][h][i]=1",
        "a=%ff",
        "&".join(f"a{number}=1" for number in range(1001)),
    ],
)
def test_a_form_that_can_be_read_in_two_ways_is_not_read(text):
    with pytest.raises(Malformed):
        brackets.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '"text"',
        "null",
        "1",
        '{"a": 1} {}',
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 1}}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": "\\ud800"}',
        '{"\\ud800": 1}',
        '\ufeff{"a": 1}',
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": ' + "9" * 41 + "}",
        '{"a": ' + "[" * 8 + "]" * 8 + "}",
        "[" * 100_000,
        '{"a":' * 50_000,
        "{" + ",".join(f'"a{number}": 1' for number in range(1001)) + "}",
    ],
)
def test_json_that_is_broken_or_has_two_meanings_is_not_read(text):
    with pytest.raises(Malformed):
        strict_json.read(text.encode())


def test_json_is_utf_8():
    with pytest.raises(Malformed):
        strict_json.read(b'{"a": "\xff"}')


WRONG = [
    ('{"amount": "100"}', {"amount": "parameter_invalid_integer"}),
    ('{"amount": 1.0}', {"amount": "parameter_invalid_integer"}),
    ('{"amount": 1e3}', {"amount": "parameter_invalid_integer"}),
    ('{"amount": true}', {"amount": "parameter_invalid_integer"}),
    ('{"amount": []}', {"amount": "parameter_invalid_integer"}),
    ('{"amount": {}}', {"amount": "parameter_invalid_integer"}),
    ('{"amount": 0}', {"amount": "amount_too_small"}),
    ('{"amount": -1}', {"amount": "amount_too_small"}),
    ('{"amount": 100000000}', {"amount": "amount_too_large"}),
    ('{"amount": 9223372036854775808}', {"amount": "amount_too_large"}),
    ('{"currency": "hrk"}', {"currency": "currency_not_supported"}),
    ('{"currency": "xxx"}', {"currency": "currency_not_supported"}),
    ('{"currency": "euro"}', {"currency": "currency_not_supported"}),
    ('{"currency": 978}', {"currency": "parameter_invalid"}),
    ('{"confirm": "true"}', {"confirm": "parameter_invalid"}),
    ('{"confirm": 1}', {"confirm": "parameter_invalid"}),
    ('{"description": "' + "x" * 21 + '"}', {"description": "parameter_invalid"}),
    ('{"description": "a\\u0000b"}', {"description": "parameter_invalid"}),
    ('{"description": "a\\u202eb"}', {"description": "parameter_invalid"}),
    ('{"description": "4242 4242 4242 4242"}', {"description": "sensitive_data_rejected"}),
    ('{"metadata": {"a": "4242424242424242"}}', {"metadata[a]": "sensitive_data_rejected"}),
    ('{"metadata": {"a": 1}}', {"metadata[a]": "parameter_invalid"}),
    ('{"metadata": {"a": {"b": "c"}}}', {"metadata[a]": "parameter_invalid"}),
    ('{"metadata": []}', {"metadata": "parameter_invalid"}),
    ('{"metadata": {"' + "k" * 41 + '": "v"}}', {f"metadata[{'k' * 40}]": "parameter_invalid"}),
    ('{"metadata": {"k": "' + "v" * 501 + '"}}', {"metadata[k]": "parameter_invalid"}),
    (
        '{"metadata": {' + ",".join(f'"{number}": "v"' for number in range(51)) + "}}",
        {"metadata": "parameter_invalid"},
    ),
    ('{"types": "card"}', {"types": "parameter_invalid"}),
    ('{"types": {"0": "card"}}', {"types": "parameter_invalid"}),
    ('{"types": ["cash"]}', {"types[0]": "parameter_invalid"}),
    ('{"types": [null]}', {"types[0]": "parameter_invalid_empty"}),
    ('{"card": "4242424242424242"}', {"card": "parameter_invalid"}),
    ('{"card": {}}', {"card[number]": "parameter_missing"}),
    ('{"card": {"number": ""}}', {"card[number]": "parameter_invalid_empty"}),
    ('{"card": {"number": "4242424242424242", "pin": 1}}', {"card[pin]": "parameter_unknown"}),
    ('{"created": {"after": 1}}', {"created[after]": "parameter_unknown"}),
    ('{"customer": "pi_0000000000000000000000"}', {"customer": "resource_missing"}),
    ('{"customer": "cus_1"}', {"customer": "resource_missing"}),
    ('{"customer": 1}', {"customer": "parameter_invalid"}),
    ('{"payment_method": "pm_card_unheardOf"}', {"payment_method": "resource_missing"}),
    ('{"url": "ftp://example.com"}', {"url": "url_invalid"}),
    ('{"url": "https://user:pass@example.com"}', {"url": "url_invalid"}),
    ('{"url": "https://"}', {"url": "url_invalid"}),
    ('{"url": "https://example.com:99999/"}', {"url": "url_invalid"}),
    ('{"email": "nobody"}', {"email": "parameter_invalid"}),
    ('{"colour": "red"}', {"colour": "parameter_unknown"}),
    ('{"amount": 0, "colour": 1}', {"colour": "parameter_unknown", "amount": "amount_too_small"}),
]


@pytest.mark.parametrize(("said", "faults"), WRONG, ids=lambda one: str(one)[:60])
def test_what_is_wrong_is_told_by_parameter_and_code(said, faults):
    assert json(said) == faults


RIGHT = [
    ('{"description": "Zoë, 李, Ἀθηνᾶ 🎉"}', {"description": "Zoë, 李, Ἀθηνᾶ 🎉"}),
    ('{"description": "👨‍👩‍👧 family"}', {"description": "👨‍👩‍👧 family"}),
    ('{"currency": "EUR"}', {"currency": "EUR"}),
    ('{"currency": "kwd", "amount": 1001}', {"currency": "KWD", "amount": 1001}),
    ('{"description": "no 4242424242424241"}', {"description": "no 4242424242424241"}),
    ('{"amount": 99999999}', {"amount": 99_999_999}),
]


@pytest.mark.parametrize(("said", "values"), RIGHT)
def test_what_is_unusual_but_right_passes(said, values):
    assert json(said) == values


@pytest.mark.parametrize("written", ["1e3", "0x10", "1.0", " 1", "+1", "１"])
def test_a_form_writes_whole_numbers_in_plain_digits(written):
    assert read(brackets.read(f"amount={written.replace('+', '%2B')}")) == {
        "amount": "parameter_invalid_integer"
    }
