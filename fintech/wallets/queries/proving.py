"""What must always be true of wallets, and whether the log says what the rows say."""

from collections.abc import Iterator
from typing import cast
from uuid import UUID

from django.db import models

from fintech.kernel import event_log
from fintech.kernel.event_log import Recorded
from fintech.kernel.invariants import Invariant
from fintech.kernel.replay import Difference
from fintech.wallets.models import Allowance, Hold, Limit, Quote, Transfer, Wallet, Withdrawal

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        id="I-6",
        rule="What a wallet's holds and waiting transfers set aside is what the ledger has"
        " pending; no more than there is, down to its floor, which is the ledger's too",
        sql="SELECT w.id, w.currency FROM (SELECT w.id, unnest(w.currencies) AS currency, "
        "w.floors FROM wallets_wallet w) w "
        "LEFT JOIN (SELECT wallet_id, currency, sum(minor) AS held FROM ("
        "SELECT wallet_id, currency, amount_minor - captured_minor AS minor "
        "FROM wallets_hold WHERE state IN ('active', 'partially_captured') "
        "UNION ALL SELECT source_id, currency, amount_minor FROM wallets_transfer "
        "WHERE state = 'awaiting_approval') aside GROUP BY 1, 2) h "
        "ON h.wallet_id = w.id AND h.currency = w.currency "
        "LEFT JOIN ledger_account a ON a.address = 'liabilities:wallet:' || w.id "
        "AND a.currency = w.currency AND a.code = 2100 "
        "LEFT JOIN ledger_balance b ON b.shard = a.shard AND b.account = a.account "
        "WHERE coalesce(h.held, 0) <> coalesce(b.pending_debit, 0) "
        "OR -coalesce(b.posted, 0) - coalesce(b.pending_debit, 0) "
        "< coalesce((w.floors ->> w.currency)::bigint, 0) "
        "OR coalesce(b.floor, 0) <> coalesce((w.floors ->> w.currency)::bigint, 0)",
    ),
    Invariant(
        id="W-1",
        rule="What is left of a hold or a waiting transfer is what is left of its pending"
        " journal entry",
        sql="SELECT h.id FROM wallets_hold h LEFT JOIN ledger_pending p ON p.id = h.entry_id "
        "WHERE coalesce(p.remaining, -1) <> CASE "
        "WHEN h.state IN ('active', 'partially_captured') THEN h.amount_minor - h.captured_minor "
        "ELSE 0 END "
        "UNION ALL SELECT t.id FROM wallets_transfer t "
        "LEFT JOIN ledger_pending p ON p.id = t.hold_entry_id WHERE t.hold_entry_id IS NOT NULL "
        "AND coalesce(p.remaining, -1) <> CASE t.state "
        "WHEN 'awaiting_approval' THEN t.amount_minor ELSE 0 END",
    ),
    Invariant(
        id="W-2",
        rule="Nothing leaves a closed wallet, and nothing is in it",
        sql="SELECT w.id FROM wallets_wallet w "
        "JOIN ledger_account a ON a.address = 'liabilities:wallet:' || w.id AND a.code = 2100 "
        "JOIN ledger_balance b ON b.shard = a.shard AND b.account = a.account "
        "WHERE w.state = 'closed' AND (b.posted <> 0 OR b.pending_debit <> 0)",
    ),
    Invariant(
        id="W-5",
        rule="What is in transit to a bank is what withdrawals say that have not ended",
        sql="SELECT coalesce(s.wallet_id, t.wallet_id) FROM (SELECT wallet_id, currency, "
        "sum(amount_minor) AS minor FROM wallets_withdrawal "
        "WHERE state IN ('awaiting_approval', 'pending') GROUP BY 1, 2) s "
        "FULL JOIN (SELECT split_part(a.address, ':', 3)::uuid AS wallet_id, a.currency, "
        "-b.posted AS minor FROM ledger_account a "
        "JOIN ledger_balance b ON b.shard = a.shard AND b.account = a.account "
        "WHERE a.code = 2110 AND b.posted <> 0) t "
        "ON t.wallet_id = s.wallet_id AND t.currency = s.currency "
        "WHERE s.minor IS DISTINCT FROM t.minor",
    ),
    Invariant(
        id="W-3",
        rule="A wallet has money only in currencies that it keeps",
        sql="SELECT w.id, a.currency FROM wallets_wallet w "
        "JOIN ledger_account a ON a.address = 'liabilities:wallet:' || w.id AND a.code = 2100 "
        "WHERE NOT a.currency = ANY(w.currencies)",
    ),
    Invariant(
        id="W-4",
        rule="The counter of a limit's window says what its reservations say",
        sql="SELECT u.id FROM wallets_usage u JOIN wallets_limit l ON l.id = u.limit_id "
        "LEFT JOIN LATERAL (SELECT sum(r.amount_minor) AS minor, count(*) AS ones "
        "FROM wallets_reservation r, unnest(r.limits, r.windows) AS c(limit_id, begins) "
        "WHERE r.subject = u.subject AND c.limit_id = u.limit_id AND c.begins = u.begins "
        "AND r.state IN ('reserved', 'confirmed') "
        "AND (u.counted_from IS NULL OR r.at > u.counted_from)) s ON true "
        "WHERE u.amount_minor <> coalesce(s.minor, 0) OR u.count <> s.ones",
    ),
)


def replay() -> Iterator[Difference]:
    """Fold the log of wallets and what belongs to them; compare it with every column it tells."""
    folded: dict[str, dict[str, object]] = {}
    for fact in _facts():
        _fold(folded.setdefault(fact.stream, {}), fact)
    stored = dict(_stored())
    for name in sorted(stored.keys() | folded.keys()):
        said, found = folded.get(name, {}), stored.get(name, {})
        for column in sorted(said.keys() | found.keys()):
            if said.get(column) != found.get(column):
                yield Difference(
                    row=name,
                    column=column,
                    stored=str(found.get(column, "")),
                    folded=str(said.get(column, "")),
                )


def _facts() -> Iterator[Recorded]:
    position = 0
    while batch := event_log.after(position, 1000):
        position = batch[-1].position
        yield from (fact for fact in batch if fact.name.startswith("wallets."))


_ENDS = {
    "wallets.wallet_frozen.v1": "frozen",
    "wallets.wallet_unfrozen.v1": "active",
    "wallets.wallet_closed.v1": "closed",
    "wallets.wallet_reopened.v1": "frozen",
    "wallets.hold_released.v1": "released",
    "wallets.hold_expired.v1": "expired",
    "wallets.transfer_reversed.v1": "reversed",
    "wallets.transfer_canceled.v1": "canceled",
    "wallets.quote_used.v1": "used",
    "wallets.withdrawal_approved.v1": "pending",
    "wallets.withdrawal_canceled.v1": "canceled",
    "wallets.withdrawal_paid.v1": "paid",
    "wallets.withdrawal_failed.v1": "failed",
}


def _fold(row: dict[str, object], fact: Recorded) -> None:
    told = fact.data
    row["version"] = fact.version
    if fact.name in _KEPT:
        row.update({name: told[name] for name in _KEPT[fact.name] if name in told})
        row.update(_BORN[fact.name])
        if fact.name == "wallets.wallet_created.v1":
            row["currencies"] = [told["currency"]]
            row["type"], row["tier"] = told.get("type", "customer"), told.get("tier", "")
            row["floors"] = {}
    elif fact.name == "wallets.hold_captured.v1":
        row["captured_minor"] = int(str(row.get("captured_minor", 0))) + told["amount_minor"]
        row["state"] = "captured" if told["final"] else "partially_captured"
    elif fact.name in _ENDS:
        row["state"] = _ENDS[fact.name]
    elif fact.name == "wallets.currency_added.v1":
        row["currencies"] = [*cast("list[str]", row.get("currencies", [])), told["added"]]
    elif fact.name == "wallets.floor_set.v1":
        floors = {**cast("dict[str, int]", row.get("floors", {}))}
        floors[told["floor_currency"]] = told["floor_minor"]
        row["floors"] = {code: minor for code, minor in floors.items() if minor}
    elif fact.name == "wallets.wallet_updated.v1":
        row["tier"] = told.get("tier", row.get("tier", ""))
    elif fact.name == "wallets.limit_changed.v1":
        row["maximum"] = told["maximum"]
    elif fact.name == "wallets.limit_removed.v1":
        row["active"] = False


_KEPT = {
    "wallets.overdraft_allowed.v1": ("merchant_id", "currency", "most_minor"),
    "wallets.wallet_created.v1": ("merchant_id", "customer_id", "currency", "type", "tier"),
    "wallets.hold_created.v1": (
        "wallet_id",
        "merchant_id",
        "amount_minor",
        "currency",
        "entry_id",
    ),
    "wallets.limit_created.v1": (
        "merchant_id",
        "scope",
        "kind",
        "window",
        "currency",
        "maximum",
    ),
    "wallets.transfer_succeeded.v1": (
        "merchant_id",
        "source_id",
        "destination_id",
        "amount_minor",
        "currency",
        "received_minor",
        "received_currency",
        "quote_id",
        "entry_id",
    ),
    "wallets.transfer_begun.v1": (
        "merchant_id",
        "source_id",
        "destination_id",
        "amount_minor",
        "currency",
        "received_minor",
        "received_currency",
        "quote_id",
        "entry_id",
    ),
    "wallets.withdrawal_begun.v1": (
        "wallet_id",
        "merchant_id",
        "amount_minor",
        "currency",
        "state",
        "entry_id",
    ),
    "wallets.quote_made.v1": (
        "merchant_id",
        "source_currency",
        "source_minor",
        "spread_minor",
        "destination_currency",
        "destination_minor",
    ),
}
_BORN: dict[str, dict[str, object]] = {
    "wallets.overdraft_allowed.v1": {},
    "wallets.wallet_created.v1": {"state": "active"},
    "wallets.hold_created.v1": {"state": "active", "captured_minor": 0},
    "wallets.limit_created.v1": {"active": True},
    "wallets.transfer_begun.v1": {"state": "awaiting_approval"},
    "wallets.transfer_succeeded.v1": {"state": "succeeded"},
    "wallets.quote_made.v1": {"state": "open"},
    "wallets.withdrawal_begun.v1": {},
}
_TABLES: tuple[tuple[str, type[models.Model], str], ...] = (
    ("wallets.wallet", Wallet, "wallets.wallet_created.v1"),
    ("wallets.hold", Hold, "wallets.hold_created.v1"),
    ("wallets.limit", Limit, "wallets.limit_created.v1"),
    ("wallets.transfer", Transfer, "wallets.transfer_succeeded.v1"),
    ("wallets.quote", Quote, "wallets.quote_made.v1"),
    ("wallets.withdrawal", Withdrawal, "wallets.withdrawal_begun.v1"),
    ("wallets.allowance", Allowance, "wallets.overdraft_allowed.v1"),
)


def _is_held(row: dict[str, object]) -> bool:
    return row["state"] in {"awaiting_approval", "canceled"}


def _stored() -> Iterator[tuple[str, dict[str, object]]]:
    for stream, model, birth in _TABLES:
        columns = (*_KEPT[birth], *_BORN[birth], "version")
        if model is Wallet:
            columns = (*columns, "currencies", "floors")
        if model is Transfer:
            columns = (*columns, "hold_entry_id")
        for row in model._default_manager.values("id", *columns).iterator():
            kept = {name: row[name] for name in columns}
            if model is Transfer and (held := kept.pop("hold_entry_id")) and _is_held(row):
                kept["entry_id"] = held  # What the log says of one that has not arrived.
            yield (
                f"{stream}:{row['id']}",
                {
                    name: str(value) if isinstance(value, UUID) else value
                    for name, value in kept.items()
                },
            )
