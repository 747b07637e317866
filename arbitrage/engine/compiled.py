"""The second speed of `engine.arithmetic`: the same functions compiled for arrays.

Nothing is computed here. Each function is the plain one of its name, compiled by numba for
`n x 2` float64 arrays of `(price, qty)` rows, and equal to it to the last bit (`fastmath` stays
off, so nothing is reordered). Replay and research import this; the live path never does.
"""

from collections.abc import Callable
from typing import TypeVar

from arbitrage.engine import arithmetic

try:
    from numba import njit
except ImportError as error:
    raise ImportError(
        "the compiled arithmetic needs numba, which is not installed; "
        "add it with: pip install 'arbitrage[research]'"
    ) from error

Result = TypeVar("Result")


def _for_arrays(function: Callable[..., Result]) -> Callable[..., Result]:
    """`function` compiled at its first call and kept on disk beside its source."""
    compiled: Callable[..., Result]
    try:
        compiled = njit(cache=True)(function)
    except RuntimeError:  # no directory to keep it in may be written
        compiled = njit(function)
    return compiled


gross_edge_bps = _for_arrays(arithmetic.gross_edge_bps)
walk = _for_arrays(arithmetic.walk)
take_price = _for_arrays(arithmetic.take_price)
decayed_mean = _for_arrays(arithmetic.decayed_mean)
