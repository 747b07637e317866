"""The venue's clock where nothing tells it but the `Date` of its answers."""

from email.utils import parsedate_to_datetime

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.order_gateway import Answer


def date_of_answer_ns(answer: Answer) -> int:
    """When an answer was written, to half a second. Raises `MalformedData` without a date."""
    date = answer.headers.get("date", "")
    try:
        seconds = parsedate_to_datetime(date).timestamp()
    except ValueError as error:
        raise MalformedData(f"answer of {date!r}; expected an HTTP date") from error
    return int(seconds) * NS_PER_SECOND + NS_PER_SECOND // 2
