"""Which path is which operation: one table for every door."""

import re
from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from fintech.api import v1
from fintech.api.operations import OPERATIONS, Operation

# Whatever file lies in `v1` is part of the API; nobody has to name it here.
for _file in sorted(module.name for module in iter_modules(v1.__path__)):
    import_module(f"{v1.__name__}.{_file}")

type Methods = Mapping[str, Operation]


def _by_path() -> dict[str, dict[str, Operation]]:
    found: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.path, {})[operation.method] = operation
    return found


# In the order of declaration: where two paths fit, the one that was declared first leads.
BY_PATH: Mapping[str, Methods] = _by_path()


def framework_pattern(template: str) -> str:
    """Return an operation's path as the framework's: a key may hold slashes, an id may not."""
    plain = template.lstrip("/").replace("{key}", "<path:key>")
    return re.sub(r"\{(\w+)\}", r"<str:\1>", plain)


def _compiled(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    told = [
        (f"(?P<{part}>{'.+' if part == 'key' else '[^/]+'})" if place % 2 else re.escape(part))
        for place, part in enumerate(parts)
    ]
    return re.compile("".join(told), re.DOTALL)


_FIXED = {template: methods for template, methods in BY_PATH.items() if "{" not in template}
_PATTERNS = tuple(
    (_compiled(template), methods) for template, methods in BY_PATH.items() if "{" in template
)


def match(path: str) -> tuple[Methods, dict[str, str]] | None:
    """Return what can be done at a path, and what the path names; None if it leads nowhere."""
    fixed = _FIXED.get(path)
    if fixed is not None:
        return fixed, {}
    for pattern, methods in _PATTERNS:
        found = pattern.fullmatch(path)
        if found:
            return methods, found.groupdict()
    return None
