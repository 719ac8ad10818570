"""The builder of rules as a field of a form: one row per comparison."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from fintech.fraud.data import Clause
from fintech.fraud.rules import building, language

_SPARE_ROWS = 3
_PARTS = ("join", "feature", "operator", "value")
_SAID = {
    "==": "is",
    "!=": "is not",
    "in": "is one of",
    "starts_with": "starts with",
    "is": "yes",
    "is_not": "no",
}


def _choices() -> dict[str, list[tuple[str, Any]]]:
    features: list[tuple[str, Any]] = [("", "—"), ("Lists", [(building.LISTED, "listed")])]
    for type_, heading in (("NUMBER", "Numbers"), ("TEXT", "Codes"), ("TRUTH", "Yes or no")):
        kind = language.Type[type_]
        names = sorted(name for name, (_, each) in language.NAMES.items() if each is kind)
        features.append((heading, [(name, name) for name in names]))
    operators = dict.fromkeys(word for words in building.OPERATORS.values() for word in words)
    return {
        "join": [("and", "and"), ("or", "or")],
        "feature": features,
        "operator": [(word, _SAID.get(word, word)) for word in operators],
    }


class ClausesWidget(forms.Widget):
    """Rows of a rule: the ones there are, and some to fill in."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """Draw the rows; the words of their fields say to what they belong."""
        clauses = [*(value or ()), *[Clause(join="and", feature="", operator="")] * _SPARE_ROWS]
        rows = [
            [
                self._part(f"{name}-{part}", part, getattr(clause, part), number)
                for part in _PARTS
                if part != "join" or number > 1
            ]
            for number, clause in enumerate(clauses[: building.MOST_ROWS], 1)
        ]
        return render_to_string(
            "fraud/admin/clauses.html", {"rows": rows, "attrs": flatatt(attrs or {})}
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Clause]:
        """Return what was typed, without the rows that are left empty."""
        get = data.getlist if hasattr(data, "getlist") else lambda key: data.get(key, [])
        features = get(f"{name}-feature")
        joins = ["and", *get(f"{name}-join")]
        found = zip(joins, features, get(f"{name}-operator"), get(f"{name}-value"), strict=False)
        return [
            Clause(join=join, feature=feature, operator=operator, value=value.strip())
            for join, feature, operator, value in found
            if feature
        ]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """Whether the form had no builder."""
        return f"{name}-feature" not in data

    def _part(self, name: str, part: str, value: str, number: int) -> SafeString:
        told = {"aria-label": f"Row {number}: {part}", "id": f"id_{name}_{number}"}
        widget: forms.Widget = (
            UnfoldAdminTextInputWidget(attrs=told)
            if part == "value"
            else UnfoldAdminSelectWidget(attrs=told, choices=_choices()[part])
        )
        return widget.render(name, value)


class ClausesField(forms.Field):
    """Rows of a rule."""

    widget = ClausesWidget

    def to_python(self, value: list[Clause] | None) -> list[Clause]:
        """Return the rows."""
        return list(value or ())

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the rows are others."""
        return list(initial or ()) != list(data or ())
