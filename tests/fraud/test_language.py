"""The language of rules: typed, bounded, and helpful when it cannot read something."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fintech.fraud.data import Features
from fintech.fraud.errors import RuleUnreadable
from fintech.fraud.rules import language, read

SEEN = Features(
    amount_minor=250_00,
    currency="EUR",
    customer_payments=10,
    customer_mean_minor=20_00,
    customer_deviation_minor=2_00,
    card_country="KP",
    card_1h=7,
    card_seen=True,
    listed=("ip:review",),
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("true", True),
        ("not true", False),
        ("not not not false", True),
        ("amount > 3 * customer_mean", True),
        ("amount > 3 * customer_mean and customer_payments < 5", False),
        ("card_1h >= 7 and not customer_has_used_card", True),
        ("false and true or true", True),
        ("false and (true or true)", False),
        ("1 + 2 * 3 == 7 and (1 + 2) * 3 == 9 and 5 - 3 - 1 == 1", True),
        ("-1 < 0 and 2 * -3 == -6", True),
        ('card_country in ["KP", "IR"]', True),
        ("card_country in []", False),
        ('card_country == "DE"', False),
        ('card_country != "DE"', True),
        ('currency == "EUR" and starts_with(card_country, "K")', True),
        ('listed("ip:review") and not listed("card:block")', True),
        ("deviations(amount, customer_mean, customer_deviation) == 115", True),
        ("max(card_1h, 3) == 7 and min(card_1h, 3) == 3", True),
        ("card_seen == true", True),
        ("between(card_1h, 7, 7) and not between(card_1h, 8, 99)", True),
        ("near(amount, 26000, 4) and not near(amount, 26000, 3)", True),
        ("near(0, 0, 0) and not near(1, 0, 1000)", True),
        ("near(-95, -100, 5)", True),
        ('likeness("Lovelace, ADA", "ada lovelace") == 100', True),
        ('likeness("Jose", "José") == 100 and likeness("Jon", "John") == 75', True),
        ('likeness("", "") == 100 and likeness("", "a") == 0', True),
    ],
)
def test_says_of_a_snapshot_whether_it_holds(text, holds):
    assert read(text).holds(SEEN) is holds


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("", "The rule ends where something is missing.", 0),
        ("amuont > 5", "There is no amuont. Did you mean amount?", 0),
        ("amount > card_lh", "Did you mean card_1h?", 9),
        ("amount", "A rule is yes or no; this is a number.", 0),
        ('amount > "5"', "This is a text, where a number is needed.", 9),
        ("amount and true", "This is a number, where yes or no is needed.", 0),
        ("(amount > 5", r"A \) is missing here.", 11),
        ("amount > 5)", "Nothing more is expected here.", 10),
        ("amount > 5 ; drop", "This character has no meaning here.", 11),
        ("amount > 1234567890123456", "A number has at most 15 digits.", 9),
        ("listed(5)", "This is a number, where a text is needed.", 7),
        ("listed()", "Something is missing before this.", 7),
        ("card_country in [5]", "A list holds texts in double quotes.", 17),
        ('[] == ["a"]', "Lists are not compared; use in.", 3),
        ("1 < 2 < 3", "Nothing more is expected here.", 6),
        ("__class__ == 1", "There is no __class__.", 0),
        ("amount.real > 1", "This character has no meaning here.", 6),
        ("(" * 30 + "true" + ")" * 30, "A rule nests at most 24 deep.", 24),
        ("-" * 30 + "1 > 0", "A rule nests at most 24 deep.", 23),
        (" or ".join(["true"] * 150), "A rule has at most 200 parts.", None),
        (
            " or ".join(['likeness(currency, "EUR") > 9'] * 12),
            "A rule has at most 200 parts.",
            None,
        ),
        ("not " * 250 + "true", "A rule has at most 200 parts.", None),
        ("true" + " " * 2000, "A rule has at most 2000 characters.", 0),
    ],
)
def test_points_at_the_word_that_does_not_fit(text, message, at):
    with pytest.raises(RuleUnreadable, match=message) as refused:
        read(text)

    assert at in {None, refused.value.facts["at"]}
    assert refused.value.param == "condition"


_WORDS = [
    *language.NAMES, "and", "or", "not", "in", "true", "false", "listed", "deviations", "min",
    "max", "starts_with", "between", "near", "likeness", "(", ")", "[", "]", ",", "+", "-", "*", "<", "<=", ">", ">=", "==", "!=",
    "0", "7", "999999999999999", '"DE"', '"card:block"', "__import__", "lambda", ".", ";", "'",
]  # fmt: skip


@given(st.lists(st.sampled_from(_WORDS), max_size=60).map(" ".join) | st.text(max_size=300))
@example("9" * 15 + (" * " + "9" * 15) * 90 + " > 0")
@example('"' * 1999)
def test_no_text_crashes_hangs_or_reads_anything_but_the_snapshot(text):
    try:
        condition = read(text)
    except RuleUnreadable:
        return
    assert condition.holds(SEEN) in {True, False}


@given(
    st.recursive(
        st.sampled_from(["true", "false", "amount > 5", "card_seen", 'card_country == "KP"']),
        lambda inner: (
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
                lambda t: f"({' '.join(t)})"
            )
            | inner.map(lambda text: f"not {text}")
        ),
        max_leaves=12,
    )
)
def test_and_or_not_mean_what_they_mean_in_python(text):
    known = {"amount": SEEN.amount_minor, "card_seen": True, "card_country": "KP"}
    meant = text.replace("true", "True").replace("false", "False")

    assert read(text).holds(SEEN) is bool(eval(meant, {"__builtins__": {}}, known))  # noqa: S307
