"""What a success means for the books: money set aside, a capture, a refund, a release."""

from datetime import datetime
from functools import partial
from uuid import UUID

from fintech.kernel import ids
from fintech.kernel.events import Code
from fintech.ledger.data import templates
from fintech.payments import data, events
from fintech.payments.models import Attempt, Capture, Payment, Refund
from fintech.payments.providers import registry
from fintech.payments.services import funds, rows
from fintech.payments.services.writing import Work
from fintech.wallets import services as wallets


def set_aside(
    payment: Payment, attempt: Attempt, work: Work, *, until: datetime, at: datetime
) -> None:
    """
    Book that money is reserved: E1 at the payer's bank, E1w in the payer's wallet.

    The wallet's hold is named by the attempt and has no time of its own: the payment
    lets it go.
    """
    attempt.entry_id = ids.new()
    amount = payment.money(attempt.amount_minor)
    wallet_id = attempt.payment_method.wallet_id
    if wallet_id is not None:
        work.moves.append(
            partial(
                wallets.hold,
                wallet_id=wallet_id,
                amount=amount,
                merchant_id=payment.merchant_id,
                hold_id=attempt.id,
                entry_id=attempt.entry_id,
                is_reserved=True,
                at=at,
            )
        )
        return
    work.entries.append(
        templates.authorize_card(
            entry_id=attempt.entry_id,
            merchant_id=payment.merchant_id,
            provider=attempt.provider,
            amount=amount,
            expires_at=until,
            subject=payment.id,
            at=at,
        )
    )


def take(
    capture: Capture,
    payment: Payment,
    attempt: Attempt,
    work: Work,
    *,
    reference: str,
    at: datetime,
) -> None:
    """
    Book money that the provider has taken: E3 for a sale, E10 for a top-up.

    The capture's journal entry names our own reference, which the provider's
    settlement file repeats; that line is what reconciliation expects.
    """
    amount = payment.money(capture.amount_minor)
    fee = payment.fee_for(amount, first=payment.captured_minor == 0)
    was = payment.state
    first = payment.captured_minor == 0
    capture.succeed(provider_reference=reference, fee=fee, at=at)
    if payment.purpose == data.Purpose.SALE:
        capture.available_due_at = data.available_on(at)
    everything = payment.captured_minor + capture.amount_minor == payment.authorized_minor
    final = capture.final or everything
    if payment.state == data.PaymentState.CONFLICTED:
        payment.capture_in_conflict(amount, fee=fee, at=at, final=final)
    elif final:
        payment.capture_rest(amount, fee=fee, at=at)
    else:
        payment.capture_part(amount, fee=fee, at=at)
    attempt.captured_minor += capture.amount_minor
    attempt.capture_entry_id = attempt.capture_entry_id or capture.entry_id
    work.touch(payment, attempt)
    if first and attempt.provider != data.WALLET:  # A wallet's hold concludes its limits.
        work.confirmed.append(attempt.id)
    work.facts.append(
        rows.tell(
            events.PaymentCaptured,
            payment,
            was=was,
            at=at,
            amount=amount,
            attempt_id=attempt.id,
            capture_id=capture.id,
            fee_minor=fee.minor,
            entry_id=capture.entry_id,
            final=final,
        )
    )
    entry_id = _booked(capture)
    if attempt.provider == data.WALLET:
        aside = _set_aside_in(work, attempt)
        if aside is not None:
            held = work.moves[aside].keywords
            work.moves[aside] = partial(
                wallets.hold_and_capture,
                wallet_id=held["wallet_id"],
                amount=amount,
                fee=fee,
                merchant_id=payment.merchant_id,
                hold_id=attempt.id,
                entry_id=held["entry_id"],
                capture_entry_id=entry_id,
                at=at,
            )
            return
        work.moves.append(
            partial(
                wallets.capture,
                hold_id=attempt.id,
                amount=amount,
                final=final,
                fee=fee,
                entry_id=entry_id,
                at=at,
            )
        )
        return
    provider = registry.provider(attempt.provider)
    if payment.purpose == data.Purpose.TOP_UP and payment.wallet_id is not None:
        work.filled.add(payment.wallet_id)
        work.entries.append(
            templates.top_up(
                entry_id=entry_id,
                wallet_id=payment.wallet_id,
                provider=attempt.provider,
                amount=amount,
                processor_fee=provider.fee(amount),
                provider_reference=str(capture.reference),
                due_on=provider.due_on(at),
                subject=payment.id,
                at=at,
            )
        )
        return
    work.entries.append(
        templates.capture_card(
            entry_id=entry_id,
            pending_id=_pending(attempt),
            merchant_id=payment.merchant_id,
            provider=attempt.provider,
            amount=amount,
            fee=fee,
            processor_fee=provider.fee(amount),
            final=final,
            provider_reference=str(capture.reference),
            due_on=provider.due_on(at),
            subject=payment.id,
            at=at,
        )
    )


def give_back(
    refund: Refund, payment: Payment, work: Work, *, reference: str, at: datetime
) -> None:
    """Book money that the provider has given back: E6, out of what the merchant has or owes."""
    refund.succeed(provider_reference=reference, at=at)
    payment.refund_pending_minor -= refund.amount_minor
    payment.refunded_minor += refund.amount_minor
    refund.attempt.refunded_minor += refund.amount_minor
    work.refunded.append((refund.attempt.id, refund.amount_minor))
    work.touch(refund, payment, refund.attempt)
    work.facts.append(
        rows.tell_refund(events.RefundSucceeded, refund, at=at, entry_id=refund.entry_id)
    )
    amount = payment.money(refund.amount_minor)
    taken = funds.take(payment.merchant_id, amount)
    refund.capture.change_available(-(taken.from_available + taken.owed).minor, at=at)
    work.touch(refund.capture)
    wallet_id = refund.attempt.payment_method.wallet_id
    if wallet_id is not None:
        work.entries.append(
            templates.refund_wallet(
                entry_id=_booked(refund),
                wallet_id=wallet_id,
                merchant_id=payment.merchant_id,
                amount=amount,
                from_available=taken.from_available,
                shortfall=taken.owed,
                subject=payment.id,
                at=at,
            )
        )
        return
    work.entries.append(
        templates.refund_card(
            entry_id=_booked(refund),
            merchant_id=payment.merchant_id,
            provider=refund.provider,
            amount=amount,
            from_pending=True,
            from_available=taken.from_available,
            shortfall=taken.owed,
            provider_reference=str(refund.id),
            due_on=registry.provider(refund.provider).due_on(at),
            subject=payment.id,
            at=at,
        )
    )


def take_back(refund: Refund, payment: Payment, work: Work, *, code: str, at: datetime) -> None:
    """Book that a refund came back from the payer's bank: E6f."""
    refund.come_back(code, at=at)
    payment.refunded_minor -= refund.amount_minor
    refund.attempt.refunded_minor -= refund.amount_minor
    work.refunded.append((refund.attempt.id, -refund.amount_minor))
    refund.capture.refunded_minor -= refund.amount_minor
    work.touch(refund, payment, refund.attempt, refund.capture)
    work.facts.append(
        rows.tell_refund(
            events.RefundReturned,
            refund,
            at=at,
            failure_reason=Code(code),
            entry_id=refund.return_entry_id,
        )
    )
    if refund.return_entry_id is None:
        message = "a refund that came back names its journal entry"
        raise RuntimeError(message)
    amount = payment.money(refund.amount_minor)
    repaid = funds.repay(payment.merchant_id, amount)
    refund.capture.change_available(repaid.minor, at=at)
    work.entries.append(
        templates.refund_returned(
            entry_id=refund.return_entry_id,
            merchant_id=payment.merchant_id,
            provider=refund.provider,
            amount=amount,
            to_pending=True,
            repaid=repaid,
            provider_reference=str(refund.id),
            due_on=registry.provider(refund.provider).due_on(at),
            subject=payment.id,
            at=at,
        )
    )


def let_go(payment: Payment, attempt: Attempt, work: Work, *, reason: str, at: datetime) -> None:
    """Book that the payer's bank has let go: E2, and the payment's end."""
    was = payment.state
    entry_id = None
    if attempt.entry_id is not None:
        entry_id = ids.new()
        if attempt.provider == data.WALLET:
            work.moves.append(
                partial(wallets.release, hold_id=attempt.id, entry_id=entry_id, at=at)
            )
        else:
            work.entries.append(
                templates.release(
                    entry_id=entry_id, pending_id=attempt.entry_id, subject=payment.id, at=at
                )
            )
    taken_in_part = payment.state == data.PaymentState.PARTIALLY_CAPTURED
    if taken_in_part or payment.state == data.PaymentState.CONFLICTED:
        rest = payment.money(payment.authorized_minor - payment.captured_minor)
        if taken_in_part:
            payment.release_remainder()
        work.facts.append(
            rows.tell(
                events.PaymentRemainderReleased,
                payment,
                was=was,
                at=at,
                amount=rest,
                reason=Code(reason),
                entry_id=entry_id,
            )
        )
    elif payment.state == data.PaymentState.IN_REVIEW:
        case_id = payment.review_id
        payment.decline_review(at=at)
        work.facts.append(
            rows.tell(
                events.PaymentReviewDeclined,
                payment,
                was=was,
                at=at,
                case_id=case_id,
                entry_id=entry_id,
            )
        )
        work.freed.append(attempt.id)
    else:
        payment.cancel(reason=reason, at=at)
        work.facts.append(
            rows.tell(
                events.PaymentCanceled,
                payment,
                was=was,
                at=at,
                reason=Code(reason),
                entry_id=entry_id,
            )
        )
        work.freed.append(attempt.id)
    if attempt.adjust_id is not None:
        work.freed.append(attempt.adjust_id)
    attempt.next_check_at = None
    work.touch(payment, attempt)


def _booked(row: Capture | Refund) -> UUID:
    if row.entry_id is None:
        message = "what succeeded names its journal entry"
        raise RuntimeError(message)
    return row.entry_id


def _set_aside_in(work: Work, attempt: Attempt) -> int | None:
    """Return which move of the same beat sets a wallet's money aside, if one does."""
    for place, move in enumerate(work.moves):
        if move.func is wallets.hold and move.keywords["hold_id"] == attempt.id:
            return place
    return None


def _pending(attempt: Attempt) -> UUID:
    if attempt.entry_id is None:
        message = "a sale's authorization names its pending journal entry"
        raise RuntimeError(message)
    return attempt.entry_id
