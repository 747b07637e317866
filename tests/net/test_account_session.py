"""The private side of a venue: compared at start, after each loss, and every minute."""

import asyncio
from decimal import Decimal as D

import msgspec
from net.loopback import until
from net.tiny_plan import Engine, order, times, with_gateway
from net.tiny_venue import TinyVenue

from arbitrage.domain.events import BalanceUpdate, BookSnapshot, FundingPayment, VenueStatus
from arbitrage.domain.intents import TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import VenuePlan

GTC = TimeInForce.GTC


# --- the stream -------------------------------------------------------------------------------


def test_a_lost_stream_takes_the_venue_down_until_everything_was_compared_again() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open"])
        venue.tells = False
        venue.faults["POST /session"].append("503")
        await venue.private[0].close()
        await until(lambda: not engine.is_up)
        assert "account stream: closed by the venue with 1000" in engine.down_reason
        venue.fill(venue.orders["a1"], D("0.5"))  # while we were away
        await until(lambda: engine.is_up)
        assert engine.statuses("a1")[-1] == "filled"
        assert len(venue.tokens) == 2  # fresh authentication
        assert venue.count("GET /account") >= 2

    with_gateway(test)


def test_a_session_that_the_venue_ends_is_opened_anew() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        await venue.push({"ch": "over"}, private=True)
        await until(lambda: len(venue.tokens) == 2 and engine.is_up)
        assert any("the session is over" in told.reason for told in engine.of(VenueStatus))

    with_gateway(test)


def test_a_frame_that_cannot_be_read_makes_us_compare_soon() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open"])
        venue.tells = False
        venue.fill(venue.orders["a1"], D("0.5"))
        before = venue.count("GET /account")
        for _ in range(5):
            await venue.push(b"garbage", private=True)
        await until(lambda: engine.statuses("a1")[-1] == "filled")
        assert subject.account.stream is not None
        assert subject.account.stream.malformed == 5
        await until(lambda: venue.count("GET /account") > before)
        assert venue.count("GET /account") - before <= 3

    with_gateway(test)


def test_what_the_venue_says_of_the_account_stays_until_a_person_has_looked() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await venue.push({"ch": "down", "why": "margin call"}, private=True)
        await until(lambda: not engine.is_up)
        assert engine.down_reason == "margin call"
        await venue.push({"ch": "up", "why": ""}, private=True)
        await venue.private[0].close()
        await until(lambda: len(venue.tokens) == 2 and engine.down_reason == "margin call")
        subject.resume()
        await until(lambda: engine.is_up)

    with_gateway(test)


def test_funding_is_booked_and_passed_on_and_balances_are_not() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        told = len(engine.of(BalanceUpdate))
        venue.balances["USD"] -= D("1.5")
        await venue.push({"ch": "funding", "s": "BTC-PERP", "amount": "-1.5"}, private=True)
        await venue.push({"ch": "balance", "total": "3"}, private=True)
        await venue.push({"ch": "book", "s": "BTC-USD"}, private=True)
        await until(lambda: engine.of(BookSnapshot))
        (paid,) = engine.of(FundingPayment)
        assert paid.amount == D("-1.5")
        before = venue.count("GET /account")
        await until(lambda: venue.count("GET /account") > before + 1)
        assert len(engine.of(BalanceUpdate)) == told
        assert engine.is_up

    with_gateway(test, times=times(reconcile_seconds=0.01))


def test_the_session_is_kept_alive_and_opened_anew_if_that_is_refused() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, _engine: Engine) -> None:
        await until(lambda: venue.kept_alive >= 2)
        assert len(venue.tokens) == 1
        venue.faults["PUT /session"].extend(["before", "before", "400"])
        await until(lambda: len(venue.tokens) == 2)

    def impatient(plan: VenuePlan) -> VenuePlan:
        assert plan.private is not None
        private = msgspec.structs.replace(plan.private, keep_alive_seconds=0.005)
        return msgspec.structs.replace(plan, private=private)

    with_gateway(test, change=impatient)


def test_the_first_comparison_comes_with_the_opening_of_the_stream() -> None:
    async def test(_venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        assert engine.is_up

    with_gateway(test, times=times(recheck_seconds=60.0, start_seconds=2.0))


def test_a_comparison_that_fails_is_tried_again_soon() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        venue.faults["GET /account"].extend(["503"] * 2)
        await venue.push(b"garbage", private=True)
        await until(lambda: not engine.is_up)
        await until(lambda: engine.is_up)

    with_gateway(test, times=times(reconcile_seconds=60.0))


# --- what does not tie out --------------------------------------------------------------------


def test_a_position_that_is_not_ours_keeps_the_venue_down_until_a_person_accepts_it() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        assert not engine.is_up
        assert engine.down_reason == "a position of -2 BTC-PERP is not ours by any fill"
        await asyncio.sleep(0.03)
        assert not engine.is_up
        subject.resume()
        await until(lambda: engine.is_up)
        # From now on it is ours: reducing it ties out.
        subject.send([order(symbol="BTC-PERP", qty=D("0.5"))], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        venue.balances["USD"] += D("0.5") * (D(90) - D(100))  # realised against the entry at 90
        before = venue.count("GET /account")
        await until(lambda: venue.count("GET /account") > before + 1)
        assert engine.is_up

    with_gateway(
        test,
        prepare=lambda venue: venue.positions.update({"BTC-PERP": D("-2")}),
        times=times(reconcile_seconds=0.01),
    )


def test_a_balance_that_changed_without_us_is_found_told_and_accepted() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.balances["USD"] += D(500)
        await until(lambda: not engine.is_up)
        assert engine.down_reason == "500 USD is not ours by any fill"
        assert engine.of(BalanceUpdate)[-1].total == D(10_500)
        subject.resume()
        await until(lambda: engine.is_up)

    with_gateway(test, times=times(reconcile_seconds=0.005))


def test_a_difference_that_ties_out_by_itself_needs_no_person() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        venue.balances["USD"] += D(500)
        await until(lambda: not engine.is_up)
        venue.balances["USD"] -= D(500)
        await until(lambda: engine.is_up)

    with_gateway(test, times=times(reconcile_seconds=0.005))


def test_our_own_trades_tie_out_on_both_sides_and_on_perpetuals() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        now_ns = subject._clock_ns()
        subject.send(
            [
                order("a1"),
                order("a2", side=Side.SELL, qty=D("0.7")),
                order("a3", symbol="BTC-PERP"),
            ],
            now_ns,
        )
        await until(lambda: all("filled" in engine.statuses(one) for one in ("a1", "a2", "a3")))
        before = venue.count("GET /account")
        await until(lambda: venue.count("GET /account") > before + 2)
        assert engine.is_up
        assert all(told.is_up for told in engine.of(VenueStatus)[-1:])
        assert not [told for told in engine.of(VenueStatus) if "not ours" in told.reason]

    with_gateway(test, times=times(reconcile_seconds=0.005))


def test_strangers_on_the_account_are_reported() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.strange_order()
        await venue.push(venue.orders["stranger"], private=True)
        await until(lambda: not engine.is_up)
        assert engine.down_reason == "open order stranger is not ours"
        venue.fill(venue.orders["stranger"], D(1))
        await until(lambda: "order stranger filled and is not ours" in engine.down_reason)
        await until(lambda: "1 BTC is not ours by any fill" in engine.down_reason)
        subject.resume()
        await until(lambda: engine.is_up)
        assert not engine.updates("stranger")

    with_gateway(test)


def test_an_account_that_cannot_be_asked_keeps_the_venue_down_until_it_can() -> None:
    async def test(venue: TinyVenue, _subject: VenueGateway, engine: Engine) -> None:
        venue.faults["GET /account"].extend(["503"] * 3)
        await until(lambda: not engine.is_up)
        assert engine.down_reason.startswith("cannot be compared: tiny: http 503")
        await until(lambda: engine.is_up)

    with_gateway(test, times=times(reconcile_seconds=0.01))
