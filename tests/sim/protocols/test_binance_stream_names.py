from arbitrage.sim.protocols.binance_stream_names import Kind, StreamName


def test_fault_scripts_know_books_as_depth() -> None:
    for kind, subject in (
        (Kind.DEPTH, "depth BTCUSDT"),
        (Kind.PARTIAL_DEPTH, "depth BTCUSDT"),
        (Kind.BOOK_TICKER, "bookTicker BTCUSDT"),
    ):
        stream = StreamName("a name", kind, "BTCUSDT")
        assert stream.subject == subject
        assert kind.is_book == ("depth" in subject)


def test_marks_and_tickers_are_sent_by_the_second() -> None:
    timed = {Kind.MARK_PRICE, Kind.TICKER, Kind.MINI_TICKER}
    assert {kind for kind in Kind if kind.is_timed} == timed
