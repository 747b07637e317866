from typing import Any

import pytest
from sim_usdm import BIDS, Visit, next_frame, settle, show, visit

from arbitrage.sim.protocols.binance_session import CommandRefusal, read_command

DEPTH = "btcusdt@depth@0ms"


def change(it: Visit, qty: float) -> None:
    show(it.core, [(78_000.0, qty), BIDS[1]])


async def ask(stream: Any, method: str, params: list[str] | None = None, number: int = 1) -> Any:
    """A command and its answer."""
    said: dict[str, Any] = {"method": method, "id": number}
    await stream.send_json(said if params is None else {**said, "params": params})
    return await next_frame(stream)


# --- commands ------------------------------------------------------------------------------------


def test_a_command_names_its_method_streams_and_id() -> None:
    command = read_command('{"method":"SUBSCRIBE","params":["a@b"],"id":7}')
    assert (command.method, command.params, command.id) == ("SUBSCRIBE", ["a@b"], 7)
    assert read_command('{"method":"LIST_SUBSCRIPTIONS","id":"x"}').params == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", 3),
        ("[]", 2),
        ('{"method":"SUBSCRIBE","params":[]}', 2),
        ('{"method":"SUBSCRIBE","params":[],"id":true}', 2),
        ('{"method":"PING","id":1}', 2),
        ('{"method":"SUBSCRIBE","params":"a","id":1}', 2),
        ('{"method":"SUBSCRIBE","params":[1],"id":1}', 2),
    ],
)
def test_a_command_that_cannot_be_read_is_refused(frame: str, code: int) -> None:
    with pytest.raises(CommandRefusal) as refused:
        read_command(frame)
    assert refused.value.code == code


# --- sessions ------------------------------------------------------------------------------------


def test_a_subscription_is_acknowledged_and_then_served() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/public/ws") as stream:
            assert await ask(stream, "SUBSCRIBE", [DEPTH]) == {"result": None, "id": 1}
            change(it, 2.0)
            assert (await next_frame(stream))["e"] == "depthUpdate"

    visit(client)


def test_streams_of_the_address_are_served_from_the_start() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(f"/public/ws/{DEPTH}/btcusdt@bookTicker") as stream:
            listed = await ask(stream, "LIST_SUBSCRIPTIONS")
            assert listed == {"result": [DEPTH, "btcusdt@bookTicker"], "id": 1}
            change(it, 2.0)
            kinds = [(await next_frame(stream))["e"] for _ in range(2)]
            assert kinds == ["depthUpdate", "bookTicker"]

    visit(client)


def test_a_combined_session_names_the_stream_of_every_event() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(f"/public/stream?streams={DEPTH}/btcusdt@bookTicker") as stream:
            await ask(stream, "LIST_SUBSCRIPTIONS")
            change(it, 2.0)
            frame = await next_frame(stream)
            assert (frame["stream"], frame["data"]["s"]) == (DEPTH, "BTCUSDT")

    visit(client)


def test_what_was_unsubscribed_is_not_sent() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(f"/public/ws/{DEPTH}/btcusdt@bookTicker") as stream:
            assert (await ask(stream, "UNSUBSCRIBE", [DEPTH, "other"]))["result"] is None
            change(it, 2.0)
            assert (await next_frame(stream))["e"] == "bookTicker"

    visit(client)


def test_a_stream_on_the_wrong_path_is_taken_and_stays_silent() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/market/ws") as stream:
            assert (await ask(stream, "SUBSCRIBE", [DEPTH, "nope@depth"]))["result"] is None
            change(it, 2.0)
            listed = await ask(stream, "LIST_SUBSCRIPTIONS")
            assert listed["result"] == [DEPTH, "nope@depth"]

    visit(client)


def test_a_stream_that_is_asked_for_twice_is_sent_once() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(f"/public/ws/{DEPTH}") as stream:
            await ask(stream, "SUBSCRIBE", [DEPTH])
            change(it, 2.0)
            assert (await next_frame(stream))["e"] == "depthUpdate"
            assert (await ask(stream, "LIST_SUBSCRIPTIONS"))["result"] == [DEPTH]

    visit(client)


def test_a_wrong_command_is_answered_by_an_error() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/public/ws") as stream:
            answer = await ask(stream, "HELLO", number=9)
            assert (answer["error"]["code"], answer["id"]) == (2, 9)
            names = [f"{number}@depth" for number in range(1025)]
            assert (await ask(stream, "SUBSCRIBE", names))["error"]["code"] == 2

    visit(client)


def test_who_says_too_much_is_disconnected() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/public/ws") as stream:
            for number in range(11):
                await stream.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
            for _ in range(10):
                await next_frame(stream)
            await stream.receive(timeout=2)
            assert stream.close_code == 1008

    visit(client)


def test_who_has_left_leaves_nothing_behind() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(f"/public/ws/{DEPTH}") as stream:
            await ask(stream, "LIST_SUBSCRIPTIONS")
        await settle()
        change(it, 2.0)

    visit(client)


def test_a_gap_fault_loses_a_frame_whose_number_is_missed() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(f"/public/ws/{DEPTH}") as stream:
            await ask(stream, "LIST_SUBSCRIPTIONS")
            for qty in (2.0, 3.0, 4.0):
                change(it, qty)
            first, third = await next_frame(stream), await next_frame(stream)
            assert third["pu"] > first["u"]

    visit(client, '[[fault]]\nkind = "gap"\nwhat = "depth BTCUSDT"\nnth = [2]')
