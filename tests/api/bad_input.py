"""
Bad input, case by case: what is sent, and the exact status, code and parameter.

`{customer}` and the like stand for ids of the shop's own things; `{pi}` is a payment
that nobody has confirmed. A case whose content is bytes is sent as it is.
"""

import json
from dataclasses import dataclass, field
from uuid import UUID

from fintech.kernel import ids

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
INTENT = "/v1/payment_intents"
BIG = 256 * 1024


@dataclass(frozen=True)
class Case:
    """One request that is refused."""

    name: str
    method: str
    path: str
    content: bytes
    status: int
    code: str
    param: str | None = None
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def post(name, path, content, status, code, param=None, **more) -> Case:  # noqa: PLR0917
    content = content.encode() if isinstance(content, str) else content
    return Case(name, "POST", path, content, status, code, param, **more)


def get(name, path, status, code, param=None, **more) -> Case:
    return Case(name, "GET", path, b"", status, code, param, **more)


def _amounts() -> list[Case]:
    """Wrong amounts, wherever an amount is taken."""
    integer, small, large = "parameter_invalid_integer", "amount_too_small", "amount_too_large"
    values = [
        ('"100"', integer),
        ('"1e3"', integer),
        ('"0x10"', integer),
        ('"ten"', integer),
        ("1.0", integer),
        ("1e3", integer),
        ("true", integer),
        ("false", integer),
        ("[]", integer),
        ("[100]", integer),
        ("{}", integer),
        ('{"value": 100}', integer),
        ("null", "parameter_invalid_empty"),
        ('""', "parameter_invalid_empty"),
        ("0", small),
        ("-1", small),
        ("-9223372036854775809", small),
        ("100000000", large),
        ("999999999999", large),
        ("9223372036854775807", large),
        ("9223372036854775808", large),
        ("1" + "0" * 39, large),
    ]
    places = [
        ("payment", INTENT, '{{"amount": {0}, "currency": "eur"}}', "amount"),
        (
            "top-up",
            "/v1/wallets/{wallet}/top_ups",
            '{{"amount": {0}, "currency": "eur", "payment_method": "pm_card_visa"}}',
            "amount",
        ),
        (
            "hold",
            "/v1/wallets/{wallet}/holds",
            '{{"amount": {0}, "currency": "eur"}}',
            "amount",
        ),
        (
            "price",
            "/v1/prices",
            '{{"unit_amount": {0}, "currency": "eur", "product_data": {{"name": "A"}}}}',
            "unit_amount",
        ),
        (
            "line item",
            "/v1/payment_links",
            '{{"line_items": [{{"price_data": {{"currency": "eur", "unit_amount": {0},'
            ' "product_data": {{"name": "A"}}}}}}]}}',
            "line_items[0][price_data][unit_amount]",
        ),
    ]
    required = [
        post(f"{where}: amount {value[:24]}", path, body.format(value), 400, code, param)
        for where, path, body, param in places
        for value, code in values
    ]
    optional = [
        post(f"{where}: amount {value[:24]}", path, body.format(value), 400, code, param)
        for where, path, body, param in [
            ("refund", "/v1/refunds", '{{"payment_intent": "{{pi}}", "amount": {0}}}', "amount"),
            (
                "capture",
                INTENT + "/{pi}/capture",
                '{{"amount_to_capture": {0}}}',
                "amount_to_capture",
            ),
            ("update", INTENT + "/{pi}", '{{"amount": {0}}}', "amount"),
        ]
        for value, code in values
        if not code.endswith("empty")
    ]
    forms = [
        post(
            f"form: amount {value}",
            INTENT,
            f"amount={value}&currency=eur",
            400,
            code,
            "amount",
            content_type=FORM,
        )
        for value, code in [
            ("1e3", integer),
            ("0x10", integer),
            ("1.0", integer),
            ("1,000", integer),
            ("%2B1", integer),
            ("+1", integer),
            ("1+", integer),
            ("ten", integer),
            ("true", integer),
            ("%D9%A1", integer),
            ("", "parameter_invalid_empty"),
            ("0", small),
            ("-1", small),
            ("100000000", large),
            ("9223372036854775808", large),
        ]
    ]
    return required + optional + forms


def _currencies() -> list[Case]:
    values = [
        ('"xxx"', "currency_not_supported"),
        ('"xts"', "currency_not_supported"),
        ('"xau"', "currency_not_supported"),
        ('"hrk"', "currency_not_supported"),
        ('"dem"', "currency_not_supported"),
        ('"eu"', "currency_not_supported"),
        ('"euro"', "currency_not_supported"),
        ('"€"', "currency_not_supported"),
        ('" eur"', "currency_not_supported"),
        ('"eur\\u0000"', "currency_not_supported"),
        ('"еur"', "currency_not_supported"),
        ("978", "parameter_invalid"),
        ("true", "parameter_invalid"),
        ('["eur"]', "parameter_invalid"),
        ('{"code": "eur"}', "parameter_invalid"),
        ("null", "parameter_invalid_empty"),
        ('""', "parameter_invalid_empty"),
    ]
    places = [
        ("payment", INTENT, '{{"amount": 100, "currency": {0}}}'),
        ("wallet", "/v1/wallets", '{{"currency": {0}}}'),
        ("hold", "/v1/wallets/{wallet}/holds", '{{"amount": 100, "currency": {0}}}'),
    ]
    return [
        post(f"{where}: currency {value}", path, body.format(value), 400, code, "currency")
        for where, path, body in places
        for value, code in values
    ]


def _bodies() -> list[Case]:
    """Bodies that cannot be read."""
    broken = [
        ("broken", b"{"),
        ("not closed", b'{"amount": 100'),
        ("trailing comma", b'{"amount": 100,}'),
        ("trailing data", b'{"amount": 100} x'),
        ("two objects", b'{"amount": 100}{"amount": 100}'),
        ("single quotes", b"{'amount': 100}"),
        ("comment", b'{"amount": 100 /* euro */}'),
        ("a list", b"[]"),
        ("text", b'"amount"'),
        ("a number", b"100"),
        ("null", b"null"),
        ("NaN", b'{"amount": NaN}'),
        ("Infinity", b'{"amount": Infinity}'),
        ("-Infinity", b'{"amount": -Infinity}'),
        ("byte order mark", b'\xef\xbb\xbf{"amount": 100}'),
        ("UTF-16", '{"amount": 100}'.encode("utf-16")),
        ("invalid UTF-8", b'{"description": "\xff"}'),
        ("lone surrogate", b'{"description": "\\ud800"}'),
        ("lone surrogate as a name", b'{"\\udc00": 1}'),
        ("a name twice", b'{"amount": 100, "amount": 200}'),
        ("a name twice, deep", b'{"metadata": {"a": "1", "a": "2"}}'),
        ("a number of 41 digits", b'{"amount": ' + b"9" * 41 + b"}"),
        ("too deep", b'{"metadata":' * 9 + b"1" + b"}" * 9),
        ("much too deep", b"[" * 100_000),
        ("too many names", b"{" + b",".join(b'"a%d": 1' % n for n in range(1001)) + b"}"),
        ("too many items", b'{"expand": [' + b",".join([b'"a"'] * 1001) + b"]}"),
    ]
    forms = [
        ("value and brackets", "amount=1&amount[a]=2"),
        ("brackets and value", "amount[a]=2&amount=1"),
        ("twice", "amount=1&amount=2"),
        ("a name in brackets twice", "metadata[a]=1&metadata[a]=2"),
        ("two kinds of brackets", "expand[]=a&expand[0]=b"),
        ("unbalanced", "metadata[a=1"),
        ("nothing before brackets", "[a]=1"),
        ("no name", "=1"),
        ("too deep", "a[b][c][d][e][f][g][h][i]=1"),
        ("invalid UTF-8", "description=%ff"),
        ("too many", "&".join(f"a{number}=1" for number in range(1001))),
    ]
    types = [
        ("no type", ""),
        ("plain text", "text/plain"),
        ("XML", "application/xml"),
        ("multipart", "multipart/form-data; boundary=x"),
        ("JSON in Latin-1", "application/json; charset=latin-1"),
        ("JSON in UTF-16", "application/json; charset=utf-16"),
        ("a form in Latin-1", "application/x-www-form-urlencoded; charset=iso-8859-1"),
        ("JSON Lines", "application/x-ndjson"),
        ("nonsense", "json"),
    ]
    return [
        *(post(f"JSON: {name}", INTENT, body, 400, "malformed_body") for name, body in broken),
        *(
            post(f"form: {name}", INTENT, body, 400, "malformed_body", content_type=FORM)
            for name, body in forms
        ),
        *(
            post(
                f"type: {name}",
                INTENT,
                b'{"amount": 100}',
                400,
                "unsupported_media_type",
                content_type=content_type,
            )
            for name, content_type in types
        ),
        post(
            "compressed",
            INTENT,
            b"\x1f\x8b",
            400,
            "unsupported_media_type",
            headers={"Content-Encoding": "gzip"},
        ),
        post(
            "too large", INTENT, b'{"description": "' + b"x" * BIG + b'"}', 413, "request_too_large"
        ),
        get("an address that is too long", INTENT + "?customer=" + "c" * 8192, 414, "url_too_long"),
        Case("a body with GET", "GET", INTENT, b'{"limit": 1}', 400, "malformed_body"),
    ]


def _fields() -> list[Case]:
    """Parameters that are unknown, missing, or of another form."""
    text = [
        ("5", "parameter_invalid"),
        ("true", "parameter_invalid"),
        ('["a"]', "parameter_invalid"),
        ('{"a": "b"}', "parameter_invalid"),
        ('"a\\u0000b"', "parameter_invalid"),
        ('"a\\u0001b"', "parameter_invalid"),
        ('"a\\u007fb"', "parameter_invalid"),
        ('"a\\u0085b"', "parameter_invalid"),
        ('"a\\u202eb"', "parameter_invalid"),
        ('"a\\u2066b"', "parameter_invalid"),
        ('"a\\u200bb"', "parameter_invalid"),
        ('"a\\ufeffb"', "parameter_invalid"),
        ('"4242424242424242"', "sensitive_data_rejected"),
        ('"card 4242 4242 4242 4242 please"', "sensitive_data_rejected"),
        ('"5555-5555-5555-4444"', "sensitive_data_rejected"),
        ('"378282246310005"', "sensitive_data_rejected"),
    ]
    names = [
        ("description", INTENT, '{{"amount": 100, "currency": "eur", "description": {0}}}'),
        ("name", "/v1/customers", '{{"name": {0}}}'),
        ("description", "/v1/customers", '{{"description": {0}}}'),
        ("owner", "/v1/wallets", '{{"currency": "eur", "owner": {0}}}'),
        (
            "reason",
            "/v1/wallets/{wallet}/holds",
            '{{"amount": 1, "currency": "eur", "reason": {0}}}',
        ),
        ("title", "/v1/payment_links", '{{"currency": "eur", "title": {0}}}'),
    ]
    metadata = [
        ('{"a": 1}', "parameter_invalid", "metadata[a]"),
        ('{"a": true}', "parameter_invalid", "metadata[a]"),
        ('{"a": ["b"]}', "parameter_invalid", "metadata[a]"),
        ('{"a": {"b": "c"}}', "parameter_invalid", "metadata[a]"),
        ('{"": "a"}', "parameter_invalid", "metadata"),
        ("[]", "parameter_invalid", "metadata"),
        ('"a"', "parameter_invalid", "metadata"),
        ("5", "parameter_invalid", "metadata"),
        ('{"' + "k" * 41 + '": "v"}', "parameter_invalid", f"metadata[{'k' * 40}]"),
        ('{"k": "' + "v" * 501 + '"}', "parameter_invalid", "metadata[k]"),
        ('{"k": "4242424242424242"}', "sensitive_data_rejected", "metadata[k]"),
        (
            "{" + ",".join(f'"{number}": "v"' for number in range(51)) + "}",
            "parameter_invalid",
            "metadata",
        ),
    ]
    with_metadata = [
        ("payment", INTENT, '"amount": 100, "currency": "eur", '),
        ("customer", "/v1/customers", ""),
        ("wallet", "/v1/wallets", '"currency": "eur", '),
        ("refund", "/v1/refunds", '"payment_intent": "{pi}", '),
    ]
    words = [
        ("capture_method", INTENT, '{{"amount": 1, "currency": "eur", "capture_method": {0}}}'),
        (
            "confirmation_method",
            INTENT,
            '{{"amount": 1, "currency": "eur", "confirmation_method": {0}}}',
        ),
        ("cancellation_reason", INTENT + "/{pi}/cancel", '{{"cancellation_reason": {0}}}'),
        ("reason", "/v1/refunds", '{{"payment_intent": "{{pi}}", "reason": {0}}}'),
        ("type", "/v1/payment_methods", '{{"type": {0}}}'),
        ("kind", "/v1/fraud/lists/blocklist/items", '{{"kind": {0}, "value": "x"}}'),
        (
            "of",
            "/v1/fraud/velocity_limits",
            '{{"name": "a", "of": {0}, "seconds": 1, "maximum": 1}}',
        ),
        ("mode", "/v1/fraud/posture", '{{"mode": {0}}}'),
        ("fails", "/v1/fraud/posture", '{{"fails": {0}}}'),
    ]
    booleans = [
        ("confirm", INTENT, '{{"amount": 1, "currency": "eur", "confirm": {0}}}'),
        ("off_session", INTENT + "/{pi}/confirm", '{{"off_session": {0}}}'),
        ("final_capture", INTENT + "/{pi}/capture", '{{"final_capture": {0}}}'),
        ("active", "/v1/payment_links/{link}", '{{"active": {0}}}'),
        ("disabled", "/v1/webhook_endpoints/{endpoint}", '{{"disabled": {0}}}'),
    ]
    unknown = [
        (INTENT, '{"amount": 100, "currency": "eur", "colour": "red"}', "colour"),
        (INTENT, '{"amount": 100, "currency": "eur", "status": "succeeded"}', "status"),
        (INTENT, '{"amount": 100, "currency": "eur", "id": "pi_1"}', "id"),
        (
            INTENT,
            '{"amount": 100, "currency": "eur", "application_fee_amount": 5}',
            "application_fee_amount",
        ),
        (INTENT, '{"amount": 100, "currency": "eur", "transfer_data": {}}', "transfer_data"),
        (INTENT, '{"amount": 100, "currency": "eur", "on_behalf_of": "acct_1"}', "on_behalf_of"),
        (INTENT, '{"amount": 100, "currency": "eur", "Amount": 100}', "Amount"),
        (
            INTENT,
            '{"amount": 100, "currency": "eur", "automatic_payment_methods": {"on": true}}',
            "automatic_payment_methods[on]",
        ),
        ("/v1/customers", '{"balance": 100}', "balance"),
        ("/v1/customers", '{"source": "tok_visa"}', "source"),
        (
            "/v1/refunds",
            '{"payment_intent": "{pi}", "refund_application_fee": true}',
            "refund_application_fee",
        ),
        (
            "/v1/payment_methods",
            '{"type": "card", "card": {"number": "4242424242424242", "pin": "1"}}',
            "card[pin]",
        ),
        ("/v1/wallets", '{"currency": "eur", "balance": 100}', "balance"),
        (INTENT + "/{pi}/confirm", '{"amount": 100}', "amount"),
        (INTENT + "/{pi}/capture", '{"amount": 100}', "amount"),
    ]
    missing = [
        (INTENT, "{}", "amount"),
        (INTENT, "", "amount"),
        (INTENT, '{"amount": 100}', "currency"),
        (INTENT, '{"currency": "eur"}', "amount"),
        ("/v1/refunds", "{}", "payment_intent"),
        ("/v1/payment_methods", "{}", "type"),
        ("/v1/payment_methods", '{"type": "card"}', "card[number]"),
        ("/v1/payment_methods/{method}/attach", "{}", "customer"),
        ("/v1/wallets", "{}", "currency"),
        ("/v1/wallets/{wallet}/holds", '{"currency": "eur"}', "amount"),
        ("/v1/wallets/{wallet}/holds", '{"amount": 100}', "currency"),
        ("/v1/wallets/{wallet}/top_ups", '{"amount": 100, "currency": "eur"}', "payment_method"),
        ("/v1/webhook_endpoints", '{"enabled_events": ["*"]}', "url"),
        ("/v1/webhook_endpoints", '{"url": "https://example.com"}', "enabled_events"),
        ("/v1/payment_links", "{}", "title"),
        ("/v1/payment_links", '{"title": "A"}', "currency"),
        ("/v1/fraud/lists/blocklist/items", '{"kind": "card"}', "value"),
        ("/v1/fraud/velocity_limits", "{}", "name"),
        ("/v1/fraud/velocity_limits", '{"name": "a", "of": "card", "seconds": 9}', "maximum"),
        ("/v1/reconciliation/runs", "{}", "source"),
        (INTENT + "/{pi_bare}/confirm", "{}", "payment_method"),
    ]
    return [
        *(
            post(f"{name} {value[:20]} at {path}", path, body.format(value), 400, code, name)
            for name, path, body in names
            for value, code in text
        ),
        *(
            post(
                f"{where}: metadata {value[:24]}",
                path,
                "{" + before + f'"metadata": {value}' + "}",
                400,
                code,
                param,
            )
            for where, path, before in with_metadata
            for value, code, param in metadata
        ),
        *(
            post(f"{name} {value}", path, body.format(value), 400, "parameter_invalid", name)
            for name, path, body in words
            for value in ('"unheard of"', "5", "true", "[]", '"AUTOMATIC"')
        ),
        *(
            post(f"{name} {value}", path, body.format(value), 400, "parameter_invalid", name)
            for name, path, body in booleans
            for value in ('"true"', "1", "0", "[]", '"yes"')
        ),
        *(
            post(f"unknown {param} at {path}", path, body, 400, "parameter_unknown", param)
            for path, body, param in unknown
        ),
        *(
            post(f"missing {param} at {path} {body}", path, body, 400, "parameter_missing", param)
            for path, body, param in missing
        ),
        post(
            "parameters in the query of POST",
            INTENT + "?amount=100",
            '{"amount": 100, "currency": "eur"}',
            400,
            "parameter_unknown",
            "amount",
        ),
        post(
            "too long",
            "/v1/customers",
            '{"name": "' + "x" * 257 + '"}',
            400,
            "parameter_invalid",
            "name",
        ),
        post(
            "a mail address",
            "/v1/customers",
            '{"email": "nobody"}',
            400,
            "parameter_invalid",
            "email",
        ),
        post(
            "a receipt's address",
            INTENT,
            '{"amount": 1, "currency": "eur", "receipt_email": "a b@c.de"}',
            400,
            "parameter_invalid",
            "receipt_email",
        ),
        post(
            "a statement of 23",
            INTENT,
            '{"amount": 1, "currency": "eur", "statement_descriptor": "' + "x" * 23 + '"}',
            400,
            "parameter_invalid",
            "statement_descriptor",
        ),
        post(
            "too much to expand",
            INTENT,
            '{"amount": 1, "currency": "eur", "expand": [' + ",".join(['"a"'] * 21) + "]}",
            400,
            "parameter_invalid",
            "expand",
        ),
    ]


def _cards() -> list[Case]:
    card = '{{"type": "card", "card": {{"number": "{0}", "exp_month": {1}, "exp_year": {2}}}}}'
    return [
        post(
            f"card {number} {month}/{year}",
            "/v1/payment_methods",
            card.format(number, month, year),
            status,
            code,
            param,
        )
        for number, month, year, status, code, param in [
            ("4242424242424241", 12, 2034, 402, "incorrect_number", "card[number]"),
            ("4000056655665556", 12, 2034, 400, "test_card_required", "card[number]"),
            ("4111111111111111", 12, 2034, 400, "test_card_required", "card[number]"),
            ("424242424242424", 12, 2034, 400, "test_card_required", "card[number]"),
            ("4242", 12, 2034, 400, "parameter_invalid", "card[number]"),
            ("visa", 12, 2034, 400, "parameter_invalid", "card[number]"),
            ("4242424242424242", 0, 2034, 400, "parameter_invalid", "card[exp_month]"),
            ("4242424242424242", 13, 2034, 400, "parameter_invalid", "card[exp_month]"),
            ("4242424242424242", 12, 2001, 400, "parameter_invalid", "card[exp_year]"),
            ("4242424242424242", 12, 34, 400, "parameter_invalid", "card[exp_year]"),
            ("4242424242424242", '"12"', 2034, 400, "parameter_invalid_integer", "card[exp_month]"),
        ]
    ] + [
        post(
            "a token unheard of",
            "/v1/payment_methods",
            '{"type": "card", "card": {"token": "tok_unheardOf"}}',
            400,
            "test_card_required",
            "card[token]",
        ),
        post(
            "a security code of letters",
            "/v1/payment_methods",
            '{"type": "card", "card": {"number": "4242424242424242", "cvc": "abc"}}',
            400,
            "parameter_invalid",
            "card[cvc]",
        ),
        post(
            "no such sandbox card",
            INTENT,
            '{"amount": 1, "currency": "eur", "payment_method": "pm_card_unheardOf"}',
            400,
            "resource_missing",
            "payment_method",
        ),
    ]


def _lists() -> list[Case]:
    limits = [
        ("0", "parameter_invalid"),
        ("-1", "parameter_invalid"),
        ("101", "parameter_invalid"),
        ("1001", "parameter_invalid"),
        ("ten", "parameter_invalid_integer"),
        ("1.5", "parameter_invalid_integer"),
        ("9223372036854775808", "parameter_invalid"),
    ]
    lists = [
        INTENT,
        "/v1/charges",
        "/v1/refunds",
        "/v1/customers",
        "/v1/wallets",
        "/v1/events",
        "/v1/payment_links",
    ]
    return [
        *(
            get(f"{path}: limit {value}", f"{path}?limit={value}", 400, code, "limit")
            for path in lists
            for value, code in limits
        ),
        *(
            get(f"{path}: {query}", f"{path}?{query}", 400, code, param)
            for path in lists
            for query, code, param in [
                ("page=2", "parameter_unknown", "page"),
                ("starting_after=junk", "resource_missing", "starting_after"),
                ("starting_after=evt_1&limit=1", "resource_missing", "starting_after"),
                ("limit=1&limit=2", "parameter_invalid", "limit"),
            ]
        ),
        get(
            "both ends",
            INTENT + "?starting_after={pi}&ending_before={pi}",
            400,
            "parameters_exclusive",
            "ending_before",
        ),
        get(
            "a moment that is none",
            INTENT + "?created=yesterday",
            400,
            "parameter_invalid_integer",
            "created",
        ),
        get(
            "a bound that is none",
            INTENT + "?created[gte]=2026-11-01",
            400,
            "parameter_invalid_integer",
            "created[gte]",
        ),
        get(
            "a bound unheard of",
            INTENT + "?created[after]=1",
            400,
            "parameter_unknown",
            "created[after]",
        ),
        get("a negative moment", INTENT + "?created=-1", 400, "parameter_invalid", "created"),
        get(
            "a filter of another kind",
            INTENT + "?customer={pi}",
            400,
            "resource_missing",
            "customer",
        ),
        get("entries of nothing", "/v1/ledger/entries", 400, "parameter_missing", "wallet_hold"),
        get(
            "entries of two things",
            "/v1/ledger/entries?payment_intent={pi}&refund=re_0000000000000000000000",
            400,
            "parameters_exclusive",
            "refund",
        ),
        get(
            "entries of an unknown payment",
            "/v1/ledger/entries?payment_intent=pi_0000000000000000000000",
            400,
            "resource_missing",
            "payment_intent",
        ),
    ]


def _ids() -> list[Case]:
    """Ids that lead nowhere: in the path 404, in a parameter 400."""
    places = [
        INTENT,
        "/v1/charges",
        "/v1/refunds",
        "/v1/customers",
        "/v1/payment_methods",
        "/v1/wallets",
        "/v1/wallet_holds",
        "/v1/webhook_endpoints",
        "/v1/events",
        "/v1/payment_links",
        "/v1/products",
        "/v1/prices",
        "/v1/checkout/sessions",
        "/v1/balance_transactions",
        "/v1/fraud/assessments",
        "/v1/ledger/entries",
        "/v1/reconciliation/runs",
        "/v1/reconciliation/breaks",
        "/v1/accounts",
    ]
    prefixes = [
        "pi",
        "ch",
        "re",
        "cus",
        "pm",
        "wal",
        "whd",
        "we",
        "evt",
        "plink",
        "prod",
        "price",
        "cs",
        "txn",
        "fra",
        "ltx",
        "rrn",
        "rbk",
        "acct",
    ]
    junk = ["1", "x" * 300, "%00", "..%2f..", "null", "%E2%82%AC", "'%20OR%201=1"]
    return [
        *(
            get(
                f"unknown {prefix}_",
                f"{path}/{prefix}_0000000000000000000000",
                404,
                "resource_missing",
            )
            for path, prefix in zip(places, prefixes, strict=True)
        ),
        *(
            get(
                f"{path}: an id too large",
                f"{path}/{prefix}_zzzzzzzzzzzzzzzzzzzzzz",
                404,
                "resource_missing",
            )
            for path, prefix in zip(places, prefixes, strict=True)
        ),
        *(
            get(f"payment {word[:10]}", f"{INTENT}/{word}", 404, "resource_missing")
            for word in junk
            if "2f" not in word
        ),
        get("a payment by another's prefix", INTENT + "/{customer}", 404, "resource_missing"),
        *(
            post(f"{name} unknown at {path}: {body}", path, body, 400, "resource_missing", name)
            for path, body, name in [
                (
                    INTENT,
                    '{"amount": 1, "currency": "eur", "customer": "cus_0000000000000000000000"}',
                    "customer",
                ),
                (INTENT, '{"amount": 1, "currency": "eur", "customer": "{pi}"}', "customer"),
                (
                    INTENT,
                    '{"amount": 1, "currency": "eur", "payment_method": "pm_0000000000000000000000"}',
                    "payment_method",
                ),
                (
                    INTENT,
                    '{"amount": 1, "currency": "eur", "confirm": true, "payment_method": "pm_0000000000000000000000"}',
                    "payment_method",
                ),
                (
                    INTENT + "/{pi}/confirm",
                    '{"payment_method": "pm_0000000000000000000000"}',
                    "payment_method",
                ),
                (INTENT + "/{pi}", '{"customer": "cus_0000000000000000000000"}', "customer"),
                (
                    "/v1/refunds",
                    '{"payment_intent": "pi_0000000000000000000000"}',
                    "payment_intent",
                ),
                ("/v1/refunds", '{"charge": "ch_0000000000000000000000"}', "charge"),
                (
                    "/v1/refunds",
                    '{"payment_intent": "pi_0000000000000000000000", "amount": 5}',
                    "payment_intent",
                ),
                (
                    "/v1/payment_methods/{method}/attach",
                    '{"customer": "cus_0000000000000000000000"}',
                    "customer",
                ),
                ("/v1/wallets", '{"currency": "eur", "customer": "nobody"}', "customer"),
                (
                    "/v1/fraud/lists/blocklist/items",
                    '{"kind": "customer", "value": "cus_0000000000000000000000"}',
                    "value",
                ),
                (
                    "/v1/fraud/lists/blocklist/items",
                    '{"kind": "card", "value": "pm_0000000000000000000000"}',
                    "value",
                ),
                ("/v1/reconciliation/runs", '{"source": "nobody"}', "source"),
            ]
        ),
        get("a list unheard of", "/v1/fraud/lists/greylist/items", 404, "resource_missing"),
        get(
            "an idempotency key unheard of",
            "/v1/idempotency_keys/never-used",
            404,
            "resource_missing",
        ),
        get(
            "customers' nowhere",
            "/v1/customers/cus_0000000000000000000000/payment_methods",
            404,
            "resource_missing",
        ),
    ]


def _catalog() -> list[Case]:
    """What is no product and no price."""
    missing, unknown, invalid = "parameter_missing", "parameter_unknown", "parameter_invalid"
    named = {"product_data": {"name": "A"}}
    product, price = (ids.public(prefix, UUID(int=0)) for prefix in ("prod", "price"))
    asks = {"unit_amount": 5, "currency": "eur"}
    cases: list[tuple[str, dict, str, str]] = [
        ("products", {}, missing, "name"),
        ("products", {"name": ""}, "parameter_invalid_empty", "name"),
        ("products", {"name": 5}, invalid, "name"),
        ("products", {"name": "x" * 251}, invalid, "name"),
        ("products", {"name": "4242 4242 4242 4242"}, "sensitive_data_rejected", "name"),
        ("products", {"name": "A", "id": "book"}, unknown, "id"),
        ("products", {"name": "A", "tax_code": "txcd_1"}, unknown, "tax_code"),
        ("products", {"name": "A", "url": "ftp://x"}, "url_invalid", "url"),
        ("products", {"name": "A", "images": ["x"]}, "url_invalid", "images[0]"),
        (
            "products",
            {"name": "A", "default_price_data": {"currency": "eur"}},
            missing,
            "default_price_data[unit_amount]",
        ),
        ("prices", asks, missing, "product"),
        ("prices", {**asks, "product": product}, "resource_missing", "product"),
        ("prices", {**asks, "product": "{customer}"}, "resource_missing", "product"),
        (
            "prices",
            {**asks, **named, "product": product},
            "parameters_exclusive",
            "product_data",
        ),
        ("prices", {"unit_amount": 5, **named}, missing, "currency"),
        ("prices", {**asks, **named, "currency": "xxx"}, "currency_not_supported", "currency"),
        ("prices", {**asks, **named, "recurring": {"interval": "month"}}, unknown, "recurring"),
        ("prices", {**asks, **named, "billing_scheme": "tiered"}, invalid, "billing_scheme"),
        ("prices", {**asks, **named, "unit_amount_decimal": "5"}, unknown, "unit_amount_decimal"),
        ("prices", {**asks, "product_data": {}}, missing, "product_data[name]"),
        ("payment_links", {"line_items": [{"quantity": 1}]}, missing, "line_items[0][price]"),
        (
            "payment_links",
            {"line_items": [{"price": price}]},
            "resource_missing",
            "line_items[0][price]",
        ),
        (
            "payment_links",
            {"line_items": [{"price": price, "price_data": {**asks, **named}}]},
            "parameters_exclusive",
            "line_items[0][price_data]",
        ),
        (
            "payment_links",
            {"line_items": [{"price": price, "quantity": 0}]},
            invalid,
            "line_items[0][quantity]",
        ),
    ]
    return [
        *(
            post(f"catalog {n}: {path} {param}", f"/v1/{path}", json.dumps(body), 400, code, param)
            for n, (path, body, code, param) in enumerate(cases)
        ),
        get(
            "prices of no product",
            "/v1/prices?product={customer}",
            400,
            "resource_missing",
            "product",
        ),
        Case("DELETE a price", "DELETE", f"/v1/prices/{price}", b"", 405, "method_not_allowed"),
    ]


def _sessions() -> list[Case]:
    """What no page can be made for."""
    missing, unknown, invalid = "parameter_missing", "parameter_unknown", "parameter_invalid"
    gone = "resource_missing"
    price, product, session = (
        ids.public(prefix, UUID(int=0)) for prefix in ("price", "prod", "cs")
    )
    once = {"currency": "eur", "unit_amount": 5, "product_data": {"name": "A"}}
    good = {"success_url": "https://example.com", "line_items": [{"price_data": once}]}
    dollars = {**once, "currency": "usd"}
    dear = {**once, "unit_amount": 99_999_999}

    def sells(*items: dict) -> dict:
        return {**good, "line_items": list(items)}

    cases: list[tuple[dict, str, str]] = [
        ({}, missing, "line_items"),
        ({**good, "line_items": []}, missing, "line_items"),
        ({"line_items": good["line_items"]}, missing, "success_url"),
        ({**good, "success_url": "javascript:alert(1)"}, "url_invalid", "success_url"),
        ({**good, "cancel_url": "/cart"}, "url_invalid", "cancel_url"),
        ({**good, "cancel_url": "https://a:b@example.com"}, "url_invalid", "cancel_url"),
        ({**good, "mode": "subscription"}, invalid, "mode"),
        ({**good, "mode": "setup"}, invalid, "mode"),
        ({**good, "ui_mode": "embedded"}, invalid, "ui_mode"),
        ({**good, "allow_promotion_codes": True}, unknown, "allow_promotion_codes"),
        ({**good, "discounts": [{"coupon": "x"}]}, unknown, "discounts"),
        ({**good, "automatic_tax": {"enabled": True}}, unknown, "automatic_tax"),
        ({**good, "payment_method_types": ["sepa_debit"]}, invalid, "payment_method_types[0]"),
        ({**good, "expires_at": 1}, invalid, "expires_at"),
        ({**good, "expires_at": "soon"}, "parameter_invalid_integer", "expires_at"),
        ({**good, "expires_at": 253_402_300_799}, invalid, "expires_at"),
        ({**good, "customer": "cus_0000000000000000000000"}, gone, "customer"),
        ({**good, "customer_email": "ada"}, invalid, "customer_email"),
        (
            {**good, "customer": "{customer}", "customer_email": "ada@example.com"},
            "parameters_exclusive",
            "customer_email",
        ),
        ({**good, "client_reference_id": "x" * 201}, invalid, "client_reference_id"),
        (
            {**good, "client_reference_id": "4242424242424242"},
            "sensitive_data_rejected",
            "client_reference_id",
        ),
        (
            {**good, "payment_intent_data": {"application_fee_amount": 1}},
            unknown,
            "payment_intent_data[application_fee_amount]",
        ),
        (
            {**good, "payment_intent_data": {"capture_method": "later"}},
            invalid,
            "payment_intent_data[capture_method]",
        ),
        (sells({}), missing, "line_items[0][price]"),
        (sells({"price": price}), gone, "line_items[0][price]"),
        (sells({"price": "{customer}"}), gone, "line_items[0][price]"),
        (
            sells({"price": price, "price_data": once}),
            "parameters_exclusive",
            "line_items[0][price_data]",
        ),
        (sells({"price_data": once, "quantity": 0}), invalid, "line_items[0][quantity]"),
        (
            sells({"price_data": once, "quantity": "two"}),
            "parameter_invalid_integer",
            "line_items[0][quantity]",
        ),
        (
            sells({"price_data": once, "adjustable_quantity": {"enabled": True}}),
            unknown,
            "line_items[0][adjustable_quantity]",
        ),
        (
            sells({"price_data": {**once, "recurring": {"interval": "month"}}}),
            unknown,
            "line_items[0][price_data][recurring]",
        ),
        (
            sells({"price_data": {"currency": "eur", "unit_amount": 5}}),
            missing,
            "line_items[0][price_data][product]",
        ),
        (
            sells({"price_data": {"currency": "eur", "unit_amount": 5, "product": product}}),
            gone,
            "line_items[0][price_data][product]",
        ),
        (
            sells({"price_data": once}, {"price_data": dollars}),
            "currency_mismatch",
            "line_items[1]",
        ),
        (sells({"price_data": dear}, {"price_data": once}), "amount_too_large", "line_items"),
        (sells({"price_data": dear, "quantity": 2}), "amount_too_large", "line_items"),
        (sells(*[{"price_data": once}] * 101), invalid, "line_items"),
    ]
    path = "/v1/checkout/sessions"
    return [
        *(
            post(f"session {n}: {param}", path, json.dumps(body), 400, code, param)
            for n, (body, code, param) in enumerate(cases)
        ),
        post("expire an unknown session", f"{path}/{session}/expire", "{}", 404, gone),
        get("sessions of no state", f"{path}?status=paid", 400, invalid, "status"),
        get(
            "sessions of no payment",
            f"{path}?payment_intent={session}",
            400,
            gone,
            "payment_intent",
        ),
        get("items of an unknown session", f"{path}/{session}/line_items", 404, gone),
    ]


def _paths() -> list[Case]:
    return [
        get("no such path", "/v1/subscriptions", 404, "unsupported_endpoint"),
        get("no such path below", INTENT + "/{pi}/nothing", 404, "unsupported_endpoint"),
        get("the second version", "/v2/core/events", 404, "unsupported_endpoint"),
        get("a slash at the end", INTENT + "/", 404, "unsupported_endpoint"),
        Case("PUT", "PUT", INTENT + "/{pi}", b"{}", 405, "method_not_allowed"),
        Case("PATCH", "PATCH", INTENT + "/{pi}", b"{}", 405, "method_not_allowed"),
        Case("DELETE a payment", "DELETE", INTENT + "/{pi}", b"", 405, "method_not_allowed"),
        Case("DELETE all", "DELETE", INTENT, b"", 405, "method_not_allowed"),
        Case("OPTIONS", "OPTIONS", INTENT, b"", 405, "method_not_allowed"),
        Case("GET a confirmation", "GET", INTENT + "/{pi}/confirm", b"", 405, "method_not_allowed"),
        Case("POST a charge", "POST", "/v1/charges", b"{}", 405, "method_not_allowed"),
        Case("POST a balance", "POST", "/v1/balance", b"{}", 405, "method_not_allowed"),
        *(
            get(f"accept {accept}", INTENT, 406, "not_acceptable", headers={"Accept": accept})
            for accept in ("text/html", "application/xml", "image/*", "text/csv, text/plain;q=0.5")
        ),
    ]


def _keys() -> list[Case]:
    body = b'{"amount": 100, "currency": "eur"}'
    return [
        post(
            f"idempotency key {name}",
            INTENT,
            body,
            400,
            "idempotency_key_invalid",
            headers={"Idempotency-Key": key},
        )
        for name, key in [
            ("empty", ""),
            ("blank", "   "),
            ("of 256", "k" * 256),
            ("with a tab", "a\tb"),
            ("with DEL", "a\x7fb"),
            ("not ASCII", "schlüssel"),
        ]
    ]


def _credentials() -> list[Case]:
    """Whoever asks is asked who they are before anything else is looked at."""
    wrong = [
        ("none", "", "api_key_missing"),
        ("no key", "Bearer", "api_key_missing"),
        ("an empty key", "Bearer ", "api_key_missing"),
        ("another scheme", "Digest abc", "api_key_missing"),
        ("a key without scheme", "sk_test_ffp_" + "0" * 32, "api_key_missing"),
        ("unknown", "Bearer sk_test_ffp_" + "0" * 32, "api_key_invalid"),
        ("short", "Bearer sk_test_ffp_0", "api_key_invalid"),
        ("long", "Bearer " + "k" * 5000, "api_key_invalid"),
        ("live", "Bearer sk_live_ffp_" + "0" * 32, "api_key_invalid"),
        ("junk", "Bearer null", "api_key_invalid"),
        ("a card number", "Bearer 4242424242424242", "api_key_invalid"),
        ("Basic that is none", "Basic !!!", "api_key_invalid"),
        ("Basic without a user", "Basic Og==", "api_key_missing"),
        ("Basic of an unknown", "Basic c2tfdGVzdDo=", "api_key_invalid"),
    ]
    return [
        Case(
            f"credential {name} at {method} {path}",
            method,
            path,
            content,
            401,
            code,
            None,
            headers={"Authorization": header},
        )
        for name, header, code in wrong
        for method, path, content in [
            ("GET", INTENT, b""),
            ("POST", INTENT, b"{"),
            ("GET", "/v1/wallets/wal_1", b""),
        ]
    ]


CASES = [
    *_credentials(),
    *_catalog(),
    *_sessions(),
    *_paths(),
    *_ids(),
    *_bodies(),
    *_keys(),
    *_amounts(),
    *_currencies(),
    *_fields(),
    *_cards(),
    *_lists(),
]
