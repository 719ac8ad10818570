"""The schemas of everything that is answered, taken from what `wire` renders."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from fintech.api.openapi import samples
from fintech.fraud.data import Decision
from fintech.kernel import ids
from fintech.payments.data import AttemptState, PaymentState, RefundState, SessionState
from fintech.wallets.data import (
    HoldState,
    QuoteState,
    TransferState,
    WalletState,
    WithdrawalState,
)
from fintech.wire import (
    account,
    balance,
    balance_transactions,
    charges,
    checkout_sessions,
    customers,
    deleted,
    events,
    fraud_assessments,
    fraud_cases,
    fraud_limits,
    fraud_rules,
    idempotency_keys,
    ledger_books,
    ledger_entries,
    limits,
    line_items,
    message_preferences,
    payment_intents,
    payment_links,
    payment_methods,
    prices,
    products,
    reconciliation,
    refunds,
    scalars,
    states,
    wallets,
    webhook_endpoints,
)

type Json = dict[str, Any]


@cache
def _samples() -> dict[str, list[Json]]:
    known = samples
    return {
        "account": [account.render(known.MERCHANT)],
        "balance": [balance.render(available=[known.BALANCES.posted], pending=[known.HOLD.amount])],
        "balance_transaction": [balance_transactions.render(known.MOVEMENT)],
        "charge": [
            charges.render(
                known.ATTEMPT, known.PAYMENT, method=known.METHOD, given_back=[known.REFUND]
            ),
            charges.render(known.DECLINED_ATTEMPT, known.CANCELED_PAYMENT),
            charges.render(known.UNDECIDED_ATTEMPT),
            charges.render(known.UNASKED_ATTEMPT),
            charges.render(replace(known.ATTEMPT, card=known.WALLET_CARD), known.PAYMENT),
        ],
        "checkout.session": [
            checkout_sessions.render_whole(known.SESSION),
            checkout_sessions.render(known.OPEN_SESSION),
            checkout_sessions.render(known.EXPIRED_SESSION),
            checkout_sessions.render(known.UNNAMED_SESSION),
        ],
        "customer": [customers.render(known.CUSTOMER), customers.render(known.BARE_CUSTOMER)],
        "deleted": [deleted.render("customer", ids.public("cus", known.CUSTOMER_ID))],
        "event": [events.render(known.SHOWING_EVENT), events.render(known.QUIET_EVENT)],
        "fraud.assessment": [
            fraud_assessments.render(known.ASSESSMENT),
            fraud_assessments.render(known.REVIEWED_ASSESSMENT),
        ],
        "fraud.list_item": [
            fraud_assessments.render_list_item(known.LIST_ITEM),
            fraud_assessments.render_list_item(known.REMOVED_ITEM),
        ],
        "fraud.rule": [fraud_rules.render(known.RULE), fraud_rules.render(known.DRAFT_RULE)],
        "fraud.back_test": [
            fraud_rules.render_back_test(known.BACK_TEST),
            fraud_rules.render_back_test(known.UNLABELED_BACK_TEST),
        ],
        "fraud.velocity_limit": [fraud_limits.render(known.VELOCITY_LIMIT)],
        "fraud.posture": [fraud_limits.render_posture(known.POSTURE)],
        "fraud.model": [fraud_limits.render_model(known.MODEL)],
        "idempotency_key": [
            idempotency_keys.render(
                "order-7",
                command="payment_intents.create",
                claimed_at=samples.AT,
                outcome=known.PAYMENT,
            ),
            idempotency_keys.render(
                "order-8", command="refunds.create", claimed_at=samples.AT, outcome=known.REFUSAL
            ),
        ],
        "clock": [{"livemode": False, "now": scalars.unix(samples.AT), "object": "clock"}],
        "fraud.case": [fraud_cases.render(known.CASE), fraud_cases.render(known.CLOSED_CASE)],
        "item": [line_items.render(known.LINE_ITEM), line_items.render(known.PLAIN_ITEM)],
        "limit": [limits.render(known.LIMIT), limits.render(known.ROLLING_LIMIT)],
        "message_preference": [
            message_preferences.render(known.CUSTOMER_ID, known.AGREED),
            message_preferences.render(known.CUSTOMER_ID, known.UNASKED),
        ],
        "wallet_movement": [wallets.render_movement(known.MOVED)],
        "ledger.account": [
            ledger_books.render_account(known.BOOK_ACCOUNT, known.BOOK_BALANCE),
            ledger_books.render_account(known.BARE_BOOK_ACCOUNT, known.BOOK_BALANCE),
        ],
        "ledger.entry_batch": [
            ledger_books.render_batch(
                [
                    ledger_books.render_result(ids.public("ltx", known.ENTRY_ID), "posted"),
                    ledger_books.render_result(
                        None, "rejected", [("parameter_missing", "An entry has lines.", "lines")]
                    ),
                    ledger_books.render_result(
                        None, "rejected", [("malformed_body", "The body is not JSON.", None)]
                    ),
                ]
            )
        ],
        "ledger.line": [ledger_books.render_line(known.STATEMENT_LINE)],
        "ledger.proof": [ledger_books.render_proof(known.ENTRY_ID, known.ENTRY_PROOF)],
        "ledger.trial_balance": [
            ledger_books.render_trial_balance([known.TRIAL_LINE], as_of)
            for as_of in (None, samples.AT)
        ],
        "ledger.verification": [
            ledger_books.render_verification([], accounts=2, lines=4, newest=None),
            ledger_books.render_verification(
                [known.FAULT], accounts=2, lines=4, newest=known.ENTRY_PROOF.seal
            ),
        ],
        "ledger.entry": [
            ledger_entries.render(known.ENTRY),
            ledger_entries.render(known.CAPTURE_ENTRY),
        ],
        "payment_intent": [
            payment_intents.render(payment)
            for payment in (
                known.PAYMENT,
                known.BARE_PAYMENT,
                known.DECLINED_PAYMENT,
                known.UNASKED_PAYMENT,
                known.CHALLENGED_PAYMENT,
                known.UNSENT_BACK_PAYMENT,
                known.CANCELED_PAYMENT,
            )
        ],
        "payment_link": [
            payment_links.render_whole(known.LINK, [known.LINE_ITEM, known.PLAIN_ITEM]),
            payment_links.render(known.OPEN_LINK),
        ],
        "payment_method": [
            payment_methods.render(known.METHOD),
            payment_methods.render_tried(known.METHOD_ID, known.UNDECIDED_ATTEMPT.card, samples.AT),
            payment_methods.render_tried(known.METHOD_ID, known.WALLET_CARD, samples.AT),
        ],
        "price": [prices.render(known.PRICE), prices.render(known.BARE_PRICE)],
        "product": [products.render(known.PRODUCT), products.render(known.BARE_PRODUCT)],
        "product_feature": [
            {
                "id": ids.public("prodft", known.PRODUCT.id),
                "livemode": False,
                "object": "product_feature",
            }
        ],
        "reconciliation.break": [
            reconciliation.render_break(known.BREAK),
            reconciliation.render_break(known.RESOLVED_BREAK),
        ],
        "reconciliation.history": [reconciliation.render_history(*known.HISTORY)],
        "reconciliation.proposal": [reconciliation.render_proposal(known.PROPOSAL)],
        "reconciliation.report": [reconciliation.render_report(known.REPORT)],
        "reconciliation.run": [
            reconciliation.render_run(known.RUN),
            reconciliation.render_run(known.FAILED_RUN),
        ],
        "reconciliation.safeguarding": [
            reconciliation.render_safeguarding("2026-11-02", [known.SAFEGUARDED])
        ],
        "reconciliation.statement": [
            reconciliation.render_statement(brought, read)
            for brought, read in (
                (known.IMPORT, known.STATEMENT_READ),
                (known.IMPORT, known.UNBALANCED_READ),
                (known.IMPORT, known.REPORT_READ),
                (known.IMPORT, known.UNTIED_READ),
                (known.REJECTED_IMPORT, known.NOTHING_READ),
                (known.NOWHERE_IMPORT, known.NOTHING_READ),
            )
        ],
        "reconciliation.suggestions": [
            reconciliation.render_suggestions(known.BREAK.id, known.SUGGESTIONS)
        ],
        "refund": [refunds.render(known.REFUND), refunds.render(known.FAILED_REFUND)],
        "wallet": [
            wallets.render(known.WALLET, [known.BALANCES]),
            wallets.render(known.CLOSED_WALLET),
        ],
        "wallet_balances": [wallets.render_balances(known.WALLET, [known.BALANCES])],
        "wallet_statement": [wallets.render_statement(known.STATEMENT)],
        "wallet_transfer": [
            wallets.render_transfer(known.TRANSFER),
            wallets.render_transfer(known.WAITING_TRANSFER),
            wallets.render_transfer(known.DECIDED_TRANSFER),
            wallets.render_transfer(known.REVERSED_TRANSFER),
            wallets.render_transfer(known.CONVERTED),
        ],
        "wallet_withdrawal": [
            wallets.render_withdrawal(known.WITHDRAWAL),
            wallets.render_withdrawal(known.PAID_WITHDRAWAL),
        ],
        "wallet_quote": [wallets.render_quote(known.QUOTE)],
        "limit_usage": [limits.render_usage(known.USED), limits.render_usage(known.UNENDING)],
        "wallet_hold": [wallets.render_hold(known.HOLD), wallets.render_hold(known.ENDED_HOLD)],
        "webhook_delivery": [
            webhook_endpoints.render_delivery(known.DELIVERY),
            webhook_endpoints.render_delivery(known.DONE_DELIVERY),
        ],
        "webhook_endpoint": [
            webhook_endpoints.render(known.ENDPOINT, secret="whsec_…"),  # noqa: S106
            webhook_endpoints.render(known.BARE_ENDPOINT),
        ],
    }


# Objects whose names are anybody's choice.
_FREE = frozenset({"metadata", "features", "detail", "fraud_details", "previous_attributes"})
# Objects that are somebody else's shape altogether.
_ANY = frozenset({"data.object"})
_WORDS: dict[str, tuple[str, ...]] = {
    "payment_intent.status": tuple(
        dict.fromkeys(
            (
                "requires_payment_method",
                *(states.payment_status(state, has_method=True) for state in PaymentState),
            )
        )
    ),
    "charge.status": tuple(dict.fromkeys(states.charge_status(state) for state in AttemptState)),
    "refund.status": tuple(dict.fromkeys(states.refund_status(state) for state in RefundState)),
    "checkout.session.status": tuple(state.value for state in SessionState),
    "checkout.session.payment_status": ("paid", "unpaid"),
    "wallet.status": tuple(state.value for state in WalletState),
    "wallet_hold.status": tuple(state.value for state in HoldState),
    "wallet_transfer.status": tuple(state.value for state in TransferState),
    "wallet_withdrawal.status": tuple(state.value for state in WithdrawalState),
    "wallet_quote.status": tuple(state.value for state in QuoteState),
    "fraud.assessment.decision": tuple(decision.value for decision in Decision),
}
# What an id of these prefixes may be shown as, where it is asked for by `expand`.
_SHOWN_WHOLE = {
    "ch": "charge",
    "cus": "customer",
    "fra": "fraud.assessment",
    "pi": "payment_intent",
    "pm": "payment_method",
    "price": "price",
    "prod": "product",
    "re": "refund",
}
# Told only in the answer to a creation, or of a thing that was removed.
_SOMETIMES = frozenset(
    {
        "checkout.session.line_items",
        "event.data.previous_attributes",
        "payment_link.line_items",
        "webhook_endpoint.secret",
    }
)


def samples_of(name: str) -> list[Json]:
    """Return examples of an object; the first is the fullest."""
    return _samples()[name]


def names() -> list[str]:
    """Return the names of all objects."""
    return sorted(_samples())


def schema_of(name: str) -> Json:
    """Return the JSON Schema of an object: every documented field is always there."""
    schema = _merged(name, _samples()[name])
    for field, rule in schema["properties"].items():
        if f"{name}.{field}" in _WORDS:
            rule["enum"] = list(_WORDS[f"{name}.{field}"])
    if name != "deleted":
        schema["properties"]["object"] = {"const": name}
    return schema


def _merged(path: str, values: Iterable[Any]) -> Json:
    """Return the schema of all these values at one place."""
    seen = list(values)
    kinds = sorted({_kind(value) for value in seen})
    parts = [kind for kind in kinds if kind != "null"]
    if not parts:
        return {"type": "null"}
    if len(parts) > 1:
        raise TypeError(f"{path} is of several kinds: {parts}")
    of_kind = [value for value in seen if value is not None]
    schema = _of_kind(path, parts[0], of_kind)
    return _nullable(schema) if "null" in kinds else schema


def _of_kind(path: str, kind: str, values: list[Any]) -> Json:
    if kind == "object":
        return _object(path, values)
    if kind == "array":
        items = [item for value in values for item in value]
        return {"type": "array", "items": _merged(path, items) if items else {}}
    if kind == "string":
        whole = {_SHOWN_WHOLE.get(value.rpartition("_")[0]) for value in values}
        name = whole.pop() if len(whole) == 1 and not path.endswith(".id") else None
        if name is not None:
            return {"anyOf": [{"type": "string"}, {"$ref": f"#/components/schemas/{name}"}]}
    return {"type": kind}


def _object(path: str, values: list[Json]) -> Json:
    if path.rpartition(".")[2] in _FREE or path.partition(".")[2] in _ANY:
        return {"type": "object"}
    named = {str(value.get("object")) for value in values}
    # What is inside another and whole is that object; an id with its name is not.
    is_inside = "." in path.removeprefix(_beginning(path))
    is_whole = all("livemode" in value for value in values)
    if is_inside and is_whole and len(named) == 1 and named <= _samples().keys():
        return {"$ref": f"#/components/schemas/{named.pop()}"}
    fields = sorted({field for value in values for field in value})
    return {
        "type": "object",
        "properties": {
            field: _merged(f"{path}.{field}", [value[field] for value in values if field in value])
            for field in fields
        },
        "required": [field for field in fields if f"{path}.{field}" not in _SOMETIMES],
    }


def _beginning(path: str) -> str:
    """Return the name of the object in which a place is."""
    return max((name for name in _samples() if path.startswith(name)), key=len)


def _nullable(schema: Json) -> Json:
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    kinds = {int: "integer", str: "string", list: "array", dict: "object"}
    return kinds[type(value)]
