"""Answers are JSON, whatever else is preferred; who takes none gets a refusal."""

from collections.abc import Mapping

from fintech.api import errors

_ACCEPTED = frozenset({"", "*/*", "application/*", "application/json"})


def require_json(headers: Mapping[str, str]) -> None:
    """Refuse whoever does not take JSON with `NotAcceptable`."""
    accepted = headers.get("Accept", "")
    if accepted in _ACCEPTED:
        return
    if not any(part.partition(";")[0].strip().lower() in _ACCEPTED for part in accepted.split(",")):
        raise errors.NotAcceptable("Answers are application/json.")
