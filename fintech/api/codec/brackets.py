"""Forms: `a=1&b[c]=2&d[0]=x&d[]=y`, as bodies and as queries."""

import re
from urllib.parse import unquote_plus

from fintech.api.codec.tree import MAX_DEPTH, MAX_PAIRS, Brackets, Malformed, Node, Written

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def read(text: str) -> dict[str, Node]:
    """
    Read a form.

    Raises:
        Malformed: too many or too deep names, bad escapes, or a name that is given both
            as a value and with brackets, or twice.
    """
    pairs = [pair for pair in text.split("&") if pair]
    if len(pairs) > MAX_PAIRS:
        raise Malformed(f"There are more than {MAX_PAIRS} parameters.")
    tree = Brackets()
    for pair in pairs:
        raw_name, _, raw_value = pair.partition("=")
        try:
            name = unquote_plus(raw_name, errors="strict")
            value = Written(unquote_plus(raw_value, errors="strict"))
        except UnicodeDecodeError:
            raise Malformed("The parameters are not UTF-8.") from None
        _place(tree, name, value)
    return dict(tree.named)


def _place(tree: Brackets, name: str, value: Written) -> None:
    match = _NAME.fullmatch(name)
    if match is None:
        raise Malformed(f"The parameter {name[:80]!r} has unbalanced brackets.", name[:80])
    path = [match[1], *_PART.findall(match[2])]
    if len(path) > MAX_DEPTH:
        raise Malformed(f"Parameters are at most {MAX_DEPTH} levels deep.", name[:80])
    *inner, last = path
    for part in inner:
        if not part or tree.appended:
            raise _mixed(name)
        below = tree.named.setdefault(part, Brackets())
        if not isinstance(below, Brackets):
            raise _both(name)
        tree = below
    if last in tree.named:
        raise _both(name)
    if tree.named and not last:
        raise _mixed(name)
    if tree.appended and last:
        raise _mixed(name)
    if last:
        tree.named[last] = value
    else:
        tree.appended.append(value)


def _mixed(name: str) -> Malformed:
    return Malformed(f"The parameter {name[:80]!r} mixes kinds of brackets.", name[:80])


def _both(name: str) -> Malformed:
    return Malformed(f"The parameter {name[:80]!r} is given more than once.", name[:80])
