"""What a person sees while something long is under way."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Lines about steps: one that is renewed on a terminal, one per finished step elsewhere."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self._live = self.out.isatty()
        self._shown = ""
        self._last = 0.0

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Show a step while it runs, and how long it took."""
        started = time.monotonic()
        self.now(what)
        try:
            yield
        except BaseException:
            self._clear()
            self._write(f" ✗ {what}\n")
            raise
        self._clear()
        self._write(f" ✓ {what:<58} {time.monotonic() - started:5.1f} s\n")

    def now(self, what: str) -> None:
        """Show what is going on; elsewhere than on a terminal, at most every ten seconds."""
        if self._live:
            self._clear()
            self._shown = f" … {what}"[:100]
            self._write(self._shown)
        elif time.monotonic() - self._last > 10:
            self._write(f" … {what}\n")
            self._last = time.monotonic()

    def say(self, line: str = "") -> None:
        """Print a line that stays."""
        self._clear()
        self._write(f"{line}\n")

    def _clear(self) -> None:
        if self._live and self._shown:
            self._write("\r\033[K")
            self._shown = ""

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()
