"""Processors that outlive a module, and end with the tests."""

from collections.abc import Iterator

import pytest

from tests.payments.providers import processors


@pytest.fixture(scope="session", autouse=True)
def _processors() -> Iterator[None]:
    yield
    processors.close()
