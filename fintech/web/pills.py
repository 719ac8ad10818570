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


PAYMENT: Final = {
    "created": Pill("quiet", "Incomplete", "Nobody has paid yet."),
    "awaiting_payer": Pill("warn", "Needs payer", "The payer must confirm with their bank."),
    "processing": Pill("info", "Processing", "The acquirer was asked; its answer is awaited."),
    "in_review": Pill("warn", "In review", "The money is reserved; a person decides."),
    "authorized": Pill("info", "Authorized", "The payer's bank has reserved the money."),
    "partially_captured": Pill("info", "Partly captured", "Part was taken; more may follow."),
    "captured": Pill("ok", "Captured", "The money was taken."),
    "canceled": Pill("quiet", "Canceled", "Nothing was taken and nothing will be."),
    "conflicted": Pill(
        "bad", "Conflicted", "The acquirer contradicts us; frozen until two people decide."
    ),
    # Shown instead of the state where it says more.
    "declined": Pill("bad", "Declined", "The last attempt was refused; nothing was taken."),
    "blocked": Pill("bad", "Blocked", "Our risk decision refused it; no bank was asked."),
    "refunded": Pill("quiet", "Refunded", "Everything that was taken was given back."),
    "partly_refunded": Pill("quiet", "Partly refunded", "Part of what was taken was given back."),
}
ATTEMPT: Final = {
    "created": Pill("quiet", "Created", "The attempt has begun."),
    "authorizing": Pill("info", "Authorizing", "The acquirer was asked."),
    "authorized": Pill("ok", "Authorized", "The payer's bank said yes."),
    "declined": Pill("bad", "Declined", "The payer's bank said no."),
    "errored": Pill("bad", "Failed", "The acquirer did nothing."),
    "unknown": Pill("warn", "Unknown", "No answer came; the acquirer is asked again."),
}
OPERATION: Final = {
    "created": Pill("quiet", "Created", "It has begun."),
    "submitted": Pill("info", "Pending", "The acquirer has it; the outcome comes later."),
    "succeeded": Pill("ok", "Succeeded", "It is done."),
    "partially_succeeded": Pill(
        "warn", "Succeeded in part", "Some captures gave their part back, others did not."
    ),
    "failed": Pill("bad", "Failed", "It did not happen."),
    "canceled": Pill("quiet", "Canceled", "It was called off."),
    "reversed": Pill("quiet", "Reversed", "It was done, and taken back in full."),
    "unknown": Pill("warn", "Unknown", "No answer came; the acquirer is asked again."),
}
DECISION: Final = {
    "allow": Pill("ok", "Allow", "Nothing stood out."),
    "challenge": Pill("warn", "Challenge", "The payer must prove who they are."),
    "review": Pill("warn", "Review", "Reserved first, then a person decides."),
    "block": Pill("bad", "Block", "Refused before any bank was asked."),
}
HOLD: Final = {
    "active": Pill("info", "Active", "The money is set aside."),
    "partially_captured": Pill("info", "Partly captured", "Part was taken; the rest is aside."),
    "captured": Pill("ok", "Captured", "The money was taken."),
    "released": Pill("quiet", "Released", "The money was let go."),
    "expired": Pill("quiet", "Expired", "Nobody took it in time; it was let go."),
}
WALLET: Final = {
    "active": Pill("ok", "Active", "It takes and gives money."),
    "frozen": Pill("warn", "Frozen", "Nothing moves until it is thawed."),
    "closed": Pill("quiet", "Closed", "It takes no money any more."),
}
DELIVERY: Final = {
    "pending": Pill("info", "Waiting", "It will be sent, or sent again."),
    "sent": Pill("info", "Sent", "A carrier has it, and says later whether it arrived."),
    "delivered": Pill("ok", "Delivered", "The receiver said yes."),
    "failed": Pill("bad", "Refused", "The receiver refused it; trying again cannot help."),
    "abandoned": Pill("bad", "Given up", "Every try failed; resend it by hand."),
}
ENDPOINT: Final = {
    "enabled": Pill("ok", "Enabled", "Events are sent here."),
    "disabled": Pill("quiet", "Disabled", "Nothing is sent here."),
    "deleted": Pill("quiet", "Deleted", "It is gone."),
}
KEY: Final = {
    "active": Pill("ok", "Active", "Requests with it are accepted."),
    "expiring": Pill("warn", "Expiring", "It is accepted until its last day."),
    "expired": Pill("quiet", "Expired", "Its last day is over."),
    "revoked": Pill("quiet", "Revoked", "Nobody can use it any more."),
}
LINK: Final = {
    "active": Pill("ok", "Active", "Anyone with the address may pay."),
    "inactive": Pill("quiet", "Inactive", "It takes no payments."),
    "expired": Pill("quiet", "Expired", "Its last day is over."),
    "used_up": Pill("quiet", "Used up", "It took as many payments as it may."),
}
EXPORT: Final = {
    "queued": Pill("info", "Waiting", "It is written next."),
    "running": Pill("info", "Writing", "It is being written."),
    "done": Pill("ok", "Ready", "The file can be downloaded."),
    "failed": Pill("bad", "Failed", "It could not be written; ask for it again."),
    "canceled": Pill("quiet", "Called off", "Somebody called it off."),
}
MERCHANT: Final = {
    "active": Pill("ok", "Active", "It takes payments."),
    "suspended": Pill("warn", "Suspended", "It takes no payments for now."),
    "closed": Pill("quiet", "Closed", "It takes no payments any more."),
}
ENTRY: Final = {
    "posted": Pill("ok", "Posted", "It stands in the books for good."),
    "pending": Pill("info", "Pending", "Money is set aside and nothing has moved."),
    "partially_captured": Pill("info", "Partly captured", "Part of what was set aside moved."),
    "ended": Pill("quiet", "Ended", "Nothing is set aside any more."),
}
RESERVATION: Final = {
    "reserved": Pill("info", "Reserved", "It counts against the limit."),
    "confirmed": Pill("ok", "Confirmed", "It was used, and counts."),
    "released": Pill("quiet", "Released", "It was let go, and counts no more."),
    "expired": Pill("quiet", "Expired", "Nobody used it in time."),
}
TRANSFER: Final = {
    "awaiting_approval": Pill(
        "warn",
        "Awaiting approval",
        "It was large or suspicious; the money is set aside until a person agrees.",
    ),
    "succeeded": Pill("ok", "Succeeded", "The money is in the other wallet."),
    "canceled": Pill("quiet", "Canceled", "Nobody agreed to it; the money is back in the wallet."),
    "reversed": Pill("quiet", "Reversed", "The money went back."),
}
WITHDRAWAL: Final = {
    "awaiting_approval": Pill("warn", "Awaiting approval", "A person decides about it."),
    "pending": Pill("info", "Pending", "The bank has not said yet."),
    "paid": Pill("ok", "Paid", "The bank has paid it out."),
    "failed": Pill("bad", "Failed", "The bank said no; the money is back in the wallet."),
    "canceled": Pill("quiet", "Canceled", "A person said no; the money is back in the wallet."),
}
SESSION: Final = {
    "open": Pill("info", "Open", "Its payer may pay there."),
    "complete": Pill("ok", "Complete", "Its payer is done."),
    "expired": Pill("quiet", "Expired", "Nobody can pay there any more."),
}
QUOTE: Final = {
    "open": Pill("info", "Open", "The rate can be had until it expires."),
    "used": Pill("ok", "Used", "Money was converted at this rate."),
}
CASE: Final = {
    "pending": Pill("warn", "Pending", "Nobody looks at it yet."),
    "investigating": Pill("info", "Investigating", "Somebody looks at it."),
    "closed": Pill("quiet", "Closed", "It was decided."),
}
RULE: Final = {
    "draft": Pill("quiet", "Draft", "It decides nothing."),
    "shadow": Pill("info", "Shadow", "It is tried, and what it says is only noted."),
    "active": Pill("ok", "Active", "It takes part in every decision."),
    "archived": Pill("quiet", "Archived", "It takes part no more."),
}
IMPORT: Final = {
    "reading": Pill("info", "Reading", "The file is being read."),
    "imported": Pill("ok", "Imported", "Every line of the file is kept."),
    "rejected": Pill("bad", "Rejected", "Nothing of the file was kept."),
}
RUN: Final = {
    "pending": Pill("info", "Pending", "It begins soon."),
    "running": Pill("info", "Running", "Lines are being matched."),
    "completed": Pill("ok", "Completed", "Everything agrees."),
    "completed_with_breaks": Pill("warn", "Has breaks", "Some lines differ; people look at them."),
    "failed": Pill("bad", "Failed", "It could not be finished."),
}
BREAK: Final = {
    "open": Pill("warn", "Open", "Ours and theirs differ here."),
    "resolved": Pill("ok", "Resolved", "The difference is explained."),
}
APPROVAL: Final = {
    "proposed": Pill("warn", "Proposed", "Another person decides."),
    "executed": Pill("ok", "Carried out", "Another person said yes, and it was done."),
    "rejected": Pill("quiet", "Rejected", "Another person said no."),
}
MODEL: Final = {
    "candidate": Pill("quiet", "Candidate", "It was trained, and decides nothing."),
    "shadow": Pill("info", "Shadow", "Its points are kept beside the champion's."),
    "champion": Pill("ok", "Champion", "It takes part in every decision."),
    "retired": Pill("quiet", "Retired", "It takes part no more."),
}
STAGE: Final = {
    "created": Pill("quiet", "Created", "It is about to be sent."),
    "sending": Pill("info", "Sending", "A carrier is asked to take it."),
    "sent": Pill("info", "Sent", "A carrier has it, and says later whether it arrived."),
    "delivered": Pill("ok", "Delivered", "It has arrived."),
    "temporary_failure": Pill("warn", "Failed for now", "It did not get through in time."),
    "permanent_failure": Pill("bad", "Failed", "There is nobody at that address."),
    "technical_failure": Pill("bad", "Not sent", "We could not send it."),
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
    "session": SESSION,
    "quote": QUOTE,
    "case": CASE,
    "rule": RULE,
    "import": IMPORT,
    "run": RUN,
    "break": BREAK,
    "approval": APPROVAL,
    "model": MODEL,
    "stage": STAGE,
}


def anchor(machine: str, state: str) -> str:
    """Return the place in `/docs/states` that explains a state."""
    return f"{machine}-{state}"


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
