"""The commands of the sandbox: `python -m sandbox COMMAND`; the Makefile's targets call these."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from sandbox import demo, ports, supervisor
from sandbox.embedded import EmbeddedServerFailed
from sandbox.instance import DEMO, CommandFailed, Instance, NotRunning
from sandbox.progress import Progress

_EXPECTED = (
    CommandFailed,
    NotRunning,
    EmbeddedServerFailed,
    ports.NotLoopback,
    ports.NoFreePort,
    supervisor.ChildFailed,
    PermissionError,
)


def main() -> int:
    """Run one command; errors that have a sentence are told in one, with the exit code 1."""
    told = _arguments()
    run: Callable[[argparse.Namespace], int] = told.run
    # SIGTERM unwinds like Ctrl-C, so that everything started is also stopped.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        return run(told)
    except _EXPECTED as failure:
        print(f"{told.command}: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(
        name: str, run: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    one = add("demo", _demo, "start everything and keep it running until Ctrl-C")
    one.add_argument("--port", type=int, default=8000, help="the first port to try (default 8000)")
    one.add_argument("--bind", default="127.0.0.1", help="a loopback address (default 127.0.0.1)")
    one.add_argument("--reset", action="store_true", help="begin with an empty database")
    one.add_argument("--no-story", action="store_true", help="do not seed")
    one.add_argument("--state", type=Path, default=DEMO, help=argparse.SUPPRESS)
    for name, run, text in (
        ("down", _down, "stop the demo"),
        ("status", _status, "say what runs and where; exit code 3 when nothing does"),
    ):
        add(name, run, text).add_argument(
            "--state", type=Path, default=DEMO, help=argparse.SUPPRESS
        )
    add("smoke", _smoke, "drive one payment through every room of a throw-away instance")
    tour = add("tour", _tour, "walk through the running demo")
    tour.add_argument("--fast", action="store_true", help="do not pause between steps")
    one = add("exec", _exec, "run a command with the embedded servers and the demo's settings")
    one.add_argument("--scratch", action="store_true", help="on servers that are thrown away")
    one.add_argument("argv", nargs=argparse.REMAINDER, help="-- command ...")
    return parser.parse_args()


def _demo(told: argparse.Namespace) -> int:
    return demo.run(
        told.state,
        base_port=told.port,
        bind=told.bind,
        reset=told.reset,
        story=not told.no_story,
    )


def _down(told: argparse.Namespace) -> int:
    began = time.monotonic()
    if supervisor.ask_to_stop(told.state):
        print(f"stopped ({time.monotonic() - began:.1f} s)")
    else:
        print("nothing was running")
    return 0


def _status(told: argparse.Namespace) -> int:
    return demo.status(told.state)


def _smoke(_told: argparse.Namespace) -> int:
    from sandbox import smoke

    return smoke.run()


def _tour(told: argparse.Namespace) -> int:
    from sandbox import tour

    return tour.run(DEMO, fast=told.fast)


def _exec(told: argparse.Namespace) -> int:
    argv = told.argv[1:] if told.argv[:1] == ["--"] else told.argv
    if not argv:
        print("exec: name a command after --", file=sys.stderr)
        return 2
    state = Path(tempfile.mkdtemp(prefix="fintech-")) if told.scratch else DEMO
    if supervisor.is_running(state):
        instance = Instance.running(state)
    else:
        instance = Instance(state, progress=Progress(sys.stderr), throwaway=told.scratch)
    try:
        if instance.embedded:
            instance.embedded.start()
        return subprocess.run(
            argv, env={**os.environ, **instance.environment()}, check=False
        ).returncode
    finally:
        if instance.embedded and told.scratch:
            instance.embedded.remove()
        elif instance.embedded:
            instance.embedded.stop()
        if told.scratch:
            shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
