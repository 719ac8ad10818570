"""
What all forms of the pages share: their controls, amounts, and the guard against twice.

A form carries a key of its own. The command behind it runs once per key, so a double
press, a reload or the back button cannot do a thing twice.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django import forms
from django.utils.crypto import salted_hmac

from fintech.kernel import ids, money
from fintech.kernel.errors import Refusal
from fintech.kernel.idempotency import Key
from fintech.kernel.money import Money
from fintech.web import formats

_MOST_DIGITS = 15


class Form(forms.Form):
    """A form whose controls look like ours, and that is sent once."""

    once = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give each control its look, and the form its key."""
        initial = {"once": ids.new(), **(kwargs.pop("initial", None) or {})}
        super().__init__(*args, **{**kwargs, "initial": initial, "label_suffix": ""})
        self.use_required_attribute = False  # The server says what is wrong, in words.
        for bound in self.fields.values():
            _dress(bound.widget)

    def key(self, scope: UUID, command: str, **about: object) -> Key:
        """Return the key under which the command runs once."""
        said = {name: value for name, value in self.cleaned_data.items() if name != "once"}
        content = json.dumps({**said, **about}, sort_keys=True, default=str)
        return Key(
            scope=scope,
            key=f"web:{self.cleaned_data['once']}",
            # Keyed: what was typed, a card among it, cannot be found again by trying.
            fingerprint=salted_hmac("fintech.web.form", content, algorithm="sha256").digest(),
            command=f"web.{command}",
        )

    def refuse(self, refusal: Refusal, fields: dict[str, str] | None = None) -> None:
        """Show a service's refusal, at its field where it has one here."""
        name = (fields or {}).get(refusal.param or "", refusal.param)
        at = name if name in self.fields and name != "once" else None
        self.add_error(at, refusal.message)


class Once(Form):
    """A form that is nothing but a button."""


class AmountField(forms.CharField):
    """An amount as people write it; `money_of` makes it exact once the currency is known."""

    conditional = False  # Needed only where another answer asks for it.

    def __init__(self, **kwargs: Any) -> None:
        """Ask for a decimal keyboard."""
        super().__init__(
            max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **kwargs
        )


def choices(form: forms.Form, name: str, offered: list[tuple[str, str]]) -> None:
    """Offer choices that are known only when the form is made."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        message = f"{name} is no field of choices"
        raise TypeError(message)
    field.choices = offered


def only_if_asked(form: forms.Form, name: str, hint: str) -> None:
    """Say when a field is needed instead of calling it optional."""
    field = form.fields[name]
    field.help_text = hint
    if isinstance(field, AmountField):
        field.conditional = True


def money_of(written: str, currency: str) -> Money:
    """
    Read what somebody wrote, such as `1,204.50`, as money.

    Raises:
        ValidationError: it is no amount, or finer than the currency's minor unit.
    """
    text = written.replace(" ", "").replace("\xa0", "").replace(",", "").strip("€$£¥")
    example = (
        "42" if money.exponent(currency) == 0 else f"42.{'5'.ljust(money.exponent(currency), '0')}"
    )
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise forms.ValidationError(f"Enter an amount in {currency}, such as {example}.") from None
    if not value.is_finite() or len(text) > _MOST_DIGITS:
        raise forms.ValidationError(f"Enter an amount in {currency}, such as {example}.")
    if value <= 0:
        raise forms.ValidationError("Enter an amount above zero.")
    try:
        return money.parse_decimal(value, currency)
    except ValueError:
        raise forms.ValidationError(
            f"{currency} has {money.exponent(currency) or 'no'} decimals; enter an amount such as "
            f"{example}."
        ) from None


def money_text(value: Money) -> str:
    """Write money as a form field holds it."""
    return formats.plain_amount(value)


def _dress(widget: forms.Widget) -> None:
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
        widget.attrs.setdefault("class", "form-check-input")
    elif isinstance(widget, forms.Select):
        widget.attrs.setdefault("class", "form-select")
    elif not isinstance(widget, forms.HiddenInput):
        widget.attrs.setdefault("class", "form-control")
