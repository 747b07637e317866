from arbitrage.sim.fault_gate import FaultGate
from arbitrage.sim.faults import FaultPlan

SCRIPT = """
[[fault]]
kind = "drop"
nth = [2]
[[fault]]
kind = "clock_skew"
skew_seconds = 1.0
until_seconds = 1.0
[[fault]]
kind = "restart"
from_seconds = 1.0
until_seconds = 2.0
[[fault]]
kind = "maintenance"
from_seconds = 2.0
[[fault]]
kind = "frozen_book"
what = "BTC"
"""


class Clock:
    now_ns = 5_000_000_000

    def __call__(self) -> int:
        return self.now_ns


def test_every_subject_is_counted_for_itself() -> None:
    gate = FaultGate(FaultPlan.parse(SCRIPT), "upbit", Clock())
    assert [bool(gate.request("GET /a")) for _ in range(3)] == [False, True, False]
    assert [bool(gate.request("GET /b")) for _ in range(2)] == [False, True]
    assert [bool(gate.frame("GET /a", is_book=False)) for _ in range(2)] == [False, True]


def test_time_is_counted_from_the_start() -> None:
    clock = Clock()
    gate = FaultGate(FaultPlan.parse(SCRIPT), "upbit", clock)
    assert (gate.skew_ns, gate.is_down, gate.is_in_maintenance) == (1_000_000_000, False, False)
    assert gate.is_frozen("KRW-BTC")
    clock.now_ns += 1_000_000_000
    assert (gate.skew_ns, gate.is_down, gate.is_in_maintenance) == (0, True, False)
    clock.now_ns += 1_000_000_000
    assert (gate.elapsed_ns, gate.is_down, gate.is_in_maintenance) == (2_000_000_000, False, True)
    assert gate.boundaries_ns == [0, 1_000_000_000, 2_000_000_000]


def test_without_faults_nothing_is_counted() -> None:
    gate = FaultGate(FaultPlan(), "upbit", Clock())
    assert gate.request("GET /a") is None
    assert gate.frame("book", is_book=True) is None
