"""
Many rows in one statement: the clever part of the hot path, kept behind one function.

`bulk_create` and `bulk_update` cost a round trip per table and, for updates, a CASE
per cell (measured 5x slower, `performance.md` §10). Here each column travels as one
array, and all tables go in one statement of writable CTEs, so the number of round
trips depends neither on the rows nor on the tables.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.db import models

from fintech.kernel import columns
from fintech.kernel.columns import Column

# What a row is born with and keeps.
_FIXED = frozenset({"id", "merchant_id", "payment_id", "created_at"})
_ARRAY_TYPES = (
    (models.UUIDField, "uuid"),
    (models.BooleanField, "boolean"),
    (models.DateTimeField, "timestamptz"),
    (models.JSONField, "jsonb"),
    (models.BigIntegerField, "bigint"),
    (models.IntegerField, "integer"),
    (models.CharField, "text"),
    (models.TextField, "text"),
)


def write(*, insert: Sequence[models.Model] = (), update: Sequence[models.Model] = ()) -> None:
    """
    Insert and update rows of any of our tables, in one round trip.

    The caller holds the locks of the rows it updates; a row that is gone is an error.
    Rows of one call must not be inserted and updated at once.
    """
    parts: list[str] = []
    values: list[Column] = []
    expected = 0
    for verb, rows in (("insert", insert), ("update", update)):
        for model, group in _by_model(rows).items():
            parts.append((_insert_sql if verb == "insert" else _update_sql)(model, len(parts)))
            values.extend(
                Column(array, [_plain(getattr(row, attname), array) for row in group])
                for attname, _, array in _columns(model)
            )
            expected += len(group)
    if not parts:
        return
    counts = " + ".join(f"(SELECT count(*) FROM w{n})" for n in range(len(parts)))
    values.append(Column("bigint", [expected]))
    with columns.cursor() as cursor:
        # The answer is not waited for: a row too few divides by zero in the database.
        cursor.execute(
            f"WITH {', '.join(parts)} SELECT 1 / ({counts} = (%b::bigint[])[1])::integer", values
        )


def _by_model(rows: Sequence[models.Model]) -> dict[type[models.Model], list[models.Model]]:
    groups: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        groups.setdefault(type(row), []).append(row)
    return groups


@cache
def _columns(model: type[models.Model]) -> tuple[tuple[str, str, str], ...]:
    """Return attribute, column and PostgreSQL type of each column of a table."""
    found = []
    for row_field in model._meta.concrete_fields:
        target: Any = row_field
        while isinstance(target, models.ForeignKey):
            target = target.target_field
        array = next(name for kind, name in _ARRAY_TYPES if isinstance(target, kind))
        found.append((row_field.attname, str(row_field.column), array))
    return tuple(found)


def _plain(value: object, array: str) -> object:
    if value is None or isinstance(value, UUID):
        return value
    if array == "jsonb":
        return json.dumps(value)
    # An enum member is written as its value, not as the name that psycopg would choose.
    return str(value) if array == "text" else value


@cache
def _insert_sql(model: type[models.Model], number: int) -> str:
    known = _columns(model)
    names = ", ".join(f'"{column}"' for _, column, _ in known)
    arrays = ", ".join("%b" for _ in known)
    return (
        f'w{number} AS (INSERT INTO "{model._meta.db_table}" ({names}) '
        f"SELECT * FROM unnest({arrays}) RETURNING 1)"
    )


@cache
def _update_sql(model: type[models.Model], number: int) -> str:
    known = _columns(model)
    names = ", ".join(f'"{column}"' for _, column, _ in known)
    arrays = ", ".join("%b" for _ in known)
    changes = ", ".join(
        f'"{column}" = u."{column}"' for _, column, _ in known if column not in _FIXED
    )
    return (
        f'w{number} AS (UPDATE "{model._meta.db_table}" t SET {changes} '
        f"FROM unnest({arrays}) u({names}) WHERE t.id = u.id RETURNING 1)"
    )
