from hypothesis import given
from hypothesis import strategies as st

from arbitrage.exchanges.bybit.facts import ANSWER_WITHIN_NS
from arbitrage.exchanges.bybit.order_search import MAX_SEARCHES, PLACES, OrderSearch
from arbitrage.exchanges.bybit.orders import HISTORY_PATH, REALTIME_PATH

SECOND = 1_000_000_000


def test_an_order_is_looked_for_in_both_lists_and_again_in_the_first() -> None:
    search = OrderSearch()

    asked = []
    for step in range(3):
        asked.append(search.next_place("s1", step * 2 * SECOND))
        assert search.missed("s1") is (step == 2)

    assert tuple(asked) == PLACES == (REALTIME_PATH, HISTORY_PATH, REALTIME_PATH)
    assert len(search) == 0


def test_the_same_list_is_asked_until_it_answers() -> None:
    search = OrderSearch()

    assert {search.next_place("s1", at * SECOND) for at in range(3)} == {REALTIME_PATH}


def test_a_no_counts_only_when_no_other_question_is_open() -> None:
    search = OrderSearch()
    search.next_place("s1", 1)
    search.next_place("s1", 2)

    assert not search.missed("s1")
    assert search.next_place("s1", 3) == REALTIME_PATH  # the first answer counts for nothing
    assert not search.missed("s1")
    assert not search.missed("s1")
    assert search.next_place("s1", 4) == HISTORY_PATH


def test_a_no_that_nobody_asked_for_counts_for_nothing() -> None:
    search = OrderSearch()
    assert not search.missed("s1")

    search.next_place("s1", 1)
    search.missed("s1")
    search.missed("s1")

    assert search.next_place("s1", 2) == HISTORY_PATH


def test_a_question_without_an_answer_is_given_up() -> None:
    search = OrderSearch()
    search.next_place("s1", 0)
    step = ANSWER_WITHIN_NS // 2
    for at in range(1, 3):
        search.next_place("s1", at * step)
        search.missed("s1")  # not counted while the first is open

    assert search.next_place("s1", 3 * step) == HISTORY_PATH


def test_a_search_that_rested_begins_anew() -> None:
    search = OrderSearch()
    search.next_place("s1", 0)
    search.missed("s1")

    assert search.next_place("s1", ANSWER_WITHIN_NS) == REALTIME_PATH


def test_an_order_that_shows_up_ends_its_search() -> None:
    search = OrderSearch()
    search.next_place("s1", 0)
    search.missed("s1")

    search.found("s1")
    search.found("s2")

    assert search.next_place("s1", 1) == REALTIME_PATH


def test_searches_are_bounded() -> None:
    search = OrderSearch()
    for number in range(MAX_SEARCHES + 2):
        search.next_place(f"s{number}", number)

    assert len(search) == MAX_SEARCHES
    assert not search.missed("s0")


@given(
    seed=st.lists(
        st.tuples(st.sampled_from(["ask", "answer", "late"]), st.integers(0, 10)), max_size=60
    )
)
def test_never_existed_is_never_said_before_every_list_was_asked_in_turn(
    seed: list[tuple[str, int]],
) -> None:
    """Answers in any order, some lost, all within the time in which a question is open."""
    search = OrderSearch()
    open_questions: list[str] = []
    answered: list[str] = []
    for now_ns, (act, number) in enumerate(seed):
        if act == "ask":
            open_questions.append(search.next_place("s1", now_ns))
        elif open_questions:
            answered.append(open_questions.pop(number % len(open_questions)))
            if act == "answer" and search.missed("s1"):
                places = iter(answered)
                assert all(place in places for place in PLACES)
                answered.clear()
                open_questions.clear()
