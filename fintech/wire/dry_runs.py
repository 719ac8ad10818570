"""What a command would do, were it meant."""

from fintech.kernel import ids
from fintech.payments.data import DryRun
from fintech.wire import errors, wallets
from fintech.wire.scalars import Json, currency


def render(told: DryRun, made: Json | None, request_id: str) -> Json:
    """Return a dry run; its result is the object that would be `made`, or the refusal."""
    return {
        "assessment": None
        if told.score is None
        else {"decision": told.decision, "reasons": list(told.reasons), "score": told.score},
        "balances": [
            {"wallet": ids.public("wal", wallet_id), **wallets.render_balance(balances)}
            for wallet_id, balances in told.balances
        ],
        "fees": []
        if told.fee is None
        else [{"amount": told.fee.minor, "currency": currency(told.fee.currency)}],
        "limits": list(told.breaches),
        "object": "dry_run",
        "postings": [
            {
                "lines": [
                    {"account": account, "amount": minor, "currency": currency(code)}
                    for account, minor, code in one.lines
                ],
                "pending": one.pending,
                "template": one.template,
            }
            for one in told.postings
        ],
        "result": errors.render(told.refusal, request_id) if told.refusal is not None else made,
    }
