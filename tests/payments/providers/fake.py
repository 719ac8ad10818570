"""
An acquirer that answers at once, in this process: the sandbox's book behind our adapter.

It passes the same contract suite as the adapter over HTTP. Answers can be lost, calls can
fail to arrive, and the acquirer can be made to say something else than it did.
"""

import hashlib
import hmac
import json
import threading
import time
from collections import Counter, deque
from datetime import date

from fintech.payments.data import Answer, AnswerStatus, SettlementFile
from fintech.payments.providers.simulator import Simulator, _answer
from sandbox.acquirer import files
from sandbox.acquirer.book import Book, Unreadable
from sandbox.acquirer.cards import BEHAVIORS, Fault

SECRET = "callbacks"


class FakeAcquirer(Simulator):
    """The simulated acquirer, without a network between."""

    def __init__(self, *, pending_seconds: float = 3600, name: str = "simulator") -> None:
        super().__init__(url="http://acquirer.invalid", secret=SECRET, name=name)
        self.book = Book(pending_seconds=pending_seconds)
        self.asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._losing = 0
        self._deaf = False
        self._saying: deque[Answer] = deque()

    # -- misbehavior ---------------------------------------------------------------------

    def lose_answers(self, count: int = 1) -> None:
        """Do what is asked next, and lose the answer."""
        self._losing = count

    def fall_silent(self, *, silent: bool = True) -> None:
        """Do nothing and answer nothing, to questions too."""
        self._deaf = silent

    def say_next(self, answer: Answer) -> None:
        """Give this answer to the next question, whatever was done."""
        self._saying.append(answer)

    # -- what is known of it ---------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Return its operations by kind and outcome."""
        return self.book.counts()

    def callback(
        self, reference: str, *, event_id: str = "", **changed: object
    ) -> tuple[bytes, dict[str, str]]:
        """Return body and headers with which it tells of an operation."""
        operation = self.book.operation(reference)
        told = operation.told() if operation else {}
        told = {"event_id": event_id or f"evt_{reference}_{told.get('status')}", **told, **changed}
        return self.signed(json.dumps(told).encode())

    def signed(
        self, body: bytes, *, stamp: str = "", secret: str = SECRET
    ) -> tuple[bytes, dict[str, str]]:
        """Return a body with its signature, as of now."""
        stamp = stamp or str(int(time.time()))
        digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
        return body, {"X-Timestamp": stamp, "X-Signature": digest.hexdigest()}

    # -- the adapter's ways out ------------------------------------------------------------

    def _post(self, path: str, reference: str, **body: object) -> Answer:
        with self._lock:
            self.asked[reference] += 1
            if self._deaf:
                return Answer(status=AnswerStatus.UNKNOWN)
            behavior = BEHAVIORS.get(str(body.get("card")))
            if behavior and behavior.fault is Fault.DOWN:
                return Answer(status=AnswerStatus.ABSENT)
            try:
                operation, _ = self._do(path, {"reference": reference, **body})
            except Unreadable as refused:
                return Answer(status=AnswerStatus.FAILED, decline_code=refused.code)
            if self._losing or (behavior and behavior.fault is Fault.LATE):
                self._losing = max(0, self._losing - 1)
                return Answer(status=AnswerStatus.UNKNOWN)
            return self._saying.popleft() if self._saying else _answer(operation.told())

    def _do(self, path: str, body: dict[str, object]):
        parts = path.strip("/").split("/")
        if parts == ["authorizations"]:
            return self.book.authorize(body)
        verb = {
            "captures": self.book.capture,
            "adjustments": self.book.adjust,
            "voids": self.book.void,
            "refunds": self.book.refund,
        }
        return verb[parts[2]](parts[1], body)

    def query(self, reference: str, **_: object) -> Answer:
        with self._lock:
            self.asked[f"? {reference}"] += 1
            if self._deaf:
                return Answer(status=AnswerStatus.UNKNOWN)
            if self._saying:
                return self._saying.popleft()
            operation = self.book.operation(reference)
        return (
            Answer(status=AnswerStatus.ABSENT) if operation is None else _answer(operation.told())
        )

    def settlement_file(self, *, on: date, currency: str) -> SettlementFile:
        with self._lock:
            self.asked[f"file {on} {currency}"] += 1
            if self._deaf:
                return SettlementFile(status=AnswerStatus.UNKNOWN)
            payee = files.OF_BACKUP if self.name == "backup" else files.OF_FIRST
            told = files.day(self.book, on=on, currency=currency, payee=payee)
        return SettlementFile(status=AnswerStatus.SUCCEEDED, content=files.settlement(told))
