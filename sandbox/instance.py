"""One running platform with the world around it, in one folder: what `demo` and `smoke` start."""

import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from sandbox import children, ports
from sandbox.acquirer.files import OF_BACKUP
from sandbox.embedded import Embedded
from sandbox.progress import Progress
from sandbox.supervisor import Service, Supervisor, is_running
from sandbox.supervisor import record as supervisor_record

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".run" / "demo"

_PORT_OFFSETS = {"web": 0, "acquirer": 900, "smtp": 925, "mail_page": 926}
# What an instance hands to its processes; anything else of the caller's environment stays outside.
_INHERITED = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"),
    *("LOG_LEVEL", "REAL_DATA_DIR", "WEB_CONCURRENCY"),
)


class CommandFailed(Exception):
    """A `manage.py` command ended badly; the message shows the end of what it printed."""


class NotRunning(Exception):
    """What was asked for needs a running demo."""

    def __init__(self) -> None:
        super().__init__("the demo is not running; start it in another terminal with: make demo")


class Instance:
    """
    The platform (web, worker, beat, subscription runner) with its servers and its outside world.

    Everything it knows and leaves is below `state`. Ports begin at `base_port` and move up when
    taken. With `DATABASE_URL` and `REDIS_URL` in the environment, those servers are used instead
    of embedded ones.
    """

    def __init__(
        self,
        state: Path,
        *,
        base_port: int = 8000,
        bind: str = "127.0.0.1",
        progress: Progress | None = None,
        throwaway: bool = False,
    ) -> None:
        self.state = state.resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self.address = ports.loopback(bind)
        self.base_port = base_port
        self.progress = progress or Progress()
        self.throwaway = throwaway
        self.embedded: Embedded | None = None
        if not {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
            self.embedded = Embedded(self.state, fsync=not throwaway)
        self._ports: dict[str, int] = {}
        self._supervisor: Supervisor | None = None

    @classmethod
    def running(cls, state: Path) -> Self:
        """
        Return a handle on an instance that another process keeps running.

        Raises:
            NotRunning: nothing runs there.
        """
        told = supervisor_record(state)
        if not is_running(state) or "ports" not in told:
            raise NotRunning
        instance = cls(state, bind=told["address"])
        instance._ports = told["ports"]
        return instance

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- Where things are -------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """Where the platform answers."""
        return self._url("web")

    @property
    def acquirer_url(self) -> str:
        """Where the simulated acquirer and bank answer."""
        return self._url("acquirer")

    @property
    def mail_url(self) -> str:
        """Where the mail sink shows what it received."""
        return self._url("mail_page")

    @property
    def has_started(self) -> bool:
        """Whether there is anything to stop."""
        return self._supervisor is not None

    @property
    def supervisor(self) -> Supervisor:
        """Whoever keeps the children; there is one once the instance has started."""
        if self._supervisor is None:
            raise RuntimeError("the instance has not been started")
        return self._supervisor

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the instance's processes."""
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **kept,
            **self._secrets(),
            **self._servers(),
            "MODE": "sandbox",
            "BASE_URL": self.base_url,
            "ACQUIRER_URL": self.acquirer_url,
            "RECONCILIATION_SOURCES": json.dumps({"backup": {"account": OF_BACKUP.account}}),
            "EMAIL_HOST": self.address,
            "EMAIL_PORT": str(self._port("smtp")),
            "SMS_SINK_URL": f"{self.mail_url}/sms",
            "OBJECTS_DIR": str(self.state / "objects"),
            "WEBHOOK_ALLOW_LOOPBACK": "1",
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    # -- Life -------------------------------------------------------------------------------

    def start(self) -> None:
        """
        Start everything and return when all of it is ready.

        Raises:
            AlreadyRunning: another supervisor has this folder.
            EmbeddedServerFailed, CommandFailed, ChildFailed: what did not come up, and why.
        """
        supervisor = Supervisor(self.state, env={}, cwd=ROOT, progress=self.progress)
        supervisor.claim()
        self._supervisor = supervisor
        try:
            self._choose_ports()
            if self.embedded:
                with self.progress.step("PostgreSQL and Valkey"):
                    self.embedded.start()
            supervisor.env = self.environment()
            supervisor.note(**self.facts())
            self._migrate()
            with self.progress.step("web, worker, beat, subscriptions, acquirer and bank, mail"):
                supervisor.launch(self.services())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything; leave the data, unless the instance was a throw-away one."""
        if self._supervisor:
            self._supervisor.stop()
        if self.embedded:
            if self.throwaway:
                self.embedded.remove()
            else:
                self.embedded.stop()
        if self._supervisor:
            self._supervisor.release()
            self._supervisor = None

    def facts(self) -> dict[str, Any]:
        """Return what `status` shows of a running instance."""
        return {
            "state": str(self.state),
            "address": self.address,
            "ports": self._ports,
            "base_url": self.base_url,
            "acquirer_url": self.acquirer_url,
            "mail_url": self.mail_url,
            "smtp": f"{self.address}:{self._port('smtp')}",
            "database_url": self._servers()["DATABASE_URL"],
            "redis_url": self._servers()["REDIS_URL"],
        }

    def services(self) -> list[Service]:
        """Return every long-running process of the platform and of the world around it."""
        python, here = sys.executable, self.address
        worker: list[str] = [python, "-m", "celery", "-A", "config", "worker"]
        # Threads: no grandchildren, one import of the platform, and the tasks wait for the network.
        worker += ["--pool", "threads", "--concurrency", "4", "--loglevel", "INFO"]
        worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        beat: list[str] = [python, "-m", "celery", "-A", "config", "beat", "--loglevel", "INFO"]
        beat += ["--schedule", str(self.state / "celerybeat-schedule"), "--pidfile", ""]
        web: list[str] = [python, "-m", "gunicorn", "config.asgi:application"]
        web += ["--config", "python:sandbox.web_server", "--bind", f"{here}:{self._port('web')}"]
        acquirer: list[str] = [python, "-m", "sandbox.acquirer", "--host", here]
        acquirer += ["--port", str(self._port("acquirer"))]
        acquirer += ["--state", str(self.state / "acquirer.sqlite3")]
        acquirer += ["--callback-url", f"{self.base_url}/inbound/simulator"]
        acquirer += ["--backup-callback-url", f"{self.base_url}/inbound/backup"]
        mail: list[str] = [python, "-m", "sandbox.mail_sink", "--host", here]
        mail += ["--smtp-port", str(self._port("smtp"))]
        mail += ["--http-port", str(self._port("mail_page"))]
        mail += ["--state", str(self.state / "mail.jsonl")]
        counters = self.state / "metrics"  # Those of former processes would be added up.
        shutil.rmtree(counters, ignore_errors=True)
        counters.mkdir()
        of_web = {
            "WAKE_SUBSCRIBERS": "1",
            "COMBINE": "1",
            "PROMETHEUS_MULTIPROC_DIR": str(counters),
        }
        return [
            Service(
                "acquirer", tuple(acquirer), lambda: ports.is_ok(f"{self.acquirer_url}/health")
            ),
            Service("mail", tuple(mail), lambda: ports.is_ok(f"{self.mail_url}/health")),
            Service("web", tuple(web), lambda: ports.is_ok(f"{self.base_url}/readyz"), of_web),
            Service(
                "worker", tuple(worker), lambda: self._has_said("worker", "ready."), patience_s=6
            ),
            Service("beat", tuple(beat), lambda: self._has_said("beat", "beat: Starting")),
            Service(
                "subscriptions",
                (python, "manage.py", "run_subscriptions"),
                lambda: self._has_said("subscriptions", "Following the event log"),
            ),
        ]

    # -- Commands ---------------------------------------------------------------------------

    def manage(
        self, *arguments: str, check: bool = True, timeout_s: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """
        Run a `manage.py` command, as an operator would.

        Args:
            arguments: the command and what follows it.
            check: refuse a command that ends with anything but 0.
            timeout_s: how long it may take.

        Raises:
            CommandFailed: it ended badly.
        """
        command = [sys.executable, "manage.py", *arguments]
        return self.run(command, check=check, timeout_s=timeout_s)

    def run(
        self,
        command: Sequence[str],
        *,
        check: bool = True,
        timeout_s: float = 300,
        **env: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in the instance's environment, to which `env` is added."""
        told = {**self.environment(), **env}
        with children.running(command, env=told, cwd=ROOT) as process:
            out, err = process.communicate(timeout=timeout_s)
        done = subprocess.CompletedProcess(command, process.returncode, out, err)
        if check and done.returncode != 0:
            tail = (done.stdout + done.stderr).strip().splitlines()[-15:]
            name = " ".join(command[1:4])
            raise CommandFailed("\n".join([f"{name} ended with {done.returncode}:", *tail]))
        return done

    def seed(self, *arguments: str) -> list[str]:
        """Tell the story to an empty database and return what it says at its end."""
        if find_spec("sandbox.story") is None or not self._is_empty():
            return []
        said: list[str] = []
        with self.progress.step("the story of ninety days"):
            command = [sys.executable, "-m", "sandbox.story", *arguments]
            env = self.environment()
            with children.running(command, env=env, cwd=ROOT, merge=True) as telling:
                for line in telling.stdout or ():
                    said.append(line.rstrip())
                    self.progress.now(line.strip())
            if telling.returncode != 0:
                raise CommandFailed("\n".join(["the story failed:", *said[-15:]]))
        return said[-3:]

    def open_merchant(self, *arguments: str) -> dict[str, Any]:
        """Make a merchant with its owner and a key, by the command that operators have."""
        told = self.manage("open_merchant", "--json", *arguments).stdout
        opened: dict[str, Any] = json.loads(told.strip().splitlines()[-1])
        return opened

    def open_back_office(self, *, email: str, password: str) -> None:
        """Make a person who may see the back office."""
        self.run(
            [sys.executable, "manage.py", "createsuperuser", "--no-input", "--email", email],
            DJANGO_SUPERUSER_PASSWORD=password,
        )

    # -- Private ----------------------------------------------------------------------------

    def _migrate(self) -> None:
        done, wanted = self.state / "migrated", _migrations_digest()
        if self.embedded and done.exists() and done.read_text() == wanted:
            return  # A second start is quick: nothing that migrates has changed.
        with self.progress.step("migrations"):
            self.manage("migrate", "--no-input", "--database", "owner")
        done.write_text(wanted)

    def _is_empty(self) -> bool:
        with psycopg.connect(self._servers()["DATABASE_OWNER_URL"]) as connection:
            row = connection.execute(
                "SELECT NOT EXISTS (SELECT FROM merchants.merchants_merchant)"
            ).fetchone()
        return bool(row and row[0])

    def _choose_ports(self) -> None:
        for name, offset in _PORT_OFFSETS.items():
            wanted = self.base_port + offset
            port = ports.free(wanted, address=self.address, besides=self._ports.values())
            if port != wanted:
                self.progress.say(f" ! port {wanted} is taken; {name} uses {port}")
            self._ports[name] = port

    def _port(self, name: str) -> int:
        return self._ports.get(name, self.base_port + _PORT_OFFSETS[name])

    def _url(self, name: str) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self._port(name)}"

    def _servers(self) -> dict[str, str]:
        if self.embedded:
            return {**self.embedded.urls.environment(), **_given_servers()}
        given = _given_servers()
        return {"DATABASE_OWNER_URL": given["DATABASE_URL"], **given}

    def _secrets(self) -> dict[str, str]:
        """Return secrets made on the first start and kept: sessions and signatures outlive it."""
        kept = self.state / "secrets.json"
        with contextlib.suppress(FileNotFoundError):
            told: dict[str, str] = json.loads(kept.read_text())
            return told
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SIGNING_KEY": secrets.token_hex(32),
            "ACQUIRER_SECRET": secrets.token_urlsafe(32),
            "ENDPOINT_SECRETS_KEY": secrets.token_hex(32),
            "RECIPIENTS_KEY": secrets.token_hex(32),
            "SMS_SINK_SECRET": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        }
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file)
        return made

    def _has_said(self, name: str, what: str) -> bool:
        log = self.supervisor.log(name)
        return log.exists() and what in log.read_text(errors="replace")


def _given_servers() -> dict[str, str]:
    names = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _migrations_digest() -> str:
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    for path in sorted((ROOT / "fintech").rglob("migrations/*.py")):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()
