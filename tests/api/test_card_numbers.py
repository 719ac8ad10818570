"""Card numbers stand nowhere: not in the database, the logs or the queue, wherever one is put."""

import base64
import io
import logging
import re

import pytest
import redis
from django.db import connection

from fintech.api.codec import fields
from fintech.merchants import services as merchants
from fintech.payments.providers.sandbox_cards import BY_NUMBER
from tests.api.operations import OPERATIONS, path_of
from tests.api.test_tenants import asked_for

CANARY = "4242424242424242"
SPELLINGS = {
    "plain": CANARY,
    "spaced": "4242 4242 4242 4242",
    "dashed": "4242-4242-4242-4242",
    "in words": f"my card is {CANARY}, thanks",
}
# Whatever a scanner has to look for: every number that anybody may type here.
NUMBERS = sorted({CANARY, *BY_NUMBER})


def found_in(text: str) -> list[str]:
    """The card numbers in a text, however they are written."""
    runs = re.findall(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)", text)
    digits = {re.sub(r"[ -]", "", run) for run in runs}
    coded = {base64.b64encode(number.encode()).decode().rstrip("=") for number in NUMBERS}
    return sorted(digits & set(NUMBERS)) + sorted(code for code in coded if code in text)


def everything_stored() -> str:
    """All rows of all tables, as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') "
            "AND NOT c.relispartition AND n.nspname NOT LIKE 'pg_%' "
            "AND n.nspname NOT IN ('information_schema', 'pristine')"
        )
        parts = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            parts += [row for (row,) in cursor.fetchall()]
    return "\n".join(parts)


def everything_queued(url: str) -> str:
    """All keys and values of Valkey, as text."""
    client = redis.Redis.from_url(url)
    parts = []
    for key in client.scan_iter():
        parts.append(key.decode(errors="replace"))
        if client.type(key) == b"string":
            parts.append((client.get(key) or b"").decode(errors="replace"))
        elif client.type(key) == b"list":
            parts += [one.decode(errors="replace") for one in client.lrange(key, 0, -1)]
    return "\n".join(parts)


def texts_of(operation) -> list[str]:
    """The parameters of an operation that take words."""
    return [name for name, rule in operation.parameters.items() if isinstance(rule, fields.Text)]


@pytest.fixture
def logged():
    """What is written to the log meanwhile, as it is written in life."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    handler.setFormatter(root.handlers[0].formatter)
    root.addHandler(handler)
    level = root.level
    root.setLevel("DEBUG")
    yield out
    root.setLevel(level)
    root.removeHandler(handler)


POSTS = [one for one in OPERATIONS if one.method == "POST" and not one.takes_content]


@pytest.mark.parametrize("batch", range(8))
def test_no_card_number_is_kept_wherever_it_is_put(api, batch, logged, settings, unhurried):
    settings.API_RATES = {"default": 100_000, "money": 100_000}
    kept = []
    for operation in POSTS[batch::8]:
        body = asked_for(operation, api)
        for name in [*texts_of(operation), "unheard_of"]:
            for spelling in (*SPELLINGS.values(), int(CANARY)):
                told = api.post(path_of(operation), {**body, name: spelling})
                kept += [f"{operation.name}.{name}"] if found_in(told.content.decode()) else []
        if "metadata" in operation.parameters:
            for labels in ({"card": CANARY}, {CANARY: "card"}):
                told = api.post(path_of(operation), {**body, "metadata": labels})
                assert told.status in {400, 404}, operation.name
    api.get(f"/v1/customers?email={CANARY}")
    api.get(f"/v1/payment_intents/{CANARY}")
    api.send("GET", "/v1/account", headers={"Idempotency-Key": CANARY, "User-Agent": CANARY})
    keyed = api.post("/v1/customers", name="Ada", key=CANARY)
    assert keyed.refusal == (400, "sensitive_data_rejected", "Idempotency-Key")
    merchants.flush_requests()

    assert kept == []
    assert found_in(everything_stored()) == []
    assert found_in(logged.getvalue()) == []
    assert found_in(everything_queued(settings.REDIS_URL)) == []


def test_a_card_in_its_own_field_is_used_and_not_kept(api, logged, settings, unhurried):
    for number in NUMBERS:
        card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "737"}
        made = api.post("/v1/payment_methods", type="card", card=card)
        assert made.status == 200, number
        assert found_in(made.content.decode()) == []
    merchants.flush_requests()

    assert found_in(everything_stored()) == []
    assert '"737"' not in everything_stored()
    assert found_in(logged.getvalue()) == []


@pytest.mark.parametrize("spelling", SPELLINGS.values())
def test_the_scanner_finds_what_is_there(shop, spelling):
    from fintech.merchants.models import Merchant

    Merchant.objects.filter(id=shop.id).update(name=spelling)

    assert found_in(everything_stored()) == [CANARY]
