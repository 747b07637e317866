from arbitrage.domain.events import MarketTrade
from arbitrage.domain.sides import Side
from arbitrage.sim.tape import REMEMBERED_TRADES, Tape


def trade(price: float, qty: float = 1.0) -> MarketTrade:
    return MarketTrade(0, "sim", "KRW-BTC", price, qty, Side.BUY)


def test_the_day_begins_with_the_first_price_shown() -> None:
    tape = Tape()
    tape.open_at(100.0)
    tape.open_at(200.0)
    assert (tape.opening, tape.last) == (100.0, 100.0)


def test_figures_of_the_day_follow_the_trades() -> None:
    tape = Tape()
    for price in (100.0, 104.0, 98.0):
        tape.print(trade(price, 2.0), 7)
    assert (tape.opening, tape.high, tape.low, tape.last) == (100.0, 104.0, 98.0, 98.0)
    assert (tape.volume, tape.notional) == (6.0, 604.0)


def test_the_latest_trades_are_remembered() -> None:
    tape = Tape()
    for trade_id in range(REMEMBERED_TRADES + 5):
        tape.print(trade(1.0), trade_id)
    assert len(tape.trades) == REMEMBERED_TRADES
    assert tape.trades[-1].trade_id == REMEMBERED_TRADES + 4
