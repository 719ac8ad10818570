"""What templates ask for: money, moments, pills, icons, ids. All of it escapes itself."""

from datetime import UTC, datetime
from uuid import UUID

from django import forms, template
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from fintech.kernel import clock, ids
from fintech.kernel.money import Money
from fintech.web import formats, pills
from fintech.web.checkout import words as words_of
from fintech.web.listings import Cell, Column

register = template.Library()
_SPRITE = "web/vendor/bootstrap-icons-1.13.2/icons.svg"


@register.filter
def amount(value: Money | None) -> str:
    """Write money for people."""
    return "—" if value is None else formats.amount(value)


@register.filter
def per_mille(share: int | None) -> str:
    """Write thousandths as percent."""
    return formats.per_mille(share)


@register.filter
def spaced(count: int) -> str:
    """Write a count with its thousands apart."""
    return f"{count:,}"


@register.filter
def public(value: UUID | None, prefix: str) -> str:
    """Return an id as the outside knows it."""
    return "" if value is None else ids.public(prefix, value)


@register.filter
def is_of_payment(event_type: str) -> bool:
    """Tell whether an event's subject is a payment, so that its page can be linked."""
    return event_type.startswith(("payment_intent.", "charge.", "refund."))


@register.filter
def middle(text: str) -> str:
    """Shorten an id in its middle."""
    return formats.middle(str(text))


@register.filter
def words(code: str) -> str:
    """Return a machine's word as a person's: `insufficient_funds` → `insufficient funds`."""
    return str(code).replace("_", " ")


@register.simple_tag
def when(moment: datetime | None) -> str | SafeString:
    """Write how long ago something was, with the full instant on hover and for machines."""
    if moment is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        formats.whole_moment(moment),
        formats.ago(moment, clock.now()),
    )


@register.simple_tag
def moment(at: datetime | None) -> str | SafeString:
    """Write an instant in full."""
    if at is None:
        return "—"
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), formats.whole_moment(at))


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon; a word always stands beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static(_SPRITE),
        name,
    )


@register.simple_tag
def once() -> str:
    """Return a new key for a form that is sent once."""
    return str(ids.new())


@register.simple_tag
def pill(machine: str, state: str) -> SafeString:
    """Show a state: one word, its tone, and its sentence on hover."""
    looks = pills.pill(machine, state)
    return format_html(
        '<span class="pill pill-{}" title="{}">{}</span>', looks.tone, looks.sentence, looks.word
    )


@register.simple_tag
def cell(column: Column, value: Cell) -> str | SafeString:
    """Show what a row says in a column."""
    if isinstance(value, Money):
        return formats.amount(value)
    if isinstance(value, datetime):
        shown: str | SafeString = when(value)
        return shown
    if column.kind == "pill":
        looks: SafeString = pill(column.machine, str(value))
        return looks
    if column.kind == "id":
        return formats.middle(str(value or "—"))
    return column.empty if value is None or value == "" else str(value)


@register.simple_tag(takes_context=True)
def say(context: template.Context, english: str, **facts: object) -> SafeString:
    """Say a sentence in the payer's language."""
    told = words_of.say(_language(context), english)
    # Sentences are ours and hold no marks; what stands in them is escaped.
    return format_html(told, **facts) if facts else SafeString(told)


@register.simple_tag(takes_context=True)
def price(context: template.Context, value: Money) -> str:
    """Write money as the payer's language does."""
    return formats.amount(value, words_of.LOCALES[_language(context)])


@register.simple_tag(takes_context=True)
def instant(context: template.Context, at: datetime) -> SafeString:
    """Write an instant as the payer's language does."""
    written = formats.whole_moment(at, words_of.LOCALES[_language(context)])
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), written)


def _language(context: template.Context) -> str:
    return str(context.get("language") or words_of.ENGLISH)


@register.simple_tag
def anchor(machine: str, state: str) -> str:
    """Return the place of a state in the documentation."""
    return pills.anchor(machine, state)


@register.simple_tag
def explained_pill(machine: str, state: str) -> SafeString:
    """Show a state that leads to what it means."""
    return format_html(
        '<a class="explained" href="{}#{}">{}</a>',
        reverse("web:states"),
        pills.anchor(machine, state),
        pill(machine, state),
    )


@register.inclusion_tag("web/parts/field.html")
def field(bound: BoundField) -> dict[str, object]:
    """Show a form's field: label, hint, error, control, in this order."""
    return {
        "field": bound,
        "choice": isinstance(bound.field.widget, forms.CheckboxSelectMultiple | forms.RadioSelect),
        "box": isinstance(bound.field.widget, forms.CheckboxInput),
    }


@register.inclusion_tag("web/parts/problem.html")
def problem(form: forms.BaseForm, title: str = "There is a problem") -> dict[str, object]:
    """Sum up what is wrong with a form, each error linking to its field."""
    errors = [
        (bound.id_for_label or bound.auto_id, message) for bound in form for message in bound.errors
    ]
    return {"errors": errors, "general": list(form.non_field_errors()), "title": title}


@register.simple_tag
def clock_time(at: datetime) -> SafeString:
    """Write an instant's time of day, with its day where that is not today."""
    today = clock.now().date() == at.astimezone(UTC).date()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        formats.whole_moment(at),
        f"{at.astimezone(UTC):%H:%M:%S}" if today else formats.day_and_time(at),
    )


@register.simple_tag(takes_context=True)
def without_query(context: template.Context, name: str) -> str:
    """Return the page's query string without one filter."""
    return str(with_query(context, **{name: ""}))


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: str) -> str:
    """Return the page's query string with some of it changed; empty removes."""
    query: QueryDict = context["request"].GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    return f"?{query.urlencode()}"
