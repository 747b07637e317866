"""What a tap hears of a feed: everything, before it was decoded, in the order of the events."""

from collections.abc import Sequence

from net.loopback import run, until
from net.tiny_plan import Engine, gateway, tiny_plan
from net.tiny_venue import tiny_venue

from arbitrage.exchanges.order_gateway import Answer


class Heard:
    """A tap that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, int]] = []

    def frame(self, connection: str, frame: bytes, ts_ns: int) -> None:
        self.calls.append((f"frame {connection}", frame.decode(), ts_ns))

    def answer(self, symbol: str, answer: Answer, ts_ns: int) -> None:
        self.calls.append((f"answer {symbol}", answer.body.decode(), ts_ns))

    def lost(self, symbols: Sequence[str], ts_ns: int) -> None:
        self.calls.append((f"lost {' '.join(symbols)}", "", ts_ns))

    def of(self, what: str) -> list[tuple[str, str, int]]:
        return [call for call in self.calls if call[0].startswith(what)]


def test_messages_snapshots_and_losses_are_heard_with_the_stamps_of_their_events() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            plan = tiny_plan(venue, private=None, clock=None, diffs=True)
            heard, engine = Heard(), Engine()
            subject = gateway(plan, ["BTC-USD"], tap=heard)
            await subject.astart(engine)
            await until(engine.books)
            await venue.push(b'{"ch":"diff","s":"BTC-USD","b":"torn"}')
            await until(lambda: len(engine.books()) == 3)
            await subject.astop()
        answers, (lost,) = heard.of("answer"), heard.of("lost")
        stamps = [answers[0][2], lost[2], answers[-1][2]]
        assert stamps == [book.ts_ns for book in engine.books()]
        assert lost[0] == "lost BTC-USD"
        torn = next(place for place, call in enumerate(heard.calls) if "torn" in call[1])
        assert heard.calls[torn][0] == "frame tiny book 1"
        assert heard.calls[torn + 1] == lost  # the message first, then what it led to

    run(work)


def test_a_closed_connection_loses_the_books_that_it_carried() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            plan = tiny_plan(venue, private=None, clock=None)
            heard, engine = Heard(), Engine()
            subject = gateway(plan, tap=heard)
            await subject.astart(engine)
            await until(lambda: venue.subscriptions)
            await venue.push_book()
            await until(engine.books)
            await venue.market[0].close()
            await until(lambda: heard.of("lost"))
            await subject.astop()
        assert heard.of("lost")[0][0] == "lost BTC-USD BTC-PERP"
        assert engine.books()[0].ts_ns in [ts_ns for _, _, ts_ns in heard.of("frame")]

    run(work)
