"""Confirming: the three beats, one after the other."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fintech.kernel import waiting
from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done, Key
from fintech.payments import data, errors
from fintech.payments.services import combining, deciding, recording, rerouting

_ASKED_AT_ONCE = 8


def confirm(
    *,
    merchant_id: UUID,
    payment_id: UUID,
    payment_method: UUID | None = None,
    token: str = "",
    wallet: UUID | None = None,
    return_url: str = "",
    ip: str = "",
    device: str = "",
    payer_is_there: bool = True,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Charge the payer's card, or reserve the money where capture is manual.

    A provider that does not answer leaves the payment in `processing`; it is asked
    again under the same reference until it does, and never charges twice.

    Args:
        payment_method: what is stored, or `token`: the neutral code of a sandbox card, or
            `wallet`: a wallet to pay from; without any, what the payment already has.
        device: what names the payer's browser or phone; only its hash is kept, for fraud.
        payer_is_there: to prove who he is; if not, a person looks where he would be challenged.
        key: the caller's idempotency key; the same key has one effect.

    Raises:
        PaymentNotFound, PaymentMethodNotFound, PaymentMethodMissing: nothing was done.
        UnexpectedState: the payment is not waiting to be confirmed.
        LimitExceeded: it would go over a limit.
        CardDeclined: the bank or our fraud decision said no; `.payment` is committed.
        AcquirerUnavailable: the acquirer did nothing; `.payment` is committed.
    """
    order = data.Begin(
        merchant_id=merchant_id,
        at=at,
        payment_id=payment_id,
        payment_method_id=payment_method,
        token=token,
        wallet_id=wallet,
        return_url=return_url,
        ip=ip,
        device=device,
        payer_is_there=payer_is_there,
        key=key,
    )
    return confirm_one(order, by=by)


def confirm_one(order: data.Begin, *, by: Actor) -> Done[data.Payment]:
    """Run the three beats for one order; see `confirm`."""
    order = replace(order, by=by)
    begun = combining.begin(order)
    if begun.failure is not None:
        raise begun.failure
    if begun.refusal is not None:
        raise begun.refusal
    payment = begun.payment
    if begun.ask is not None:
        question = begun.ask
        payment = combining.record(waiting.aside(lambda: rerouting.ask(question, by=by)))
    if payment is None:
        message = "a decision has a payment or a refusal"
        raise RuntimeError(message)
    refuse_if_declined(payment, replayed=begun.replayed)
    return Done(value=payment, replayed=begun.replayed)


def confirm_all(orders: Sequence[data.Begin], *, by: Actor) -> list[data.Begun]:
    """
    Run the three beats for many orders at once: two commits, whatever their number.

    Declines are payments here, not exceptions; refusals and failures come back as values.
    """
    begun = deciding.begin(orders, by=by)
    asks = [one.ask for one in begun if one.ask is not None]
    recorded = iter(recording.record_each(ask_all(asks, by=by), by=by))
    return [one if one.ask is None else _ended(next(recorded)) for one in begun]


def _ended(recorded: data.Payment | Exception) -> data.Begun:
    if isinstance(recorded, Exception):
        return data.Begun(failure=recorded)
    return data.Begun(payment=recorded)


def ask_all(asks: Sequence[data.Ask], *, by: Actor) -> list[data.Answered]:
    """Ask providers many things, a few at a time, with no transaction open."""
    if len(asks) <= 1:
        return [rerouting.ask(ask, by=by) for ask in asks]
    recording.refuse_open_transaction()
    with ThreadPoolExecutor(max_workers=_ASKED_AT_ONCE) as pool:
        answers = list(pool.map(recording.ask_provider, asks))
    # Going over writes, and this thread has the connection.
    return [rerouting.go_on(ask, answer, by=by) for ask, answer in zip(asks, answers, strict=True)]


def refuse_if_declined(payment: data.Payment, *, replayed: bool = False) -> None:
    """Raise what a caller of `confirm` must hear of a payment that came to nothing."""
    declined, attempt = payment.last_error, payment.latest_attempt
    if declined is None or attempt is None or declined.attempt_id != attempt.id:
        return
    refusal: errors.CardDeclined | errors.AcquirerUnavailable = (
        errors.AcquirerUnavailable(payment)
        if declined.decline_code == "acquirer_unavailable"
        else errors.CardDeclined(payment)
    )
    refusal.replayed = replayed
    raise refusal
