"""One file, checked whole: what is right is taken as it is written, what is wrong is named."""

from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from small_market import SMALL, fees_of, instruments_of, small

from arbitrage.assembly import build_session
from arbitrage.config import load, parse
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.fx import FixedFx, FxBook
from arbitrage.domain.ledger import CONTRA_ACCOUNTS
from arbitrage.engine.config import RouteKind
from arbitrage.paper_runner import market_generator

DEMO = files("arbitrage").joinpath("demo.toml")


def complaint(*changes: tuple[str, str]) -> str:
    """What is said of the small file with pieces of it replaced."""
    with pytest.raises(ConfigError) as refused:
        small(*changes)
    return str(refused.value)


# --- what is right ------------------------------------------------------------------------------


def test_the_demo_parses_and_trades_twenty_assets_of_its_own_market() -> None:
    settings = parse(DEMO.read_text(encoding="utf-8"), "demo.toml")
    generator = market_generator(settings.market)
    instruments = {(each.venue, each.symbol): each for each in generator.instruments()}
    session = build_session(settings, instruments, generator.fees())
    assert len(session.engine.routes) == 20
    assert all(isinstance(route.config.fx, FxBook) for route in session.engine.routes.values())
    assert all(route.a.fees.taker_bps == 5.0 for route in session.engine.routes.values())


def test_a_file_is_read_as_its_text_is(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    assert load(path) == parse(SMALL)


def test_fractions_are_read_exactly() -> None:
    settings = small(("KRW = 50000000.5", "KRW = 0.1"))
    assert settings.venues["upbit"].balances == {"KRW": Decimal("0.1")}


def test_terms_of_a_route_stand_before_those_of_all() -> None:
    settings = small(("[[routes]]\n", '[[routes]]\nname = "wide"\nmin_edge_bps = 12.25\n'))
    config = settings.engine_config(instruments_of(settings), fees_of(settings))
    assert [route.name for route in config.routes] == ["wide BTC", "wide ETH", "wide XRP"]
    assert {route.min_edge_bps for route in config.routes} == {12.25}
    assert {route.max_position_usd for route in config.routes} == {2000.0}
    assert {route.kind for route in config.routes} == {RouteKind.CONVERGENCE}


def test_routes_without_a_name_are_called_by_their_legs() -> None:
    config = small().engine_config(instruments_of(small()), fees_of(small()))
    assert config.routes[0].name == "upbit:KRW-BTC,binance-usdm:BTCUSDT"
    assert config.opening_balances["upbit"] == {"KRW": Decimal("50000000.5")}
    assert (config.session, config.tick_seconds) == ("t", 1.0)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('book = "upbit:KRW-USDT"', FxBook("upbit", "KRW-USDT")),
        ("rate = 1400", FixedFx("USDT", "KRW", 1400.0)),
    ],
)
def test_fx_is_a_book_or_a_rate(table: str, expected: object) -> None:
    settings = small(('book = "upbit:KRW-USDT"', table))
    config = settings.engine_config(instruments_of(settings), fees_of(settings))
    assert [route.fx for route in config.routes] == [expected] * 3


def test_a_route_may_have_an_fx_of_its_own_and_may_have_none() -> None:
    own = small(("[[routes]]\n", "[[routes]]\nfx = { rate = 1300 }\n"))
    assert own.engine_config(instruments_of(own), fees_of(own)).routes[0].fx == FixedFx(
        "USDT", "KRW", 1300.0
    )
    none = small(('[fx]\nbook = "upbit:KRW-USDT"\n', ""))
    assert none.engine_config(instruments_of(none), fees_of(none)).routes[0].fx is None


def test_legs_in_dollars_need_no_fx_and_get_none() -> None:
    settings = small(('a = "upbit:KRW-{base}"', 'a = "binance-usdm:{base}USDT"'))
    config = settings.engine_config(instruments_of(settings), fees_of(settings))
    assert [route.fx for route in config.routes] == [None] * 3


def test_a_cost_is_never_taken_for_zero() -> None:
    with pytest.raises(ConfigError, match=r"routes\[0\]\.a .* fees = \{ taker_bps = 5 \}"):
        small().engine_config(instruments_of(small()))


def test_fees_are_the_files_word_then_the_markets_own_then_none() -> None:
    fees = "fees = { taker_bps = 4.5, manner = 'received' }\n"
    settings = small(("[venues.upbit]\n", f"[venues.upbit]\n{fees}"))
    own = {("upbit", "KRW-BTC"): FeeSchedule(taker_bps=9.0)}
    said = FeeSchedule(taker_bps=4.5, manner=FeeManner.RECEIVED)
    assert settings.fees_of(("upbit", "KRW-BTC"), own) == said
    assert small().fees_of(("upbit", "KRW-BTC"), own) == FeeSchedule(taker_bps=9.0)
    assert small().fees_of(("upbit", "KRW-BTC"), {}) is None


# --- what is wrong ------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(ConfigError, match=r"latin\.toml: cannot be read"):
        load(tmp_path / "latin.toml")


def test_text_that_is_not_toml_is_refused_with_its_line() -> None:
    assert "small.toml: not TOML (Invalid value (at line 3, column 6))" in complaint(
        ('id = "t"', "id = ="),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seed = 3", "sead = 3"), "market.sead is '3': no such key; expected seed?"),
        (("[session]", "[sesion]"), "sesion: no such key; expected session?"),
        (("latency_ms = 40", "colour = 'red'"), "venues.upbit.colour is 'red': no such key;"),
        (("[[routes]]\n", "[[routes]]\nmin_egde_bps = 3\n"), "expected min_edge_bps?"),
        (("seed = 3", "seed = 1.5"), "market.seed is '1.5': Input should be a valid integer"),
        (("seed = 3", "seed = true"), "market.seed is 'True': expected a number, without quotes"),
        (("latency_ms = 40", 'latency_ms = "40"'), "venues.upbit.latency_ms is '40': expected a"),
        (("staged = true", 'staged = "yes"'), "market.staged is 'yes': expected true or false"),
        (("staged = true", "staged = 1"), "market.staged is '1': expected true or false"),
        (("latency_ms = 40", "latency_ms = -1"), "venues.upbit.latency_ms is '-1': Input should"),
        (("latency_ms = 40", "latency_ms = inf"), "latency_ms is 'Infinity': Input should be a"),
        (("KRW = 50000000.5", "KRW = -1"), "venues.upbit.balances.KRW is '-1': Input should be"),
        (("KRW = 50000000.5", 'KRW = "1"'), "venues.upbit.balances.KRW is '1': expected a number"),
        (("KRW = 50000000.5", "KRW = nan"), "venues.upbit.balances.KRW is 'NaN': Input should be"),
        (('kind = "convergence"', 'kind = "x"'), "terms.kind is 'x': Input should be 'inventory'"),
        (("slippage_bps = 4", "slippage_bps = 10000"), "terms.slippage_bps is '10000': Input sho"),
        (('"upbit:KRW-USDT"', '"KRW-USDT"'), "fx.book is 'KRW-USDT': String should match"),
        (('book = "upbit', 'rate = 1\nbook = "upbit'), "fx: expected either book or rate"),
        (("min_edge_bps = 2", "directions = []"), "terms.directions is '[]': List should have"),
        (('"binance-usdm:{base}USDT"', '"okx:X"'), "bases goes with, and only with, {base} in bo"),
        (("[[routes]]\n", "[[routes]]\nfx = 1400\n"), "routes[0].fx is '1400': expected a table"),
        (("[[routes]]\n", "[[routes]]\nname = 7\n"), "routes[0].name is '7': expected text in"),
        (('id = "t"', 'id = "two words"'), "session.id is 'two words': String should match"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_value_and_what_was_expected(
    change: tuple[str, str], said: str
) -> None:
    told = complaint(change)
    assert told.startswith("small.toml: 1 problem(s), nothing was started\n")
    assert said in told


def test_every_problem_is_told_at_once() -> None:
    told = complaint(("seed = 3", "seed = -3"), ("depth = 5", "depth = 0"), ('id = "t"', "id = 7"))
    assert "3 problem(s)" in told
    assert all(key in told for key in ("market.seed", "market.depth", "session.id"))


def test_venues_that_are_not_configured_are_all_named() -> None:
    told = complaint(
        ('"upbit:KRW-{base}"', '"upbid:KRW-{base}"'),
        ('"upbit:KRW-USDT"', '"kraken:KRW-USDT"'),
        ("[[routes]]\n", '[[routes]]\nfx = { book = "okx:KRW-USDT" }\n'),
    )
    assert "3 problem(s)" in told
    known = "expected a venue of [venues]: upbit, binance-usdm"
    assert f"fx.book is 'kraken:KRW-USDT': {known}" in told
    assert f"routes[0].a is 'upbid:KRW-{{base}}': {known}" in told
    assert f"routes[0].fx.book is 'okx:KRW-USDT': {known}" in told


@pytest.mark.parametrize("name", sorted(CONTRA_ACCOUNTS))
def test_a_venue_may_not_bear_the_name_of_an_account_of_the_ledger(name: str) -> None:
    told = complaint(("[venues.upbit]", f"[venues.{name}]"))
    assert f"no venue may be called '{name}', which is an account of the ledger" in told


@pytest.mark.parametrize("name", ["a:b", "a,b", "a b", ""])
def test_a_venue_needs_a_name_that_a_route_can_write(name: str) -> None:
    assert f"venue '{name}': expected a name" in complaint(("[venues.upbit]", f'[venues."{name}"]'))


def test_no_two_routes_may_have_one_name() -> None:
    twice = 'USDT"\nbases = ["BTC", "BTC"'
    told = complaint(('USDT"\nbases = ["BTC", "ETH"', twice))
    assert (
        "routes[0]: 'upbit:KRW-BTC,binance-usdm:BTCUSDT' is the name of routes[0] already" in told
    )
    text = SMALL + '[[routes]]\nname = "x"\na = "upbit:A"\nb = "upbit:B"\n' * 2
    with pytest.raises(ConfigError, match=r"routes\[2\]: 'x' is the name of routes\[1\] already"):
        parse(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('a = "upbit:KRW', 'a = "upbit:USD'), "routes[0].a is 'upbit:USD-BTC': upbit has no such"),
        (("{base}USDT", "{base}USD"), "routes[0].b is 'binance-usdm:BTCUSD': binance-usdm has no"),
        (("KRW-USDT", "KRW-USD"), "fx.book is 'upbit:KRW-USD': upbit has no such symbol; expected"),
        (
            ("[[routes]]\n", '[[routes]]\nfx = { book = "upbit:X" }\n'),
            "routes[0].fx.book is 'upbit:X': upbit has no such symbol",
        ),
        (('book = "upbit:KRW-USDT"', 'book = "upbit:KRW-BTC"'), "fx is BTC/KRW, the legs are"),
    ],
)
def test_markets_that_do_not_exist_or_do_not_fit_are_refused(
    change: tuple[str, str], said: str
) -> None:
    settings = small(change)
    with pytest.raises(ConfigError) as refused:
        settings.engine_config(instruments_of(small()), fees_of(small()))
    assert said in str(refused.value)
