"""What the door itself refuses, before any room is asked."""

from collections.abc import Sequence

from fintech.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Throttled,
    Unauthenticated,
    Unavailable,
)
from fintech.wire.errors import Fault


class ApiKeyMissing(Unauthenticated):
    """Whoever asks says who they are."""

    code = "api_key_missing"

    def __init__(self) -> None:
        super().__init__("Give your secret key as `Authorization: Bearer KEY`.")


class TokenInvalid(Unauthenticated):
    """An access token is one that we gave out, for us, and did not take back."""

    code = "token_invalid"

    def __init__(self) -> None:
        super().__init__("The access token is not valid.")


class TokenExpired(Unauthenticated):
    """The access token was good once."""

    code = "token_expired"

    def __init__(self) -> None:
        super().__init__("The access token has expired.")


class AccountInvalid(Forbidden):
    """A key acts for its own merchant only."""

    code = "account_invalid"

    def __init__(self) -> None:
        super().__init__("This key does not act for another account.")


class ScopeMissing(Forbidden):
    """A restricted key does only what its scopes name."""

    code = "permission_denied"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This key lacks the scope {scope}.", required_scope=scope)


class ParametersWrong(Invalid):
    """Every parameter is one of the operation's, and has its form."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        super().__init__(first.message)
        self.code, self.param, self.faults = first.code, first.param, tuple(faults)


class MalformedBody(Invalid):
    """A body is one well-formed, unambiguous, shallow object."""

    code = "malformed_body"


class UnsupportedMediaType(Invalid):
    """Bodies are JSON or form encoded, in UTF-8."""

    code = "unsupported_media_type"

    def __init__(self) -> None:
        super().__init__(
            "Send application/json (UTF-8) or application/x-www-form-urlencoded, not compressed."
        )


class RequestTooLarge(Invalid):
    """A body has a largest size."""

    code = "request_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes.")


class UrlTooLong(Invalid):
    """An address has a largest length."""

    code = "url_too_long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The address is longer than {limit} bytes.")


class HeadersTooLarge(Invalid):
    """Headers have a largest size, all together."""

    code = "headers_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The headers are larger than {limit} bytes.")


class RequestTimeout(Invalid):
    """A body arrives within some time."""

    code = "request_timeout"

    def __init__(self) -> None:
        super().__init__("The body did not arrive in time.")


class IdempotencyKeyInvalid(Invalid):
    """An idempotency key is 1 to 255 printable ASCII characters."""

    code = "idempotency_key_invalid"


class ResourceMissing(NotFound):
    """There is no such thing, or not for this caller: both sound alike."""

    code = "resource_missing"

    def __init__(self, noun: str) -> None:
        super().__init__(f"There is no such {noun}.")


class UnsupportedEndpoint(NotFound):
    """There is no such operation here."""

    code = "unsupported_endpoint"

    def __init__(self) -> None:
        super().__init__("There is no such operation here; the reference lists what there is.")


class MethodNotAllowed(Invalid):
    """A path takes the methods it takes."""

    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"This path takes {', '.join(allowed)}.")
        self.allowed = tuple(allowed)


class NotAcceptable(Invalid):
    """Answers are JSON."""

    code = "not_acceptable"


class RateLimited(Throttled):
    """Nobody may ask more than so much in so short a time."""

    code = "rate_limited"

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("Too many requests; wait as long as `Retry-After` says.")
        self.retry_after_seconds = retry_after_seconds
        self.headers: dict[str, str] = {}


class ConcurrencyLimited(Throttled):
    """A merchant has so many requests in progress at once, and no more."""

    code = "concurrency_limited"

    def __init__(self) -> None:
        super().__init__("Too many of your requests are in progress; wait for some to end.")


class Overloaded(Unavailable):
    """What can be asked again later makes room for what cannot."""

    code = "overloaded"

    def __init__(self) -> None:
        super().__init__("There is more to do than can be done now; ask again a little later.")


class Contended(Conflict):
    """Two requests wanted the same rows; this one did nothing and may be repeated."""

    code = "lock_timeout"


class Internal(Refusal):
    """Something is wrong on our side. It has been noted."""

    code = "internal_error"
    kind = "internal"
