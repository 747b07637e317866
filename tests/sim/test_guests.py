from arbitrage.domain.events import BookSnapshot, Funding, MarketEvent, MarketTrade
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.sides import Side
from arbitrage.sim.guests import Guests, Roof
from arbitrage.sim.listings import BYBIT, BYBIT_SPOT, usdt_perpetual, usdt_spot

GUESTS = Guests({BYBIT_SPOT: Roof(BYBIT, "spot:")})


def test_a_guest_lives_under_the_roof_of_its_host() -> None:
    assert GUESTS.host_of(BYBIT_SPOT) == BYBIT
    assert GUESTS.host_of("upbit") == "upbit"


def test_two_markets_of_one_name_stay_apart() -> None:
    spot = GUESTS.instrument(usdt_spot(BYBIT_SPOT, "BTC").instrument)
    linear = usdt_perpetual("BTC", BYBIT).instrument
    assert (spot.venue, spot.symbol, spot.base) == (BYBIT, "spot:BTCUSDT", "BTC")
    assert GUESTS.instrument(linear) is linear


def test_fees_follow_their_markets() -> None:
    fees = FeeSchedule(taker_bps=1.0, maker_bps=1.0)
    told = GUESTS.fees({(BYBIT_SPOT, "BTCUSDT"): fees, (BYBIT, "BTCUSDT"): fees})
    assert set(told) == {(BYBIT, "spot:BTCUSDT"), (BYBIT, "BTCUSDT")}


def test_events_follow_their_markets_and_the_rest_passes_as_it_is() -> None:
    others: list[MarketEvent] = [
        BookSnapshot(1, BYBIT, "BTCUSDT", [], []),
        Funding(2, BYBIT, "BTCUSDT", 0.1, 3),
        FxQuote(3, "USDT", "KRW", 1.0, 2.0, "upbit"),
    ]
    guest = MarketTrade(4, BYBIT_SPOT, "BTCUSDT", 1.0, 2.0, Side.BUY)
    told = list(GUESTS.events(lambda _now_ns: [*others, guest])(0))
    assert all(one is other for one, other in zip(told, others, strict=False))
    assert told[-1] == MarketTrade(4, BYBIT, "spot:BTCUSDT", 1.0, 2.0, Side.BUY)
    assert guest.venue == BYBIT_SPOT
