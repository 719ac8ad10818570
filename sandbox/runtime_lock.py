"""
Prints the part of `requirements.lock` that the platform itself needs.

The lock holds everything, tests and the sandbox included. The image holds only what
`[project] dependencies` lead to, at the same versions and hashes. Run in an environment that
has the whole lock installed.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

_EXTRA_MARKER = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def needed(project: Path) -> set[str]:
    """
    Return the names of all packages that the project's own dependencies lead to.

    Of a requirement's conditions only the extra is looked at: the lock says the others itself.
    """
    told = tomllib.loads((project / "pyproject.toml").read_text())
    waiting = [node for line in told["project"]["dependencies"] for node in _nodes(line)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # Another platform's.
            continue
        for line in lines:
            asked = _EXTRA_MARKER.search(line)
            if (asked.group(1) if asked else "") == extra:
                waiting += _nodes(line)
    return {name for name, _ in seen}


def selected(lock: str, names: set[str]) -> str:
    """Return the entries of a lock, hashes included, that have one of the names."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", lock)
    return "".join(entry for entry in entries if _name(entry) in names)


def _nodes(requirement: str) -> Iterator[tuple[str, str]]:
    name = _name(requirement)
    yield name, ""
    if extras := re.match(r"[A-Za-z0-9._-]+\s*\[([^\]]+)\]", requirement):
        for extra in extras.group(1).split(","):
            yield name, extra.strip()


def _name(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", name.group()).lower() if name else ""


if __name__ == "__main__":
    here = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    sys.stdout.write(selected((here / "requirements.lock").read_text(), needed(here)))
