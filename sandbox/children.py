"""Child processes that can't outlive whoever started them."""

import ctypes
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child may not load libraries between fork and exec.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class RunAs:
    """The account a child runs under."""

    uid: int
    gid: int


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    run_as: RunAs | None = None,
    when_parent_dies: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """
    Start a process that the kernel ends when the calling *thread* ends, however it ends.

    It gets a session of its own, so that a Ctrl-C in the terminal reaches the starter alone, who
    then stops its children in order. Call this from a thread that lives as long as the process.

    Args:
        command: the program and its arguments.
        log: what it prints is appended here.
        env: its whole environment.
        cwd: the folder it runs in.
        run_as: another account, if the caller may change to it.
        when_parent_dies: the signal by which it hears that its parent is gone.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, warnings.catch_warnings():
        # Python warns of forking beside threads; this child touches no lock before it execs.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            user=run_as.uid if run_as else None,
            group=run_as.gid if run_as else None,
            extra_groups=[] if run_as else None,
            # Runs after the change of user, which would have cleared the signal.
            preexec_fn=_die_with(os.getpid(), when_parent_dies),  # noqa: PLW1509
        )


@contextmanager
def running(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, merge: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """
    Run a command whose output is read, and end it when the context is left early.

    Args:
        command: the program and its arguments.
        env: its whole environment.
        cwd: the folder it runs in.
        merge: whether standard error comes with standard output.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # As in `start`.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            env=dict(env),
            cwd=cwd,
            text=True,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid(), signal.SIGKILL),  # noqa: PLW1509
        )
    with process:
        try:
            yield process
        except BaseException:
            kill_group(process)
            raise


def stop(
    process: subprocess.Popen[bytes],
    *,
    ask: signal.Signals = signal.SIGTERM,
    patience_s: float = 10,
) -> None:
    """Ask a child to end, and end it when it does not."""
    if process.poll() is None:
        process.send_signal(ask)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            kill_group(process)
    process.wait()


def kill_group(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a child and whatever shares its session's first group, at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()


def die_with_parent(signal_number: signal.Signals) -> None:
    """Ask the kernel for a signal when whoever started this process is gone."""
    arrange = _die_with(os.getppid(), signal_number)
    if arrange:
        arrange()


def _die_with(parent: int, signal_number: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != parent:  # The parent died before the kernel was told.
            os._exit(1)

    return arrange
