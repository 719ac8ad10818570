"""
What schemathesis cannot read from the document: an empty value means *unset*.

The SDKs send null as an empty value, so forms and queries may hold one for any parameter
that is optional. A case that is "wrong" only by such a value is not wrong.
"""

import schemathesis

_FORM = "application/x-www-form-urlencoded"


def _holds_empty(part, *, is_form: bool) -> bool:
    return isinstance(part, dict) and any(_is_empty(value, is_form) for value in part.values())


def _is_empty(value, is_form: bool) -> bool:
    if value is None or value == "":
        return True
    # `expand=` is all that a form can say of a list or an object with nothing in it.
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return (is_form and not value) or any(_is_empty(part, is_form) for part in parts)
    return False


@schemathesis.hook
def filter_case(context, case) -> bool:
    """Leave out what holds an empty value."""
    in_body = _holds_empty(case.body, is_form=case.media_type == _FORM)
    return not (in_body or _holds_empty(case.query, is_form=True))
