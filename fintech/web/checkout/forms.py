"""The card form: what payers type, checked in their words. The number never comes back."""

import re
from datetime import datetime
from typing import Any

from django import forms as django_forms

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.web import forms
from fintech.web.checkout import words

_EXPIRY = re.compile(r"(\d{1,2})\s*/\s*(?:20)?(\d{2})")
_FEWEST_DIGITS, _MOST_DIGITS = 12, 19
_MONTHS = 12


class CardForm(forms.Form):
    """Who pays, and with which card."""

    email = django_forms.EmailField(
        label="Email",
        help_text="We send the receipt here.",
        max_length=254,
        widget=django_forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Enter your email.",
            "invalid": "Enter an email in the right form, such as name@example.com.",
        },
    )
    number = django_forms.CharField(
        label="Card number",
        max_length=40,
        widget=django_forms.TextInput(
            attrs={"autocomplete": "cc-number", "inputmode": "numeric", "spellcheck": "false"},
        ),
        error_messages={"required": "Enter the card number."},
    )
    expiry = django_forms.CharField(
        label="Expiry date",
        help_text="Month and year, for example 10/28.",
        max_length=9,
        widget=django_forms.TextInput(attrs={"autocomplete": "cc-exp", "inputmode": "numeric"}),
        error_messages={"required": "Enter the expiry date."},
    )
    code = django_forms.CharField(
        label="Security code",
        help_text="3 digits on the back, or 4 on the front.",
        max_length=4,
        widget=django_forms.TextInput(attrs={"autocomplete": "cc-csc", "inputmode": "numeric"}),
        error_messages={"required": "Enter the security code."},
    )
    name = django_forms.CharField(
        label="Name on card",
        max_length=200,
        widget=django_forms.TextInput(attrs={"autocomplete": "cc-name"}),
        error_messages={"required": "Enter the name on the card."},
    )

    def __init__(
        self, *args: Any, at: datetime, language: str = words.ENGLISH, **kwargs: Any
    ) -> None:
        """Know the day, for cards that have expired, and the payer's language."""
        super().__init__(*args, **kwargs)
        self.at, self.language = at, language
        self.error_word, self.optional_word = self.say("Error:"), self.say("(optional)")
        for bound in self.fields.values():
            bound.label, bound.help_text = self.say(bound.label), self.say(bound.help_text)
            bound.error_messages = {
                name: self.say(message) for name, message in bound.error_messages.items()
            }

    def say(self, english: object) -> str:
        """Return a sentence in the payer's language."""
        return words.say(self.language, str(english or ""))

    def refused(self, english: str) -> django_forms.ValidationError:
        """Return what is wrong, to be raised."""
        return django_forms.ValidationError(self.say(english))

    def clean_number(self) -> str:
        """Take the spaces out; tell what cannot be a card's number."""
        digits = re.sub(r"[\s-]", "", self.cleaned_data["number"])
        if not (digits.isascii() and digits.isdigit()):
            raise self.refused("Enter the card number with digits only.")
        if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
            raise self.refused("The card number is too short or too long.")
        return digits

    def clean_expiry(self) -> tuple[int, int]:
        """Return month and year of a day that has not passed."""
        found = _EXPIRY.fullmatch(self.cleaned_data["expiry"].strip())
        if not found or not 1 <= int(found[1]) <= _MONTHS:
            raise self.refused("Enter the expiry date as month and year.")
        month, year = int(found[1]), 2000 + int(found[2])
        if (year, month) < (self.at.year, self.at.month):
            raise self.refused("Enter an expiry date in the future.")
        return month, year

    def clean_code(self) -> str:
        """Return three or four digits."""
        code: str = self.cleaned_data["code"].strip()
        if not (code.isascii() and code.isdigit() and len(code) in {3, 4}):
            raise self.refused("Enter 3 or 4 digits.")
        return code

    def forget_card(self) -> None:
        """Keep what was typed for another try, but not the card."""
        kept = {name: self.data.get(name, "") for name in self.fields}
        self.data = {**kept, "number": "", "code": "", "once": str(ids.new())}


class OpenAmountForm(CardForm):
    """A card form where the payer says how much."""

    field_order = ("amount", "email", "number", "expiry", "code", "name")
    amount = forms.AmountField(label="Amount", error_messages={"required": "Enter an amount."})

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        """Know the currency."""
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["amount"].help_text = self.say("In {currency}.").format(currency=currency)

    def clean_amount(self) -> Money:
        """Return the amount, exactly."""
        return forms.money_of(self.cleaned_data["amount"], self.currency)
