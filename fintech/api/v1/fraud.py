"""Fraud: decisions with their reasons, and what is treated specially."""

from datetime import UTC, datetime

from fintech.api import errors, pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, list_parameters, operation
from fintech.fraud import queries
from fintech.fraud import services as fraud
from fintech.kernel import ids
from fintech.kernel.errors import NotFound
from fintech.payments import queries as payments
from fintech.payments import services as payment_services
from fintech.wire import deleted, fraud_cases, payment_intents
from fintech.wire import fraud_assessments as wire
from fintech.wire.errors import Fault

_READ, _WRITE = "fraud:read", "fraud:write"
# What names a person is checked, then kept as a hash only.
_FORMS: dict[str, fields.Field] = {"email": fields.Email(), "ip": fields.IpAddress()}
_LISTS = {"blocklist": "block", "reviewlist": "review", "allowlist": "allow"}


@operation(
    "GET", "/v1/fraud/assessments/{id}", scope=_READ, returns="fraud.assessment", noun="assessment"
)
def retrieve_assessment(call: Call) -> Answer:
    """Retrieve a fraud decision with its score, reasons and features."""
    found = queries.assessment(call.this("fra"), merchant_id=call.merchant_id)
    return Answer(body=wire.render(found))


@operation(
    "GET",
    "/v1/fraud/assessments",
    scope=_READ,
    returns="list",
    of="fraud.assessment",
    parameters=list_parameters(
        "fra",
        "assessment",
        both_ways=False,
        payment_intent=fields.Id(prefix="pi", noun="payment intent"),
        decision=fields.OneOf(words=("allow", "challenge", "review", "block")),
    ),
)
def list_assessments(call: Call) -> Answer:
    """List fraud decisions, newest first."""
    found = queries.assessments(
        call.merchant_id,
        payment_id=call.get("payment_intent"),
        decision=call.get("decision"),
        before=call.page.after,
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, wire.render)


@operation("GET", "/v1/fraud/cases/{id}", scope=_READ, returns="fraud.case", noun="case")
def retrieve_case(call: Call) -> Answer:
    """Retrieve a case."""
    found = queries.case(call.this("fcs"), merchant_id=call.merchant_id)
    return Answer(body=fraud_cases.render(found))


@operation(
    "GET",
    "/v1/fraud/cases",
    scope=_READ,
    returns="list",
    of="fraud.case",
    parameters=list_parameters(
        "fcs",
        "case",
        both_ways=False,
        payment_intent=fields.Id(prefix="pi", noun="payment intent"),
        group=fields.Id(prefix="fcs", noun="case", about="Of one card, device or customer."),
        open=fields.Boolean(about="Those that nobody has closed, or those that were."),
    ),
)
def list_cases(call: Call) -> Answer:
    """List cases, newest first."""
    found = queries.cases(
        call.merchant_id,
        is_open=call.get("open"),
        payment_id=call.get("payment_intent"),
        group_id=call.get("group"),
        before=call.page.after,
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, fraud_cases.render)


@operation(
    "POST",
    "/v1/fraud/cases/{id}/approve",
    scope=_WRITE,
    returns="payment_intent",
    noun="case",
    rehearses=True,
)
def approve_case(call: Call) -> Answer:
    """Say yes to the payment of a case; its money is taken where capture is automatic."""
    return _decide(call, "approve")


@operation(
    "POST",
    "/v1/fraud/cases/{id}/decline",
    scope=_WRITE,
    returns="payment_intent",
    noun="case",
    rehearses=True,
)
def decline_case(call: Call) -> Answer:
    """Say no to the payment of a case; its money is let go."""
    return _decide(call, "decline")


@operation(
    "POST",
    "/v1/fraud/lists/{list}/items",
    scope=_WRITE,
    returns="fraud.list_item",
    noun="list",
    parameters={
        "kind": fields.OneOf(words=("card", "customer", "email", "ip", "country"), required=True),
        "value": fields.Text(
            longest=512,
            required=True,
            about="A card's `pm_…` or fingerprint, a customer's `cus_…`, an e-mail or an address,"
            " of which a hash is kept, or a country's code.",
        ),
        "reason": fields.Text(longest=200),
        "expires_at": fields.Integer(least=0, most=253_402_300_799),
    },
)
def add_item(call: Call) -> Answer:
    """Treat a card, customer, e-mail, address or country specially, on one of three lists."""
    expires = call.get("expires_at")
    value, action = _value(call), _action(call)
    done = call.once(
        lambda: fraud.add_to_list(
            merchant_id=call.merchant_id,
            kind=call.values["kind"],
            value=value,
            action=action,
            reason=call.text("reason"),
            expires_at=None if expires is None else datetime.fromtimestamp(expires, tz=UTC),
            by=call.by,
            at=call.at,
        )
    )
    return Answer(body=wire.render_list_item(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/fraud/lists/{list}/items",
    scope=_READ,
    returns="list",
    of="fraud.list_item",
    noun="list",
)
def list_items(call: Call) -> Answer:
    """List what stands on a list now, newest first, at most 100."""
    action = _action(call)
    found = [item for item in queries.list_items(call.merchant_id) if item.action == action]
    return pagination.answer(call, found, wire.render_list_item, has_more=False)


@operation(
    "DELETE",
    "/v1/fraud/lists/{list}/items/{id}",
    scope=_WRITE,
    returns="fraud.list_item",
    noun="list item",
    expands=False,
)
def remove_item(call: Call) -> Answer:
    """Treat something as anything else again."""
    _action(call)
    fraud.remove_from_list(
        item_id=call.this("fli"), merchant_id=call.merchant_id, by=call.by, at=call.at
    )
    return Answer(body=deleted.render("fraud.list_item", call.path["id"]))


def _decide(call: Call, verdict: str) -> Answer:
    case = queries.case(call.this("fcs"), merchant_id=call.merchant_id)
    done = payment_services.decide_review(
        payment_id=case.payment_id,
        verdict=verdict,
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed, value=done.value)


def _action(call: Call) -> str:
    if call.path["list"] not in _LISTS:
        raise errors.ResourceMissing("list")
    return _LISTS[call.path["list"]]


def _value(call: Call) -> str:
    """Return what the list keeps: nothing readable of a person."""
    kind, given = call.values["kind"], call.values["value"]
    try:
        if kind == "card" and given.startswith("pm_"):
            method_id = ids.parse("pm", given)
            return payments.payment_method(method_id, call.merchant_id).card.fingerprint
        if kind == "customer":
            return str(payments.customer(ids.parse("cus", given), call.merchant_id).id)
    except (ids.NotAnId, NotFound):
        message = f"There is no such {'payment method' if kind == 'card' else 'customer'}."
        raise errors.ParametersWrong([Fault("value", "resource_missing", message)]) from None
    form = _FORMS.get(kind)
    if form is not None:
        faults: list[Fault] = []
        form.read(given, "value", faults)
        if faults:
            raise errors.ParametersWrong(faults)
        return payments.hash_of(kind, given) or ""
    return str(given)
