"""The work: 20,000 funded wallets, and transfers between two of them at random."""

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
from django.conf import settings

from fintech.kernel import actor, ids
from fintech.kernel.money import Money
from fintech.ledger import posting
from fintech.ledger.data import EntryKind, JournalEntry, chart, templates
from fintech.ledger.data.templates import making

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS_PER_ROUND", "3"))
ACCOUNTS = int(os.environ.get("ACCOUNTS", "20000"))
CLIENTS = 16
CALLERS = 256
BATCH = 1_000
FUNDS = 1_000_000_000  # Minor units a wallet.
WALLETS = [UUID(int=number + 1) for number in range(ACCOUNTS)]
BY = actor.system("bench")


def transfer(hot: UUID | None = None, at: datetime | None = None) -> JournalEntry:
    """Make one transfer between two wallets, the second of them the hot one if given."""
    place = int(random.random() * ACCOUNTS)  # Cheaper than a sample: it is no work of ours.
    source = WALLETS[place]
    destination = WALLETS[place - 1 - int(random.random() * (ACCOUNTS - 1))]
    entry_id = ids.new()
    if hot is not None:
        source = destination if source == hot else source
        destination = hot
    return templates.transfer_wallets(
        entry_id=entry_id,
        source_wallet_id=source,
        destination_wallet_id=destination,
        amount=Money(1, "EUR"),
        subject=entry_id,
        at=at or datetime.now(UTC),
    )


def transfers(count: int) -> list[JournalEntry]:
    """Make a batch of them, as of one moment."""
    at = datetime.now(UTC)
    return [transfer(at=at) for _ in range(count)]


def fund(*, shard: int = posting.SHARD) -> None:
    """Give every wallet money from a bank; this opens the accounts."""
    bank = chart.account(chart.BANK, "EUR", "bench")
    amount = Money(FUNDS, "EUR")
    for start in range(0, ACCOUNTS, BATCH):
        write(
            [
                _entry("bench_funding", wallet, making.pairs((bank, to(wallet), amount)))
                for wallet in WALLETS[start : start + BATCH]
            ],
            shard=shard,
        )


def to(wallet: UUID) -> chart.Account:
    """Return a wallet's account."""
    return making.wallet(wallet, Money(0, "EUR"))


def fill(name: str, lines: int) -> chart.Account:
    """Return a bank's account that has so many lines."""
    account = chart.account(chart.BANK, "EUR", name)
    pair = making.pairs((account, account, Money(1, "EUR")))
    for start in range(0, lines // 2, BATCH):
        count = min(BATCH, lines // 2 - start)
        write([_entry("bench_filling", WALLETS[0], pair) for _ in range(count)])
    return account


def _entry(template: str, subject: UUID, lines: Sequence[object]) -> JournalEntry:
    return JournalEntry(
        id=ids.new(),
        kind=EntryKind.POSTED,
        template=template,
        version=1,
        at=datetime.now(UTC),
        lines=tuple(lines),  # type: ignore[arg-type]
        subject=subject,
    )


def write(entries: Sequence[JournalEntry], *, shard: int = posting.SHARD) -> None:
    """Post a batch on a shard, whole."""
    codes = posting.post(entries, whole=True, by=BY, shard=shard)
    if any(codes):
        raise RuntimeError(f"refused: {codes[:5]}")


_SINGLE = """
\\set a random(1, {accounts})
\\set step random(1, {accounts} - 1)
\\set b 1 + (:a - 1 + :step) % {accounts}
SELECT ledger.ledger_post(0::smallint, ARRAY['system|bench'], true,
  a.digest || b.digest, a.book || b.book,
  a.address || b.address, a.currency || b.currency, a.code || b.code, a.normal || b.normal,
  a.floor || b.floor, ARRAY[i], ARRAY[0], ARRAY[0]::smallint[], ARRAY['transfer_wallets'],
  ARRAY[1]::smallint[], ARRAY[i], ARRAY[now()], ARRAY[NULL]::uuid[], ARRAY[false],
  ARRAY[NULL]::timestamptz[], ARRAY[NULL]::jsonb[], ARRAY[2]::smallint[], ARRAY[1, 2],
  ARRAY[1, -1]::bigint[])
FROM public.bench_wallet a, public.bench_wallet b, (SELECT uuidv7() i OFFSET 0) id
WHERE a.n = least(:a::integer, :b::integer) AND b.n = greatest(:a::integer, :b::integer);
"""


def single_script(owner_url: str, folder: Path) -> Path:
    """
    Return a pgbench script that calls the function for one transfer a commit.

    The wallets stand in a table, in the order of their digests, as the function wants them.
    """
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(
            "CREATE TABLE public.bench_wallet AS SELECT row_number() OVER (ORDER BY digest)::int n,"
            " ARRAY[digest] digest, ARRAY[book] book, ARRAY[address] address,"
            " ARRAY[currency] currency, ARRAY[code] code, ARRAY[normal] normal, ARRAY[floor] floor"
            " FROM ledger.ledger_account WHERE shard = 0 AND code = %s",
            [chart.WALLET.code],
        )
        owner.execute("ALTER TABLE public.bench_wallet ADD PRIMARY KEY (n)")
        owner.execute("ANALYZE public.bench_wallet")
        owner.execute(f"GRANT SELECT ON public.bench_wallet TO {settings.RUNTIME_ROLE}")
    script = folder / "single.sql"
    script.write_text(_SINGLE.format(accounts=ACCOUNTS))
    return script
