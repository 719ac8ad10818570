"""
What the API can do: each operation declared once, with everything that is known of it.

The declaration is what requests are checked against, what the routes are made of, and
what the OpenAPI document and the reference say. The functions here know no framework.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from fintech.api import errors
from fintech.api.authentication import Caller
from fintech.api.codec.fields import Field, Id, Integer, Many, Text
from fintech.kernel import idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done
from fintech.kernel.keys import Key

type Json = dict[str, Any]
type Names = Mapping[str, Field]

_MOST_PER_PAGE, _PER_PAGE = 100, 10
_MOST_EXPANDED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which stretch of a list is asked for: by the id before or after it."""

    limit: int = _PER_PAGE
    after: UUID | None = None
    before: UUID | None = None


@dataclass(slots=True, kw_only=True)
class Call:
    """One request that has passed the door: who, what, when."""

    operation: "Operation"
    caller: Caller
    values: dict[str, Any]
    path: Mapping[str, str]
    at: datetime
    request_id: str
    key: Key | None = None
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def merchant_id(self) -> UUID:
        """Return whose call it is."""
        return self.caller.merchant_id

    @property
    def by(self) -> Actor:
        """Return who acts, for the log."""
        return Actor(kind="api_key", id=self.caller.name, request_id=self.request_id)

    def once[T](self, work: Callable[[], T]) -> Done[T]:
        """Do what a service does in one transaction, once per key of the caller's."""
        return idempotency.once(self.key, work, at=self.at)

    def around[T](self, work: Callable[[], T]) -> Done[T]:
        """Do what takes transactions of its own, once per key of the caller's."""
        return idempotency.around(self.key, work, at=self.at)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a parameter's value, or `default` where it was not given or is empty."""
        value = self.values.get(name)
        return default if value is None else value

    def text(self, name: str) -> str:
        """Return a parameter that is text, or no text."""
        return self.values.get(name) or ""

    def changed(self, name: str) -> str | None:
        """Return new text, no text where it is to be removed, None where it stays."""
        return (self.values[name] or "") if name in self.values else None

    def labels(self, current: Callable[[], Mapping[str, str]]) -> dict[str, str] | None:
        """
        Return metadata as given, or None where it stays as it is.

        An empty `metadata` removes all labels: each of `current` is then sent empty.
        """
        if "metadata" not in self.values:
            return None
        given: dict[str, str] | None = self.values["metadata"]
        return dict.fromkeys(current(), "") if given is None else given

    def merged(self, current: Callable[[], Mapping[str, str]]) -> dict[str, str] | None:
        """Return the metadata that results, or None where it stays as it is."""
        given = self.labels(current)
        if given is None:
            return None
        return {name: text for name, text in {**current(), **given}.items() if text}

    def new_labels(self) -> dict[str, str]:
        """Return the metadata of something new: labels without text are left out."""
        return {name: text for name, text in (self.values.get("metadata") or {}).items() if text}

    def this(self, prefix: str, name: str = "id") -> UUID:
        """
        Return an id of the path.

        Raises:
            ResourceMissing: it has another form; that sounds like an id never given out.
        """
        try:
            return ids.parse(prefix, self.path[name])
        except ids.NotAnId:
            raise errors.ResourceMissing(self.operation.noun) from None

    @property
    def page(self) -> Page:
        """Return which stretch of the list is asked for."""
        return Page(
            limit=self.get("limit", _PER_PAGE),
            after=self.values.get("starting_after"),
            before=self.values.get("ending_before"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an operation answers."""

    body: Json
    replayed: bool = False
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    value: Any = None  # What a room made, where a dry run has to know it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing the API can do."""

    name: str  # "payment_intents.create": also the command of its idempotency keys.
    method: str
    path: str  # "/v1/payment_intents/{id}"
    scope: str  # "payments:write"
    noun: str  # what is missing when its path leads nowhere: "payment_intent"
    returns: str  # the object it answers, or "list"
    summary: str
    run: Callable[[Call], Answer]
    parameters: Names = field(default_factory=dict)
    of: str = ""  # what a list is of
    exclusive: tuple[tuple[str, str], ...] = ()
    content_limit: int = 256 * 1024  # Bytes of a body.
    takes_content: bool = False  # The body is a file, not parameters.
    rehearses: bool = False  # It heeds `Dry-Run: true`.
    # Whether all its work, with such parameters, is handed to combiners and providers: then
    # it may run on an event loop as it is.
    is_combined: Callable[[Mapping[str, Any]], bool] | None = None

    @property
    def is_write(self) -> bool:
        """Whether it may change something, and so takes an idempotency key."""
        return self.method == "POST"


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    *,
    scope: str,
    returns: str,
    noun: str = "",
    parameters: Names | None = None,
    of: str = "",
    expands: bool = True,
    exclusive: tuple[tuple[str, str], ...] = (),
    content_limit: int = 256 * 1024,
    takes_content: bool = False,
    rehearses: bool = False,
    is_combined: Callable[[Mapping[str, Any]], bool] | None = None,
) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Declare the function below to be an operation of the API."""

    def declare(run: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        room = run.__module__.rpartition(".")[2]
        declared = dict(parameters or {})
        if expands:
            declared["expand"] = EXPAND
        OPERATIONS.append(
            Operation(
                name=f"{room}.{run.__name__}",
                method=method,
                path=path,
                scope=scope,
                noun=(noun or of or returns).replace("_", " "),
                returns=returns,
                summary=(run.__doc__ or "").strip(),
                run=run,
                parameters=declared,
                of=of,
                exclusive=exclusive,
                content_limit=content_limit,
                takes_content=takes_content,
                rehearses=rehearses,
                is_combined=is_combined,
            )
        )
        return run

    return declare


EXPAND = Many(
    of=Text(longest=100, pattern=r"[A-Za-z0-9_.]+"),
    most=_MOST_EXPANDED,
    about="Names of ids to show as whole objects. What is not known is left as it is.",
)


def list_parameters(
    prefix: str, noun: str, *, both_ways: bool = True, **filters: Field
) -> dict[str, Field]:
    """Return the parameters that every list takes, and its own filters."""
    declared: dict[str, Field] = {
        "limit": Integer(
            least=1, most=_MOST_PER_PAGE, about="How many to return; 10 if not given."
        ),
        "starting_after": Id(prefix=prefix, noun=noun, about="Return what is older than this."),
    }
    if both_ways:
        declared["ending_before"] = Id(
            prefix=prefix, noun=noun, about="Return what is newer than this."
        )
    return {**declared, **filters}


ONE_END = (("starting_after", "ending_before"),)
