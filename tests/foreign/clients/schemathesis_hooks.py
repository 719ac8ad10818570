"""
What schemathesis cannot read from the document: an empty value means *unset*.

The SDKs send null as an empty value, so forms and queries may hold one for any parameter
that is optional. A case that is "wrong" only by such a value is not wrong.
"""

import schemathesis


def _holds_empty(part) -> bool:
    return isinstance(part, dict) and any(
        value in {"", None} for value in part.values() if _plain(value)
    )


def _plain(value) -> bool:
    return value is None or isinstance(value, str)


@schemathesis.hook
def filter_case(context, case) -> bool:
    """Leave out what holds an empty value."""
    return not (_holds_empty(case.query) or _holds_empty(case.body))
