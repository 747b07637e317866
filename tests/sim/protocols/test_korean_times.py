from arbitrage.sim.protocols.korean_times import korean_time, kst, ms, utc

NOW_NS = 1_795_000_000_123_456_789


def test_times_are_in_seoul_unless_they_say_utc() -> None:
    assert ms(NOW_NS) == 1_795_000_000_123
    assert korean_time(NOW_NS) == "2026-11-18T20:06:40+09:00"
    assert utc(NOW_NS, "%Y-%m-%d %H:%M:%S") == "2026-11-18 11:06:40"
    assert kst(NOW_NS, "%H%M%S") == "200640"
