"""JSON bodies, read strictly: nothing in them may have two meanings."""

import json
from typing import NoReturn

from fintech.api.codec.tree import MAX_DEPTH, MAX_PAIRS, Fractional, Malformed, Node

_MOST_DIGITS = 40
_NESTED = (dict, list)


def read(body: bytes) -> dict[str, Node]:
    """
    Read an object of JSON.

    Raises:
        Malformed: no JSON, no UTF-8, no object, a name twice, NaN or Infinity, a lone
            surrogate, too many names, or too deep.
    """
    return _checked(_tree(body))


def read_list(body: bytes) -> list[dict[str, Node]]:
    """
    Read an array of objects of JSON, each within the limits of one.

    Raises:
        Malformed: as for one object, or no array.
    """
    tree = _tree(body)
    if not isinstance(tree, list):
        raise Malformed("The body is not an array.")
    return [_checked(item) for item in tree]


def _tree(body: bytes) -> Node:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    try:
        tree: Node = _DECODER.decode(text)
        if "\\u" in text:  # Half a character can only be written by its number.
            _check_texts(tree)
    except RecursionError:
        raise Malformed(f"The body is more than {MAX_DEPTH} levels deep.") from None
    except json.JSONDecodeError as error:
        message = f"The body is not JSON: {error.msg} at character {error.pos}."
        raise Malformed(message) from None
    return tree


def _checked(tree: Node) -> dict[str, Node]:
    if not isinstance(tree, dict):
        raise Malformed("The body is not an object.")
    if _count(tree, 1) > MAX_PAIRS:
        raise Malformed(f"There are more than {MAX_PAIRS} parameters.")
    return tree


def _object(pairs: list[tuple[str, Node]]) -> dict[str, Node]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        raise Malformed("The body gives a name more than once.")
    return tree


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise Malformed(f"The body holds a number of more than {_MOST_DIGITS} digits.")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise Malformed(f"The body holds {text}, which is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_no_number,
    parse_float=Fractional,
    parse_int=_whole,
)


def _count(node: Node, depth: int) -> int:
    """Count names and items, refusing what is too deep."""
    if depth > MAX_DEPTH:
        raise Malformed(f"The body is more than {MAX_DEPTH} levels deep.")
    count = len(node)  # type: ignore[arg-type]  # It is asked of what is nested alone.
    for part in node.values() if isinstance(node, dict) else node:  # type: ignore[union-attr]
        if isinstance(part, _NESTED):
            count += _count(part, depth + 1)
    return count


def _check_texts(node: Node) -> None:
    """Refuse half a character, in names too."""
    if isinstance(node, str):
        try:
            node.encode()
        except UnicodeEncodeError:
            raise Malformed("The body holds half of a surrogate pair.") from None
    elif isinstance(node, dict):
        for name, part in node.items():
            _check_texts(name)
            _check_texts(part)
    elif isinstance(node, list):
        for part in node:
            _check_texts(part)
