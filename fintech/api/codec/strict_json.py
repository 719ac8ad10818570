"""JSON bodies, read strictly: nothing in them may have two meanings."""

import json
from typing import NoReturn

from fintech.api.codec.tree import MAX_DEPTH, MAX_PAIRS, Fractional, Malformed, Node

_MOST_DIGITS = 40


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
        tree: Node = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=Fractional,
            parse_int=_whole,
        )
    except RecursionError:
        raise Malformed(f"The body is more than {MAX_DEPTH} levels deep.") from None
    except json.JSONDecodeError as error:
        message = f"The body is not JSON: {error.msg} at character {error.pos}."
        raise Malformed(message) from None
    return tree


def _checked(tree: Node) -> dict[str, Node]:
    if not isinstance(tree, dict):
        raise Malformed("The body is not an object.")
    if _names(tree, 1) > MAX_PAIRS:
        raise Malformed(f"There are more than {MAX_PAIRS} parameters.")
    return tree


def _object(pairs: list[tuple[str, Node]]) -> dict[str, Node]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        raise Malformed("The body gives a name more than once.")
    for name in tree:
        _check_text(name)
    return tree


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise Malformed(f"The body holds a number of more than {_MOST_DIGITS} digits.")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise Malformed(f"The body holds {text}, which is not JSON.")


def _names(node: Node, depth: int) -> int:
    """Count names and items, refusing what is too deep or holds half a character."""
    if isinstance(node, str):
        _check_text(node)
        return 0
    if not isinstance(node, dict | list):
        return 0
    if depth > MAX_DEPTH:
        raise Malformed(f"The body is more than {MAX_DEPTH} levels deep.")
    below = node.values() if isinstance(node, dict) else node
    return len(node) + sum(_names(part, depth + 1) for part in below)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("The body holds half of a surrogate pair.") from None
