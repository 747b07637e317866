from decimal import Decimal

from sim_bybit import Clock, announce, bybit_core, ids_of, limit, market, markets_of, place

from arbitrage.domain.units import NS_PER_DAY
from arbitrage.sim.protocols.bybit_log import TransactionLog
from arbitrage.sim.protocols.bybit_wire import Json
from arbitrage.sim.venue_core import SimVenueCore


def rig() -> tuple[Clock, SimVenueCore, TransactionLog]:
    clock = Clock()
    core = bybit_core(clock)
    return clock, core, TransactionLog(core, markets_of(core), ids_of(core))


def rows(log: TransactionLog, **params: str) -> list[Json]:
    found: list[Json] = log.listed(params)["list"]
    return found


def test_a_spot_trade_moves_two_currencies_and_pays_in_what_it_receives() -> None:
    _, core, log = rig()
    place(core, limit(price="78000.1", qty="0.5", category="spot", orderLinkId="a1"))
    usdt, btc = rows(log)
    assert (btc["currency"], btc["cashFlow"], btc["fee"], btc["change"]) == (
        "BTC",
        "0.5",
        "0.0005",
        "0.4995",
    )
    assert (usdt["currency"], usdt["cashFlow"], usdt["change"]) == (
        "USDT",
        "-39000.05",
        "-39000.05",
    )
    assert {row["category"] for row in (usdt, btc)} == {"spot"}
    assert (btc["type"], btc["side"], btc["orderLinkId"]) == ("TRADE", "Buy", "a1")


def test_a_perpetual_trade_moves_what_it_realises_and_its_fee() -> None:
    _, core, log = rig()
    place(core, market(qty="0.1"))
    place(core, market("Sell", qty="0.1"))
    closing, opening = rows(log)
    assert (opening["cashFlow"], opening["fee"], opening["change"]) == (
        "0",
        "4.2900055",
        "-4.2900055",
    )
    assert (closing["cashFlow"], Decimal(closing["change"])) == (
        "-0.01",
        Decimal("-0.01") - Decimal(closing["fee"]),
    )


def test_the_changes_of_a_currency_add_up_to_its_balance() -> None:
    clock, core, log = rig()
    for params in (market(qty="0.1"), market(qty="700", category="spot"), limit(qty="0.3")):
        place(core, params)
    announce(core, 0.001, core.now_ns + 1, 78_000.0)
    clock.now_ns += 10
    core.catch_up()
    for currency, opening in (("USDT", 100_000), ("BTC", 10)):
        changes = sum(Decimal(row["change"]) for row in rows(log, currency=currency))
        assert core.balance(currency).total == opening + changes
    (settlement,) = rows(log, type="SETTLEMENT")
    assert Decimal(settlement["funding"]) == Decimal(settlement["change"]) < 0


def test_entries_are_told_by_category_time_and_page() -> None:
    clock, core, log = rig()
    place(core, market(qty="0.1"))
    clock.now_ns += NS_PER_DAY + 1
    assert rows(log) == []
    assert len(rows(log, startTime=str((clock.now_ns - NS_PER_DAY) // 10**6 - 1000))) == 1
    place(core, market("Sell", qty="0.1"))
    place(core, market("Sell", qty="0.1", category="spot"))
    assert [row["category"] for row in rows(log)] == ["spot", "spot", "linear"]
    assert len(rows(log, category="linear")) == 1
    first = log.listed({"limit": "2"})
    assert len(first["list"]) == 2
    cursor = first["nextPageCursor"].replace("%3D", "=")
    assert len(rows(log, limit="2", cursor=cursor)) == 1
    assert len({row["id"] for row in rows(log)}) == 3
