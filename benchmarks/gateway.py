"""
What the gateway costs over a view that does nothing, in CPU and SQL round trips.

One process, one thread, Django's whole handler and middleware each time: a null view of
the framework, and operations that do as little behind the gateway (authentication, scope,
limits, parameters, idempotency, rendering, request log). Rounds alternate, so that a noisy
machine meets both. `make bench-gateway` writes `benchmarks/results/gateway.json`.
"""

import argparse
import cProfile
import io
import json
import os
import pstats
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "gateway.json"
BODY = b'{"amount": 4250, "currency": "eur", "metadata": {"order": "7"}}'


def main() -> None:
    """Start servers, declare the operations, measure."""
    parser = argparse.ArgumentParser(prog="bench-gateway")
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    from sandbox.embedded import Embedded

    with tempfile.TemporaryDirectory(prefix="gateway-") as folder:
        Path(folder).chmod(0o711)
        servers = Embedded(Path(folder), fsync=False)
        with servers as urls:
            os.environ.update(urls.environment())
            os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="ERROR")
            told = measure(asked.calls, asked.rounds)
        servers.remove()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(told, indent=1))
    for name, line in told["doors"].items():
        print(f"{name:28} {line['cpu_us']:7.0f} us CPU  {line['round_trips']} round trips")
    for name, line in told["overhead"].items():
        trips = line["round_trips"]
        print(f"overhead of {name:16} {line['cpu_us']:7.0f} us CPU  {trips} round trips")
    print(f"written to {RESULTS.relative_to(ROOT)}")


def measure(calls: int, rounds: int) -> dict[str, Any]:
    """Measure every door in alternating rounds."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.API_RATES = {"default": 10_000_000, "money": 10_000_000}
    call_command("migrate", database="owner", verbosity=0)
    declare()
    from config.wsgi import application
    from tests.payments.counting import round_trips

    doors = asking(application)
    for ask in doors.values():
        for _ in range(50):
            ask()
    seen: dict[str, list[float]] = {name: [] for name in doors}
    for _ in range(rounds):
        for name, ask in doors.items():
            began = time.thread_time()
            for _ in range(calls):
                ask()
            seen[name].append((time.thread_time() - began) / calls * 1e6)
    trips = {}
    for name, ask in doors.items():
        with round_trips() as turns:
            for _ in range(10):
                ask()
        trips[name] = round(turns.count / 10, 1)
    lines = {
        name: {
            "cpu_us": round(statistics.median(times), 1),
            "rounds_us": [round(one, 1) for one in times],
            "round_trips": trips[name],
        }
        for name, times in seen.items()
    }
    return {
        "commit": commit(),
        "workload": f"{rounds} rounds of {calls} calls each, one thread, Django's handler",
        "doors": lines,
        "overhead": {
            name: {
                "cpu_us": round(lines[name]["cpu_us"] - lines[base]["cpu_us"], 1),
                "round_trips": round(trips[name] - trips[base], 1),
            }
            for name, base in (
                ("GET", "null view"),
                ("POST with a key", "null view, one query"),
                ("POST by token", "null view, one query"),
            )
        },
        "profile": profiled(doors["POST with a key"], calls),
    }


def declare() -> None:
    """Add a null view, and operations that do nothing behind the gateway."""
    from django.db import connection
    from django.urls import path
    from django_subatomic import db
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from config import urls
    from fintech.api.codec import fields
    from fintech.api.door import Resource
    from fintech.api.operations import OPERATIONS, Answer, Call, operation
    from fintech.kernel import idempotency

    def query() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    class Nothing(APIView):
        """Answers, and does nothing."""

        def get(self, _request: Request) -> Response:
            return Response({"object": "nothing"})

        def post(self, request: Request) -> Response:
            told = bool(request.data)
            with db.transaction():
                query()
            return Response({"object": "nothing", "told": told})

    @operation("GET", "/v1/nothing", scope="payments:read", returns="nothing")
    def retrieve(_call: Call) -> Answer:
        """Do nothing."""
        return Answer(body={"object": "nothing"})

    @operation(
        "POST",
        "/v1/nothing",
        scope="payments:write",
        returns="nothing",
        parameters={
            "amount": fields.Amount(required=True),
            "currency": fields.Currency(required=True),
            "metadata": fields.Metadata(),
        },
    )
    def create(call: Call) -> Answer:
        """Do nothing, once per key: what every service does about its key."""
        with db.transaction():
            if call.key is not None:
                found = idempotency.claim([call.key], at=call.at)[0]
                if found.state != "new":
                    idempotency.replayed(found)
            query()
            if call.key is not None:
                idempotency.settle([(call.key, nothing_made())], at=call.at)
        return Answer(body={"object": "nothing"})

    operations = {one.method: one for one in OPERATIONS[-2:]}
    urls.urlpatterns.insert(0, path("null", Nothing.as_view()))
    urls.urlpatterns.insert(0, path("v1/nothing", Resource.as_view(operations=operations)))


def nothing_made() -> Any:
    """Return a small outcome to store: a refusal, which every shape table knows."""
    from fintech.kernel.errors import Refused

    return Refused("nothing")


def asking(application: Any) -> dict[str, Any]:
    """Return the calls that are measured."""
    from tests.make import merchants as make

    shop = make.merchant()
    secret = make.api_key(shop).secret
    token = issued(make.oauth_client(shop, "payments:write"), application)
    number = iter(range(10**9))

    def call(method: str, at: str, body: bytes = b"", **headers: str) -> None:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": at,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            **headers,
        }
        told: list[str] = []
        answer = application(environ, lambda status, _headers, *_: told.append(status))
        b"".join(answer)
        answer.close()
        if not told[0].startswith("200"):
            raise RuntimeError(told[0])

    def keyed(credential: str) -> Any:
        return lambda: call(
            "POST",
            "/v1/nothing",
            BODY,
            HTTP_AUTHORIZATION=f"Bearer {credential}",
            HTTP_IDEMPOTENCY_KEY=f"{credential[-4:]}-{next(number)}",
        )

    return {
        "null view": lambda: call("GET", "/null"),
        "GET": lambda: call("GET", "/v1/nothing", HTTP_AUTHORIZATION=f"Bearer {secret}"),
        "null view, one query": lambda: call("POST", "/null", BODY),
        "POST with a key": keyed(secret),
        "POST by token": keyed(token),
    }


def issued(new: Any, _application: Any) -> str:
    """Return a token, asked for at the endpoint."""
    import base64

    from django.test import Client

    basic = base64.b64encode(f"{new.client.client_id}:{new.secret}".encode()).decode()
    told = Client(SERVER_NAME="127.0.0.1").post(
        "/oauth/token",
        {"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    return str(told.json()["access_token"])


def profiled(ask: Any, calls: int) -> list[str]:
    """Return where the time goes: the functions that take most by themselves."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(calls):
        ask()
    profile.disable()
    out = io.StringIO()
    pstats.Stats(profile, stream=out).strip_dirs().sort_stats("tottime").print_stats(25)
    return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]


def commit() -> str:
    """Return the commit that was measured."""
    told = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


if __name__ == "__main__":
    main()
