"""Bithumb's refusals on the wire: status, error name, message.

Where money is concerned the name is a word and the status says what it should
(apidocs.bithumb.com/docs/api-주요-에러-코드 of 2026-10-27, read 2026-11-22); market data answers
200 with the status as a number for a name (live captures of 2026-09-23 published in
nemanull/arbitrage-observatory).
"""

from typing import Final

from aiohttp import web

from arbitrage.sim.protocols.korean_errors import InvalidValue, Refusal, error_answer

# Words of the core -> words of the venue; {side} is ask or bid. Documented are invalid_price_*,
# invalid_parameter and the name of an unknown coin; the others are unconfirmed, and those for
# funds and totals are Upbit's.
_REASONS: Final = {
    "unknown_symbol": "currency does not have a valid value",
    "lot_size": "invalid_parameter",
    "min_qty": "invalid_parameter",
    "max_qty": "invalid_parameter",
    "max_price": "invalid_price_{side}",
    "tick_size": "invalid_price_{side}",
    "price_missing": "invalid_parameter",
    "min_notional": "under_min_total_{side}",
    "no_book": "invalid_parameter",
    "insufficient_balance": "insufficient_funds_{side}",
}

_MESSAGES: Final = {
    "invalid_parameter": "잘못된 파라미터 입니다.",
    "invalid_price_ask": "주문가격 단위를 잘못 입력하셨습니다. 확인 후 시도해주세요.",
    "invalid_price_bid": "주문가격 단위를 잘못 입력하셨습니다. 확인 후 시도해주세요.",
    "currency does not have a valid value": "빗썸에서 지원하지 않는 코인 입니다.",
    "invalid_query_payload": "Jwt의 query를 검증하는데 실패하였습니다.",
    "jwt_verification": "Jwt 토큰 검증에 실패했습니다.",
    "expired_jwt": "Jwt가 만료되었습니다.",
    "out_of_scope": "권한이 부족합니다.",
    "order_not_found": "주문을 찾지 못했습니다.",
}
_STATUS: Final = {
    "order_not_found": 404,
    **dict.fromkeys(("invalid_query_payload", "jwt_verification", "expired_jwt"), 401),
}


class BithumbRefusal(Refusal):
    """A request is refused with one of the venue's error names."""

    def __init__(self, name: str, message: str = "") -> None:
        told = message or _MESSAGES.get(name, name.replace("_", " "))
        super().__init__(name, told, _STATUS.get(name, 400))

    @classmethod
    def of(cls, error: Refusal | InvalidValue) -> Refusal:
        """What the venue says of an error; a wrong value has its name here."""
        return error if isinstance(error, Refusal) else cls("invalid_parameter", str(error))


def refusal_of(reason: str, side: str) -> BithumbRefusal:
    """The venue's refusal for a reason of the core; `side` is ask or bid."""
    return BithumbRefusal(_REASONS[reason].format(side=side))


def trouble_answer(status: int, *, is_market_data: bool) -> web.Response:
    """The answer to a request that is refused unseen: 429 or 5xx. The venue has no 418; whoever is
    blocked hears 429."""
    status = 429 if status == 418 else status
    name, message = {
        429: ("too_many_requests", "요청 수 제한을 초과했습니다."),
        503: ("service_unavailable", "서비스 점검 중입니다."),
    }.get(status, ("server_error", "서버 내부 오류로 요청을 처리할 수 없습니다."))
    return error_answer(status, status if is_market_data else name, message)
