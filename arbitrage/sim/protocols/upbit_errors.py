"""Upbit's refusals on the wire: status, error name, message.

`{"error":{"name":"insufficient_funds_bid","message":"..."}}`; on the quotation API the name is the
HTTP status as a number, on the exchange API a word (docs.upbit.com/kr/reference/rest-api-guide,
read 2026-11-22). Messages are the venue's Korean ones where they are known, else plain English.
"""

from typing import Final

from aiohttp import web

from arbitrage.sim.protocols.korean_errors import InvalidValue, Refusal, error_answer

# Words of the core -> words of the venue; {side} is ask or bid. Unconfirmed, because not in the
# venue's list: duplicated_identifier, volume_too_large (known to ccxt), create_*_error for lots.
_REASONS: Final = {
    "duplicate_client_id": "duplicated_identifier",
    "unknown_symbol": "validation_error",
    "lot_size": "create_{side}_error",
    "min_qty": "create_{side}_error",
    "max_qty": "create_{side}_error",
    "max_price": "create_{side}_error",
    "tick_size": "invalid_price_{side}",
    "price_missing": "create_{side}_error",
    "min_notional": "under_min_total_{side}",
    "no_book": "create_{side}_error",
    "volume_too_large": "volume_too_large",
    "insufficient_balance": "insufficient_funds_{side}",
}

_MESSAGES: Final = {
    "order_not_found": "주문을 찾지 못했습니다.",
    "invalid_access_key": "잘못된 엑세스 키입니다.",
    "jwt_verification": "Jwt 토큰 검증에 실패했습니다.",
    "invalid_query_payload": "Jwt의 query를 검증하는데 실패하였습니다.",
    "nonce_used": "이미 요청한 nonce값이 다시 사용되었습니다.",
    "no_authorization_token": "인증 토큰이 없습니다.",
    "out_of_scope": "권한이 부족합니다.",
    "insufficient_funds_bid": "주문가능한 금액이 부족합니다.",
    "insufficient_funds_ask": "주문가능한 금액이 부족합니다.",
    "under_min_total_bid": "최소 주문 금액 미만의 주문입니다.",
    "under_min_total_ask": "최소 주문 금액 미만의 주문입니다.",
    "invalid_price_bid": "주문가격 단위를 잘못 입력하셨습니다.",
    "invalid_price_ask": "주문가격 단위를 잘못 입력하셨습니다.",
}
_STATUS: Final = {
    "order_not_found": 404,
    "out_of_scope": 403,
    **dict.fromkeys(
        (
            "invalid_query_payload",
            "jwt_verification",
            "expired_access_key",
            "nonce_used",
            "no_authorization_token",
            "invalid_access_key",
        ),
        401,
    ),
}


class UpbitRefusal(Refusal):
    """A request is refused with one of the venue's error names."""

    def __init__(self, name: str, message: str = "") -> None:
        told = message or _MESSAGES.get(name, name.replace("_", " "))
        super().__init__(name, told, _STATUS.get(name, 400))

    @classmethod
    def of(cls, error: Refusal | InvalidValue) -> Refusal:
        """What the venue says of an error; a wrong value has its name here."""
        return error if isinstance(error, Refusal) else cls("validation_error", str(error))


def refusal_of(reason: str, side: str) -> UpbitRefusal:
    """The venue's refusal for a reason of the core; `side` is ask or bid."""
    return UpbitRefusal(_REASONS[reason].format(side=side))


def trouble_answer(status: int, *, is_quotation: bool, ban_seconds: int) -> web.Response:
    """The answer to a request that is refused unseen: 429, 418 or 5xx. That a 418 tells the time
    of the ban is documented, in which words is not."""
    name, message = {
        429: ("too_many_requests", "요청 수 제한을 초과했습니다."),
        418: ("blocked", f"과도한 요청이 반복되어 차단되었습니다. {ban_seconds}초 후 다시 시도"),
        503: ("service_unavailable", "서비스 점검 중입니다."),
    }.get(status, ("server_error", "서버 내부 오류로 요청을 처리할 수 없습니다."))
    return error_answer(status, status if is_quotation else name, message)
