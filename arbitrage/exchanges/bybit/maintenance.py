"""Whether the venue is in maintenance, as it tells it by REST [D system-status, enum]."""

import msgspec

from arbitrage.exchanges.bybit.answers import read
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.order_gateway import Answer, Lane, Request

_PRODUCTS = {Category.LINEAR: 1, Category.SPOT: 2}
_DEMO = 2


class _Notice(msgspec.Struct):
    """`env` is 1 for production; a product that is not told is every product."""

    title: str
    state: str
    product: list[int] = []
    env: int = 1


class _Notices(msgspec.Struct):
    list: list[_Notice]


_notices = msgspec.json.Decoder(_Notices, strict=False)


def status_request() -> Request:
    return Request("GET", "/v5/system/status", lane=Lane.MARKET)


def reason(category: Category, answer: Answer) -> str:
    """Why the category is not served now, empty if it is.

    `{"list":[{"id":"4d95...","title":"t06","state":"ongoing","begin":"1751596902000",
    "end":"1751597011000","href":"","serviceTypes":[2,3,4,5],"product":[1,2],"uidSuffix":[],
    "maintainType":1,"env":1}]}`; raises what `answers.read` raises. Interruptions of less than ten
    seconds are not told. Whom of the users it concerns (`uidSuffix`) is not looked at: all of them.
    """
    ours = _PRODUCTS[category]
    return "; ".join(
        notice.title
        for notice in read(_notices, answer, "system status").list
        if notice.state == "ongoing"
        and notice.env != _DEMO
        and (not notice.product or ours in notice.product)
    )
