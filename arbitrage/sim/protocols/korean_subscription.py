"""What a client of Upbit's or Bithumb's streams asks for, read from one request frame.

`[{"ticket":"x"},{"type":"orderbook","codes":["KRW-BTC.15"],"level":0},…,{"format":"SIMPLE"}]`
(docs.upbit.com/kr/reference/websocket-guide, apidocs.bithumb.com/reference/기본-정보, read
2026-11-22). Codes that nobody lists, and codes in lower case, are kept and never answered.
"""

from typing import Any, Final

import msgspec

PUBLIC_TYPES: Final = frozenset({"ticker", "trade", "orderbook"})
PRIVATE_TYPES: Final = frozenset({"myOrder", "myAsset"})
FORMATS: Final = frozenset({"DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"})

_MESSAGES: Final = {
    "INVALID_AUTH": "인증 정보가 올바르지 않습니다.",
    "WRONG_FORMAT": "Format 이 맞지 않습니다.",
    "NO_TICKET": "티켓이 존재하지 않거나, 유효하지 않습니다.",
    "NO_TYPE": "type 필드가 존재하지 않습니다.",
    "NO_CODES": "codes 필드가 존재하지 않습니다.",
    "INVALID_PARAM": "codes 필드가 비어 있습니다.",
    "TOO_MANY_REQUESTS": "요청 수 제한을 초과했습니다.",
}


class StreamRefusal(Exception):
    """A request frame is refused; the venue sends the error and closes."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def frame(self) -> bytes:
        error = {"name": self.name, "message": _MESSAGES[self.name]}
        return msgspec.json.encode({"error": error})


class RequestRules(msgspec.Struct, frozen=True, kw_only=True):
    """Where the venues differ: how many levels a book may have (the last is what it has unless
    said), and the names of the flags."""

    level_counts: tuple[int, ...]
    only_snapshot: tuple[str, ...]
    only_realtime: tuple[str, ...]


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One type field: `codes` are markets with the number of levels asked for."""

    type: str
    codes: dict[str, int] = {}
    level: float = 0.0
    wants_snapshot: bool = True
    wants_realtime: bool = True

    def covers(self, code: str) -> bool:
        """Whether the topic is about a market; a private one without codes is about all."""
        return code in self.codes or (not self.codes and self.type in PRIVATE_TYPES)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A whole request; `is_list_request` asks what is subscribed and changes nothing."""

    ticket: str
    topics: tuple[Topic, ...] = ()
    format: str = "DEFAULT"
    is_list_request: bool = False

    @property
    def is_simple(self) -> bool:
        return self.format.startswith("SIMPLE")

    @property
    def is_list(self) -> bool:
        return self.format.endswith("LIST")


def read_subscription(frame: str | bytes, rules: RequestRules, *, is_private: bool) -> Subscription:
    """Read a request frame. Raises `StreamRefusal`."""
    try:
        parts = msgspec.json.decode(frame, type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise StreamRefusal("WRONG_FORMAT") from error
    ticket = next((part["ticket"] for part in parts if "ticket" in part), None)
    if not isinstance(ticket, str) or not ticket:
        raise StreamRefusal("NO_TICKET")
    chosen = next((part["format"] for part in parts if "format" in part), "DEFAULT")
    if chosen not in FORMATS:
        raise StreamRefusal("WRONG_FORMAT")
    if any(part.get("method") == "LIST_SUBSCRIPTIONS" for part in parts):
        return Subscription(ticket=ticket, format=chosen, is_list_request=True)
    topics = tuple(_topic(part, rules, is_private=is_private) for part in parts if "type" in part)
    if not topics:
        raise StreamRefusal("NO_TYPE")
    return Subscription(ticket=ticket, topics=topics, format=chosen)


def _topic(part: dict[str, Any], rules: RequestRules, *, is_private: bool) -> Topic:
    kind = part["type"]
    if kind not in PUBLIC_TYPES | PRIVATE_TYPES:
        raise StreamRefusal("INVALID_PARAM")
    if (kind in PRIVATE_TYPES) != is_private:
        raise StreamRefusal("INVALID_AUTH" if kind in PRIVATE_TYPES else "INVALID_PARAM")
    codes = part.get("codes")
    if kind == "myAsset" and codes is not None:
        raise StreamRefusal("WRONG_FORMAT")
    if codes is None and kind in PUBLIC_TYPES:
        raise StreamRefusal("NO_CODES")
    if codes is not None and not (
        isinstance(codes, list) and all(isinstance(code, str) for code in codes)
    ):
        raise StreamRefusal("WRONG_FORMAT")
    if codes == [] and kind in PUBLIC_TYPES:
        raise StreamRefusal("INVALID_PARAM")
    return Topic(
        type=kind,
        codes=dict(_code(code, rules.level_counts) for code in codes or ()),
        level=float(part.get("level") or 0),
        wants_snapshot=not any(part.get(name) is True for name in rules.only_realtime),
        wants_realtime=not any(part.get(name) is True for name in rules.only_snapshot),
    )


def _code(code: str, level_counts: tuple[int, ...]) -> tuple[str, int]:
    """`KRW-BTC.15` is the market and a number of levels."""
    market, _, suffix = code.partition(".")
    count = int(suffix) if suffix.isdigit() else level_counts[-1]
    return market, count if count in level_counts else level_counts[-1]
