import pytest
from sim_bybit import Visit, next_frame, settle, show, visit

from arbitrage.sim.protocols import bybit_session
from arbitrage.sim.protocols.bybit_session import read_operation


@pytest.mark.parametrize(("category", "said"), [("linear", ""), ("spot", "subscribe")])
def test_a_subscription_is_confirmed_before_its_snapshot(category: str, said: str) -> None:
    async def client(here: Visit) -> None:
        async with here.stream(f"/v5/public/{category}") as stream:
            topic = "orderbook.50.BTCUSDT"
            await stream.send_json({"op": "subscribe", "args": [topic], "req_id": "7"})
            told = await next_frame(stream)
            assert (told["success"], told["ret_msg"], told["op"]) == (True, said, "subscribe")
            assert told["req_id"] == "7"
            first = await next_frame(stream)
            assert (first["topic"], first["type"]) == (topic, "snapshot")

    visit(client)


def test_subscribing_again_brings_a_new_snapshot() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/public/linear") as stream:
            topics = ["orderbook.50.BTCUSDT"]
            await stream.send_json({"op": "subscribe", "args": topics})
            await next_frame(stream)
            first = await next_frame(stream)
            await stream.send_json({"op": "unsubscribe", "args": [*topics, "tickers.ETHUSDT"]})
            assert (await next_frame(stream))["op"] == "unsubscribe"
            show(here.core, bids=[(77_990.0, 1.0)])
            await settle()
            await stream.send_json({"op": "subscribe", "args": topics})
            await next_frame(stream)
            again = await next_frame(stream)
            assert again["type"] == "snapshot"
            assert again["data"]["u"] > first["data"]["u"]
            assert again["data"]["b"] == [["77990.0", "1.000"]]

    visit(client)


@pytest.mark.parametrize(
    ("category", "args", "reason"),
    [
        ("linear", ["tickers.NOPE"], "handler not found,topic:tickers.NOPE"),
        ("linear", ["orderbook.50.BTCUSDT", "nope"], "handler not found,topic:nope"),
        ("linear", [], "args size"),
        ("linear", "tickers.BTCUSDT", "args size"),
        ("linear", [1], "args size"),
        ("spot", ["tickers.BTCUSDT"] * 11, "args size"),
        ("linear", ["x" * 30_000], "too long"),
    ],
)
def test_a_request_that_names_something_unknown_is_refused_whole(
    category: str, args: object, reason: str
) -> None:
    async def client(here: Visit) -> None:
        async with here.stream(f"/v5/public/{category}") as stream:
            await stream.send_json({"op": "subscribe", "args": args})
            told = await next_frame(stream)
            assert not told["success"]
            assert reason in told["ret_msg"]
            await stream.send_json({"op": "ping"})
            assert (await next_frame(stream))["ret_msg"] == "pong"

    visit(client)


def test_who_subscribes_twice_is_told_so() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/public/linear") as stream:
            for _ in range(2):
                await stream.send_json({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})
            assert (await next_frame(stream))["success"]
            assert "already subscribed" in (await next_frame(stream))["ret_msg"]

    visit(client)


@pytest.mark.parametrize("frame", ["{}", "nonsense", '{"op":"dance"}', '{"op":1}', "[]"])
def test_what_is_no_operation_is_refused(frame: str) -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/public/linear") as stream:
            await stream.send_str(frame)
            told = await next_frame(stream)
            assert (told["success"], told["ret_msg"]) == (False, "error:invalid op")

    visit(client)


def test_a_connection_that_ends_leaves_its_topics() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/public/linear") as stream:
            await stream.send_json({"op": "subscribe", "args": ["tickers.BTCUSDT"]})
            await next_frame(stream)
        await settle()
        streams = next(iter(here.server.protocol._streams.values()))  # type: ignore[attr-defined]
        assert not any(topic.listeners for topic in streams._topics.values())

    visit(client)


def test_a_silent_connection_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbitrage.sim.protocols.bybit.IDLE_SECONDS", 0.05)

    async def client(here: Visit) -> None:
        async with here.stream("/v5/public/linear") as stream:
            message = await stream.receive(timeout=2)
            assert message.type.name in ("CLOSED", "ERROR")

    visit(client)


def test_arguments_are_names_of_topics_or_nothing() -> None:
    assert read_operation('{"op":"subscribe","args":["a"]}').topics() == ["a"]
    assert read_operation('{"op":"subscribe"}').topics() == []
    assert bybit_session.connection_id() != bybit_session.connection_id()
