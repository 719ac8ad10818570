"""Where a caller names a thing that exists, or says what is to be made: one of the two."""

from collections.abc import Mapping
from typing import Any

from fintech.api import errors
from fintech.wire.errors import Fault


def one_of(values: Mapping[str, Any], first: str, other: str, *, within: str = "") -> str:
    """
    Return which of two parameters was given.

    Raises:
        ParametersWrong: neither was, or both.
    """
    given = [name for name in (first, other) if values.get(name) is not None]
    if len(given) == 1:
        return given[0]
    if given:
        name, code = other, "parameters_exclusive"
        message = f"Give this or {first}, not both."
    else:
        name, code = first, "parameter_missing"
        message = f"This parameter is required, or {other} instead."
    param = f"{within}[{name}]" if within else name
    raise errors.ParametersWrong([Fault(param, code, message)])
