"""The bytes of everything the outside sees."""

from fintech.wire import json


def test_bytes_do_not_depend_on_the_order_in_which_a_value_was_kept():
    assert json.dumps({"b": 1, "a": {"d": None, "c": True}}) == json.dumps(
        {"a": {"c": True, "d": None}, "b": 1}
    )


def test_there_is_no_white_space_and_text_stays_as_it_is():
    assert json.dumps({"name": "Zoë 李"}) == '{"name":"Zoë 李"}'.encode()


def test_what_was_written_is_read_again():
    assert json.loads(json.dumps({"amount": 4250, "refunds": []})) == {
        "amount": 4250,
        "refunds": [],
    }
