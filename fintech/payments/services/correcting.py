"""
Two people say where a frozen payment stands, as they have found it at the provider.

One proposes, another approves (`kernel.approvals`); only then is anything changed. What
our books have wrong is corrected by entries of their own: a capture that had not happened
is reversed, one that we did not know is booked, what is no longer reserved is let go.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django_subatomic import db

from fintech.kernel import approvals, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.ledger.data import EntryState, templates
from fintech.payments import data, errors, events
from fintech.payments.data import AttemptState, CaptureState, PaymentState
from fintech.payments.models import Attempt, Capture, Payment
from fintech.payments.services import booking, claims, drafting, links, rows
from fintech.payments.services.writing import Work

KIND = "payments.correct_status"
TARGETS = (PaymentState.CAPTURED, PaymentState.AUTHORIZED, PaymentState.CANCELED)
_LONGEST_REASON = 500
_OPEN_CAPTURES = (CaptureState.SUBMITTED, CaptureState.UNKNOWN)


def propose_correction(
    *,
    payment_id: UUID,
    to: str,
    amount: Money | None = None,
    provider_reference: str = "",
    reason: str,
    by: Actor,
    at: datetime,
) -> UUID:
    """
    Say where a frozen payment stands at the provider; another person has a day to agree.

    Args:
        to: "captured", "authorized" or "canceled".
        amount: what was taken or is reserved there; everything that is owed if left out.
        provider_reference: what the provider calls it, where we did not know.
        reason: why, in words that the other person reads.

    Returns:
        The id of the proposal.

    Raises:
        PaymentNotFound: there is no such payment.
        NotCorrectable: it is not frozen, or cannot have come to that.
        ParameterInvalid: no reason, or no such state.
    """
    if to not in TARGETS:
        raise errors.ParameterInvalid("to", f"This must be one of {', '.join(TARGETS)}.")
    if not reason.strip():
        raise errors.ParameterInvalid("reason", "A reason is needed.")
    drafting.short(reason, _LONGEST_REASON, "reason")
    with db.transaction_if_not_already():
        payment, attempt = rows.locked(payment_id)
        asked = _checked(payment, attempt, to=PaymentState(to), amount=amount)
        return approvals.propose(
            kind=KIND,
            payload={
                "payment_id": payment.id,
                "to": to,
                "amount_minor": asked.minor,
                "currency": asked.currency,
                "provider_reference": drafting.short(provider_reference, 100, "provider_reference"),
                "reason": reason,
            },
            version_seen=payment.version,
            by=by,
            at=at,
        )


def correct(
    payload: Mapping[str, Any], *, version_seen: int, by: Actor, at: datetime
) -> data.Payment:
    """
    Carry out what was proposed and approved; called by `approvals` in its transaction.

    Raises:
        CorrectionStale: something has happened to the payment since.
        NotCorrectable: it is not frozen any more, or the books cannot follow.
    """
    with db.transaction_if_not_already():
        payment, attempt = rows.locked(UUID(payload["payment_id"]))
        if payment.version != version_seen:
            raise errors.CorrectionStale(payment.id)
        to = PaymentState(payload["to"])
        amount = Money(payload["amount_minor"], payload["currency"])
        _checked(payment, attempt, to=to, amount=amount)
        if attempt is None:
            raise errors.NotCorrectable(payment_id=payment.id, because="nobody was ever asked")
        work = Work()
        _Correction(payment, attempt, work, at).carry_out(
            to, amount, reference=payload["provider_reference"]
        )
        work.write(at=at, by=by)
    return rows.value(payment, attempt)


def _checked(
    payment: Payment, attempt: Attempt | None, *, to: PaymentState, amount: Money | None
) -> Money:
    """Return the amount that is meant; refuse what cannot be."""

    def no(because: str) -> errors.NotCorrectable:
        return errors.NotCorrectable(payment_id=payment.id, because=because)

    if payment.state != PaymentState.CONFLICTED:
        raise no(f"it is {payment.state.replace('_', ' ')}")
    if attempt is None:
        raise no("nobody was ever asked")
    if attempt.provider == data.WALLET:
        raise no("a wallet is no provider that could contradict us")
    owed = payment.money(payment.amount_minor)
    asked = owed if amount is None else amount
    if asked > owed:  # Money refuses to compare two currencies.
        raise no(f"no more than {owed} is owed")
    if asked.minor < 1 and to != PaymentState.CANCELED:
        raise no("nothing was taken or reserved")
    kept = 0 if to != PaymentState.CAPTURED else asked.minor
    given = payment.refunded_minor + payment.refund_pending_minor
    if given and (kept < payment.captured_minor or to != PaymentState.CAPTURED):
        raise no("some of it was given back; let those refunds fail first")
    return asked


class _Correction:
    """One correction under way, with the payment's lock."""

    def __init__(self, payment: Payment, attempt: Attempt, work: Work, at: datetime) -> None:
        self.payment, self.attempt, self.work, self.at = payment, attempt, work, at
        attempt.payment = payment

    def carry_out(self, to: PaymentState, amount: Money, *, reference: str) -> None:
        payment, attempt = self.payment, self.attempt
        self._end_what_is_open(keep_capture=to == PaymentState.CAPTURED)
        if to != PaymentState.CAPTURED or amount.minor < payment.captured_minor:
            self._reverse_captures()
        if to == PaymentState.CANCELED:
            self._let_go()
            if attempt.state in {AttemptState.AUTHORIZING, AttemptState.UNKNOWN}:
                attempt.fail("corrected")
            self.work.freed.append(attempt.id)
        else:
            if attempt.state != AttemptState.AUTHORIZED:
                attempt.correct(reference=reference, until=self.at + rows.AUTHORIZATION_LASTS)
            payment.authorized_minor = max(payment.authorized_minor, amount.minor)
        if to == PaymentState.CAPTURED:
            self._take(amount.minor - payment.captured_minor, reference)
        elif to == PaymentState.AUTHORIZED:
            self._let_go()
            self._set_aside(amount)
        self._move(to, amount)

    def _end_what_is_open(self, *, keep_capture: bool) -> None:
        """Ask nobody about what people have looked up."""
        self.attempt.next_check_at = None
        self.attempt.void_id = self.attempt.void_at = self.attempt.adjust_minor = None
        self.work.touch(self.attempt)
        if self.attempt.claim is not None:
            self._answer(self.attempt)
        if keep_capture:
            return
        for capture in self._captures(_OPEN_CAPTURES):
            capture.fail("corrected")
            self._answer(capture)
            self.work.touch(capture)

    def _answer(self, operation: Attempt | Capture) -> None:
        """Answer whoever still holds a key to it with the payment as it is found."""
        key = claims.found(operation.merchant_id, operation.claim)
        if key is not None:
            operation.claim = None
            self.work.settled.append((key, rows.value(self.payment, self.attempt)))

    def _captures(self, states: tuple[CaptureState, ...]) -> list[Capture]:
        found = Capture.objects.filter(payment_id=self.payment.id, state__in=states).order_by("id")
        for capture in found:
            capture.payment, capture.attempt = self.payment, self.attempt
        return list(found)

    def _reverse_captures(self) -> None:
        """Take back, by entries of their own, what was booked as taken: E14."""
        payment = self.payment
        for capture in self._captures((CaptureState.SUCCEEDED,)):
            was = payment.state
            amount, fee = payment.money(capture.amount_minor), payment.money(capture.fee_minor)
            capture.reverse(at=self.at)
            payment.take_back(amount, fee=fee)
            self.attempt.captured_minor -= capture.amount_minor
            self.attempt.capture_entry_id = None
            self.work.touch(capture, payment, self.attempt)
            self.work.facts.append(
                rows.tell(
                    events.PaymentCaptureReversed,
                    payment,
                    was=was,
                    at=self.at,
                    amount=amount,
                    capture_id=capture.id,
                    fee_minor=fee.minor,
                    entry_id=capture.reversal_entry_id,
                )
            )
            if capture.entry_id is not None and capture.reversal_entry_id is not None:
                booked = ledger_queries.entry(capture.entry_id)
                self.work.entries.append(
                    templates.reversal(entry_id=capture.reversal_entry_id, of=booked, at=self.at)
                )

    def _is_set_aside(self) -> bool:
        """Whether something of the authorization's pending entry is left."""
        if self.attempt.entry_id is None:
            return False
        state = ledger_queries.entry(self.attempt.entry_id).state
        return state in {EntryState.PENDING, EntryState.PARTIALLY_CAPTURED}

    def _let_go(self) -> None:
        if self._is_set_aside() and self.attempt.entry_id is not None:
            self.work.entries.append(
                templates.release(
                    entry_id=ids.new(),
                    pending_id=self.attempt.entry_id,
                    subject=self.payment.id,
                    at=self.at,
                )
            )

    def _set_aside(self, amount: Money) -> None:
        if self.payment.purpose != data.Purpose.SALE:
            return
        self.attempt.entry_id = ids.new()
        self.work.entries.append(
            templates.authorize_card(
                entry_id=self.attempt.entry_id,
                merchant_id=self.payment.merchant_id,
                provider=self.attempt.provider,
                amount=amount,
                expires_at=self.at + rows.AUTHORIZATION_LASTS,
                subject=self.payment.id,
                at=self.at,
            )
        )

    def _take(self, missing: int, reference: str) -> None:
        """Book what the provider has taken and we had not, and let go of the rest."""
        open_captures = self._captures(_OPEN_CAPTURES)
        if not missing:
            self._let_go()
            for capture in open_captures:
                capture.fail("corrected")
                self._answer(capture)
                self.work.touch(capture)
            return
        if not self._is_set_aside():
            self._set_aside(self.payment.money(missing))
        capture = open_captures[0] if open_captures else self._unknown_capture()
        capture.amount_minor, capture.final = missing, True
        booking.take(
            capture, self.payment, self.attempt, self.work, reference=reference, at=self.at
        )
        self._answer(capture)
        if open_captures:
            self.work.touch(capture)
        else:
            self.work.insert.append(capture)

    def _unknown_capture(self) -> Capture:
        capture = Capture(
            payment=self.payment,
            attempt=self.attempt,
            merchant_id=self.payment.merchant_id,
            currency=self.payment.currency,
            provider=self.attempt.provider,
            created_at=self.at,
        )
        taken = Capture.objects.filter(reference=self.attempt.id).exists()
        capture.reference = capture.id if taken else self.attempt.id
        return capture

    def _move(self, to: PaymentState, amount: Money) -> None:
        payment, was = self.payment, self.payment.state
        if to == PaymentState.CAPTURED:
            payment.correct_to_captured(at=self.at)
        elif to == PaymentState.AUTHORIZED:
            payment.correct_to_authorized(
                amount, until=self.at + rows.AUTHORIZATION_LASTS, at=self.at
            )
        else:
            payment.correct_to_canceled(reason="failed", at=self.at)
            links.give_back_use(payment)
        self.work.touch(payment, self.attempt)
        self.work.facts.append(
            rows.tell(
                events.PaymentStatusCorrected,
                payment,
                was=was,
                at=self.at,
                amount=amount,
                attempt_id=self.attempt.id,
                authorized_minor=payment.authorized_minor,
                cancellation_reason=Code(payment.cancellation_reason),
            )
        )
