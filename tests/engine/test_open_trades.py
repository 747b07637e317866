"""That the folds are those of the routes at every step of any run is asserted in the fault run."""

from engine.builders import CHEAP_A, DEAR_B, D, Rig, convergence, opened, route, spot

from arbitrage.engine.entry import kept_for_exits, open_qtys
from arbitrage.engine.open_trades import OpenTrades


def seen(rig: Rig) -> OpenTrades:
    """What the engine keeps, asserted to be what a new look at all routes gives."""
    routes = rig.engine.routes
    open_trades = rig.engine.trading.open_trades
    assert open_trades.kept == kept_for_exits(routes.values())
    with_trades = [each for each in routes.values() if each.trades]
    assert open_trades.qtys == [(each, open_qtys(each)) for each in with_trades]
    return open_trades


def test_without_trades_nothing_is_held() -> None:
    open_trades = seen(Rig(convergence()))
    assert open_trades.kept == {}
    assert open_trades.qtys == []


def test_an_order_holds_nothing_until_it_is_filled() -> None:
    rig = Rig(convergence(close_on_spread_reversal=False))
    seen(rig)
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    assert seen(rig).qtys == [(rig.route, (0.0,))]
    a, _ = rig.placed
    rig.answer(a, "4")
    open_trades = seen(rig)
    assert open_trades.kept == {("alpha", "BTC"): 4}
    assert open_trades.qtys == [(rig.route, (4.0,))]


def test_a_closed_trade_is_forgotten_and_a_late_fill_brings_it_back() -> None:
    rig, a, b = opened()
    rig.reject(a)
    seen(rig)
    rig.answer(b, "0")
    assert seen(rig).qtys == []
    rig.answer(b, "0", fees={"USDT": D("0.5")})
    seen(rig)


def test_a_route_added_later_counts_from_its_first_trade() -> None:
    rig = Rig(route(spot("gamma"), spot("delta"), name="still"))
    seen(rig)
    added = rig.engine.add_route(convergence(name="added"))
    seen(rig)
    for venue, quote, qty in (("alpha", "USDT", 10**6), ("beta", "USDT", 10**6)):
        rig.engine.accounts.open(venue, quote, D(qty))
    rig.touch(added.a.instrument, *CHEAP_A)
    rig.touch(added.b.instrument, *DEAR_B)
    assert added.trades
    assert [each for each, _ in seen(rig).qtys] == [added]
