"""The account: balances, positions, fees, its settings, and the key of the user stream."""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.binance_usdm import facts
from arbitrage.exchanges.binance_usdm.answers import failure, read
from arbitrage.exchanges.binance_usdm.auth import RequestSigner, encoded
from arbitrage.exchanges.binance_usdm.facts import VENUE
from arbitrage.exchanges.binance_usdm.refusals import NOTHING_TO_CHANGE, error_of
from arbitrage.exchanges.binance_usdm.wire import require_plain
from arbitrage.exchanges.order_gateway import AccountState, Answer, Lane, Request

_LISTEN_KEY = "/fapi/v1/listenKey"
_POSITION_MODE = "/fapi/v1/positionSide/dual"
MARGIN_TYPES = ("CROSSED", "ISOLATED")
MAX_LEVERAGE = 125


class _Asset(msgspec.Struct, rename="camel"):
    asset: str
    wallet_balance: Decimal
    available_balance: Decimal

    def __post_init__(self) -> None:
        require_plain(self.wallet_balance, self.available_balance)


class _HeldPosition(msgspec.Struct, rename="camel"):
    symbol: str
    position_amt: Decimal

    def __post_init__(self) -> None:
        require_plain(self.position_amt)


class _Account(msgspec.Struct, rename="camel"):
    assets: list[_Asset]
    positions: list[_HeldPosition]


class _PositionRisk(msgspec.Struct, rename="camel"):
    symbol: str
    position_amt: Decimal
    entry_price: Decimal
    un_realized_profit: Decimal
    initial_margin: Decimal

    def __post_init__(self) -> None:
        require_plain(
            self.position_amt, self.entry_price, self.un_realized_profit, self.initial_margin
        )


class _CommissionRate(msgspec.Struct, rename="camel"):
    maker_commission_rate: float
    taker_commission_rate: float


class _PositionMode(msgspec.Struct, rename="camel"):
    dual_side_position: bool


class _ListenKey(msgspec.Struct, rename="camel"):
    listen_key: str


_account = msgspec.json.Decoder(_Account)
_position_risks = msgspec.json.Decoder(list[_PositionRisk])
_commission_rate = msgspec.json.Decoder(_CommissionRate, strict=False)
_position_mode = msgspec.json.Decoder(_PositionMode)
_listen_key = msgspec.json.Decoder(_ListenKey)


# --- what we own ----------------------------------------------------------------------------------


def account_request(signer: RequestSigner, now_ns: int) -> Request:
    return _ask(signer, "/fapi/v3/account", "", now_ns, facts.ACCOUNT_WEIGHT)


def account(answer: Answer) -> AccountState:
    """Wallet balances (without unrealised PnL) and positions that are not flat.

    `{"assets":[{"asset":"USDT","walletBalance":"23.72469206","availableBalance":"126.72",...}],
    "positions":[{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"1.000",...}],...}`
    In hedge mode the two sides of a symbol are summed. Raises what `answers.read` raises.
    """
    said = read(_account, answer, "account")
    positions: dict[str, Decimal] = {}
    for held in said.positions:
        positions[held.symbol] = EXACT.add(positions.get(held.symbol, ZERO), held.position_amt)
    return AccountState(
        {one.asset: one.wallet_balance for one in said.assets},
        {symbol: qty for symbol, qty in positions.items() if qty},
    )


def balances(answer: Answer) -> dict[str, Balance]:
    """The same answer by currency: what is available for new orders, and the rest of the wallet.

    Unrealised profit that the venue counts as available is left out.
    """
    said = read(_account, answer, "account")
    found = {}
    for one in said.assets:
        available = min(one.available_balance, one.wallet_balance)
        locked = EXACT.subtract(one.wallet_balance, available)
        found[one.asset] = Balance(one.asset, available, locked)
    return found


def positions_request(signer: RequestSigner, now_ns: int) -> Request:
    return _ask(signer, "/fapi/v3/positionRisk", "", now_ns, facts.ACCOUNT_WEIGHT)


def positions(answer: Answer) -> list[OpenPosition]:
    """Positions that are not flat, sorted by symbol. Raises what `answers.read` raises.

    `[{"symbol":"ADAUSDT","positionSide":"BOTH","positionAmt":"30","entryPrice":"0.385",
    "markPrice":"0.41047590","unRealizedProfit":"0.76427700","initialMargin":"0.61571385",...}]`
    """
    return sorted(
        (
            OpenPosition(
                symbol=one.symbol,
                qty=one.position_amt,
                entry_price=one.entry_price,
                unrealised_pnl=one.un_realized_profit,
                margin=one.initial_margin,
            )
            for one in read(_position_risks, answer, "positionRisk")
            if one.position_amt
        ),
        key=lambda position: position.symbol,
    )


# --- what it costs --------------------------------------------------------------------------------


def fees_request(signer: RequestSigner, symbol: str, now_ns: int) -> Request:
    query = f"&symbol={encoded(symbol)}"
    return _ask(signer, "/fapi/v1/commissionRate", query, now_ns, facts.COMMISSION_RATE_WEIGHT)


def fees(answer: Answer) -> FeeSchedule:
    """`{"symbol":"BTCUSDT","makerCommissionRate":"0.0002","takerCommissionRate":"0.0004"}`

    Charged in quote on top; an account that pays in BNB shows it in the fees of its fills. Raises
    what `answers.read` raises, and `ConfigError` for rates outside -100 % to 100 %.
    """
    said = read(_commission_rate, answer, "commissionRate")
    return FeeSchedule(
        taker_bps=round(said.taker_commission_rate * 1e4, 6),
        maker_bps=round(said.maker_commission_rate * 1e4, 6),
    )


# --- settings -------------------------------------------------------------------------------------


def leverage_request(signer: RequestSigner, symbol: str, leverage: int, now_ns: int) -> Request:
    """Raises `ConfigError` for a leverage that no symbol has."""
    if not 1 <= leverage <= MAX_LEVERAGE:
        raise ConfigError(f"{VENUE} {symbol}: leverage {leverage}; expected 1 to {MAX_LEVERAGE}")
    return _set(
        signer, "/fapi/v1/leverage", f"&symbol={encoded(symbol)}&leverage={leverage}", now_ns
    )


def margin_type_request(
    signer: RequestSigner, symbol: str, margin_type: str, now_ns: int
) -> Request:
    """`margin_type` is `CROSSED` or `ISOLATED`; raises `ConfigError` for anything else."""
    if margin_type not in MARGIN_TYPES:
        raise ConfigError(f"{VENUE} {symbol}: margin type {margin_type!r}; expected {MARGIN_TYPES}")
    query = f"&symbol={encoded(symbol)}&marginType={margin_type}"
    return _set(signer, "/fapi/v1/marginType", query, now_ns)


def one_way_mode_request(signer: RequestSigner, now_ns: int) -> Request:
    """Sets one position per symbol, the only mode our orders are written for."""
    return _set(signer, _POSITION_MODE, "&dualSidePosition=false", now_ns)


def confirm_setting(answer: Answer, what: str) -> None:
    """Return if the setting holds now, also because it did before (-4046, -4059).

    Raises what `answers.failure` makes of anything else: for instance an open position in the way.
    """
    error = error_of(answer)
    if answer.status != 200 and (error is None or error.code not in NOTHING_TO_CHANGE):
        raise failure(answer, what)


def position_mode_request(signer: RequestSigner, now_ns: int) -> Request:
    return _ask(signer, _POSITION_MODE, "", now_ns, facts.POSITION_MODE_WEIGHT)


def is_one_way(answer: Answer) -> bool:
    """`{"dualSidePosition":false}`. Raises what `answers.read` raises."""
    return not read(_position_mode, answer, "positionSide").dual_side_position


# --- the user stream ------------------------------------------------------------------------------


def open_stream_request(signer: RequestSigner) -> Request:
    """Asks for a listen key; an account has one, and asking again makes it live on."""
    return signer.keyed_request("POST", _LISTEN_KEY)


def keep_stream_request(signer: RequestSigner) -> Request:
    """Gives the listen key another `LISTEN_KEY_LIFE_NS`; -1125 says that it is gone."""
    return signer.keyed_request("PUT", _LISTEN_KEY)


def close_stream_request(signer: RequestSigner) -> Request:
    return signer.keyed_request("DELETE", _LISTEN_KEY)


def stream_target(answer: Answer) -> str:
    """Path and query of the private socket, which hold a secret: the listen key.

    `{"listenKey":"pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"}`
    Raises what `answers.read` raises.
    """
    key = read(_listen_key, answer, "listenKey").listen_key
    return f"{facts.PRIVATE_PATH}?listenKey={encoded(key)}"


def _ask(signer: RequestSigner, path: str, query: str, now_ns: int, weight: int) -> Request:
    return signer.request("GET", path, query, now_ns, lane=Lane.ACCOUNT, weight=weight)


def _set(signer: RequestSigner, path: str, query: str, now_ns: int) -> Request:
    return signer.request("POST", path, query, now_ns, lane=Lane.ACCOUNT)
