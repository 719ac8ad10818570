"""
The HTTP contract of the sandbox's acquirer and bank.

A request that can be read gets 200 and its operation, whatever came of it; asking again
under the same reference has no second effect and gets the same answer. What cannot be
read gets 4xx and has no effect; 503 is the card that breaks the acquirer. A bad week is
set at `PUT /misbehavior`.
"""

import asyncio
import html
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox.acquirer import files
from sandbox.acquirer.book import Book, Operation, ReferenceReused, Unreadable, is_currency
from sandbox.acquirer.callbacks import Callbacks
from sandbox.acquirer.cards import BEHAVIORS, Fault
from sandbox.acquirer.files import OF_FIRST, Break, Payee
from sandbox.acquirer.misbehavior import Misbehavior, Profile

API_KEY = "sandbox"
BODY_MAX = 10_000
SHOWN = 200

type _Act = Callable[[dict[str, object]], tuple[Operation, bool]]
type _ActOn = Callable[[str, dict[str, object]], tuple[Operation, bool]]
type _Told = Callable[[Operation], Awaitable[None]]
type Handler = Callable[[Request], Awaitable[Response]]


class Acquirer:
    """The routes over one book."""

    def __init__(
        self,
        book: Book,
        callbacks: Callbacks,
        *,
        late_seconds: float = 5.0,
        payee: Payee = OF_FIRST,
    ) -> None:
        """Answer `late_seconds` too late on the card that times out."""
        self._payee = payee
        self._book, self._callbacks, self._late_seconds = book, callbacks, late_seconds
        self._misbehavior = Misbehavior()

    def app(self, *, backup: "Acquirer | None" = None) -> Starlette:
        """Make the application; a second acquirer, with a book of its own, answers on /backup."""
        mounted = [Mount("/backup", routes=backup.routes())] if backup else []

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            async with AsyncExitStack() as both:
                for one in (self, backup):
                    if one is not None:
                        await both.enter_async_context(one.open())
                yield

        return Starlette(routes=[*mounted, *self.routes()], lifespan=lifespan)

    def routes(self) -> list[Route]:
        """Return what can be asked."""
        return [
            Route("/", self.page),
            Route("/health", _health),
            Route("/authorizations", _guarded(self.authorize), methods=["POST"]),
            Route("/authorizations/{id}/captures", _guarded(self.capture), methods=["POST"]),
            Route("/authorizations/{id}/adjustments", _guarded(self.adjust), methods=["POST"]),
            Route("/authorizations/{id}/voids", _guarded(self.void), methods=["POST"]),
            Route("/captures/{id}/refunds", _guarded(self.refund), methods=["POST"]),
            Route("/misbehavior", _guarded(self.misbehave), methods=["GET", "PUT"]),
            Route("/operations", _guarded(self.operations)),
            Route("/operations/{reference}", _guarded(self.operation)),
            Route("/settlements/{date}.csv", _guarded(self.settlement)),
            Route("/bank/transfers", _guarded(self.bank_transfer), methods=["POST"]),
            Route("/bank/statements/{date}.xml", _guarded(self.camt)),
            Route("/bank/statements/{date}.sta", _guarded(self.mt940)),
        ]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be there: tell what still has no outcome, and at the end close the book."""
        for operation in self._book.pending():
            self._finish_later(operation)
        yield
        await self._callbacks.close()
        self._book.close()

    async def authorize(self, request: Request) -> Response:
        """Reserve money on a card."""
        body = await _body(request)
        behavior = BEHAVIORS.get(str(body.get("card")))
        if behavior is not None and behavior.fault is Fault.DOWN:
            return _refuse(503, "unavailable", "the acquirer is down; nothing was done")

        async def told(operation: Operation) -> None:
            if behavior is not None:
                self._callbacks.tell(operation, times=behavior.callbacks)
                if behavior.fault is Fault.LATE:
                    await asyncio.sleep(self._late_seconds)

        return await self._do("authorization", body, self._book.authorize, told)

    async def capture(self, request: Request) -> Response:
        """Take reserved money."""
        return await self._do_to(request, "capture", self._book.capture)

    async def adjust(self, request: Request) -> Response:
        """Reserve another amount."""
        return await self._do_to(request, "adjustment", self._book.adjust)

    async def void(self, request: Request) -> Response:
        """Let reserved money go."""
        return await self._do_to(request, "void", self._book.void)

    async def refund(self, request: Request) -> Response:
        """Give taken money back; on one card the outcome comes later, by callback."""

        async def told(operation: Operation) -> None:
            if operation.status == "pending":
                self._finish_later(operation)

        return await self._do_to(request, "refund", self._book.refund, told)

    async def _do_to(
        self, request: Request, kind: str, act: _ActOn, told: _Told | None = None
    ) -> Response:
        subject, body = request.path_params["id"], await _body(request)
        return await self._do(kind, body, lambda wanted: act(subject, wanted), told)

    async def _do(
        self, kind: str, body: dict[str, object], act: _Act, told: _Told | None = None
    ) -> Response:
        """Do what was asked for, as the acquirer's mood is."""
        mood = self._misbehavior.command(kind, str(body.get("reference")))
        if mood.down:
            return _refuse(503, "unavailable", "the acquirer is down; nothing was done")
        if mood.lost_before:
            await asyncio.sleep(self._late_seconds)
            return _refuse(504, "timeout", "nothing was done")
        await asyncio.sleep(mood.wait_seconds)
        operation, new = act(mood.twisted(body))
        if new:
            for after_seconds in mood.callbacks_after:
                self._callbacks.tell(operation, after_seconds=after_seconds)
            if told is not None:
                await told(operation)
        if mood.lost_after:
            await asyncio.sleep(self._late_seconds)
        if mood.failed_after:
            return _refuse(502, "bad_gateway", "who knows")
        return JSONResponse(operation.told())

    async def misbehave(self, request: Request) -> Response:
        """Tell or change how the acquirer misbehaves: see `misbehavior.Profile`."""
        if request.method == "PUT":
            self._misbehavior.follow(Profile.read(await _body(request)))
        return JSONResponse(self._misbehavior.told())

    async def bank_transfer(self, request: Request) -> Response:
        """Send money to an account outside; the same reference again is the same transfer."""
        return JSONResponse(self._book.bank_transfer(await _body(request)).told())

    async def operation(self, request: Request) -> Response:
        """Tell what became of a reference."""
        if self._misbehavior.question().down:
            return _refuse(503, "unavailable", "the acquirer is down")
        found = self._book.operation(request.path_params["reference"])
        if found is None:
            return _refuse(404, "operation_unknown", "nothing was ever asked under this reference")
        return JSONResponse(found.told())

    async def operations(self, _request: Request) -> Response:
        """Count operations, and show the latest."""
        latest = [operation.told() for operation in self._book.latest(SHOWN)]
        return JSONResponse({"counts": self._book.counts(), "latest": latest})

    async def settlement(self, request: Request) -> Response:
        """Give a day's settlement report."""
        told = self._day(request, wrong=_wrong(request, "break"))
        return Response(files.settlement(told), media_type="text/csv")

    async def camt(self, request: Request) -> Response:
        """Give the bank's statement of a day as camt.053."""
        told = self._day(request, wrong=_wrong(request, "settlement_break"))
        return Response(files.camt(told, wrong=_wrong(request, "break")), media_type="text/xml")

    async def mt940(self, request: Request) -> Response:
        """Give the bank's statement of a day as MT940."""
        told = self._day(request, wrong=_wrong(request, "settlement_break"))
        return Response(files.mt940(told, wrong=_wrong(request, "break")), media_type="text/plain")

    async def page(self, _request: Request) -> Response:
        """Show the book to a person."""
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{html.escape(str(cell))}</td>"
                for cell in (
                    operation.occurred_at,
                    operation.kind,
                    operation.status,
                    f"{operation.amount_minor} {operation.currency}",
                    operation.card,
                    operation.decline_code,
                    operation.reference,
                    operation.id,
                )
            )
            + "</tr>"
            for operation in self._book.latest(SHOWN)
        )
        return HTMLResponse(_PAGE.replace("{rows}", rows))

    def _day(self, request: Request, *, wrong: Break) -> files.Day:
        try:
            on = date.fromisoformat(request.path_params["date"])
        except ValueError:
            raise Unreadable("invalid_request", "the date is written 2026-11-24") from None
        currency = request.query_params.get("currency", "")
        if not is_currency(currency):
            raise Unreadable("invalid_request", "currency is an ISO 4217 code in upper case")
        return files.day(self._book, on=on, currency=currency, wrong=wrong, payee=self._payee)

    def _finish_later(self, operation: Operation) -> None:
        wait = max(0.0, (operation.ready_at or 0) - time.time()) + 0.01

        def finish() -> None:
            done = self._book.operation(operation.reference)
            if done is not None:
                self._callbacks.tell(done)

        asyncio.get_running_loop().call_later(wait, finish)


def _guarded(handler: Handler) -> Handler:
    """Ask for the key, and say in JSON what cannot be done."""

    async def guarded(request: Request) -> Response:
        if request.headers.get("x-api-key") != API_KEY:
            return _refuse(401, "key_unknown", "X-Api-Key is missing or unknown")
        try:
            return await handler(request)
        except Unreadable as refused:
            status = 404 if refused.code == "operation_unknown" else 400
            return _refuse(status, refused.code, str(refused))
        except ReferenceReused:
            return _refuse(409, "reference_reused", "the reference names another operation")

    return guarded


async def _health(_request: Request) -> Response:
    return JSONResponse({"ok": True})


async def _body(request: Request) -> dict[str, object]:
    raw = await request.body()
    try:
        told = json.loads(raw) if len(raw) <= BODY_MAX else None
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Unreadable("invalid_request", "the body is one JSON object")
    return told


def _wrong(request: Request, name: str) -> Break:
    try:
        return Break(request.query_params.get(name, ""))
    except ValueError:
        raise Unreadable("invalid_request", f"{name} is amount or missing") from None


def _refuse(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status_code=status)


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox acquirer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root { color-scheme: light dark; } body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .25rem .75rem; white-space: nowrap; }
th { border-bottom: 1px solid; } div { overflow-x: auto; }</style>
<h1>Sandbox acquirer</h1><p>What it was asked to do, latest first. It is not part of the platform.</p>
<div><table><tr><th>Business time<th>Asked<th>Outcome<th>Minor units<th>Card<th>Code<th>Reference<th>Id</tr>
{rows}</table></div></html>
"""  # noqa: E501 -- a page, not code.
