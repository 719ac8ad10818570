"""The adapter to Stripe, through its official SDK: imported only where Stripe is configured."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import stripe

from fintech.kernel import tracing
from fintech.kernel.money import Money
from fintech.payments.data import Answer, AnswerStatus, Notice, Operation, SettlementFile
from fintech.payments.providers import declines, report, signing
from fintech.payments.providers.adapter import Adapter, Terms
from fintech.payments.providers.protocol import Capabilities

stripe.enable_telemetry = False
_AUTH, _ABSENT, _SKEW_SECONDS = Operation.AUTHORIZATION, Answer(status=AnswerStatus.ABSENT), 900
_STATUS = dict.fromkeys(("requires_payment_method", "requires_action"), AnswerStatus.DECLINED)
_STATUS |= {"requires_capture": AnswerStatus.APPROVED, "succeeded": AnswerStatus.SUCCEEDED}
_STATUS |= dict.fromkeys(("processing", "pending"), AnswerStatus.PENDING)
_STATUS |= dict.fromkeys(("canceled", "failed"), AnswerStatus.FAILED)
_CARDS = {code: f"chargeDeclined{code.title().replace('_', '')}" for code in declines.CODES}
_CARDS |= {"declined": "chargeDeclined", "three_d_secure": "threeDSecure2Required"}
_CARDS |= {"decline_after_attach": "chargeCustomerFail", "refund_fails": "refundFail"}
_CARDS |= {"refund_pending": "pendingRefund", "authentication_required": "authenticationRequired"}
_Client: Any = stripe.StripeClient  # Its methods want typed dictionaries, one for each.
_MOVED = {"charge": "capture", "refund": "refund", "refund_failure": "refund_returned"}


class Stripe(Adapter):
    """Our reference is its idempotency key, which it forgets, and stands in metadata for good."""

    name = "stripe"
    capabilities = Capabilities(partial_captures=False, adjustments=False, challenges=False)
    terms = Terms(basis_points=290, fixed_minor=30, days=2)
    turned_away = (stripe.RateLimitError, stripe.AuthenticationError, stripe.PermissionError)

    def __init__(self, *, key: str, secret: str, url: str, timeout_s: float = 10) -> None:
        """Keep connections to `url`; its callbacks are signed with `secret`."""
        http = stripe.HTTPXClient(timeout_s, allow_sync_methods=True)
        api = _Client(key, base_addresses={"api": url}, http_client=http, max_network_retries=0).v1
        self._intents, self._api, self._secret = api.payment_intents, api, secret

    def authorize(self, *, reference: str, amount: Money, card: str, **asked: Any) -> Answer:
        """Ask for money to be reserved; where the payer would have to act, it is declined."""
        if amount.currency in {"ISK", "UGX"}:  # Stripe counts hundredths of them.
            return Answer(status=AnswerStatus.FAILED, decline_code="currency_not_supported")
        token = card if card.startswith("pm_") else f"pm_card_{_CARDS.get(card, card)}"
        wanted = {"amount": amount.minor, "currency": amount.currency.lower(), "confirm": True}
        wanted |= {"payment_method": token, "payment_method_types": ["card"]}
        wanted["capture_method"] = "automatic" if asked["capture"] else "manual"
        wanted["metadata"] = {"reference": reference}
        told = _done([partial(self._intents.create, wanted, _under(reference))])
        if told.decline_code == "authentication_required" and told.provider_reference:
            self._intents.cancel(told.provider_reference)
        return told

    def capture(self, *, reference: str, authorization: str, amount: Money, **_: Any) -> Answer:
        """Ask for `amount` to be taken, once; the rest is let go."""
        wanted = {"amount_to_capture": amount.minor}
        name = partial(self._intents.update, authorization, {"metadata": {"capture": reference}})
        take = partial(self._intents.capture, authorization, wanted, _under(reference))
        return self.once(reference, Operation.CAPTURE, authorization, partial(_done, [name, take]))

    def void(self, *, reference: str, authorization: str, **_: Any) -> Answer:
        """Ask for what is reserved to be let go."""
        cancel = partial(self._intents.cancel, authorization, {}, _under(reference))
        return self.once(reference, Operation.VOID, authorization, partial(_done, [cancel]))

    def refund(self, *, reference: str, capture: str, amount: Money, **_: Any) -> Answer:
        """Ask for `amount` to be given back."""
        wanted = {"payment_intent": capture, "amount": amount.minor}
        wanted["metadata"] = {"reference": reference}
        give = partial(self._api.refunds.create, wanted, _under(reference))
        return self.once(reference, Operation.REFUND, capture, partial(_done, [give]))

    def query(self, reference: str, *, operation: Operation = _AUTH, subject: str = "") -> Answer:
        """Look up what was asked for, by what stands in metadata."""
        if operation in {Operation.CAPTURE, Operation.VOID}:
            told = self._intents.retrieve(subject).to_dict()
            if told["status"] == "requires_capture":
                return _ABSENT
            mine = operation == Operation.VOID or told["metadata"].get("capture") == reference
            return _read(told, operation) if mine else Answer(status=AnswerStatus.FAILED)
        if operation == Operation.REFUND:
            listed = self._api.refunds.list({"payment_intent": subject, "limit": 100})
        else:
            made = int(reference[:8] + reference[9:13], 16) // 1000  # A UUIDv7's milliseconds.
            near = {"gte": made - _SKEW_SECONDS, "lte": made + _SKEW_SECONDS}
            listed = self._intents.list({"created": near, "limit": 100})
        found = map(stripe.StripeObject.to_dict, listed.auto_paging_iter())
        mine = (one for one in found if one["metadata"].get("reference") == reference)
        return next(map(_read, mine), _ABSENT)

    def settlement_file(self, *, on: date, currency: str) -> SettlementFile:
        """Write down what moved the balance on a day (UTC)."""
        wanted = {"created": report.seconds_of(on), "currency": currency.lower(), "limit": 100}
        wanted["expand"] = ["data.source.payment_intent"]
        listed = self._api.balance_transactions.list(wanted).auto_paging_iter()
        moved = (_movement(one.to_dict()) for one in listed if one.type != "payout")
        return report.written(moved, currency=currency)

    def verify_callback(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> Notice:
        """Check signature and age of an event, then read it."""
        event = signing.opened(body, headers, "Stripe-Signature", secret=self._secret, at=at)
        told = event["data"]["object"]
        taken = told["status"] == "succeeded" and "capture" in told["metadata"]
        return Notice(
            event_id=event["id"][:100],
            kind=event["type"][:40],
            reference=told["metadata"].get("capture" if taken else "reference", "")[:100],
            answer=_read(told, Operation.CAPTURE if taken else _AUTH),
            occurred_at=datetime.fromtimestamp(event["created"], UTC),
        )


def _under(reference: str) -> dict[str, Any]:
    return {"idempotency_key": reference, "headers": tracing.headers()}


def _done(asks: list[Callable[[], Any]], what: Operation = _AUTH) -> Answer:
    try:
        return _read([ask().to_dict() for ask in asks][-1], what)
    except stripe.CardError as declined:
        body: Any = declined.json_body  # Not every processor tells of the payment.
        blank = {"status": "requires_payment_method", "id": "", "last_payment_error": body["error"]}
        return _read(body["error"].get("payment_intent") or blank)
    except stripe.InvalidRequestError as refused:
        return Answer(status=AnswerStatus.FAILED, decline_code=(refused.code or "refused")[:60])


def _read(told: dict[str, Any], what: Operation = _AUTH) -> Answer:
    status, code = _STATUS[told["status"]], ""
    if what == Operation.VOID:
        status = AnswerStatus.SUCCEEDED if told["status"] == "canceled" else AnswerStatus.FAILED
    if status == AnswerStatus.DECLINED:
        why = told.get("last_payment_error") or {"code": "authentication_required"}
        code = declines.code_of(why.get("decline_code"), why.get("code"))
    minor = told.get("amount_received" if what == Operation.CAPTURE else "amount")
    amount = None if minor is None else Money(minor, told["currency"].upper())
    return Answer(status=status, amount=amount, provider_reference=told["id"], decline_code=code)


def _movement(told: dict[str, Any]) -> report.Movement:
    source, kind = told["source"], _MOVED.get(told["type"], told["type"])
    names = source["metadata"] | (source["payment_intent"]["metadata"] if kind == "capture" else {})
    reference = names.get("capture") or names.get("reference") or source["id"]
    of = (kind, reference, source["id"], told["created"])
    return report.Movement(*of, told["amount"], told["fee"])
