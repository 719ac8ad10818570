import os
from uuid import UUID

import pytest

from fintech.kernel import ids


def test_rise_strictly_in_one_process():
    made = [ids.new() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert {value.version for value in made} == {7}


def test_public_form_sorts_like_the_id_and_reads_back():
    made = [ids.new() for _ in range(1_000)]
    shown = [ids.public("pi", value) for value in made]
    assert shown == sorted(shown)
    assert {len(text) for text in shown} == {25}
    assert [ids.parse("pi", text) for text in shown] == made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pi_",
        "ch_0000000000000000000001",
        "pi_00000000000000000000",
        "pi_" + "z" * 22,
        "pi_" + "-" * 22,
    ],
)
def test_refuses_what_is_no_id_of_that_kind(text):
    with pytest.raises(ids.NotAnId):
        ids.parse("pi", text)


def test_the_smallest_and_the_largest_id_survive():
    for value in (UUID(int=0), UUID(int=2**128 - 1)):
        assert ids.parse("x", ids.public("x", value)) == value


def test_a_process_that_was_forked_off_draws_chance_of_its_own():
    ids.new()  # The parent has some left.
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.write(theirs, ids.new().bytes)
        os._exit(0)
    told = UUID(bytes=os.read(ours, 16))
    os.wait()
    assert told.int & (1 << 62) - 1 != ids.new().int & (1 << 62) - 1
