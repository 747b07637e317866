from collections.abc import Callable
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot, Funding, VenueStatus
from arbitrage.exchanges.okx import market_rest
from arbitrage.exchanges.order_gateway import Answer, Lane

AnswerOf = Callable[..., Answer]


@pytest.mark.parametrize("depth", [1, 50, 400])
def test_a_book_is_asked_for_in_any_depth_up_to_the_greatest(depth: int) -> None:
    request = market_rest.book_request("BTC-USDT", depth)

    assert request.target == f"/api/v5/market/books?instId=BTC-USDT&sz={depth}"
    assert (request.weight, request.lane, request.headers) == (1, Lane.MARKET, {})


@pytest.mark.parametrize("depth", [0, 401])
def test_a_depth_that_is_not_served_is_refused(depth: int) -> None:
    with pytest.raises(ConfigError, match=f"depth {depth}"):
        market_rest.book_request("BTC-USDT", depth)


def test_a_book_is_read_with_its_number(answer: AnswerOf) -> None:
    assert market_rest.book("BTC-USDT", answer("book"), 7) == BookSnapshot(
        7,
        "okx",
        "BTC-USDT",
        [(41006.3, 0.30178218)],
        [(41006.8, 0.60038921), (41006.9, 0.3)],
        3235851742,
    )


@pytest.mark.parametrize(
    "data",
    [
        "[]",
        "[{}]",
        '[{"bids":[["1","1"],["2","1"]],"asks":[],"ts":"1"}]',
        '[{"bids":[],"asks":[["2","1"],["1","1"]],"ts":"1"}]',
        '[{"bids":[["1","0"]],"asks":[],"ts":"1"}]',
        '[{"bids":[],"asks":[],"ts":"1","seqId":-2}]',
    ],
)
def test_a_book_that_makes_no_sense_is_malformed(data: str, answer: AnswerOf) -> None:
    raw = f'{{"code":"0","data":{data},"msg":""}}'.encode()

    with pytest.raises(MalformedData, match="BTC-USDT book"):
        market_rest.book("BTC-USDT", answer(raw=raw), 7)


def test_a_book_that_did_not_come_is_unavailable(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable, match="BTC-USDT book"):
        market_rest.book("BTC-USDT", answer(status=500), 7)


def test_funding_is_read_with_the_time_of_its_settlement(answer: AnswerOf) -> None:
    assert market_rest.funding(answer("funding_rate"), 7, 42310.6) == Funding(
        7, "okx", "BTC-USDT-SWAP", -0.0000987, 1743609600000_000_000, 42310.6
    )
    request = market_rest.funding_request("BTC-USDT-SWAP")
    assert request.target == "/api/v5/public/funding-rate?instId=BTC-USDT-SWAP"


def test_the_mark_price_is_read(answer: AnswerOf) -> None:
    raw = b'{"code":"0","data":[{"instId":"BTC-USDT-SWAP","markPx":"42310.6","ts":"1"}],"msg":""}'

    assert market_rest.mark_price(answer(raw=raw)) == 42310.6
    request = market_rest.mark_price_request("BTC-USDT-SWAP")
    assert request.target == "/api/v5/public/mark-price?instType=SWAP&instId=BTC-USDT-SWAP"


def test_the_venues_clock_is_read(answer: AnswerOf) -> None:
    said = answer(raw=b'{"code":"0","data":[{"ts":"1597026383085"}],"msg":""}')

    assert market_rest.server_time_ns(said) == 1597026383085_000_000
    assert market_rest.time_request().target == "/api/v5/public/time"


def test_an_upgrade_of_what_we_trade_on_takes_the_venue_down(answer: AnswerOf) -> None:
    reason = "maintenance: Trading account system upgrade (in batches of accounts)"

    assert market_rest.maintenance(answer("status"), 7) == VenueStatus(
        7, "okx", is_up=False, reason=reason
    )
    assert market_rest.maintenance_request().target == "/api/v5/system/status"


def test_the_demo_account_has_upgrades_of_its_own(answer: AnswerOf) -> None:
    status = market_rest.maintenance(answer("status"), 7, is_demo=True)

    assert status == VenueStatus(
        7, "okx", is_up=False, reason="maintenance: Demo websocket upgrade"
    )


def test_what_is_over_announced_or_not_ours_leaves_the_venue_up(
    body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("status").replace(b'"serviceType":"8"', b'"serviceType":"7"')

    assert market_rest.maintenance(answer(raw=raw), 7) == VenueStatus(7, "okx", is_up=True)


def test_ccxt_asks_for_the_same_market_data(stranger: Callable[..., Any]) -> None:
    pairs = [
        (market_rest.book_request("BTC-USDT", 50), "fetch_order_book", ("BTC/USDT", 50)),
        (
            market_rest.funding_request("BTC-USDT-SWAP"),
            "fetch_funding_rate",
            ("BTC/USDT:USDT",),
        ),
        (market_rest.time_request(), "fetch_time", ()),
        (market_rest.maintenance_request(), "fetch_status", ()),
    ]
    for ours, name, args in pairs:
        theirs = stranger(name, *args)
        assert (ours.method, ours.target) == (theirs.method, theirs.target)
