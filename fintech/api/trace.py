"""What is noted of a request on its way through the door, for its log and its headers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fintech.api.authentication import Caller


@dataclass(slots=True, kw_only=True)
class Trace:
    """One request, as far as it has come."""

    request_id: str
    at: datetime
    caller: Caller | None = None
    values: dict[str, Any] | None = None
    body: dict[str, Any] | None = None
    error_code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
