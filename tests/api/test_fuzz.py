"""
Whatever is sent, nothing is ours to blame: no answer of 500, and none off the contract.

Requests are made of the declarations: each parameter gets something that fits, something
that nearly does, or junk. The same seed sends the same requests; EFFORT says how many.
"""

import os
import random

import pytest

from fintech.api.codec import fields
from fintech.kernel import ids
from fintech.wire import json
from tests.api.operations import OPERATIONS, prefix_of

PER_TEST = 120  # A test is one transaction, and those have a longest time.
TESTS = max(2, round(200 * float(os.environ.get("EFFORT", "0.02"))))
JUNK = [
    None, "", 0, -1, 1, 5, True, False, 1.5, 2**63, -(2**63), 10**30, "x", "x" * 600, "\x00",
    "\u202e", "👨‍👩‍👧", "4242424242424242", "eur", "usd", "jpy", "card", "null", "true", "0x10",
    [], [None], ["a", "b"], [[]], {}, {"a": "b"}, {"a": {"b": {"c": []}}}, {"": ""},
    "pm_card_visa", "pm_card_chargeDeclined", "tok_visa", "https://example.com", "a@example.com",
]  # fmt: skip


_FITTING = {
    fields.PaymentMethod: ["pm_card_visa", "pm_card_chargeDeclined"],
    fields.Amount: [1, 500, 4250, 99_999_999],
    fields.Integer: [1, 12, 60, 2034, 1_793_620_800],
    fields.Currency: ["eur", "usd", "jpy", "kwd"],
    fields.Boolean: [True, False],
    fields.IpAddress: ["203.0.113.7", "2001:db8::7"],
    fields.Email: ["ada@example.com"],
    fields.Url: ["https://example.com/a"],
    fields.CardNumber: ["4242424242424242"],
    fields.Metadata: [{"a": "b"}, {"a": ""}, {}],
    fields.Range: [5, {"gte": 1}, {"lt": 2_000_000_000, "gt": 0}],
    fields.Text: ["words", "Zoë", "*", "charge.*", "simulator"],
}


def fitting(rule: fields.Field, dice: random.Random, known: dict[str, list[str]]):
    """A value that the field takes, or nearly."""
    if isinstance(rule, fields.OneOf):
        return dice.choice(rule.words)
    if isinstance(rule, fields.Many):
        return [fitting(rule.of, dice, known) for _ in range(dice.choice([0, 1, 2]))]
    if isinstance(rule, fields.Group):
        return {
            name: fitting(below, dice, known)
            for name, below in rule.fields.items()
            if below.required or dice.random() < 0.5
        }
    of_kind = _FITTING.get(type(rule), [])
    if isinstance(rule, fields.Id):
        unknown = ids.public(rule.prefix, ids.new())
        return dice.choice([*of_kind, *known.get(rule.prefix, []), unknown])
    if not of_kind:  # A kind of field of one resource alone, such as an id that the caller makes.
        prefix = getattr(rule, "prefix", "")
        return ids.public(prefix, ids.new()) if prefix else "x"
    return dice.choice(of_kind)


def asked(operation, dice: random.Random, known: dict[str, list[str]]):
    """One request: path, and body or query."""
    parts = operation.path.split("/")
    for place, part in enumerate(parts):
        if part == "{id}":
            prefix = prefix_of(operation)
            own = known.get(prefix) or [ids.public(prefix, ids.new())]
            parts[place] = dice.choice([*own, *own, "junk", ids.public(prefix, ids.new())])
    path = "/".join(parts).replace("{list}", "blocklist").replace("{key}", "fuzz-1")
    sent = {}
    for name, rule in operation.parameters.items():
        chance = dice.random()
        if (rule.required and chance < 0.9) or chance < 0.3:
            sent[name] = fitting(rule, dice, known)
        elif chance < 0.4:
            sent[name] = dice.choice(JUNK)
    if dice.random() < 0.05:
        sent["unheard_of"] = dice.choice(JUNK)
    return path, sent


def bracketed(sent: dict, within: str = "") -> list[tuple[str, str]]:
    """The same as a form writes it."""
    pairs = []
    for name, value in sent.items():
        place = f"{within}[{name}]" if within else str(name)
        if isinstance(value, dict):
            pairs += bracketed(value, place)
        elif isinstance(value, list):
            pairs += bracketed(dict(enumerate(value)), place)
        elif value is None:
            pairs.append((place, ""))
        else:
            pairs.append((place, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs


@pytest.mark.parametrize("seed", range(TESTS))
def test_nothing_that_is_sent_breaks_the_api(api, seed):
    from urllib.parse import urlencode

    dice = random.Random(seed)
    known: dict[str, list[str]] = {}
    broken = []
    for number in range(PER_TEST):
        operation = dice.choice(OPERATIONS)
        path, sent = asked(operation, dice, known)
        headers = {"Idempotency-Key": f"fuzz-{dice.randrange(40)}"} if dice.random() < 0.3 else {}
        form = urlencode(bracketed(sent))
        if operation.takes_content:
            answered = api.send("POST", path, dice.randbytes(40), content_type="text/plain")
        elif operation.method != "POST":
            answered = api.send(operation.method, f"{path}?{form}")
        elif dice.random() < 0.5:
            answered = api.send("POST", path, json.dumps(_plain(sent)), headers=headers)
        else:
            answered = api.send(
                "POST",
                path,
                form.encode(),
                content_type="application/x-www-form-urlencoded",
                headers=headers,
            )
        public_id = answered.body.get("id") if answered.status == 200 else None
        if isinstance(public_id, str):
            known.setdefault(public_id.rpartition("_")[0], []).append(public_id)
        if answered.status == 500:
            broken.append(f"{number}: {operation.method} {path} {sent}"[:400])
    assert broken == []


def _plain(sent):
    """Numbers that JSON's writer here does not hold are written as text."""
    return {
        name: str(value) if isinstance(value, int) and abs(value) >= 2**63 else value
        for name, value in sent.items()
    }
