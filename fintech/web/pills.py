"""
One word, one tone and one sentence for every state that a page may show.

This is the only place where states get their looks: a test walks every machine and
finds each of its states here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from fintech.payments.data import Link

Tone = Literal["ok", "info", "warn", "bad", "quiet", "dispute"]


@dataclass(frozen=True, slots=True)
class Pill:
    """How a state looks and what it means."""

    tone: Tone
    word: str
    sentence: str
    anchor: str = ""


def _pill(tone: Tone, word: str, sentence: str) -> Pill:
    return Pill(tone, word, sentence, word.lower().replace(" ", "-"))


PAYMENT: Final = {
    "created": _pill("quiet", "Incomplete", "Nobody has paid yet."),
    "awaiting_payer": _pill("warn", "Needs payer", "The payer must confirm with their bank."),
    "processing": _pill("info", "Processing", "The acquirer was asked; its answer is awaited."),
    "in_review": _pill("warn", "In review", "The money is reserved; a person decides."),
    "authorized": _pill("info", "Authorized", "The payer's bank has reserved the money."),
    "partially_captured": _pill("info", "Partly captured", "Part was taken; more may follow."),
    "captured": _pill("ok", "Captured", "The money was taken."),
    "canceled": _pill("quiet", "Canceled", "Nothing was taken and nothing will be."),
    "conflicted": _pill(
        "bad", "Conflicted", "The acquirer contradicts us; frozen until two people decide."
    ),
    # Shown instead of the state where it says more.
    "declined": _pill("bad", "Declined", "The last attempt was refused; nothing was taken."),
    "blocked": _pill("bad", "Blocked", "Our risk decision refused it; no bank was asked."),
    "refunded": _pill("quiet", "Refunded", "Everything that was taken was given back."),
    "partly_refunded": _pill("quiet", "Partly refunded", "Part of what was taken was given back."),
}
ATTEMPT: Final = {
    "created": _pill("quiet", "Created", "The attempt has begun."),
    "authorizing": _pill("info", "Authorizing", "The acquirer was asked."),
    "authorized": _pill("ok", "Authorized", "The payer's bank said yes."),
    "declined": _pill("bad", "Declined", "The payer's bank said no."),
    "errored": _pill("bad", "Failed", "The acquirer did nothing."),
    "unknown": _pill("warn", "Unknown", "No answer came; the acquirer is asked again."),
}
OPERATION: Final = {
    "created": _pill("quiet", "Created", "It has begun."),
    "submitted": _pill("info", "Pending", "The acquirer has it; the outcome comes later."),
    "succeeded": _pill("ok", "Succeeded", "It is done."),
    "failed": _pill("bad", "Failed", "It did not happen."),
    "canceled": _pill("quiet", "Canceled", "It was called off."),
    "reversed": _pill("quiet", "Reversed", "It was done, and taken back in full."),
    "unknown": _pill("warn", "Unknown", "No answer came; the acquirer is asked again."),
}
DECISION: Final = {
    "allow": _pill("ok", "Allow", "Nothing stood out."),
    "challenge": _pill("warn", "Challenge", "The payer must prove who they are."),
    "review": _pill("warn", "Review", "Reserved first, then a person decides."),
    "block": _pill("bad", "Block", "Refused before any bank was asked."),
}
HOLD: Final = {
    "active": _pill("info", "Active", "The money is set aside."),
    "partially_captured": _pill("info", "Partly captured", "Part was taken; the rest is aside."),
    "captured": _pill("ok", "Captured", "The money was taken."),
    "released": _pill("quiet", "Released", "The money was let go."),
    "expired": _pill("quiet", "Expired", "Nobody took it in time; it was let go."),
}
WALLET: Final = {
    "active": _pill("ok", "Active", "It takes and gives money."),
    "frozen": _pill("warn", "Frozen", "Nothing moves until it is thawed."),
    "closed": _pill("quiet", "Closed", "It takes no money any more."),
}
DELIVERY: Final = {
    "pending": _pill("info", "Waiting", "It will be sent, or sent again."),
    "sent": _pill("info", "Sent", "A carrier has it, and says later whether it arrived."),
    "delivered": _pill("ok", "Delivered", "The receiver said yes."),
    "failed": _pill("bad", "Refused", "The receiver refused it; trying again cannot help."),
    "abandoned": _pill("bad", "Given up", "Every try failed; resend it by hand."),
}
ENDPOINT: Final = {
    "enabled": _pill("ok", "Enabled", "Events are sent here."),
    "disabled": _pill("quiet", "Disabled", "Nothing is sent here."),
    "deleted": _pill("quiet", "Deleted", "It is gone."),
}
KEY: Final = {
    "active": _pill("ok", "Active", "Requests with it are accepted."),
    "expiring": _pill("warn", "Expiring", "It is accepted until its last day."),
    "expired": _pill("quiet", "Expired", "Its last day is over."),
    "revoked": _pill("quiet", "Revoked", "Nobody can use it any more."),
}
LINK: Final = {
    "active": _pill("ok", "Active", "Anyone with the address may pay."),
    "inactive": _pill("quiet", "Inactive", "It takes no payments."),
    "expired": _pill("quiet", "Expired", "Its last day is over."),
    "used_up": _pill("quiet", "Used up", "It took as many payments as it may."),
}
EXPORT: Final = {
    "queued": _pill("info", "Waiting", "It is written next."),
    "running": _pill("info", "Writing", "It is being written."),
    "done": _pill("ok", "Ready", "The file can be downloaded."),
    "failed": _pill("bad", "Failed", "It could not be written; ask for it again."),
    "canceled": _pill("quiet", "Called off", "Somebody called it off."),
}
MERCHANT: Final = {
    "active": _pill("ok", "Active", "It takes payments."),
    "suspended": _pill("warn", "Suspended", "It takes no payments for now."),
    "closed": _pill("quiet", "Closed", "It takes no payments any more."),
}
ENTRY: Final = {
    "posted": _pill("ok", "Posted", "It stands in the books for good."),
    "pending": _pill("info", "Pending", "Money is set aside and nothing has moved."),
    "partially_captured": _pill("info", "Partly captured", "Part of what was set aside moved."),
    "ended": _pill("quiet", "Ended", "Nothing is set aside any more."),
}
RESERVATION: Final = {
    "reserved": _pill("info", "Reserved", "It counts against the limit."),
    "confirmed": _pill("ok", "Confirmed", "It was used, and counts."),
    "released": _pill("quiet", "Released", "It was let go, and counts no more."),
    "expired": _pill("quiet", "Expired", "Nobody used it in time."),
}
TRANSFER: Final = {
    "succeeded": _pill("ok", "Succeeded", "The money is in the other wallet."),
    "reversed": _pill("quiet", "Reversed", "The money went back."),
}
WITHDRAWAL: Final = {
    "awaiting_approval": _pill("warn", "Awaiting approval", "A person decides about it."),
    "pending": _pill("info", "Pending", "The bank has not said yet."),
    "paid": _pill("ok", "Paid", "The bank has paid it out."),
    "failed": _pill("bad", "Failed", "The bank said no; the money is back in the wallet."),
    "canceled": _pill("quiet", "Canceled", "A person said no; the money is back in the wallet."),
}
QUOTE: Final = {
    "open": _pill("info", "Open", "The rate can be had until it expires."),
    "used": _pill("ok", "Used", "Money was converted at this rate."),
}
CASE: Final = {
    "pending": _pill("warn", "Pending", "Nobody looks at it yet."),
    "investigating": _pill("info", "Investigating", "Somebody looks at it."),
    "closed": _pill("quiet", "Closed", "It was decided."),
}
RULE: Final = {
    "draft": _pill("quiet", "Draft", "It decides nothing."),
    "shadow": _pill("info", "Shadow", "It is tried, and what it says is only noted."),
    "active": _pill("ok", "Active", "It takes part in every decision."),
    "archived": _pill("quiet", "Archived", "It takes part no more."),
}
IMPORT: Final = {
    "reading": _pill("info", "Reading", "The file is being read."),
    "imported": _pill("ok", "Imported", "Every line of the file is kept."),
    "rejected": _pill("bad", "Rejected", "Nothing of the file was kept."),
}
RUN: Final = {
    "pending": _pill("info", "Pending", "It begins soon."),
    "running": _pill("info", "Running", "Lines are being matched."),
    "completed": _pill("ok", "Completed", "Everything agrees."),
    "completed_with_breaks": _pill("warn", "Has breaks", "Some lines differ; people look at them."),
    "failed": _pill("bad", "Failed", "It could not be finished."),
}
BREAK: Final = {
    "open": _pill("warn", "Open", "Ours and theirs differ here."),
    "resolved": _pill("ok", "Resolved", "The difference is explained."),
}
MACHINES: Final = {
    "payment": PAYMENT,
    "attempt": ATTEMPT,
    "operation": OPERATION,
    "decision": DECISION,
    "hold": HOLD,
    "wallet": WALLET,
    "delivery": DELIVERY,
    "endpoint": ENDPOINT,
    "key": KEY,
    "link": LINK,
    "export": EXPORT,
    "merchant": MERCHANT,
    "entry": ENTRY,
    "reservation": RESERVATION,
    "transfer": TRANSFER,
    "withdrawal": WITHDRAWAL,
    "quote": QUOTE,
    "case": CASE,
    "rule": RULE,
    "import": IMPORT,
    "run": RUN,
    "break": BREAK,
}


def pill(machine: str, state: str) -> Pill:
    """Return the looks of a state; a state nobody described is shown by its own name."""
    known = MACHINES[machine].get(str(state))
    return known or Pill("quiet", str(state).replace("_", " ").capitalize(), "")


def of_link(link: Link, at: datetime) -> str:
    """Return the name under which a payment link is shown in `LINK`."""
    if not link.active:
        return "inactive"
    if link.expires_at is not None and at >= link.expires_at:
        return "expired"
    if link.max_uses is not None and link.uses >= link.max_uses:
        return "used_up"
    return "active"


def of_payment(
    *,
    state: str,
    captured_minor: int,
    refunded_minor: int,
    decline_code: str,
) -> str:
    """Return the name under which a payment is shown in `PAYMENT`."""
    if state == "created" and decline_code:
        return "blocked" if decline_code == "fraudulent" else "declined"
    if state == "captured" and refunded_minor:
        return "refunded" if refunded_minor >= captured_minor else "partly_refunded"
    return state
