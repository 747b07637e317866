"""The words of the terminal in every language it speaks, and nothing else.

Keys are the same in all languages (a test says so). Refusal reasons, order states and risk levels
are identifiers of the system: they read the same everywhere and are not translated.
"""

from collections.abc import Mapping
from typing import Final

from arbitrage.domain.errors import ConfigError

CATALOGUE: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "up": "up",
        "stale": "stale",
        "down": "down",
        "age": "age",
        "latency": "latency",
        "events": "events",
        "events_per_second": "events/s",
        "risk": "risk",
        "step": "step",
        "route": "Route",
        "premium": "Premium bps",
        "long": "Long",
        "edge": "Net bps",
        "open": "Open",
        "position": "Position $",
        "trades": "Trades",
        "pnl": "PnL $",
        "price": "Price $",
        "fx": "FX $",
        "fees": "Fees $",
        "funding": "Funding $",
        "top_refusal": "Most refused for",
        "more_routes": "{count} more routes",
        "pnl_parts": "price {price}, FX {fx}, fees {fees}, funding {funding}",
        "trade_counts": "{opened} opened, {closed} closed, {open} open",
        "refused": "refused",
        "nothing_refused": "nothing refused yet",
        "open_trades": "Open trades",
        "phase": "Phase",
        "notional": "Notional $",
        "duration": "Age",
        "summary": "Summary",
        "total": "Total",
        "routes_without_trades": "{count} routes without a closed trade",
        "no_trades": "No trade was closed.",
        "reason": "Refused for",
        "count": "Count",
        "share": "Share",
        "no_refusals": "No opportunity was refused.",
        "still_open": "Still open: {count} ({notional} $), not in the PnL",
        "simulated": (
            "Simulated: premiums run {time_scale:g}x real speed, {per_hour:g} staged jumps "
            "per market-hour"
        ),
    },
    "ko": {
        "up": "정상",
        "stale": "오래됨",
        "down": "끊김",
        "age": "경과",
        "latency": "지연시간",
        "events": "건",
        "events_per_second": "건/초",
        "risk": "위험",
        "step": "처리",
        "route": "경로",
        "premium": "프리미엄 bps",
        "long": "매수",
        "edge": "순이익 bps",
        "open": "진행",
        "position": "포지션 $",
        "trades": "거래",
        "pnl": "손익 $",
        "price": "가격 $",
        "fx": "환율 $",
        "fees": "수수료 $",
        "funding": "펀딩 $",
        "top_refusal": "주된 거절 사유",
        "more_routes": "외 {count}개 경로",
        "pnl_parts": "가격 {price}, 환율 {fx}, 수수료 {fees}, 펀딩 {funding}",
        "trade_counts": "진입 {opened}, 청산 {closed}, 진행 {open}",
        "refused": "거절",
        "nothing_refused": "아직 거절 없음",
        "open_trades": "진행 중인 거래",
        "phase": "단계",
        "notional": "규모 $",
        "duration": "경과",
        "summary": "요약",
        "total": "합계",
        "routes_without_trades": "청산된 거래가 없는 경로 {count}개",
        "no_trades": "청산된 거래가 없습니다.",
        "reason": "거절 사유",
        "count": "횟수",
        "share": "비율",
        "no_refusals": "거절된 기회가 없습니다.",
        "still_open": "진행 중: {count}건 ({notional} $), 손익에 미포함",
        "simulated": (
            "모의 시장: 프리미엄 {time_scale:g}배속, "
            "시장마다 모의 1시간당 인위적 급변 {per_hour:g}회"
        ),
    },
}


def words(language: str) -> Mapping[str, str]:
    """The words of `language`. Raises `ConfigError` for one that is not spoken here."""
    if language not in CATALOGUE:
        raise ConfigError(
            f"language is {language!r}; expected one of {', '.join(sorted(CATALOGUE))}"
        )
    return CATALOGUE[language]
