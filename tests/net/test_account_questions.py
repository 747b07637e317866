"""What an account is asked before it may trade: its key, its settings, and what it owns."""

from decimal import Decimal as D
from functools import partial

import msgspec
import pytest
from net.loopback import run, until
from net.tiny_codec import read
from net.tiny_plan import Engine, gateway, order, tiny_plan, with_gateway
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import BalanceUpdate
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.order_gateway import AccountState, Answer, Request
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import Ask, KeyCheck, KeyRights


def rights(answer: Answer) -> KeyRights:
    said = read(answer)
    return KeyRights(can_trade=said["trade"], can_withdraw=said["withdraw"])


def key_check(rest_url: str = "") -> KeyCheck:
    return KeyCheck(
        request=lambda _now_ns: Request("GET", "/rights"), read=rights, rest_url=rest_url
    )


# --- rights -----------------------------------------------------------------------------------


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_key_that_can_withdraw_is_refused_and_what_to_do_is_said(elsewhere: bool) -> None:
    async def work() -> None:
        async with tiny_venue() as venue, tiny_venue() as other:
            told = other if elsewhere else venue
            told.rights["withdraw"] = True
            check = key_check(other.url if elsewhere else "")
            subject = gateway(tiny_plan(venue, key_check=check))
            with pytest.raises(ConfigError, match=r"tiny: .* can withdraw; .* without the right"):
                await subject.astart(Engine())
            assert told.count("GET /rights") == 1
            assert venue.count("GET /account") == venue.count("POST /session") == 0

    run(work)


def test_a_key_that_cannot_withdraw_starts_and_is_looked_at_once() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        assert engine.is_up
        await subject.asubmit(order())
        assert venue.count("GET /rights") == 1

    with_gateway(test, key_check=key_check())


def test_a_key_that_cannot_trade_may_look(caplog: pytest.LogCaptureFixture) -> None:
    async def test(_venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        assert engine.is_up

    def reads_only(venue: TinyVenue) -> None:
        venue.rights["trade"] = False

    with_gateway(test, prepare=reads_only, key_check=key_check())
    assert "tiny: this API key cannot trade" in caplog.text


def test_rights_that_are_not_told_are_not_held_against_a_key() -> None:
    async def test(_venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        assert engine.is_up

    silent = KeyCheck(request=key_check().request, read=lambda _answer: KeyRights())
    with_gateway(test, key_check=silent)


def test_rights_that_cannot_be_asked_for_are_no_permission() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            venue.faults["GET /rights"].extend(["503"] * 10)
            subject = gateway(tiny_plan(venue, key_check=key_check()))
            with pytest.raises(Unavailable, match="http 503"):
                await subject.astart(Engine())

    run(work)


@pytest.mark.parametrize("face", ["asubmit", "astart"])
def test_without_the_streams_a_key_that_can_withdraw_is_refused_too(face: str) -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            venue.rights["withdraw"] = True
            subject = gateway(tiny_plan(venue, key_check=key_check()))
            with pytest.raises(ConfigError, match="can withdraw"):
                await (subject.asubmit(order()) if face == "asubmit" else subject.astart(Engine()))
            assert not venue.orders
            await subject.astop()

    run(work)


def test_without_keys_no_rights_are_asked_for() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, _engine: Engine) -> None:
        assert venue.count("GET /rights") == 0

    with_gateway(test, private=None, key_check=key_check())


# --- preparing --------------------------------------------------------------------------------


def test_an_account_is_made_ready_after_the_markets_are_known_and_before_anything_else() -> None:
    async def prepare(ask: Ask) -> None:
        await ask(lambda _now_ns: Request("POST", "/settings"))

    async def test(venue: TinyVenue, _subject: VenueGateway, _engine: Engine) -> None:
        calls = venue.calls
        ready = calls.index("POST /settings")
        assert calls.index("GET /markets") < calls.index("GET /rights") < ready
        for later in ("GET /fee", "POST /session", "GET /account"):
            assert ready < calls.index(later)

    change = partial(
        msgspec.structs.replace, prepare=prepare
    )  # `prepare` names something else here
    with_gateway(test, change=change, key_check=key_check())


def test_an_account_that_cannot_be_traded_is_refused() -> None:
    async def prepare(_ask: Ask) -> None:
        raise ConfigError("tiny: hedge mode is on; switch it off")

    async def work() -> None:
        async with tiny_venue() as venue:
            with pytest.raises(ConfigError, match="hedge mode"):
                await gateway(tiny_plan(venue, prepare=prepare)).astart(Engine())

    run(work)


def test_the_polling_face_prepares_once_before_its_first_order() -> None:
    async def prepare(ask: Ask) -> None:
        await ask(lambda _now_ns: Request("POST", "/settings"))

    async def work() -> None:
        async with tiny_venue() as venue:
            subject = gateway(tiny_plan(venue, prepare=prepare))
            for client_id in ("a1", "a2"):
                made = await subject.asubmit(order(client_id))
                assert made.status is OrderStatus.FILLED
            assert venue.calls.index("POST /settings") < venue.calls.index("POST /order")
            assert venue.count("POST /settings") == 1
            await subject.astop()

    run(work)


# --- what it owns -----------------------------------------------------------------------------


async def by_pages(ask: Ask) -> AccountState:
    """Balances here, positions there."""
    wallet = read(await ask(lambda _now_ns: Request("GET", "/account")))
    held = read(await ask(lambda _now_ns: Request("GET", "/positions")))
    return AccountState(
        {name: D(amount) for name, amount in wallet["balances"].items()},
        {symbol: D(qty) for symbol, qty, _price in held},
    )


def test_an_account_that_takes_several_answers_is_read_and_ties_out() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        assert {told.currency: told.total for told in engine.of(BalanceUpdate)} == {
            "USD": D(10_000),
            "BTC": D(1),
        }
        subject.send([order(symbol="BTC-PERP")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        asked = venue.count("GET /positions")
        subject.resume()
        await until(lambda: venue.count("GET /positions") > asked)
        assert await subject.aget_balance("BTC") == Balance("BTC", D(1))
        venue.positions["BTC-PERP"] = D(7)
        subject.account._wake.set()
        await until(lambda: "BTC-PERP is not ours" in engine.down_reason)

    with_gateway(test, read_account=by_pages)
