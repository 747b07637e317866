"""How Upbit writes numbers and ids, on REST and on its streams."""

from decimal import Decimal
from functools import lru_cache
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from arbitrage.domain.units import plain

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "sim.upbit")
# From here on a double is written with an exponent, as Java does.
_EXPONENT_FROM: Final = 1e7
_EXPONENT_BELOW: Final = 1e-3
_NODE_BITS: Final = 48


@lru_cache(maxsize=65_536)
def double(value: float) -> msgspec.Raw:
    """A double as Upbit's DEFAULT frames write it.

    >>> bytes(double(116539000.0)), bytes(double(127.0)), bytes(double(0.0005))
    (b'1.16539E8', b'127.0', b'5.0E-4')
    """
    if value == 0 or _EXPONENT_BELOW <= abs(value) < _EXPONENT_FROM:
        return msgspec.Raw(repr(float(value)).encode())
    digits, _, exponent = f"{Decimal(repr(float(value))):E}".partition("E")
    head, _, tail = digits.partition(".")
    tail = tail.rstrip("0") or "0"
    return msgspec.Raw(f"{head}.{tail}E{int(exponent)}".encode())


@lru_cache(maxsize=65_536)
def plain_double(value: float) -> msgspec.Raw:
    """A double as Upbit's SIMPLE frames and its REST answers write it: never an exponent.

    >>> bytes(plain_double(116539000.0)), bytes(plain_double(0.00001))
    (b'116539000.0', b'0.00001')
    """
    text = plain(Decimal(repr(float(value))))
    return msgspec.Raw((text if "." in text else f"{text}.0").encode())


def exact(value: Decimal) -> msgspec.Raw:
    """An exact amount as a JSON number."""
    return msgspec.Raw(plain(value).encode())


def order_uuid(order_id: int, created_ns: int) -> str:
    """The venue's id of an order; the time keeps ids of two runs apart. It ends in the core's
    number, so that it can be found again."""
    scattered = uuid5(_NAMESPACE, f"order {order_id} {created_ns}").int >> _NODE_BITS
    return str(UUID(int=(scattered << _NODE_BITS) | order_id, version=4))


def order_id_of(uuid: str) -> int:
    """The core's number of an order, zero for what cannot be one."""
    try:
        return UUID(uuid).node
    except ValueError:
        return 0


def trade_uuid(trade_id: int, ts_ns: int) -> str:
    """The venue's id of a fill."""
    return str(uuid5(_NAMESPACE, f"trade {trade_id} {ts_ns}"))
