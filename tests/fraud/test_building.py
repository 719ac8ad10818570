"""The builder: rows become a text, and the text becomes the same rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.fraud import errors
from fintech.fraud.data import Clause
from fintech.fraud.rules import built, read, text_of
from fintech.fraud.rules.building import MOST_ROWS, OPERATORS
from fintech.fraud.rules.language import NAMES, Type, tokens


def row(feature, operator, value="", join="and"):
    return Clause(join=join, feature=feature, operator=operator, value=value)


def _named(type_):
    return st.sampled_from(sorted(name for name, (_, each) in NAMES.items() if each is type_))


_DIGITS = st.integers(0, 10**15 - 1).map(str)
_NUMBERS = _named(Type.NUMBER)
_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters='",', exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=12,
)
_JOINS = st.sampled_from(["and", "or"])
_ROWS = st.one_of(
    st.builds(
        row,
        _NUMBERS,
        st.sampled_from(OPERATORS[Type.NUMBER]),
        _DIGITS
        | _DIGITS.map("-{}".format)
        | _NUMBERS
        | st.builds("{} * {}".format, _DIGITS, _NUMBERS),
        _JOINS,
    ),
    st.builds(row, _named(Type.TEXT), st.sampled_from(["==", "!=", "starts_with"]), _TEXTS, _JOINS),
    st.builds(
        row,
        _named(Type.TEXT),
        st.just("in"),
        st.lists(_TEXTS, min_size=1, max_size=4).map(", ".join),
        _JOINS,
    ),
    st.builds(row, _named(Type.TRUTH), st.sampled_from(["is", "is_not"]), st.just(""), _JOINS),
    st.builds(row, st.just("listed"), st.sampled_from(["is", "is_not"]), _TEXTS, _JOINS),
)


@given(st.lists(_ROWS, min_size=1, max_size=MOST_ROWS))
def test_rows_become_a_text_and_the_same_rows_again(rows):
    rows = (row(rows[0].feature, rows[0].operator, rows[0].value), *rows[1:])

    text = text_of(rows)

    assert read(text).text == text
    assert built(text) == rows


_WORDS = [
    "amount", "customer_mean", "card_seen", "card_country", "not", "and", "or", "in", "(", ")",
    "[", "]", ",", "*", "-", ">", "==", "!=", "7", "007", '"DE"', '"a,b"', '""', '" x"', "listed",
    "starts_with", "near", "true",
]  # fmt: skip
_CLAUSE = [
    "amount > 5", "amount > -7", "amount > 3 * customer_mean", "amount > customer_mean * 3",
    "amount > 1 + 2", "card_seen", "not card_seen", "not not card_seen", "card_seen == true",
    'card_country in ["DE", "FR"]', "card_country in []", 'card_country in ["a,b"]',
    'not card_country in ["DE"]', 'card_country == ""', '"DE" == card_country',
    'listed("card:block")', 'not listed("")', 'starts_with(card_country, "D")',
    'starts_with("DE", card_country)', "(amount > 5)", "near(amount, 100, 5)", "true",
    "amount > (5)", "amount == customer_mean", "card_country == currency", "amount*2 > 7",
]  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from(_CLAUSE), _JOINS), min_size=1, max_size=6).map(
        lambda parts: " ".join(f"{join} {clause}" for clause, join in parts).split(" ", 1)[1]
    )
    | st.lists(st.sampled_from(_WORDS), max_size=14).map(" ".join)
)
def test_a_text_that_has_rows_is_the_text_of_its_rows(text):
    """Word for word; and what has no rows says so instead of losing something."""
    try:
        rows = built(text)
    except errors.RuleUnreadable:
        return
    if rows is not None:
        assert [each.word for each in tokens(text_of(rows))] == [each.word for each in tokens(text)]


def test_the_usual_rule_is_three_rows():
    text = 'amount > 3 * customer_mean and not card_seen or card_country in ["KP", "IR"]'

    assert built(text) == (
        row("amount", ">", "3 * customer_mean"),
        row("card_seen", "is_not"),
        row("card_country", "in", "KP, IR", "or"),
    )
    assert text_of(built(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "(amount > 5)",
        "amount + 1 > 5",
        "near(amount, 100, 5)",
        "not card_country == currency",
        'card_country in ["a,b"]',
        "card_country == currency",
        " and ".join(["card_seen"] * (MOST_ROWS + 1)),
    ],
)
def test_what_has_no_rows_stays_text(text):
    assert built(text) is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "A rule has from 1 to 20 rows."),
        ([row("amount", ">", "5")] * 21, "A rule has from 1 to 20 rows."),
        ([row("amuont", ">", "5")], "Row 1: There is no amuont."),
        ([row("amount", "is", "")], "Row 1: amount is a number; is does not fit."),
        ([row("amount", ">", "five")], "Row 1: A number is compared with"),
        ([row("amount", ">", "card_seen")], "Row 1: A number is compared with"),
        ([row("amount", ">", "5; drop")], "Row 1: A number is compared with"),
        ([row("card_seen", "is", "yes")], "Row 1: Yes or no needs no value."),
        ([row("card_seen", "is"), row("card_seen", "is", join="xor")], "Row 2: Rows are joined"),
        ([row("card_country", "==", 'D" or true or "')], "Row 1: A text has neither quotes"),
        ([row("card_country", "in", "DE,,FR")], "Row 1: A list has values"),
    ],
)
def test_a_row_that_does_not_fit_is_named(rows, message):
    with pytest.raises(errors.ParameterInvalid, match=message):
        text_of(rows)


def test_rows_that_are_too_much_together_are_refused():
    rows = [row("card_country", "in", ", ".join(["DE"] * 40))] * 20

    with pytest.raises(errors.RuleUnreadable, match="at most"):
        text_of(rows)
