"""What kill points have in common: the world outside, a share of them, and the aftermath."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from config.invariants import INVARIANTS
from fintech.audit import services as audit
from fintech.kernel import invariants
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.providers import registry
from fintech.payments.providers.simulator import Simulator
from fintech.payments.services import routing
from fintech.payments.services.rows import CHECKS
from fintech.wallets import queries as wallet_queries
from sandbox.acquirer.app import Acquirer
from sandbox.acquirer.book import Book
from sandbox.acquirer.callbacks import Callbacks
from tests.acquirer.serving import served
from tests.make.merchants import NOON
from tests.make.payments import BY
from tests.payments.killing import Point
from tests.payments.providers.fake import SECRET

EFFORT = float(os.environ.get("EFFORT", "0.02"))


@dataclass(frozen=True)
class Outside:
    """The acquirer in its own thread, reached over HTTP by us and by those who are killed."""

    book: Book
    url: str

    def connect(self) -> Simulator:
        return Simulator(url=self.url, secret=SECRET)


@contextmanager
def an_acquirer_outside() -> Iterator[Outside]:
    """Serve an acquirer, and beside it a "backup" that answers and knows of nothing."""
    book = Book()
    with served(Acquirer(book, Callbacks("", SECRET)).app()) as client:
        found = Outside(book, str(client.base_url))
        closed = Simulator(url=f"{found.url}/closed", secret=SECRET, name="backup")
        with registry.using(found.connect()), registry.using(closed):
            yield found
    routing.forget()


def points_of(statements: int) -> list[Point]:
    """Return every point at which a process of so many statements can be killed."""
    return [Point(number, after) for number in range(1, statements + 1) for after in (False, True)]


def share(points: Sequence[Point], *, at_least: int) -> list[Point]:
    """Return evenly spread points, as many as the effort is worth."""
    wanted = min(len(points), max(at_least, round(len(points) * EFFORT)))
    return [points[number * len(points) // wanted] for number in range(wanted)]


def recover() -> None:
    """Let the janitor work on a fast clock."""
    at = NOON
    for wait in CHECKS[:3]:
        at += wait
        payments.resolve_due(by=BY, at=at)


def nothing_broken(point: Point) -> None:
    """Find every invariant at zero rows and every column as the log tells it."""
    audit.seal()  # As the sealer does within a second.
    broken = list(invariants.check(INVARIANTS))
    assert not broken, f"{point}: {broken}"
    differences = [*queries.replay(), *wallet_queries.replay()]
    assert not differences, f"{point}: {differences}"
