"""A merchant's own book: accounts, batches of entries, the trial balance, and proofs."""

import base64
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fintech.kernel import ids
from fintech.kernel.seals import Fault, Seal
from fintech.ledger.data import Balance, EntryProof, StatementLine, books
from fintech.ledger.data.books import BookAccount, BookTrialLine
from fintech.wire.scalars import Json, amount, currency, head, livemode, unix, unix_or_null


def render_account(account: BookAccount, balance: Balance) -> Json:
    """Return an account with what it holds, in its normal direction."""
    return {
        **head(
            "ledger.account",
            ids.public(books.PREFIX, account.id),
            account.opened_at,
            account.metadata,
        ),
        "available": balance.available.minor,
        "code": account.code,
        "currency": currency(account.currency),
        "ledger": ids.public("lgr", account.book),
        "minimum_balance": account.floor,
        "name": account.name or None,
        "normal_balance": account.type.normal.name.lower(),
        "pending": balance.pending.minor,
        "posted": balance.posted.minor,
        "sequence": balance.sequence,
        "status": "closed" if account.closed else "open",
        "type": str(account.type),
    }


def render_line(line: StatementLine) -> Json:
    """Return a line of an account, with the balance after it."""
    return {
        "object": "ledger.line",
        **amount(line.amount),
        "balance": line.balance.minor,
        "created": unix(line.occurred_at),
        "entry": ids.public("ltx", line.entry_id),
        "livemode": livemode(),
        "recorded_at": unix(line.recorded_at),
        "sequence": line.sequence,
        "template": line.template,
    }


def render_batch(results: Sequence[Json]) -> Json:
    """Return what came of a batch, entry by entry."""
    statuses = [result["status"] for result in results]
    return {
        "object": "ledger.entry_batch",
        "existing": statuses.count("exists"),
        "livemode": livemode(),
        "posted": statuses.count("posted"),
        "rejected": statuses.count("rejected"),
        "results": list(results),
    }


def render_result(
    entry: str | None, status: str, errors: Sequence[tuple[str, str, str | None]] = ()
) -> Json:
    """Return what came of one entry: posted, exists, or rejected with what is wrong."""
    return {
        "entry": entry,
        "errors": [
            {"code": code, "message": message, "param": param} for code, message, param in errors
        ],
        "status": status,
    }


def render_trial_balance(lines: Sequence[BookTrialLine], as_of: datetime | None) -> Json:
    """Return what each account of a book holds, and the sums per currency."""
    sums: dict[str, list[int]] = {}
    for line in lines:
        total = sums.setdefault(line.account.currency, [0, 0])
        total[0] += line.debit.minor
        total[1] += line.credit.minor
    return {
        "object": "ledger.trial_balance",
        "accounts": [
            {
                "account": ids.public(books.PREFIX, line.account.id),
                "code": line.account.code,
                "credit": line.credit.minor,
                "currency": currency(line.account.currency),
                "debit": line.debit.minor,
                "type": str(line.account.type),
            }
            for line in lines
        ],
        "as_of": unix_or_null(as_of),
        "livemode": livemode(),
        "totals": [
            {"credit": credit, "currency": currency(of), "debit": debit}
            for of, (debit, credit) in sorted(sums.items())
        ],
    }


def render_verification(
    faults: Sequence[Fault], *, accounts: int, lines: int, newest: Seal | None
) -> Json:
    """Return whether a book's chains are whole, and the newest signed head."""
    return {
        "object": "ledger.verification",
        "accounts": accounts,
        "faults": [{"reason": fault.reason, "row": fault.row} for fault in faults],
        "head": None if newest is None else _head(newest),
        "lines": lines,
        "livemode": livemode(),
        "ok": not faults,
    }


def render_proof(entry_id: UUID, shown: EntryProof) -> Json:
    """Return what shows an entry to be in the journal, by RFC 9162."""
    return {
        "object": "ledger.proof",
        "entry": ids.public("ltx", entry_id),
        "hash_algorithm": "sha-256, RFC 9162",
        "head": _head(shown.seal),
        "leaf_hash": shown.leaf.hex(),
        "leaf_index": shown.index,
        "livemode": livemode(),
        "path": [node.hex() for node in shown.path],
        "tree_size": shown.seal.size,
    }


def _head(seal: Seal) -> Json:
    return {
        "key_id": seal.signature.key_id,
        "number": seal.number,
        "root_hash": seal.head.root.hex(),
        "sealed_at": unix(seal.sealed_at),
        "signature": base64.b64encode(seal.signature.value).decode(),
        "statement": seal.head.statement().decode(),
        "tree_size": seal.size,
    }
