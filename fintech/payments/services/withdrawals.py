"""
Withdrawals: from a wallet to a bank account outside, orchestrated.

Three beats: the money leaves the wallet and is committed; the bank is asked with no
transaction open; what it said is recorded and committed. The bank knows a withdrawal by
its id, so asking again is harmless, and an answer that was lost is asked for again.
Above an amount a person has to agree before the bank is asked.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import httpx
import structlog
from django.conf import settings

from fintech.kernel import money
from fintech.kernel.actor import Actor, system
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.payments.services import rehearsing
from fintech.wallets import data as wallet_data
from fintech.wallets import queries as wallet_queries
from fintech.wallets import services as wallets

APPROVAL_OVER = 1_000  # Whole units of the currency; above it a person has to agree.
BANK_ACCOUNT = "main"

_log = structlog.get_logger(__name__)
_OK = 200
_REJECTED = frozenset({"rejected"})
_SENT = frozenset({"sent"})


def withdraw_from_wallet(
    *,
    merchant_id: UUID,
    wallet_id: UUID,
    amount: Money,
    account: str,
    category: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[wallet_data.Withdrawal]:
    """
    Take money out of a wallet and have the bank send it.

    What comes back is paid or failed, pending where the bank has not said, or awaiting
    approval where the amount needs a person.

    Raises:
        WalletNotFound, WalletFrozen, LimitExceeded, InsufficientFunds: see `wallets.hold`.
    """
    over = Money(APPROVAL_OVER * 10 ** money.exponent(amount.currency), amount.currency)
    done = wallets.begin_withdrawal(
        wallet_id=wallet_id,
        merchant_id=merchant_id,
        amount=amount,
        account=account,
        needs_approval=amount > over,
        channel="api",
        category=category,
        key=key,
        by=by,
        at=at,
    )
    if done.replayed:
        return Done(value=wallet_queries.withdrawal(done.value.id), replayed=True)
    return Done(value=send(done.value, by=by, at=at))


def send(
    begun: wallet_data.Withdrawal, *, by: Actor | None = None, at: datetime
) -> wallet_data.Withdrawal:
    """Ask the bank to send a pending withdrawal, and record what it says."""
    if begun.state != wallet_data.WithdrawalState.PENDING:
        return begun
    if rehearsing.current() is not None:
        status, reference = "sent", f"dry_run_{begun.id}"
    else:
        status, reference = _ask(begun, at)
    if status not in _SENT | _REJECTED:
        _log.warning("payments.withdrawal_unknown", withdrawal_id=str(begun.id))
        return begun
    return wallets.end_withdrawal(
        withdrawal_id=begun.id,
        paid=status in _SENT,
        bank_account=BANK_ACCOUNT,
        bank_reference=reference,
        by=by or system("withdrawals"),
        at=at,
    )


def send_pending_withdrawals(at: datetime) -> int:
    """Ask the bank about every withdrawal that is still pending; return how many ended."""
    ended = 0
    for begun in wallets.pending_withdrawals():
        ended += send(begun, at=at).state != wallet_data.WithdrawalState.PENDING
    return ended


type _Bank = Callable[[wallet_data.Withdrawal, datetime], tuple[str, str]]


def _over_http(begun: wallet_data.Withdrawal, at: datetime) -> tuple[str, str]:
    """Return what the bank says, and its reference; nothing is an unknown."""
    try:
        answer = httpx.post(
            f"{settings.ACQUIRER_URL}/bank/transfers",
            headers={"X-Api-Key": "sandbox"},
            json={
                "reference": str(begun.id),
                "amount_minor": begun.amount.minor,
                "currency": begun.amount.currency,
                "account": begun.account,
                "occurred_at": at.isoformat(),
            },
            timeout=httpx.Timeout(2.0, connect=1.0),
        )
    except httpx.HTTPError:
        return "", ""
    if answer.status_code != _OK:
        return "", ""
    told = answer.json()
    return str(told.get("status", "")), str(told.get("id", ""))


_ask: _Bank = _over_http
