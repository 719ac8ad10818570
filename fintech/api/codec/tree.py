"""What both encodings are read into, before a schema says what it means."""

from dataclasses import dataclass, field

MAX_DEPTH = 8
MAX_PAIRS = 1000


class Malformed(ValueError):
    """The text cannot be read, or can be read in two ways. `param` says where, if known."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message, self.param = message, param


class Written(str):
    """Text of a form, where a number is written as text too."""

    __slots__ = ()


@dataclass(slots=True)
class Brackets:
    """Names in brackets of a form: the field decides whether it is a list or a map."""

    named: "dict[str, Written | Brackets]" = field(default_factory=dict)
    appended: "list[Written]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fractional:
    """A number of JSON that is not written as a whole one: no field takes it."""

    text: str


type Node = bool | int | str | Fractional | Brackets | list[Node] | dict[str, Node] | None
