"""
Keeps the processes of one state folder together: all start, all stop, none is left.

Every child dies with the supervisor, even when that is killed without a chance to tidy up. What a
killed one still left (a process on its way out, a stale record) is dealt with by the next start.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sandbox import children
from sandbox.progress import Progress

_RESTARTS_IN_A_ROW = 5
_STEADY_AFTER_S = 30


class AlreadyRunning(Exception):
    """One supervisor per state folder."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        super().__init__(f"already running (supervisor {pid})")


class ChildFailed(Exception):
    """A child did not become ready; the message shows the end of its log."""


@dataclass(frozen=True)
class Service:
    """One long-running child."""

    name: str
    command: tuple[str | Path, ...]
    is_ready: Callable[[], bool] = lambda: True
    env: Mapping[str, str] = field(default_factory=dict)
    ask: signal.Signals = signal.SIGTERM
    patience_s: float = 10


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0


class Supervisor:
    """The children of one state folder."""

    def __init__(
        self,
        state: Path,
        *,
        env: Mapping[str, str],
        cwd: Path,
        progress: Progress,
    ) -> None:
        self.state = state.resolve()
        self.env, self.cwd, self.progress = env, cwd, progress
        self._children: dict[str, _Child] = {}
        self._facts: dict[str, Any] = {}
        self._lock: IO[str] | None = None

    # -- One at a time ----------------------------------------------------------------------

    def claim(self) -> None:
        """
        Become the one supervisor of this folder and end what a killed one left behind.

        Raises:
            AlreadyRunning: somebody else is.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        lock = _lock_file(self.state).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyRunning(int(record(self.state).get("pid", 0))) from None
        self._lock = lock
        end_left_overs(self.state)
        for log in self.state.glob("logs/*.log"):  # One former life is kept.
            log.replace(log.with_suffix(".log.1"))
        self.note()

    def note(self, **facts: Any) -> None:
        """Write down what runs, for `status`, `down` and the next start."""
        self._facts |= facts
        told = self._facts | {
            "pid": os.getpid(),
            "children": [
                {
                    "name": name,
                    "pid": child.process.pid,
                    "started": _start_time(child.process.pid),
                }
                for name, child in self._children.items()
            ],
        }
        target = _record_file(self.state)
        fresh = target.with_suffix(".new")
        fresh.write_text(json.dumps(told, indent=1))
        fresh.replace(target)

    # -- Children ---------------------------------------------------------------------------

    def launch(self, services: Sequence[Service], *, timeout_s: float = 90) -> None:
        """
        Start services together and wait until each says that it is ready.

        Raises:
            ChildFailed: one ended, or was not ready in time.
        """
        for service in services:
            self._launch(service)
        self.note()
        waiting = {service.name: service for service in services}
        deadline = time.monotonic() + timeout_s
        while waiting:
            self.progress.now(f"waiting for {', '.join(waiting)}")
            for name, service in list(waiting.items()):
                if self._children[name].process.poll() is not None:
                    raise ChildFailed(self._obituary(name, "ended while starting"))
                if service.is_ready():
                    del waiting[name]
            if waiting and time.monotonic() > deadline:
                name = next(iter(waiting))
                raise ChildFailed(self._obituary(name, f"was not ready in {timeout_s:.0f} s"))
            time.sleep(0.05)

    def watch_once(self) -> None:
        """Start again what has ended, a few times in a row."""
        for name, child in list(self._children.items()):
            code = child.process.poll()
            if code is None:
                continue
            steady = time.monotonic() - child.started > _STEADY_AFTER_S
            failures = 1 if steady else child.failures + 1
            if failures > _RESTARTS_IN_A_ROW:
                raise ChildFailed(self._obituary(name, f"ended {failures} times in a row"))
            self.progress.say(f" ! {name} ended ({code}); starting it again")
            time.sleep(0.2 * failures)
            self._launch(child.service)
            self._children[name].failures = failures
            self.note()

    def restart(self, name: str) -> None:
        """Stop one child and start it again."""
        child = self._children[name]
        children.stop(child.process, ask=child.service.ask, patience_s=child.service.patience_s)
        self._launch(child.service)
        self.note()

    def pid_of(self, name: str) -> int:
        """Return the process id of a child."""
        return self._children[name].process.pid

    def stop(self) -> None:
        """Stop all children, the last started first."""
        leaving = list(reversed(self._children.values()))
        for child in leaving:  # All are asked at once: they end side by side.
            if child.process.poll() is None:
                child.process.send_signal(child.service.ask)
        for child in leaving:
            try:
                child.process.wait(child.service.patience_s)
            except subprocess.TimeoutExpired:
                children.kill_group(child.process)
                child.process.wait()
        _end_groups({child.process.pid for child in leaving})
        self._children.clear()

    def release(self) -> None:
        """Give the folder back: nothing of it runs any more."""
        if self._lock:
            _record_file(self.state).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def log(self, name: str) -> Path:
        """Return the file that holds what a child prints."""
        return self.state / "logs" / f"{name}.log"

    def _launch(self, service: Service) -> None:
        process = children.start(
            service.command,
            log=self.log(service.name),
            env={**self.env, **service.env},
            cwd=self.cwd,
            # Nothing here may be lost by dying: all state is in the database.
            when_parent_dies=signal.SIGKILL,
        )
        self._children[service.name] = _Child(service, process, time.monotonic())

    def _obituary(self, name: str, what: str) -> str:
        tail = self.log(name).read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f"{name} {what}; {self.log(name)} ends with:", *tail])


def record(state: Path) -> dict[str, Any]:
    """Return what the supervisor of a folder wrote down, or nothing."""
    try:
        told = json.loads(_record_file(state).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return told if isinstance(told, dict) else {}


def is_running(state: Path) -> bool:
    """Say whether a folder has a living supervisor."""
    try:
        with _lock_file(state).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def ask_to_stop(state: Path, *, patience_s: float = 40) -> bool:
    """End the supervisor of a folder, and what a killed one left; say whether there was one."""
    if not is_running(state):
        return end_left_overs(state)
    pid = int(record(state).get("pid", 0))
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while is_running(state):
        if time.monotonic() > deadline:
            raise ChildFailed(f"supervisor {pid} did not stop in {patience_s:.0f} s")
        time.sleep(0.05)
    return True


def end_left_overs(state: Path) -> bool:
    """End the recorded children of a supervisor that is gone; say whether there were any."""
    left = [child["pid"] for child in record(state).get("children", []) if is_alive(child)]
    for pid in left:  # They have been told by the kernel; this waits for it to be true.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(_start_time(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.02)
    _record_file(state).unlink(missing_ok=True)
    return bool(left)


def _end_groups(groups: Collection[int]) -> None:
    """End grandchildren that outlived their parents, and see them gone."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while _has_living_member(groups) and time.monotonic() < deadline:
        time.sleep(0.01)


def _has_living_member(groups: Collection[int]) -> bool:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(group) in groups and state != "Z":
                return True
    return False


def is_alive(child: Mapping[str, Any]) -> bool:
    """Say whether a recorded child still runs."""
    return bool(child["started"]) and _start_time(child["pid"]) == child["started"]


def _start_time(pid: int) -> str:
    """Tell this life of a process id from the next one; empty when there is no such process."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = told.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _lock_file(state: Path) -> Path:
    return state / "supervisor.lock"


def _record_file(state: Path) -> Path:
    return state / "instance.json"
