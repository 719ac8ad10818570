"""
The kinds of parameters an operation may declare.

Each kind reads a node of either encoding into a value, and describes itself in the
OpenAPI document; what it does not take it adds to the faults, so that a caller hears of
all of them at once. An empty value means *unset*: null in JSON, nothing in a form.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fintech.api.codec.sensitive import holds_card_number
from fintech.api.codec.tree import Brackets, Node, Written
from fintech.kernel import ids, money
from fintech.wire import dialect
from fintech.wire.errors import Fault

LARGEST_AMOUNT = 99_999_999
_LARGEST_INTEGER = 2**63 - 1
_WHOLE = re.compile(r"-?[0-9]{1,40}")
# Controls but tab, line feed and carriage return; overrides of direction; invisible marks.
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_LINE_CONTROLS = re.compile(r"[\t\n\r]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MOST_METADATA, _LONGEST_KEY, _LONGEST_VALUE = 50, 40, 500

type Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One parameter."""

    about: str = ""
    required: bool = False
    inert: bool = False  # Accepted and recorded in the request log; changes nothing.
    example: Any = None

    def read(self, node: Node, param: str, faults: list[Fault]) -> Any:
        """Return the value of a node that is not empty, or add a fault."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """Return the JSON Schema of the values it takes."""
        raise NotImplementedError

    def described(self) -> Schema:
        """Return the JSON Schema with what is said about the parameter."""
        told = self.schema()
        about = self.about
        if self.inert:
            about = f"{about} Accepted, without effect.".strip()
        if about:
            told["description"] = about
        if self.example is not None:
            told["examples"] = [self.example]
        return told


def is_empty(node: Node) -> bool:
    """Whether a node says *unset*."""
    return node is None or (isinstance(node, str) and not node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Field):
    """Text of a largest length; one line, unless `lines`."""

    longest: int = 5000
    lines: bool = False
    pattern: str = ""

    def read(self, node: Node, param: str, faults: list[Fault]) -> str | None:
        """Return the text; a card number in it is refused."""
        if not isinstance(node, str):
            faults.append(Fault(param, "parameter_invalid", "This must be text."))
            return None
        text = str(node)
        fault = self._fault(text)
        if fault:
            faults.append(Fault(param, *fault))
            return None
        return text

    def _fault(self, text: str) -> tuple[str, str] | None:
        if len(text) > self.longest:
            return "parameter_invalid", f"This must be at most {self.longest} characters."
        if _CONTROLS.search(text) or (not self.lines and _LINE_CONTROLS.search(text)):
            return "parameter_invalid", "This holds characters that cannot be shown."
        if holds_card_number(text):
            return "sensitive_data_rejected", "A card number has no place here."
        if self.pattern and not re.fullmatch(self.pattern, text):
            return "parameter_invalid", "This does not have the form that is needed here."
        return None

    def schema(self) -> Schema:
        """Return a string of at most so many characters."""
        told: Schema = {"type": "string", "maxLength": self.longest}
        if self.pattern:
            told["pattern"] = f"^{self.pattern}$"
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Email(Text):
    """A mail address."""

    longest: int = 512

    def read(self, node: Node, param: str, faults: list[Fault]) -> str | None:
        """Return the address."""
        text = Text.read(self, node, param, faults)
        if text is not None and not _EMAIL.fullmatch(text):
            faults.append(Fault(param, "parameter_invalid", "This is no mail address."))
            return None
        return text

    def schema(self) -> Schema:
        """Return a string that is a mail address."""
        return {"type": "string", "format": "email", "maxLength": self.longest}


@dataclass(frozen=True, slots=True, kw_only=True)
class IpAddress(Text):
    """An address of the internet, version 4 or 6."""

    longest: int = 45

    def read(self, node: Node, param: str, faults: list[Fault]) -> str | None:
        """Return the address in its shortest form."""
        text = Text.read(self, node, param, faults)
        if text is None:
            return None
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            faults.append(Fault(param, "parameter_invalid", "This is no IP address."))
            return None

    def schema(self) -> Schema:
        """Return a string that is an address of either version."""
        kinds = [{"type": "string", "format": kind} for kind in ("ipv4", "ipv6")]
        return {"anyOf": kinds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Url(Text):
    """An address of the web."""

    longest: int = 2048

    def read(self, node: Node, param: str, faults: list[Fault]) -> str | None:
        """Return the address; it has a host, and neither user name nor password."""
        text = Text.read(self, node, param, faults)
        if text is not None and not _is_web_address(text):
            faults.append(Fault(param, "url_invalid", "This must be an http or https address."))
            return None
        return text

    def schema(self) -> Schema:
        """Return a string that is an address."""
        return {"type": "string", "format": "uri", "maxLength": self.longest}


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, user = parts.hostname, parts.username
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and user is None and " " not in text


@dataclass(frozen=True, slots=True, kw_only=True)
class CardNumber(Field):
    """A card number: the one place where one may stand."""

    def read(self, node: Node, param: str, faults: list[Fault]) -> str | None:
        """Return the digits as they came."""
        if not isinstance(node, str) or not re.fullmatch(r"[0-9 -]{8,40}", node):
            faults.append(Fault(param, "parameter_invalid", "This must be 8 to 19 digits."))
            return None
        return str(node)

    def schema(self) -> Schema:
        """Return a string of digits."""
        return {"type": "string", "pattern": "^[0-9 -]{8,40}$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Field):
    """A whole number between two bounds."""

    least: int = -_LARGEST_INTEGER
    most: int = _LARGEST_INTEGER
    too_small: str = "parameter_invalid"
    too_large: str = "parameter_invalid"

    def read(self, node: Node, param: str, faults: list[Fault]) -> int | None:
        """Return the number: digits in a form, a whole number in JSON, nothing else."""
        number: int | None = None
        if isinstance(node, Written):
            number = int(node) if _WHOLE.fullmatch(node) else None
        elif isinstance(node, int) and not isinstance(node, bool):
            number = node
        if number is None:
            faults.append(Fault(param, "parameter_invalid_integer", "This must be a whole number."))
        elif number < self.least:
            faults.append(Fault(param, self.too_small, f"This must be at least {self.least}."))
        elif number > self.most:
            faults.append(Fault(param, self.too_large, f"This must be at most {self.most}."))
        else:
            return number
        return None

    def schema(self) -> Schema:
        """Return an integer with its bounds."""
        told: Schema = {"type": "integer"}
        if self.least > -_LARGEST_INTEGER:
            told["minimum"] = self.least
        if self.most < _LARGEST_INTEGER:
            told["maximum"] = self.most
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Integer):
    """An amount in minor units."""

    least: int = 1
    most: int = LARGEST_AMOUNT
    too_small: str = "amount_too_small"
    too_large: str = "amount_too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency(Field):
    """A currency by its three letters of ISO 4217."""

    def read(self, node: Node, param: str, faults: list[Fault]) -> str | None:
        """Return the code in upper case, as it is written inside."""
        if not isinstance(node, str):
            faults.append(Fault(param, "parameter_invalid", "This must be text."))
            return None
        code = str(node).upper()
        if not node.isascii() or not money.is_known(code):
            message = "This currency is not supported."
            faults.append(Fault(param, "currency_not_supported", message))
            return None
        return code

    def schema(self) -> Schema:
        """Return a string of three letters."""
        return {"type": "string", "pattern": "^[A-Za-z]{3}$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean(Field):
    """True or false."""

    def read(self, node: Node, param: str, faults: list[Fault]) -> bool | None:
        """Return the value; a form writes it as `true` or `false`."""
        if isinstance(node, bool):
            return node
        if isinstance(node, Written) and node in {"true", "false"}:
            return node == "true"
        faults.append(Fault(param, "parameter_invalid", "This must be true or false."))
        return None

    def schema(self) -> Schema:
        """Return a boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Field):
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, node: Node, param: str, faults: list[Fault]) -> str | None:
        """Return the word."""
        if isinstance(node, str) and node in self.words:
            return str(node)
        listed = ", ".join(self.words)
        faults.append(Fault(param, "parameter_invalid", f"This must be one of: {listed}."))
        return None

    def schema(self) -> Schema:
        """Return the words."""
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Id(Field):
    """The id of another object. One of another kind is as unknown as one that never was."""

    prefix: str
    noun: str

    def read(self, node: Node, param: str, faults: list[Fault]) -> Any:
        """Return the UUID."""
        if not isinstance(node, str):
            faults.append(Fault(param, "parameter_invalid", "This must be an id."))
            return None
        try:
            return ids.parse(self.prefix, node)
        except ids.NotAnId:
            message = f"There is no such {self.noun}."
            faults.append(Fault(param, "resource_missing", message))
            return None

    def schema(self) -> Schema:
        """Return a string with the prefix."""
        return {"type": "string", "pattern": f"^{self.prefix}_[0-9A-Za-z]{{22}}$"}


@dataclass(frozen=True, slots=True)
class CardCode:
    """A sandbox card by its neutral code, given in place of a payment method's id."""

    code: str


@dataclass(frozen=True, slots=True)
class WalletCode:
    """A wallet, where it stands in a card's place."""

    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod(Id):
    """A stored card by its id, a sandbox card by a token, or a wallet by its id."""

    prefix: str = "pm"
    noun: str = "payment method"
    takes_wallets: bool = False

    def read(self, node: Node, param: str, faults: list[Fault]) -> Any:
        """Return the UUID, or the code of the sandbox card, or the wallet."""
        if isinstance(node, str) and dialect.is_card_token(node):
            code = dialect.sandbox_card(node)
            if code is not None:
                return CardCode(code)
        if isinstance(node, str) and node.startswith("wal_") and self.takes_wallets:
            try:
                return WalletCode(ids.parse("wal", node))
            except ids.NotAnId:
                pass  # It is said below, as of any id of another form.
        return Id.read(self, node, param, faults)

    def schema(self) -> Schema:
        """Return a string that is an id or a token."""
        kinds = "pm|tok|wal" if self.takes_wallets else "pm|tok"
        return {"type": "string", "pattern": f"^({kinds})_[0-9A-Za-z_]+$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Many(Field):
    """A list of values of one kind."""

    of: Field
    most: int = 100

    def read(self, node: Node, param: str, faults: list[Fault]) -> list[Any] | None:
        """Return the values: an array in JSON; `a[]` or `a[0]` in a form."""
        nodes = _listed(node)
        if nodes is None:
            faults.append(Fault(param, "parameter_invalid", "This must be a list."))
            return None
        if len(nodes) > self.most:
            message = f"This must have at most {self.most} items."
            faults.append(Fault(param, "parameter_invalid", message))
            return None
        values = []
        for place, below in enumerate(nodes):
            where = f"{param}[{place}]"
            if is_empty(below):
                faults.append(Fault(where, "parameter_invalid_empty", "This is empty."))
            else:
                values.append(self.of.read(below, where, faults))
        if self.required and not nodes:  # A form cannot say it at all.
            faults.append(Fault(param, "parameter_missing", "This parameter is required."))
        return values

    def schema(self) -> Schema:
        """Return an array of what it holds."""
        items = self.of.schema()
        if items.get("type") == "string" and "pattern" not in items:
            items["minLength"] = 1
        return {"type": "array", "items": items, "maxItems": self.most}


def _listed(node: Node) -> list[Node] | None:
    if isinstance(node, list):
        return node
    if not isinstance(node, Brackets):
        return None
    if node.appended:
        return list(node.appended)
    if not all(name.isascii() and name.isdigit() for name in node.named):
        return None
    return [node.named[name] for name in sorted(node.named, key=int)]


def _named(node: Node) -> Mapping[str, Node] | None:
    if isinstance(node, Brackets):
        return None if node.appended else node.named
    return node if isinstance(node, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Field):
    """Named parameters within a parameter."""

    fields: Mapping[str, Field] = field(default_factory=dict)

    def read(self, node: Node, param: str, faults: list[Fault]) -> dict[str, Any] | None:
        """Return the values by name."""
        named = _named(node)
        if named is None:
            faults.append(Fault(param, "parameter_invalid", "This must be an object."))
            return None
        return read_fields(self.fields, named, faults, within=param)

    def schema(self) -> Schema:
        """Return an object with its properties."""
        return object_schema(self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata(Field):
    """A merchant's own labels: text by name. An empty text removes its name."""

    about: str = "Your own labels, as text by name. An empty text removes its name."

    def read(self, node: Node, param: str, faults: list[Fault]) -> dict[str, str] | None:
        """Return the labels, with empty text for those to remove."""
        named = _named(node)
        if named is None:
            faults.append(Fault(param, "parameter_invalid", "This must be an object of text."))
            return None
        if len(named) > _MOST_METADATA:
            message = f"Metadata has at most {_MOST_METADATA} names."
            faults.append(Fault(param, "parameter_invalid", message))
            return None
        value = Text(longest=_LONGEST_VALUE, lines=True)
        name_rule = Text(longest=_LONGEST_KEY)
        labels: dict[str, str] = {}
        for name, below in named.items():
            where = f"{param}[{name[:_LONGEST_KEY]}]"
            if not name:
                faults.append(Fault(param, "parameter_invalid", "A name of metadata is empty."))
            elif name_rule.read(name, where, faults) is None:
                continue
            elif is_empty(below):
                labels[name] = ""
            else:
                labels[name] = value.read(below, where, faults) or ""
        return labels

    def schema(self) -> Schema:
        """Return an object of text."""
        return {
            "type": "object",
            "additionalProperties": {"type": ["string", "null"], "maxLength": _LONGEST_VALUE},
            "maxProperties": _MOST_METADATA,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Field):
    """A moment, or bounds of one, in unix seconds: `created=…` or `created[gte]=…`."""

    _BOUNDS = ("gt", "gte", "lt", "lte")

    def read(self, node: Node, param: str, faults: list[Fault]) -> dict[str, int] | None:
        """Return the bounds; a plain number is both the first and the last second."""
        moment = Integer(least=0, most=253_402_300_799)
        named = _named(node)
        if named is None:
            second = moment.read(node, param, faults)
            return None if second is None else {"gte": second, "lte": second}
        fields = dict.fromkeys(self._BOUNDS, moment)
        bounds = read_fields(fields, named, faults, within=param)
        return {name: second for name, second in bounds.items() if second is not None}

    def schema(self) -> Schema:
        """Return a number, or an object of bounds."""
        moment = {"type": "integer", "minimum": 0}
        return {
            "anyOf": [
                moment,
                {
                    "type": "object",
                    "properties": dict.fromkeys(self._BOUNDS, moment),
                    "additionalProperties": False,
                },
            ]
        }


def read_fields(
    fields: Mapping[str, Field],
    nodes: Mapping[str, Node],
    faults: list[Fault],
    *,
    within: str = "",
) -> dict[str, Any]:
    """Return the values of declared parameters; those that were not given are left out."""
    for name in nodes:
        if name not in fields:
            param = f"{within}[{name[:80]}]" if within else name[:80]
            faults.append(
                Fault(param, "parameter_unknown", "This parameter is not one of the operation's.")
            )
    values: dict[str, Any] = {}
    for name, rule in fields.items():
        param = f"{within}[{name}]" if within else name
        if name not in nodes:
            if rule.required:
                faults.append(Fault(param, "parameter_missing", "This parameter is required."))
        elif is_empty(nodes[name]):
            if rule.required:
                faults.append(
                    Fault(param, "parameter_invalid_empty", "This parameter may not be empty.")
                )
            values[name] = None
        else:
            values[name] = rule.read(nodes[name], param, faults)
    return values


def object_schema(fields: Mapping[str, Field]) -> Schema:
    """Return the JSON Schema of an object of declared parameters."""
    told: Schema = {
        "type": "object",
        "properties": {name: rule.described() for name, rule in fields.items()},
        "additionalProperties": False,
    }
    required = [name for name, rule in fields.items() if rule.required]
    if required:
        told["required"] = required
    return told
