"""
Example Pay, the processor of `docs/adapters.md`: the sandbox's book behind another contract.

What the page says of it is what it does: our reference as idempotency key and for good,
its own words for states, 4xx for what it does not do, and 429 for what it does not take on.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.acquirer.book import Book, Operation, Unreadable
from sandbox.acquirer.cards import BEHAVIORS, Fault

PAGE = Path(__file__).resolve().parents[3] / "docs" / "adapters.md"
_DONE = {
    "authorization": "captured",
    "capture": "captured",
    "void": "voided",
    "refund": "refunded",
}
_WORDS = {
    "approved": "authorised",
    "declined": "refused",
    "challenge": "refused",
    "pending": "queued",
}


def on_the_page() -> Any:
    """Return the adapter's class, as the page shows it."""
    shown = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (file,) = (one for one in shown if "class ExamplePay" in one)
    there: dict[str, Any] = {"__name__": "example_pay"}
    exec(compile(file, str(PAGE), "exec"), there)  # noqa: S102 -- our own page.
    return there["ExamplePay"]


def app(*, late_seconds: float) -> Starlette:
    """Make the processor; of one card its answer comes too late, another it does not take."""
    book = Book(pending_seconds=3600)

    def doing(act: Callable[..., tuple[Operation, bool]]) -> Callable[..., Awaitable[Response]]:
        async def do(request: Request) -> Response:
            told = await request.json()
            fault = getattr(BEHAVIORS.get(str(told.get("token"))), "fault", None)
            if fault is Fault.DOWN:
                return JSONResponse({"error": "too many requests"}, status_code=429)
            wanted = {"reference": request.headers["idempotency-key"], **_asked(told)}
            try:
                operation, _ = act(*request.path_params.values(), wanted)
            except Unreadable as refused:
                return JSONResponse({"error": refused.code}, status_code=409)
            if fault is Fault.LATE:
                await asyncio.sleep(late_seconds)
            return _answer(operation)

        return do

    async def known(request: Request) -> Response:
        operation = book.operation(request.path_params["reference"])
        return _answer(operation) if operation else JSONResponse({}, status_code=404)

    async def health(_request: Request) -> Response:
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/operations/{reference}", known),
            Route("/payments", doing(book.authorize), methods=["POST"]),
            Route("/payments/{id}/captures", doing(book.capture), methods=["POST"]),
            Route("/payments/{id}/voids", doing(book.void), methods=["POST"]),
            Route("/captures/{id}/refunds", doing(book.refund), methods=["POST"]),
        ]
    )


def _asked(told: dict[str, Any]) -> dict[str, Any]:
    names = {"amount": "amount_minor", "token": "card", "last": "final"}
    at = {"occurred_at": "2026-11-02T12:00:00+00:00"}
    return {**at, **{names.get(name, name): value for name, value in told.items()}}


def _answer(operation: Operation) -> Response:
    told = operation.told()
    if told["status"] == "failed":
        return JSONResponse({"error": told["decline_code"]}, status_code=409)
    why = "authentication_required" if told["status"] == "challenge" else told["decline_code"]
    return JSONResponse(
        {
            "id": told["id"],
            "reference": told["reference"],
            "status": _WORDS.get(str(told["status"])) or _DONE[str(told["kind"])],
            "amount": told["amount_minor"],
            "currency": told["currency"],
            "reason": why,
        }
    )
