"""
Books on several shards: each is whole in itself, and money crosses by way of transit accounts.

A shard's number leads every key, so nothing in the database reaches across: no constraint,
no sequence of an account, no lock. Within one database both sides of a crossing are one
commit, and the transit accounts of all shards net to nothing at every moment.
"""

from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.ledger import data
from fintech.ledger.data import templates
from fintech.ledger.services.posting import post


def transfer_across(
    *,
    departure_id: UUID,
    arrival_id: UUID,
    source: tuple[int, UUID],
    destination: tuple[int, UUID],
    amount: Money,
    subject: UUID,
    by: Actor,
    at: datetime,
) -> list[data.Posted]:
    """
    Move money from a wallet on one shard to a wallet on another, both or neither.

    Args:
        departure_id, arrival_id: the ids of the two entries; the same again change nothing.
        source, destination: shard and wallet.

    Raises:
        ValueError: both are on one shard; that is an ordinary transfer.
        PostingRefused: one of the entries cannot be posted; nothing was written.
    """
    (from_shard, payer), (to_shard, payee) = source, destination
    if from_shard == to_shard:
        raise ValueError("a transfer within a shard needs no transit")
    departs = templates.transfer_departs(
        entry_id=departure_id,
        wallet_id=payer,
        to_shard=to_shard,
        amount=amount,
        subject=subject,
        at=at,
    )
    arrives = templates.transfer_arrives(
        entry_id=arrival_id,
        wallet_id=payee,
        from_shard=from_shard,
        amount=amount,
        subject=subject,
        at=at,
    )
    with db.transaction_if_not_already():
        posted = {
            # The lower shard first: two that cross each other never wait in a circle.
            shard: post([entry], by=by, shard=shard)[0]
            for shard, entry in sorted([(from_shard, departs), (to_shard, arrives)])
        }
    return [posted[from_shard], posted[to_shard]]
