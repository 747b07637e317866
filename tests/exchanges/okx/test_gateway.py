"""What OKX's gateway plans, and what it asks of an account; trading is in the file beside."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from net.loopback import run
from net.tiny_plan import Engine
from okx_rig import KEYS, pointed_at, served, with_okx
from sim_okx import SPOT, SWAP

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import VenueStatus
from arbitrage.domain.fees import FeeManner
from arbitrage.exchanges.okx.gateway import create
from arbitrage.exchanges.order_gateway import Answer, Lane, Request
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import WalletState
from arbitrage.sim.server import VenueServer

# --- the plan -------------------------------------------------------------------------------------


def test_without_keys_it_is_market_data_alone() -> None:
    exchange = create_exchange("okx")
    assert isinstance(exchange, VenueGateway)
    assert exchange.plan.private is None
    assert exchange.plan.order_stream is None
    with pytest.raises(ConfigError, match="goes with"):
        create(api_key="only-a-third")


def test_the_demo_account_has_streams_of_its_own() -> None:
    assert create(is_demo=True).plan.public[0].url == "wss://wspap.okx.com:8443/ws/v5/public"


@pytest.mark.parametrize(
    ("request_", "spent"),
    [
        (
            Request("POST", "/api/v5/trade/order", lane=Lane.ENTRY),
            {"/api/v5/trade/order": 1, "orders-2s": 1},
        ),
        (Request("GET", "/api/v5/trade/order?instId=BTC-USDT"), {"GET /api/v5/trade/order": 1}),
        (Request("POST", "/api/v5/trade/cancel-order"), {"/api/v5/trade/cancel-order": 1}),
        (Request("GET", "/api/v5/market/books?instId=BTC-USDT"), {"/api/v5/market/books": 1}),
    ],
)
def test_a_request_is_paid_from_its_budgets(request_: Request, spent: dict[str, int]) -> None:
    rules = create().plan.budgets
    assert {rule.name: rule.cost(request_) for rule in rules if rule.cost(request_)} == spent


def test_a_word_about_the_session_ends_it_and_a_liquidation_does_not() -> None:
    private = create(**KEYS).plan.private
    assert private is not None
    with pytest.raises(Unavailable, match="soon be closed"):
        private.decode(b'{"event":"notice","code":"64008","msg":"will soon be closed"}', 1)
    warning = b'{"arg":{"channel":"liquidation-warning"},"data":[{"instId":"BTC-USDT-SWAP"}]}'
    (said,) = private.decode(warning, 1)
    assert isinstance(said, VenueStatus)


def config_answer(**changes: str) -> Answer:
    terms = {"acctLv": "2", "posMode": "net_mode", "perm": "read_only,trade", "feeType": "1"}
    return Answer(200, json.dumps({"code": "0", "data": [{**terms, **changes}]}).encode())


def prepared(symbols: list[str], **changes: str) -> VenueGateway:
    subject = create(symbols=symbols, **KEYS)

    async def ask(build: Callable[[int], Request]) -> Answer:
        assert build(10**18).target == "/api/v5/account/config"
        return config_answer(**changes)

    assert subject.plan.prepare is not None
    asyncio.run(subject.plan.prepare(ask))  # type: ignore[arg-type]
    return subject


def test_the_account_is_read_before_the_first_order() -> None:
    codec: Any = prepared([SWAP]).plan.codec
    assert codec.spot_manner is FeeManner.QUOTE


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"posMode": "long_short_mode"}, "set its position mode to net"),
        ({"acctLv": "1"}, "in spot mode and cannot trade swaps"),
    ],
)
def test_an_account_that_our_orders_do_not_fit_is_refused(
    changes: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        prepared([SWAP], **changes)


def test_an_account_in_spot_mode_trades_spot() -> None:
    prepared([SPOT], acctLv="1")


@pytest.mark.parametrize(("perm", "can_withdraw"), [("read_only,withdraw,trade", True), ("", None)])
def test_the_rights_of_the_key_are_read(perm: str, can_withdraw: bool | None) -> None:
    check = create(**KEYS).plan.key_check
    assert check is not None
    rights = check.read(config_answer(perm=perm))
    assert bool(rights.can_withdraw) is bool(can_withdraw)
    assert rights.can_trade is bool(can_withdraw)


def test_only_the_kinds_that_are_traded_are_listed() -> None:
    async def work() -> None:
        server = await served()
        for symbols, kinds in (([SPOT], {SPOT}), ([SWAP], {SWAP, "ETH-USDT-SWAP"})):
            subject = pointed_at(server, symbols=symbols)
            try:
                await subject.aload()
                assert set(subject.plan.codec.contracts) == kinds  # type: ignore[attr-defined]
            finally:
                await subject.astop()
        await server.stop()

    run(work)


def test_an_instrument_without_a_number_is_ordered_by_rest_alone() -> None:
    listing = (
        b'{"code":"0","data":[{"instId":"BTC-USDT","instType":"SPOT","baseCcy":"BTC",'
        b'"quoteCcy":"USDT","state":"live","tickSz":"0.1","lotSz":"0.01","minSz":"0.01"}]}'
    )

    async def ask(_build: Callable[[int], Request]) -> Answer:
        return Answer(200, listing)

    by_stream = create(symbols=[SPOT], **KEYS).plan
    by_rest = create(symbols=[SPOT], orders_by_websocket=False, **KEYS).plan

    with pytest.raises(ConfigError, match="set orders_by_websocket to false"):
        asyncio.run(by_stream.load_instruments(ask, [SPOT]))  # type: ignore[arg-type]
    (spot,) = asyncio.run(by_rest.load_instruments(ask, [SPOT]))  # type: ignore[arg-type]
    assert spot.symbol == SPOT


def test_maintenance_is_told_with_its_reason() -> None:
    maintenance = create().plan.maintenance
    assert maintenance is not None
    upgrade = {"title": "Trading upgrade", "state": "ongoing", "serviceType": "5"}
    body = json.dumps({"code": "0", "data": [upgrade]}).encode()
    assert maintenance.request(0).target == "/api/v5/system/status"
    assert maintenance.read(Answer(200, body)) == "maintenance: Trading upgrade"
    assert maintenance.read(Answer(200, b'{"code":"0","data":[]}')) == ""


def test_wallets_are_asked_for() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, _engine: Engine) -> None:
        wallets = subject.plan.wallets
        assert wallets is not None
        found = wallets.read(await subject.rest.ask(wallets.request))
        assert found["BTC"] == WalletState(can_deposit=True, can_withdraw=True)

    with_okx(test)
