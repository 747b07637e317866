"""Hundreds of seeded worlds full of trouble; `ARBITRAGE_FAULT_SEEDS` says how many."""

import os
from collections import Counter

import pytest
from engine.fault_scenario import FaultRun

SEEDS = int(os.environ.get("ARBITRAGE_FAULT_SEEDS", "160"))
BLOCKS = 8


def run_of(seed: int) -> FaultRun:
    """A whole run, every invariant checked; whatever fails names its seed."""
    run = FaultRun(seed)
    try:
        run.run()
        run.check_the_end()
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise
    return run


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_run_ends_flat_or_halted_with_the_true_residual(block: int) -> None:
    for seed in range(block, SEEDS, BLOCKS):
        run_of(seed)


def test_the_trouble_really_happens() -> None:
    """Runs in which nothing goes wrong would prove nothing."""
    seen: Counter[str] = Counter()
    for seed in range(16):
        run = run_of(seed)
        seen.update(intent.purpose.value for intent in run.engine.placed)
        seen["halted"] += run.engine.halts
        seen["closed"] += sum(each.totals.trades for each in run.engine.routes.values())
        seen["late"] += sum(len(gateway.surprises) for gateway in run.gateways)
        for state in run.engine.routes.values():
            seen.update(state.refusals.keys())
    expected = {"entry", "exit", "hedge", "reverse", "halted", "closed", "late"}
    expected |= {"in_doubt", "busy", "balance", "opposite_open", "risk:flatten"}
    assert expected <= {what for what, count in seen.items() if count}
