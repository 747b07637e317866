from decimal import Decimal

import pytest
from engine.builders import CHEAP_A, DEAR_B, D, Rig, convergence, krw_usdt, route, spot

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.fx import FixedFx, FxBook, FxFeed, FxQuote
from arbitrage.domain.instrument import Instrument
from arbitrage.engine.valuation import Valuation

KRW_LEGS = {"a": spot("alpha", "KRW"), "b": spot("beta")}


def valuation(rig: Rig) -> Valuation:
    return rig.engine.trading.valuation


# --- dollars ----------------------------------------------------------------------------------


@pytest.mark.parametrize("currency", ["USD", "USDT", "USDC"])
def test_a_dollar_is_a_dollar(currency: str) -> None:
    assert valuation(Rig()).usd_rate(currency) == 1.0


def test_a_currency_that_no_source_knows_is_worth_zero_and_so_refused() -> None:
    assert valuation(Rig()).usd_rate("KRW") == 0.0
    assert valuation(Rig(route(**KRW_LEGS, fx=FxFeed("USDT", "KRW")))).usd_rate("KRW") == 0.0


@pytest.mark.parametrize("fx", [krw_usdt(1250.0), FixedFx("KRW", "USDT", 0.0008)])
def test_a_rate_is_read_either_way_round(fx: FixedFx) -> None:
    assert valuation(Rig(route(**KRW_LEGS, fx=fx))).usd_rate("KRW") == pytest.approx(0.0008)


def test_the_mid_of_an_fx_book_is_the_rate() -> None:
    rig = Rig(route(**KRW_LEGS, fx=FxBook("upbit", "KRW-USDT")))
    rig.feed(BookSnapshot(rig.now_ns, "upbit", "KRW-USDT", [(999.0, 1.0)], [(1001.0, 1.0)]))
    assert valuation(rig).usd_rate("KRW") == pytest.approx(0.001)


# --- between any two currencies ---------------------------------------------------------------


def test_a_currency_is_worth_itself() -> None:
    assert valuation(Rig()).rate("BNB", "BNB") == 1


def test_a_traded_market_gives_the_rate_of_its_own_currencies() -> None:
    rig = Rig(route())
    assert valuation(rig).rate("BTC", "USDT") is None  # no book yet
    rig.a(99.0, 101.0)
    assert valuation(rig).rate("BTC", "USDT") == 100


def test_a_third_token_goes_through_dollars() -> None:
    rig = Rig(route(**KRW_LEGS, fx=krw_usdt(1000.0)))
    assert valuation(rig).rate("BNB", "KRW") is None
    rig.feed(FxQuote(rig.now_ns, "BNB", "USDT", 599.0, 601.0))
    assert valuation(rig).rate("BNB", "KRW") == Decimal(600_000)
    assert valuation(rig).rate("BNB", "JPY") is None


def test_an_fx_market_that_is_no_leg_still_gives_its_rate() -> None:
    rig = Rig(route(**KRW_LEGS, fx=FxBook("upbit", "KRW-USDT")))
    rig.feed(BookSnapshot(rig.now_ns, "upbit", "KRW-USDT", [(999.0, 1.0)], [(1001.0, 1.0)]))
    assert valuation(rig).rate("USDT", "KRW") == 1000


# --- portfolio sums ---------------------------------------------------------------------------


def test_with_nothing_open_every_sum_is_zero() -> None:
    rig = Rig(route())
    assert valuation(rig).open_pnl_usd() == 0
    assert valuation(rig).net_delta_usd() == 0
    assert valuation(rig).gross_usd() == 0


def test_open_trades_are_summed_in_dollars() -> None:
    terms = {"fx": krw_usdt(1000.0), "close_on_spread_reversal": False}
    in_won = convergence(spot("alpha", "KRW"), name="won", **terms)
    in_dollars = convergence(spot("gamma"), spot("delta"), name="usd", **terms)
    rig = Rig(in_won, in_dollars)
    rig.show((99_000.0, 100_000.0), DEAR_B, qty=10.0)
    rig.touch(spot("gamma"), *CHEAP_A, 2.0)
    rig.touch(spot("delta"), *DEAR_B, 2.0)
    rig.fill_all()
    # Ten bought at 100 and two at 100, marked at 99.5; sold at 103, marked at 103.5.
    assert valuation(rig).open_pnl_usd() == D(12) * (D("-0.5") + D("-0.5"))
    assert valuation(rig).gross_usd() == pytest.approx(2 * 12 * 99.5)
    assert valuation(rig).net_delta_usd() == 0


def test_net_delta_is_residuals_and_dust_at_as_mid() -> None:
    rig = Rig(route(**KRW_LEGS, fx=krw_usdt(1000.0)))
    rig.show((99_000.0, 101_000.0), (110.0, 111.0), qty=10.0)
    rig.answer(rig.placed[0], "4", status=None)
    assert valuation(rig).net_delta_usd() == 400
    rig.route.dust = D("-0.5")
    assert valuation(rig).net_delta_usd() == 350


def test_dust_without_a_book_is_worth_nothing_yet() -> None:
    rig = Rig(route())
    rig.route.dust = D("-0.5")
    assert valuation(rig).net_delta_usd() == 0


def test_two_sources_of_one_pair_are_kept_apart() -> None:
    """A feed of quotes never sets, nor is set by, the book or the number of another route."""
    by_book = route(**KRW_LEGS, name="book", fx=FxBook("upbit", "KRW-USDT"))
    by_feed = route(spot("gamma", "KRW"), spot("delta"), name="feed", fx=FxFeed("USDT", "KRW"))
    by_number = route(spot("e", "KRW"), spot("f"), name="number", fx=krw_usdt(900.0))
    rig = Rig(by_book, by_feed, by_number)
    rig.feed(BookSnapshot(rig.now_ns, "upbit", "KRW-USDT", [(999.0, 1.0)], [(1001.0, 1.0)]))
    rig.feed(FxQuote(rig.now_ns, "USDT", "KRW", 1300.0, 1300.0))
    found = {name: state.fx_of(state.b) for name, state in rig.engine.routes.items()}
    assert found == {"book": 1000, "feed": 1300, "number": 900}


def test_an_instrument_may_be_read_from_its_symbol() -> None:
    btc = Instrument.from_symbol("alpha", "KRW-BTC")
    rig = Rig(route(btc, spot("beta", "KRW"), fx=krw_usdt()))
    rig.touch(btc, 99.0, 101.0)
    assert valuation(rig).rate("BTC", "KRW") == 100
