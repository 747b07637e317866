import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net.http_date import date_of_answer_ns


def test_an_answer_was_written_in_the_middle_of_its_second() -> None:
    dated = Answer(200, b"", {"date": "Sun, 22 Nov 2026 10:00:00 GMT"})
    assert date_of_answer_ns(dated) == 1_795_341_600_500_000_000


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_an_answer_without_a_date_tells_no_time(headers: dict[str, str]) -> None:
    with pytest.raises(MalformedData, match="expected an HTTP date"):
        date_of_answer_ns(Answer(200, b"", headers))
