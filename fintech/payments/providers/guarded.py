"""
Every call to a provider goes out here: admitted by its circuit, measured, and asked again.

Asked again is only what has one effect per reference however often it is asked: a capture,
a void, a refund, another amount, a question, a settlement file. An authorization never is:
after a timeout the money may be reserved already, and the janitor asks what became of it.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import httpx
import structlog
from django.conf import settings
from prometheus_client import Counter, Histogram

from fintech.payments import errors
from fintech.payments.data import Answer, AnswerStatus, Notice, SettlementFile
from fintech.payments.providers import circuit
from fintech.payments.providers.protocol import Provider

_log = structlog.get_logger(__name__)
_calls = Counter("provider_calls", "Calls to providers", ["provider", "operation", "outcome"])
_seconds = Histogram(
    "provider_call_seconds", "Seconds until a provider answered", ["provider", "operation"]
)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_ASKED = Answer(status=AnswerStatus.ABSENT, asked=False)
_NOT_LEARNED = Answer(status=AnswerStatus.UNKNOWN, asked=False)
_NOT_FETCHED = SettlementFile(status=AnswerStatus.UNKNOWN, asked=False)


class Guarded:
    """
    A provider behind its circuit; whatever does not go out is the adapter's own.

    What is refused because the circuit is open was not asked: a command is `ABSENT`, a
    question `UNKNOWN`, both with `asked` false. What an adapter raises is an answer too:
    `ABSENT` where it is certain that nothing was done, else `UNKNOWN`.
    """

    def __init__(self, adapter: Provider) -> None:
        """Guard an adapter."""
        self.adapter = adapter
        self._name = adapter.name

    def __getattr__(self, name: str) -> Any:
        """Give what goes nowhere: fees, days, capabilities."""
        return getattr(self.adapter, name)

    def authorize(self, **asked: Any) -> Answer:
        """Ask once for money to be reserved; see `Provider`."""
        return self._once("authorize", lambda: self.adapter.authorize(**asked), _NOT_ASKED)

    def capture(self, **asked: Any) -> Answer:
        """Ask for money to be taken; see `Provider`."""
        return self._bounded("capture", lambda: self.adapter.capture(**asked), refused=_NOT_ASKED)

    def adjust(self, **asked: Any) -> Answer:
        """Ask for another amount to be reserved; see `Provider`."""
        return self._bounded("adjust", lambda: self.adapter.adjust(**asked), refused=_NOT_ASKED)

    def void(self, **asked: Any) -> Answer:
        """Ask for money to be let go; see `Provider`."""
        return self._bounded("void", lambda: self.adapter.void(**asked), refused=_NOT_ASKED)

    def refund(self, **asked: Any) -> Answer:
        """Ask for money to be given back; see `Provider`."""
        return self._bounded("refund", lambda: self.adapter.refund(**asked), refused=_NOT_ASKED)

    def query(self, reference: str, **of: Any) -> Answer:
        """Ask what became of an operation; see `Provider`."""
        return self._bounded(
            "query",
            lambda: self.adapter.query(reference, **of),
            refused=_NOT_LEARNED,
            question=True,
        )

    def settlement_file(self, *, on: date, currency: str) -> SettlementFile:
        """Ask for what was settled on a day; see `Provider`."""
        return self._bounded(
            "settlement_file",
            lambda: self.adapter.settlement_file(on=on, currency=currency),
            refused=_NOT_FETCHED,
            question=True,
        )

    def verify_callback(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> Notice:
        """Read a callback; one that lacks what it should have is not the processor's."""
        if not self.adapter.capabilities.callbacks:
            raise errors.CallbackUnverified("unsupported")
        try:
            return self.adapter.verify_callback(body=body, headers=headers, at=at)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise errors.CallbackUnverified("form") from None

    def _bounded[Said: (Answer, SettlementFile)](
        self, operation: str, ask: Callable[[], Said], *, refused: Said, question: bool = False
    ) -> Said:
        """Ask until there is an answer, a few times and not for long."""
        limits = settings.PROVIDER_RETRIES
        until = time.monotonic() + limits["within_s"]
        times = int(limits["times"])
        for turn in range(times + 1):
            answer = self._once(operation, ask, refused, question=question)
            # Waits double, each somewhere below its bound: callers do not come back together.
            wait_s = random.uniform(0, limits["first_wait_s"] * 2**turn)  # noqa: S311 -- no secret.
            last = turn == times or time.monotonic() + wait_s > until
            if last or not answer.asked or not _is_failure(answer, question=question):
                return answer
            time.sleep(wait_s)
        return refused

    def _once[Said: (Answer, SettlementFile)](
        self, operation: str, ask: Callable[[], Said], refused: Said, *, question: bool = False
    ) -> Said:
        if not circuit.admits(self._name):
            _calls.labels(self._name, operation, "not_asked").inc()
            return refused
        began = time.perf_counter()
        try:
            answer = ask()
        except Exception as fault:  # noqa: BLE001 -- whatever it is, money may have moved.
            answer = replace(refused, status=self._meaning(fault, question=question), asked=True)
            _log.warning(
                "payments.provider_raised",
                provider=self._name,
                operation=operation,
                taken_as=str(answer.status),
                exc_info=True,
            )
        _seconds.labels(self._name, operation).observe(time.perf_counter() - began)
        _calls.labels(self._name, operation, str(answer.status)).inc()
        if _is_failure(answer, question=question):
            circuit.failed(self._name, f"{operation} {answer.status}")
        else:
            circuit.went_well(self._name)
        return answer

    def _meaning(self, fault: BaseException, *, question: bool) -> AnswerStatus:
        """Tell what a fault says of money: nothing was done only if that is certain."""
        if question:
            return AnswerStatus.UNKNOWN
        certain = (*_NEVER_SENT, *getattr(self.adapter, "turned_away", ()))
        cause: BaseException | None = fault
        while cause is not None:
            if isinstance(cause, certain):
                return AnswerStatus.ABSENT
            cause = cause.__cause__
        return AnswerStatus.UNKNOWN


def _is_failure(answer: Answer | SettlementFile, *, question: bool) -> bool:
    """Whether the provider is not well; "never heard of it" is an answer to a question."""
    if answer.status == AnswerStatus.ABSENT:
        return not question
    return answer.status == AnswerStatus.UNKNOWN
