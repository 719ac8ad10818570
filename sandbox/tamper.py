"""What an intruder with the database's highest rights could do: change the past by one byte."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


class NothingToChange(Exception):
    """The log holds no fact yet that could be changed."""


@contextmanager
def one_byte_changed(owner_url: str, *, name: str = "payments.payment_captured") -> Iterator[int]:
    """
    Change one digit of the latest such fact while the context lasts, and put it back.

    Triggers that keep the log append-only are switched off first, as only a superuser can.
    Gives the position of the changed row.
    """
    with psycopg.connect(owner_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        row = superuser.execute(
            "SELECT position, data::text FROM kernel.kernel_event "
            "WHERE name LIKE %s AND data ->> 'amount_minor' IS NOT NULL "
            "ORDER BY position DESC LIMIT 1",
            [f"{name}.%"],
        ).fetchone()
        if row is None:
            raise NothingToChange(f"no fact named {name} has an amount")
        position, data = row
        change = "UPDATE kernel.kernel_event SET data = %s::jsonb WHERE position = %s"
        superuser.execute(
            "UPDATE kernel.kernel_event SET data = jsonb_set(data, '{amount_minor}', "
            "to_jsonb((data ->> 'amount_minor')::bigint + 1)) WHERE position = %s",
            [position],
        )
        try:
            yield int(position)
        finally:
            superuser.execute(change, [data, position])
