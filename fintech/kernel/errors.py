"""
What can be refused, by kind. Rooms subclass a kind per broken rule.

An error names the rule, keeps the facts and knows nothing of HTTP; the API's door maps
a kind to a status. A refusal that was stored under an idempotency key comes back as
its kind with the same code, sentence and facts.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """Something was asked for that a rule forbids. Nothing has changed."""

    code: str = "refused"
    kind: ClassVar[str] = "refused"
    param: str | None = None

    def __init__(self, message: str = "", **facts: Any) -> None:
        self.message = message or (type(self).__doc__ or "").strip().split("\n")[0]
        self.facts = facts
        self.replayed = False
        super().__init__(self.message)

    def stored(self) -> dict[str, Any]:
        """Return what is kept of a refusal, so that it can be given again."""
        return {
            "kind": self.kind,
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "facts": {name: _plain(fact) for name, fact in self.facts.items()},
        }


class NotFound(Refusal):
    """There is no such thing, or not for this caller."""

    code = "resource_missing"
    kind = "not_found"


class Invalid(Refusal):
    """The request itself cannot be right, whatever the state of the world."""

    code = "parameter_invalid"
    kind = "invalid"


class Refused(Refusal):
    """The request is well formed; the state of the world forbids it."""

    kind = "refused"


class Conflict(Refusal):
    """Somebody else is at it; the same request may be repeated later."""

    code = "lock_timeout"
    kind = "conflict"


class Unavailable(Refusal):
    """Something we need is not answering; nothing was done."""

    kind = "unavailable"


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    code = "permission_denied"
    kind = "forbidden"


class Unauthenticated(Refusal):
    """We do not know who is asking."""

    code = "api_key_invalid"
    kind = "unauthenticated"


class Throttled(Refusal):
    """Too much was asked in too short a time."""

    code = "rate_limited"
    kind = "throttled"


_KINDS: dict[str, type[Refusal]] = {
    kind.kind: kind
    for kind in (
        NotFound,
        Invalid,
        Refused,
        Conflict,
        Unavailable,
        Forbidden,
        Unauthenticated,
        Throttled,
    )
}


def restored(stored: dict[str, Any]) -> Refusal:
    """Return a stored refusal as an error of its kind, with its code, sentence and facts."""
    refusal = _KINDS[stored["kind"]](stored["message"], **stored["facts"])
    refusal.code, refusal.param = stored["code"], stored["param"]
    return refusal


def _plain(fact: Any) -> Any:
    return fact if isinstance(fact, str | int | bool | None | list | dict) else str(fact)
