"""Columns on their way to PostgreSQL: planned once, whatever their values are."""

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
