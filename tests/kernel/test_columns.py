"""Columns on their way to PostgreSQL: planned once, whatever their values are."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection

from fintech.kernel import columns
from fintech.kernel.columns import Column

_ASKED = "SELECT sum(n) FROM unnest(%b, %b) AS t(n, who)"


@pytest.mark.django_db
def test_a_statement_is_planned_once_per_connection_whatever_is_asked():
    answers = []
    for numbers in ([], [1], [2, None], list(range(100))):
        with columns.cursor() as cursor:
            cursor.execute(
                _ASKED, [Column("bigint", numbers), Column("uuid", [UUID(int=7)] * len(numbers))]
            )
            answers.append(cursor.fetchone()[0])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT sum(n)%'"
        )
        (planned,) = cursor.fetchone()

    assert answers == [None, 1, 2, 4950]
    assert planned == 1


_MOMENT = datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", [UUID(int=0), UUID(int=2**128 - 1)]),
        ("text", ["", "Überweisung\n€", "a"]),
        ("smallint", [-(2**15), 2**15 - 1]),
        ("integer", [-(2**31), 2**31 - 1]),
        ("bigint", [-(2**63), 0, 2**63 - 1]),
        ("boolean", [True, False]),
        ("timestamptz", [_MOMENT, datetime(1969, 12, 31, tzinfo=UTC)]),
        ("bytea", [b"", b"\x00\xff"]),
        ("jsonb", ['{"a": 1}', "[]"]),
    ],
)
def test_what_is_sent_arrives_with_and_without_nulls(kind, values):
    for sent in ([], values, [*values, None], [None]):
        with columns.cursor() as cursor:
            cursor.execute("SELECT %s, array_position(%s, NULL) IS NULL", [Column(kind, sent)] * 2)
            arrived, whole = cursor.fetchone()

        if kind == "jsonb":
            arrived = [text if text is None else json.dumps(text) for text in map(_read, arrived)]
        assert arrived == sent
        assert whole == (None not in sent)


def _read(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value
