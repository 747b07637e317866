"""The account: balances, positions, fees, and the settings that our orders depend on."""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.okx import facts
from arbitrage.exchanges.okx.answers import failure, read
from arbitrage.exchanges.okx.auth import RequestSigner, encoded
from arbitrage.exchanges.okx.facts import SWAP_SUFFIX, VENUE
from arbitrage.exchanges.okx.instruments import is_swap
from arbitrage.exchanges.okx.orders import SpotMode
from arbitrage.exchanges.okx.refusals import OK, verdict_of
from arbitrage.exchanges.okx.wire import UNREADABLE, amount
from arbitrage.exchanges.order_gateway import AccountState, Answer, Lane, Request

_MINUS_BPS = Decimal(-10_000)
_SPOT_MODES = {
    "1": SpotMode.CASH,  # spot
    "2": SpotMode.CASH,  # futures
    "3": SpotMode.CROSS,  # multi-currency margin
    "4": SpotMode.CROSS,  # portfolio margin
}
_FEE_MANNERS = {"0": FeeManner.RECEIVED, "1": FeeManner.QUOTE}


class _Currency(msgspec.Struct, rename="camel"):
    ccy: str
    cash_bal: str
    avail_bal: str = ""


class _Wallet(msgspec.Struct):
    details: list[_Currency]


class _Position(msgspec.Struct, rename="camel"):
    inst_id: str
    pos: str
    pos_side: str
    avg_px: str = ""
    upl: str = ""
    margin: str = ""
    imr: str = ""


class _FeeGroup(msgspec.Struct):
    maker: str
    taker: str


class _Fees(msgspec.Struct, rename="camel"):
    inst_type: str
    fee_group: list[_FeeGroup]


class _Configuration(msgspec.Struct, rename="camel"):
    acct_lv: str
    pos_mode: str
    perm: str
    fee_type: str = "0"


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an account and its key. Our orders need `is_net_mode`, and for swaps a mode
    other than spot. `spot_manner` is how fees of spot are charged."""

    spot_mode: SpotMode
    spot_manner: FeeManner
    is_net_mode: bool
    trades_swaps: bool
    may_trade: bool
    may_withdraw: bool


_wallets = msgspec.json.Decoder(tuple[_Wallet])
_positions = msgspec.json.Decoder(list[_Position])
_fees = msgspec.json.Decoder(tuple[_Fees])
_configurations = msgspec.json.Decoder(tuple[_Configuration])


# --- what we own ----------------------------------------------------------------------------------


def account_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.get("/api/v5/account/balance", now_ns)


def account(answer: Answer, positions: Answer | None = None) -> AccountState:
    """Cash balances (without unrealised PnL), and with the answer to `positions_request` the
    positions that are not flat, which the venue tells apart.

    `[{"details":[{"ccy":"USDT","cashBal":"4850.435693622894","availBal":"4834.317093622894",
    "frozenBal":"16.1186","eq":"4992.890093622894","upl":"0",...}],"totalEq":"...",...}]`
    Raises what `answers.read` raises.
    """
    state = {name: one.total for name, one in balances(answer).items()}
    if positions is None:
        return AccountState(state)
    return AccountState(state, {one.symbol: one.qty for one in held(positions)})


def balances(answer: Answer) -> dict[str, Balance]:
    """The same answer by currency: what is available for new orders, and the rest of the cash."""
    [said] = read(_wallets, answer, "balance")
    found = {}
    try:
        for one in said.details:
            cash = amount(one.cash_bal)
            available = min(amount(one.avail_bal), cash)
            found[one.ccy] = Balance(one.ccy, available, EXACT.subtract(cash, available))
    except UNREADABLE as error:
        raise MalformedData(f"{VENUE} balance: {error}; the answer is dropped") from error
    return found


def positions_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.get("/api/v5/account/positions?instType=SWAP", now_ns)


def held(answer: Answer) -> list[OpenPosition]:
    """Swap positions that are not flat, sorted by symbol. Raises what `answers.read` raises.

    `[{"instId":"BTC-USDT-SWAP","posSide":"net","pos":"-3","avgPx":"62961.4","upl":"-1.25",
    "mgnMode":"cross","imr":"377.4","margin":"",...}]`: the margin of a crossed position is in USD.
    Long and short sides of a symbol, which an account may keep apart, are summed; the sum has no
    entry price.
    """
    found: dict[str, OpenPosition] = {}
    try:
        for one in read(_positions, answer, "positions"):
            qty = amount(one.pos)
            if one.pos_side == "short":
                qty = EXACT.minus(EXACT.abs(qty))
            known = found.get(one.inst_id)
            found[one.inst_id] = OpenPosition(
                symbol=one.inst_id,
                qty=EXACT.add(qty, known.qty if known else ZERO),
                entry_price=ZERO if known else amount(one.avg_px),
                unrealised_pnl=EXACT.add(amount(one.upl), known.unrealised_pnl if known else ZERO),
                margin=EXACT.add(amount(one.margin or one.imr), known.margin if known else ZERO),
            )
    except UNREADABLE as error:
        raise MalformedData(f"{VENUE} positions: {error}; the answer is dropped") from error
    return sorted((one for one in found.values() if one.qty), key=lambda one: one.symbol)


# --- what it costs --------------------------------------------------------------------------------


def fees_request(signer: RequestSigner, symbol: str, now_ns: int) -> Request:
    if is_swap(symbol):
        market = f"instType=SWAP&instFamily={encoded(symbol.removesuffix(SWAP_SUFFIX))}"
    else:
        market = f"instType=SPOT&instId={encoded(symbol)}"
    return signer.get(f"/api/v5/account/trade-fee?{market}", now_ns)


def fees(answer: Answer, spot_manner: FeeManner = FeeManner.RECEIVED) -> FeeSchedule:
    """What the account pays on the market asked for; of several groups the dearest.

    `[{"instType":"SPOT","level":"Lv1","feeGroup":[{"groupId":"1","maker":"-0.0008",
    "taker":"-0.001"}],...}]`, where a negative rate is charged. Markets without fees are not told.
    Raises what `answers.read` raises, and `ConfigError` for rates outside -100 % to 100 %.
    """
    [said] = read(_fees, answer, "trade-fee")
    try:
        taker, maker = (
            float(max(EXACT.multiply(amount(rate), _MINUS_BPS) for rate in rates))
            for rates in (
                [group.taker for group in said.fee_group],
                [group.maker for group in said.fee_group],
            )
        )
    except UNREADABLE as error:
        raise MalformedData(f"{VENUE} trade-fee: {error}; the answer is dropped") from error
    manner = spot_manner if said.inst_type == "SPOT" else FeeManner.QUOTE
    return FeeSchedule(taker_bps=taker, maker_bps=maker, manner=manner)


def documented_fees(symbol: str) -> FeeSchedule:
    """What a regular user pays."""
    if is_swap(symbol):
        return FeeSchedule(taker_bps=facts.SWAP_TAKER_BPS, maker_bps=facts.SWAP_MAKER_BPS)
    return FeeSchedule(
        taker_bps=facts.SPOT_TAKER_BPS,
        maker_bps=facts.SPOT_MAKER_BPS,
        manner=FeeManner.RECEIVED,
    )


# --- settings -------------------------------------------------------------------------------------


def configuration_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.get("/api/v5/account/config", now_ns)


def configuration(answer: Answer) -> Configuration:
    """`[{"acctLv":"2","posMode":"net_mode","perm":"read_only,trade","feeType":"0","ip":"",...}]`

    Raises what `answers.read` raises, and `ConfigError` for a mode of account that we do not know.
    """
    [said] = read(_configurations, answer, "config")
    spot_mode, manner = _SPOT_MODES.get(said.acct_lv), _FEE_MANNERS.get(said.fee_type)
    if spot_mode is None or manner is None:
        raise ConfigError(
            f"{VENUE}: account mode {said.acct_lv!r} with fee type {said.fee_type!r}; expected "
            f"modes {', '.join(_SPOT_MODES)} and types {', '.join(_FEE_MANNERS)}; nothing is traded"
        )
    rights = said.perm.split(",")
    return Configuration(
        spot_mode=spot_mode,
        spot_manner=manner,
        is_net_mode=said.pos_mode == "net_mode",
        trades_swaps=said.acct_lv != "1",
        may_trade="trade" in rights,
        may_withdraw="withdraw" in rights,
    )


def leverage_request(signer: RequestSigner, symbol: str, leverage: int, now_ns: int) -> Request:
    """Sets the leverage of a crossed swap. Raises `ConfigError` for one that no symbol has."""
    if not 1 <= leverage <= facts.MAX_LEVERAGE:
        raise ConfigError(
            f"{VENUE} {symbol}: leverage {leverage}; expected 1 to {facts.MAX_LEVERAGE}"
        )
    body = {"lever": str(leverage), "mgnMode": "cross", "instId": symbol}
    return _set(signer, "/api/v5/account/set-leverage", body, now_ns)


def net_mode_request(signer: RequestSigner, now_ns: int) -> Request:
    """Sets one position per symbol, the only mode our orders are written for."""
    return _set(signer, "/api/v5/account/set-position-mode", {"posMode": "net_mode"}, now_ns)


def confirm_setting(answer: Answer, what: str) -> None:
    """Return if the setting holds now, also because it did before.

    Raises what `answers.failure` makes of anything else: for instance an open position in the way.
    """
    verdict = verdict_of(answer.body)
    if answer.status != 200 or verdict is None or verdict.code != OK:
        raise failure(answer, what)


def _set(signer: RequestSigner, path: str, body: dict[str, str], now_ns: int) -> Request:
    return signer.post(path, msgspec.json.encode(body).decode(), now_ns, Lane.ACCOUNT)
