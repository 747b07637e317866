"""Symbols of two exchanges become routes, and every book is asked for where it belongs."""

from typing import Any

import pytest
from two_venues import FX, A, B, book

from arbitrage import (
    ArbitrageConfig,
    ArbitrageEngine,
    MarketDataProvider,
    OrderBookSnapshot,
    PaperExchange,
    RestMarketDataProvider,
    WebSocketMarketDataProvider,
)
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.pairs import Pairs, Selection, provider_keys

NOW = 1_700_000_000.0


def pairs_of(
    a: PaperExchange | None = None,
    b: PaperExchange | None = None,
    *,
    keys: tuple[str, str] | None = ("a", "b"),
    **terms: Any,
) -> Pairs:
    config = ArbitrageConfig(**({"fx": f"a:{FX}"} | terms))
    a, b = a or PaperExchange(), b or PaperExchange()
    return Pairs(ArbitrageEngine(config), a, b, config, keys)


def named(symbol: str) -> OrderBookSnapshot:
    return book(symbol, 1, 2, at=NOW)


def names(events: list[BookSnapshot]) -> list[str]:
    return [f"{event.venue}:{event.symbol}" for event in events]


def test_exchanges_of_one_name_are_told_apart_by_their_keys() -> None:
    pair = pairs_of().add(A, B)
    assert pair.symbols == (f"a:{A}", f"b:{B}", f"a:{FX}")
    assert pair.route.name == f"a:{A},b:{B}"


def test_exchanges_keep_their_own_names_where_they_differ() -> None:
    pairs = pairs_of(PaperExchange(venue="upbit"), PaperExchange(venue="binance"))
    pair = pairs.add(A, B)
    assert pair.symbols == (f"a:{A}", f"b:{B}", f"a:{FX}")
    assert pair.venues == ("upbit", "binance", "upbit")
    assert (pairs.venue_of("a"), pairs.venue_of("b")) == ("upbit", "binance")


def test_one_exchange_on_both_sides_is_one_venue() -> None:
    both = PaperExchange(venue="upbit")
    pairs = pairs_of(both, both)
    assert pairs.add(A, B).venues == ("upbit", "upbit", "upbit")
    assert pairs.exchanges == {"upbit": both}


def test_a_provider_that_knows_no_keys_is_asked_for_bare_symbols() -> None:
    pairs = pairs_of(keys=None)
    assert pairs.add(A, B).symbols == (A, B, FX)


def test_one_symbol_on_both_sides_is_always_asked_for_by_key() -> None:
    assert pairs_of(keys=None, fx=None).add(A, A).symbols == (f"a:{A}", f"b:{A}")


def test_an_fx_venue_that_is_neither_exchange_is_refused_with_those_that_are() -> None:
    pairs = pairs_of(PaperExchange(venue="upbit"), PaperExchange(venue="okx"), fx=f"kraken:{FX}")
    with pytest.raises(ConfigError, match=r"expected one of a, b, upbit, okx$"):
        pairs.add(A, B)


def test_a_provider_is_asked_by_the_names_that_it_has_for_the_exchanges() -> None:
    pairs = pairs_of(keys=("upbit", "okx"))
    assert pairs.add(A, B).symbols == (f"upbit:{A}", f"okx:{B}", f"upbit:{FX}")
    assert pairs.venue_of("okx") == "b"


def test_a_providers_names_are_found_by_the_exchange_then_by_its_venue() -> None:
    a, b = PaperExchange(venue="upbit"), PaperExchange(venue="okx")
    real = PaperExchange(venue="upbit")
    assert provider_keys(RestMarketDataProvider({"a": a, "b": b}), a, b) == ("a", "b")
    assert provider_keys(RestMarketDataProvider({"x": b, "y": a}), a, b) == ("y", "x")
    assert provider_keys(RestMarketDataProvider({"upbit": real, "b": real}), a, b) == ("upbit", "b")
    assert provider_keys(WebSocketMarketDataProvider({"a": real, "b": real}), a, b) == ("a", "b")


def test_a_provider_of_a_users_own_has_no_names() -> None:
    class Own(MarketDataProvider):
        def get_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
            return named(symbol)

    assert provider_keys(Own(), PaperExchange(), PaperExchange()) is None


def test_fees_are_assumed_where_none_were_given_and_kept_where_they_are_dearer() -> None:
    own = FeeSchedule(taker_bps=9.0, manner=FeeManner.RECEIVED)
    a, b = PaperExchange(), PaperExchange(fees={B: own})
    pair = pairs_of(a, b, taker_fee_a_bps=5.0, taker_fee_b_bps=5.0).add(A, B)
    assert a.fees(A) == FeeSchedule(taker_bps=5.0) == pair.route.a.fees
    assert b.fees(B) == own == pair.route.b.fees


def test_a_symbol_finds_every_route_that_it_is_a_leg_of() -> None:
    pairs = pairs_of()
    first, second = pairs.add(A, B), pairs.add(A, "BTC-USDT-SWAP")
    assert pairs.of_symbol(A) == [first, second]
    assert pairs.of_symbol(B) == [first]
    assert pairs.of_symbol("KRW-ETH") == ()
    assert pairs.by_route(second.route.name) is second


def test_a_selection_holds_each_pair_and_each_book_once() -> None:
    pairs = pairs_of()
    first, second = pairs.add(A, B), pairs.add("KRW-ETH", "ETH/USDT:USDT")
    chosen = pairs.select([B, A, "KRW-ETH", "nonsense", "nonsense"])
    assert chosen.pairs == (first, second)
    assert chosen.symbols == (f"a:{A}", f"b:{B}", f"a:{FX}", "a:KRW-ETH", "b:ETH/USDT:USDT")
    assert chosen.unknown == ("nonsense",)
    assert pairs.everything().symbols == chosen.symbols


def test_a_selection_is_made_once_until_a_pair_is_added() -> None:
    pairs = pairs_of()
    pairs.add(A, B)
    chosen = pairs.select([A])
    assert pairs.select([A]) is chosen
    second = pairs.add(A, "BTC-USDT-SWAP")
    assert pairs.select([A]).pairs[-1] is second


def test_selections_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbitrage.pairs._MAX_SELECTIONS", 2)
    pairs = pairs_of()
    pairs.add(A, B)
    for number in range(5):
        pairs.select([A] * number)
    assert len(pairs._selections) <= 2


def test_books_become_events_of_the_engines_venues() -> None:
    pairs = pairs_of(PaperExchange(venue="upbit"), PaperExchange(venue="okx"))
    pair = pairs.add(A, B)
    events, is_whole = Selection((pair,)).events([named(A), named(B), named(FX)])
    assert names(events) == [f"upbit:{A}", f"okx:{B}", f"upbit:{FX}"]
    assert is_whole


def test_of_a_pair_with_a_leg_missing_nothing_is_shown() -> None:
    pairs = pairs_of(fx=1400.0)
    chosen = Selection((pairs.add(A, B), pairs.add("KRW-ETH", "ETH/USDT:USDT")))
    eth = named("ETH/USDT:USDT")
    events, is_whole = chosen.events([named(A), named(B), None, eth])
    assert (names(events), is_whole) == ([f"a:{A}", f"b:{B}"], False)


def test_a_missing_fx_book_holds_nothing_back() -> None:
    pair = pairs_of().add(A, B)
    events, is_whole = Selection((pair,)).events([named(A), named(B), None])
    assert (names(events), is_whole) == ([f"a:{A}", f"b:{B}"], True)


def test_the_spread_is_the_better_gross_edge_in_one_currency() -> None:
    pair = pairs_of(fx=1400.0).add(A, B)
    assert pair.spread_bps() is None
    a, b = pair.route.a.market, pair.route.b.market
    a.replace([(139e6, 1.0)], [(140e6, 1.0)], 0, 0)
    b.replace([(101_000.0, 1.0)], [(102_000.0, 1.0)], 0, 0)
    assert pair.spread_bps() == pytest.approx(100.0)
    a.replace([(144_228_000.0, 1.0)], [(145e6, 1.0)], 0, 0)
    assert pair.spread_bps() == pytest.approx(100.0)
