"""
The language of rules: a typed expression over a snapshot's features.

    customer_payments >= 5 and amount > 3 * customer_mean and not customer_has_used_card
    card_country in ["KP", "IR"] or listed("ip:review")
    near(amount, 10000, 5) or between(name_match, 0, 40)

Own parser, no `eval`: a text is read into a tree of closures that can see nothing but
the snapshot. Length, nesting and size are limited, every operation is on bounded
integers, codes and yes or no, there are no loops: whatever the text, reading and
evaluating it end soon. An error says where, and what was probably meant.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from fintech.fraud.data import Features
from fintech.fraud.errors import RuleUnreadable
from fintech.fraud.rules.fuzzy import likeness

MOST_CHARACTERS = 2_000
_MOST_PARTS = 200
_MOST_DEPTH = 24
_MOST_DIGITS = 15

Evaluate = Callable[[Features], Any]


class Type(StrEnum):
    """What an expression is."""

    NUMBER = "a number"
    TEXT = "a text"
    TRUTH = "yes or no"
    LIST = "a list of texts"


@dataclass(frozen=True, slots=True)
class Condition:
    """A text that was read: call it with a snapshot to know whether it holds."""

    text: str
    evaluate: Evaluate

    def holds(self, features: Features) -> bool:
        """Whether the condition is true of a snapshot."""
        return bool(self.evaluate(features))


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a rule, and where it stands."""

    kind: str  # number, text, name, symbol, end
    word: str
    at: int


@dataclass(frozen=True, slots=True)
class _Part:
    type: Type
    evaluate: Evaluate
    token: Token


_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<number>\d+)|(?P<text>"[^"\n]*")|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<symbol>>=|<=|==|!=|[-+*()<>,\[\]])"""
)
_SKIPPED = {
    "schema",
    "ruleset",
    "mode",
    "fails",
    "ceiling_minor",
    "draw",
    "explore",
    "degraded",
    "counted",
}
_SHORT = {"amount": "amount_minor"}  # `customer_mean` for `customer_mean_minor`, and so on.


def _names() -> dict[str, tuple[str, Type]]:
    types = {"int": Type.NUMBER, "bool": Type.TRUTH, "str": Type.TEXT}
    known: dict[str, tuple[str, Type]] = {}
    for field in fields(Features):
        kind = field.type if isinstance(field.type, str) else field.type.__name__
        if field.name in _SKIPPED:
            continue
        if kind in types:
            known[field.name.removesuffix("_minor")] = (field.name, types[kind])
    return known


NAMES = _names()
_FUNCTIONS: dict[str, tuple[tuple[Type, ...], Type]] = {
    "listed": ((Type.TEXT,), Type.TRUTH),
    "deviations": ((Type.NUMBER, Type.NUMBER, Type.NUMBER), Type.NUMBER),
    "min": ((Type.NUMBER, Type.NUMBER), Type.NUMBER),
    "max": ((Type.NUMBER, Type.NUMBER), Type.NUMBER),
    "starts_with": ((Type.TEXT, Type.TEXT), Type.TRUTH),
    "between": ((Type.NUMBER, Type.NUMBER, Type.NUMBER), Type.TRUTH),
    "near": ((Type.NUMBER, Type.NUMBER, Type.NUMBER), Type.TRUTH),
    "likeness": ((Type.TEXT, Type.TEXT), Type.NUMBER),
}
_COSTS = {"likeness": 20}  # What takes as long as so many parts counts as so many.
_WORDS = ("and", "or", "not", "in", "true", "false")


def read(text: str) -> Condition:
    """
    Read a condition.

    Raises:
        RuleUnreadable: with the place of the first word that does not fit.
    """
    if len(text) > MOST_CHARACTERS:
        raise RuleUnreadable(f"A rule has at most {MOST_CHARACTERS} characters.", at=0, word="")
    reader = _Reader(tokens(text))
    part = reader.expression()
    reader.expect_end()
    if part.type is not Type.TRUTH:
        raise _unfit(part.token, f"A rule is yes or no; this is {part.type}.")
    return Condition(text, part.evaluate)


def tokens(text: str) -> list[Token]:
    """Return a text's words; the last one is its end."""
    found_so_far, place = [], 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise RuleUnreadable("This character has no meaning here.", at=place, word=text[place])
        if found.lastgroup != "space":
            found_so_far.append(Token(found.lastgroup, found.group(), place))
        place = found.end()
    return [*found_so_far, Token("end", "", len(text))]


def _unfit(token: Token, message: str) -> RuleUnreadable:
    return RuleUnreadable(message, at=token.at, word=token.word)


class _Reader:
    """Reads tokens by descent; one method per level of binding."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.parts = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self, *words: str) -> Token | None:
        """Take the next token if it is one of these words."""
        token = self.next
        if token.kind in {"symbol", "name"} and token.word in words:
            self.place += 1
            return token
        return None

    def need(self, word: str) -> None:
        if self.take(word) is None:
            raise _unfit(self.next, f"A {word} is missing here.")

    def expect_end(self) -> None:
        if self.next.kind != "end":
            raise _unfit(self.next, "Nothing more is expected here.")

    def made(self, type_: Type, evaluate: Evaluate, token: Token, cost: int = 1) -> _Part:
        self.parts += cost
        if self.parts > _MOST_PARTS:
            raise _unfit(token, f"A rule has at most {_MOST_PARTS} parts.")
        return _Part(type_, evaluate, token)

    def of(self, type_: Type, part: _Part) -> _Part:
        if part.type is not type_:
            raise _unfit(part.token, f"This is {part.type}, where {type_} is needed.")
        return part

    def expression(self) -> _Part:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise _unfit(self.next, f"A rule nests at most {_MOST_DEPTH} deep.")
        left = self.both()
        while token := self.take("or"):
            a, b = self.of(Type.TRUTH, left), self.of(Type.TRUTH, self.both())
            left = self.made(Type.TRUTH, _or(a.evaluate, b.evaluate), token)
        self.depth -= 1
        return left

    def both(self) -> _Part:
        left = self.negation()
        while token := self.take("and"):
            a, b = self.of(Type.TRUTH, left), self.of(Type.TRUTH, self.negation())
            left = self.made(Type.TRUTH, _and(a.evaluate, b.evaluate), token)
        return left

    def negation(self) -> _Part:
        odd, first = False, self.next
        while self.take("not"):
            odd = not odd
            self.made(Type.TRUTH, _constant(odd), first)
        part = self.comparison()
        if first.word != "not":
            return part
        self.of(Type.TRUTH, part)
        return self.made(Type.TRUTH, _not(part.evaluate), first) if odd else part

    def comparison(self) -> _Part:
        left = self.sum()
        if token := self.take("in"):
            self.of(Type.TEXT, left)
            right = self.of(Type.LIST, self.sum())
            return self.made(Type.TRUTH, _within(left.evaluate, right.evaluate), token)
        token = self.take("<", "<=", ">", ">=", "==", "!=")
        if token is None:
            return left
        right = self.sum()
        if token.word in {"==", "!="}:
            self.of(left.type, right)
            if left.type is Type.LIST:
                raise _unfit(token, "Lists are not compared; use in.")
        else:
            self.of(Type.NUMBER, left)
            self.of(Type.NUMBER, right)
        compare = _COMPARE[token.word](left.evaluate, right.evaluate)
        return self.made(Type.TRUTH, compare, token)

    def sum(self) -> _Part:
        left = self.product()
        while token := self.take("+", "-"):
            a, b = self.of(Type.NUMBER, left), self.of(Type.NUMBER, self.product())
            add = _plus if token.word == "+" else _minus
            left = self.made(Type.NUMBER, add(a.evaluate, b.evaluate), token)
        return left

    def product(self) -> _Part:
        left = self.atom()
        while token := self.take("*"):
            a, b = self.of(Type.NUMBER, left), self.of(Type.NUMBER, self.atom())
            left = self.made(Type.NUMBER, _times(a.evaluate, b.evaluate), token)
        return left

    def atom(self) -> _Part:
        token = self.next
        if token.kind == "end":
            raise _unfit(token, "The rule ends where something is missing.")
        self.place += 1
        if token.kind == "number":
            if len(token.word) > _MOST_DIGITS:
                raise _unfit(token, f"A number has at most {_MOST_DIGITS} digits.")
            return self.made(Type.NUMBER, _constant(int(token.word)), token)
        if token.kind == "text":
            return self.made(Type.TEXT, _constant(token.word[1:-1]), token)
        if token.word == "-":
            self.depth += 1
            if self.depth > _MOST_DEPTH:
                raise _unfit(token, f"A rule nests at most {_MOST_DEPTH} deep.")
            part = self.of(Type.NUMBER, self.atom())
            self.depth -= 1
            return self.made(Type.NUMBER, _minus(_constant(0), part.evaluate), token)
        if token.word == "(":
            part = self.expression()
            self.need(")")
            return part
        if token.word == "[":
            return self.list(token)
        if token.kind == "name":
            return self.name(token)
        raise _unfit(token, "Something is missing before this.")

    def list(self, token: Token) -> _Part:
        texts: list[str] = []
        while not self.take("]"):
            if texts:
                self.need(",")
            word = self.next
            if word.kind != "text":
                raise _unfit(word, "A list holds texts in double quotes.")
            self.place += 1
            texts.append(word.word[1:-1])
            self.made(Type.TEXT, _constant(""), word)
        return self.made(Type.LIST, _constant(frozenset(texts)), token)

    def name(self, token: Token) -> _Part:
        if token.word in {"true", "false"}:
            return self.made(Type.TRUTH, _constant(token.word == "true"), token)
        if token.word in _FUNCTIONS:
            return self.call(token)
        if token.word in NAMES:
            field, type_ = NAMES[token.word]
            return self.made(type_, _field(field), token)
        near = difflib.get_close_matches(token.word, [*NAMES, *_FUNCTIONS, *_WORDS], n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise _unfit(token, f"There is no {token.word[:40]}.{meant}")

    def call(self, token: Token) -> _Part:
        wanted, type_ = _FUNCTIONS[token.word]
        self.need("(")
        given = []
        for number, each in enumerate(wanted):
            if number:
                self.need(",")
            given.append(self.of(each, self.expression()).evaluate)
        self.need(")")
        return self.made(type_, _CALLS[token.word](*given), token, _COSTS.get(token.word, 1))


def _constant(value: Any) -> Evaluate:
    return lambda _: value


def _field(name: str) -> Evaluate:
    return attrgetter(name)


def _or(a: Evaluate, b: Evaluate) -> Evaluate:
    return lambda features: a(features) or b(features)


def _and(a: Evaluate, b: Evaluate) -> Evaluate:
    return lambda features: a(features) and b(features)


def _not(a: Evaluate) -> Evaluate:
    return lambda features: not a(features)


def _within(a: Evaluate, b: Evaluate) -> Evaluate:
    return lambda features: a(features) in b(features)


def _plus(a: Evaluate, b: Evaluate) -> Evaluate:
    return lambda features: a(features) + b(features)


def _minus(a: Evaluate, b: Evaluate) -> Evaluate:
    return lambda features: a(features) - b(features)


def _times(a: Evaluate, b: Evaluate) -> Evaluate:
    return lambda features: a(features) * b(features)


_COMPARE: dict[str, Callable[[Evaluate, Evaluate], Evaluate]] = {
    "<": lambda a, b: lambda features: a(features) < b(features),
    "<=": lambda a, b: lambda features: a(features) <= b(features),
    ">": lambda a, b: lambda features: a(features) > b(features),
    ">=": lambda a, b: lambda features: a(features) >= b(features),
    "==": lambda a, b: lambda features: a(features) == b(features),
    "!=": lambda a, b: lambda features: a(features) != b(features),
}


def _deviations(amount: Evaluate, mean: Evaluate, deviation: Evaluate) -> Evaluate:
    def whole(features: Features) -> int:
        spread = max(deviation(features), mean(features) // 10, 1)
        return int((amount(features) - mean(features)) // spread)

    return whole


def _near(a: Evaluate, b: Evaluate, percent: Evaluate) -> Evaluate:
    def within(features: Features) -> bool:
        there = b(features)
        return bool(100 * abs(a(features) - there) <= percent(features) * abs(there))

    return within


_CALLS: dict[str, Callable[..., Evaluate]] = {
    "listed": lambda text: lambda features: text(features) in features.listed,
    "deviations": _deviations,
    "min": lambda a, b: lambda features: min(a(features), b(features)),
    "max": lambda a, b: lambda features: max(a(features), b(features)),
    "starts_with": lambda a, b: lambda features: a(features).startswith(b(features)),
    "between": lambda a, low, high: lambda features: low(features) <= a(features) <= high(features),
    "near": _near,
    "likeness": lambda a, b: lambda features: likeness(a(features), b(features)),
}
