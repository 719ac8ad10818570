"""
Clients that nobody here wrote, against a throw-away instance of the whole platform.

`make foreign-clients` runs all of them, prints `N passed, N failed` and writes
`benchmarks/results/clients.json`. Names of clients may follow, to run some of them only.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.instance import Instance
from sandbox.progress import Progress
from tests.foreign.clients import environments
from tests.foreign.clients.environments import HOME, ROOT, NotRun

HERE = Path(__file__).parent
RESULTS = ROOT / "benchmarks" / "results" / "clients.json"
_FIRST_PORT = 18_400
REQUESTS = 20_000
# What a schema cannot say: a well-formed id may be of nothing, two parameters may exclude
# each other, a card may be declined, a coverage test sends one key with two bodies.
_SCHEMATHESIS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "402", "403", "404", "409", "429", "503"]
[checks.negative_data_rejection]
expected-statuses = [
  "400", "401", "403", "404", "405", "406", "408", "409", "413", "414", "429", "431", "503"
]
"""
_MOST_TOLD = 40


@dataclass
class Outcome:
    """What came of one client."""

    passed: int = 0
    failed: int = 0
    told: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def add(self, lines: str, errors: str, *, least: int) -> None:
        """Count the checks that a script printed; fewer than there should be is a failure."""
        checks = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
        for one in checks:
            self.passed += one["ok"]
            self.failed += not one["ok"]
            if not one["ok"]:
                self.told.append(f"{one['name']}: {one['why']}")
        if len(checks) < least:
            self.failed += 1
            self.told.append(f"{len(checks)} checks, not {least}: {errors[-600:]}")

    def as_json(self) -> dict[str, Any]:
        """Return the line of the results file."""
        told = {"failures": self.told} if self.told else {}
        return {"passed": self.passed, "failed": self.failed, **self.more, **told}


class Clients:
    """Every client, and how it is run."""

    def __init__(self, base_url: str, key: str, requests: int) -> None:
        self.base_url, self.key, self.requests = base_url, key, requests
        self.scratch = Path(tempfile.mkdtemp(prefix="clients-"))
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": str(self.scratch),
            "BASE_URL": base_url,
            "API_KEY": key,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
        }

    def all(self) -> dict[str, Callable[[], Outcome]]:
        """Return the clients by name."""
        return {
            "stripe_python": self.stripe_python,
            "stripe_node": self.stripe_node,
            "stripe_cli": self.stripe_cli,
            "dj_stripe": self.dj_stripe,
            "standardwebhooks": self.standardwebhooks,
            "generated": self.generated,
            "schemathesis": self.schemathesis,
        }

    def stripe_python(self) -> Outcome:
        """The newest major, which is ours, and 15.x from an environment of its own."""
        outcome = Outcome()
        for interpreter in (Path(sys.executable), environments.python("dj-stripe")):
            self._script(outcome, [str(interpreter), "python_sdk.py"], least=40)
        return outcome

    def stripe_node(self) -> Outcome:
        """The newest from npm."""
        return self._script(
            Outcome(), ["node", "node_sdk.mjs"], least=25, NODE_MODULES=self._node()
        )

    def stripe_cli(self) -> Outcome:
        """The program in its npm package, pinned."""
        program = str(environments.cli())
        return self._script(Outcome(), [sys.executable, "cli.py"], least=25, STRIPE_CLI=program)

    def dj_stripe(self) -> Outcome:
        """A Django project of its own."""
        interpreter = str(environments.python("dj-stripe"))
        return self._script(Outcome(), [interpreter, "djstripe_checks.py"], least=10)

    def standardwebhooks(self) -> Outcome:
        """Both languages."""
        command = [sys.executable, "webhooks.py"]
        return self._script(Outcome(), command, least=5, NODE_MODULES=self._node())

    def generated(self) -> Outcome:
        """Clients made of our document, in two languages."""
        outcome = Outcome()
        document = self.scratch / "openapi.json"
        told = self._run([sys.executable, "-c", _FETCH, f"{self.base_url}/v1/openapi.json"])
        document.write_text(told.stdout)
        interpreter = environments.python("generated")
        made = self.scratch / "generated_client"
        generator = str(interpreter.parent / "openapi-python-client")
        arguments = ["--path", str(document), "--output-path", str(made), "--meta", "none"]
        path = f"{Path(sys.executable).parent}:{self.environment.get('PATH', '')}"
        told = self._run([generator, "generate", *arguments], PATH=path)
        said = "WARNING" not in told.stdout + told.stderr and told.returncode == 0
        outcome.add(
            _line("python: all of the document is understood", said, told.stdout), "", least=1
        )
        self._script(
            outcome,
            [str(interpreter), "generated_python.py"],
            least=22,
            PYTHONPATH=str(self.scratch),
        )
        self._typescript(outcome, document)
        return outcome

    def _typescript(self, outcome: Outcome, document: Path) -> None:
        modules = environments.node_modules()
        folder = self.scratch / "typescript"
        folder.mkdir()
        (folder / "node_modules").symlink_to(modules)
        (folder / "package.json").write_text('{"type": "module"}')
        shutil.copy(HERE / "generated_typescript.ts", folder / "checks.ts")
        bin_folder = modules / ".bin"
        generator = [str(bin_folder / "openapi-typescript"), str(document)]
        self._run([*generator, "-o", "document.d.ts"], cwd=folder)
        options = ["--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"]
        options += ["--moduleResolution", "nodenext", "--lib", "es2022,dom", "--outDir", "out"]
        told = self._run([str(bin_folder / "tsc"), *options, "checks.ts"], cwd=folder)
        outcome.add(
            _line("typescript: it compiles in strict mode", told.returncode == 0, told.stdout),
            "",
            least=1,
        )
        ran = self._run(["node", "out/checks.js"], cwd=folder)
        outcome.add(ran.stdout, ran.stderr, least=8)

    def schemathesis(self) -> Outcome:
        """All paths and all its checks, until enough requests were made."""
        outcome = Outcome(more={"requests": 0, "server_errors": 0, "violations": 0})
        (self.scratch / "schemathesis.toml").write_text(_SCHEMATHESIS)
        seed, examples = 1, 40 if self.requests >= REQUESTS else 4
        while outcome.more["requests"] < self.requests:
            made = self._fuzz(outcome, seed, examples)
            if not made:
                break
            seed += 1
        short = outcome.more["requests"] < self.requests
        wrong = outcome.more["violations"] + short
        outcome.failed, outcome.passed = (wrong, 0) if wrong else (0, 1)
        return outcome

    def _fuzz(self, outcome: Outcome, seed: int, examples: int) -> int:
        reports = self.scratch / f"schemathesis-{seed}"
        told = self._run(
            [
                str(environments.python("schemathesis").parent / "schemathesis"),
                f"--config-file={self.scratch / 'schemathesis.toml'}",
                "run",
                f"{self.base_url}/v1/openapi.json",
                f"--url={self.base_url}",
                f"--header=Authorization: Bearer {self.key}",
                "--checks=all",
                f"--max-examples={examples}",
                f"--seed={seed}",
                "--workers=2",
                "--request-timeout=30",
                "--generation-database=none",
                "--report=ndjson",
                f"--report-dir={reports}",
            ],
            timeout=1500,
            SCHEMATHESIS_HOOKS="schemathesis_hooks",
            PYTHONPATH=str(HERE),
        )
        made = 0
        for report in reports.glob("*.ndjson"):
            with report.open() as lines:
                for line in lines:
                    made += _count(json.loads(line), outcome)
        if not made:
            outcome.more["violations"] += 1
            outcome.told.append(f"nothing was sent: {(told.stdout + told.stderr)[-800:]}")
        outcome.more["requests"] += made
        return made

    def _node(self) -> str:
        return str(environments.node_modules())

    def _script(self, outcome: Outcome, command: list[str], *, least: int, **more: str) -> Outcome:
        ran = self._run(command, cwd=HERE, **more)
        outcome.add(ran.stdout, ran.stderr, least=least)
        return outcome

    def _run(
        self, command: list[str], *, cwd: Path | None = None, timeout: int = 300, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=cwd or self.scratch,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


_FETCH = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"


def _line(name: str, ok: bool, why: str) -> str:
    return json.dumps({"name": name, "ok": ok, "why": why[:600]})


def _count(event: dict[str, Any], outcome: Outcome) -> int:
    """Count the requests of one scenario, and note what its checks found."""
    recorder = event.get("ScenarioFinished", {}).get("recorder") or {}
    made = recorder.get("interactions") or {}
    for case, checks in (recorder.get("checks") or {}).items():
        for one in checks:
            if one.get("status") in {"failure", "error"}:
                outcome.more["violations"] += 1
                if len(outcome.told) < _MOST_TOLD:
                    sent = (made.get(case) or {}).get("request")
                    outcome.told.append(f"{recorder.get('label')}: {one} sent {sent}"[:3000])
    for one in made.values():
        status = (one.get("response") or {}).get("status_code", 0)
        outcome.more["server_errors"] += status >= 500 and status != 503
    return len(made)


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


def main() -> int:
    """Run the clients that are named, or all."""
    parser = argparse.ArgumentParser(prog="foreign-clients")
    parser.add_argument("clients", nargs="*")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument(
        "--skip-unreachable",
        action="store_true",
        help="tell clients that cannot be installed here as not run, rather than as failed",
    )
    asked = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="fintech-clients-"))
    state.chmod(0o711)
    progress, outcomes = Progress(sys.stderr), {}
    instance = Instance(state, base_port=_FIRST_PORT, progress=progress, throwaway=True)
    try:
        with instance:
            outcomes = _run_all(instance, asked, progress)
    finally:
        shutil.rmtree(state, ignore_errors=True)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(RESULTS.read_text()) if asked.clients and RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**kept, "commit": _commit(), **outcomes}, indent=1))
    passed = sum(one["passed"] for one in outcomes.values())
    failed = sum(one["failed"] for one in outcomes.values())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _run_all(instance: Instance, asked: Any, progress: Progress) -> dict[str, Any]:
    opened = instance.open_merchant(
        *("--name", "Foreign clients", "--country", "DE", "--currency", "EUR"),
        *("--email", "owner@example.com"),
    )
    instance.manage("load_rates")  # For conversions between wallets.
    clients = Clients(instance.base_url, opened["secret_key"], asked.requests)
    outcomes: dict[str, Any] = {}
    try:
        for name, run in clients.all().items():
            if asked.clients and name not in asked.clients:
                continue
            began = time.monotonic()
            try:
                outcome = run()
            except NotRun as reason:
                if asked.skip_unreachable:
                    print(f"{name}: not run, {str(reason)[:200]}")
                    continue
                outcome = Outcome(failed=1, told=[f"not run: {reason}"])
            except subprocess.TimeoutExpired as late:
                outcome = Outcome(failed=1, told=[f"took longer than {late.timeout} s"])
            outcomes[name] = outcome.as_json()
            seconds = time.monotonic() - began
            print(f"{name}: {outcome.passed} passed, {outcome.failed} failed ({seconds:.0f} s)")
            for line in outcome.told:
                progress.say(f"  {line[:500]}")
    finally:
        shutil.rmtree(clients.scratch, ignore_errors=True)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
