"""The account: balances, positions, fees and settings.

The wallet belongs to all categories together; positions are told apart from it, in pages and by
the coin in which they settle.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.bybit import facts
from arbitrage.exchanges.bybit.answers import failure, read
from arbitrage.exchanges.bybit.auth import RequestSigner, encoded
from arbitrage.exchanges.bybit.facts import VENUES, Category
from arbitrage.exchanges.bybit.refusals import NOTHING_TO_CHANGE, OK, verdict_of
from arbitrage.exchanges.bybit.wire import amount, require_plain
from arbitrage.exchanges.order_gateway import AccountState, Answer, Request

_BPS = 1e4


class _Coin(msgspec.Struct, rename="camel"):
    coin: str
    wallet_balance: Decimal
    locked: str = ""  # by spot orders
    order_margin: str = msgspec.field(default="", name="totalOrderIM")
    position_margin: str = msgspec.field(default="", name="totalPositionIM")

    def __post_init__(self) -> None:
        require_plain(self.wallet_balance, self.bound())

    def bound(self) -> Decimal:
        """What orders and positions bind."""
        margin = EXACT.add(amount(self.order_margin), amount(self.position_margin))
        return EXACT.add(amount(self.locked), margin)


class _Wallet(msgspec.Struct, rename="camel"):
    coin: list[_Coin]


class _Wallets(msgspec.Struct):
    list: list[_Wallet]


class _Position(msgspec.Struct, rename="camel"):
    symbol: str
    side: str
    size: Decimal
    position_idx: int
    avg_price: str = ""
    unrealised_pnl: str = ""
    leverage: str = ""
    initial_margin: str = msgspec.field(default="", name="positionIM")

    def __post_init__(self) -> None:
        require_plain(self.size)
        for text in (self.avg_price, self.unrealised_pnl, self.leverage, self.initial_margin):
            amount(text)
        if self.size < 0 or (self.size and self.side not in ("Buy", "Sell")):
            raise ValueError(f"{self.symbol} position of {self.size} on side {self.side!r}")

    @property
    def qty(self) -> Decimal:
        """Signed; the venue's sizes are positive."""
        return self.size if self.side == "Buy" else ZERO - self.size


class _Positions(msgspec.Struct):
    list: list[_Position]


class _FeeRate(msgspec.Struct, rename="camel"):
    symbol: str
    taker_fee_rate: float
    maker_fee_rate: float


class _FeeRates(msgspec.Struct):
    list: list[_FeeRate]


_wallets = msgspec.json.Decoder(_Wallets)
_positions = msgspec.json.Decoder(_Positions)
_fee_rates = msgspec.json.Decoder(_FeeRates, strict=False)


# --- what we own ----------------------------------------------------------------------------------


def wallet_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.get("/v5/account/wallet-balance", "accountType=UNIFIED", now_ns)


def account(wallet: Answer, position_pages: Iterable[Answer] = ()) -> AccountState:
    """Wallet balances (without unrealised PnL) and the positions of all pages that are not flat.

    `{"list":[{"accountType":"UNIFIED","coin":[{"coin":"BTC","walletBalance":"0.805994",
    "equity":"0.805994","locked":"0","totalOrderIM":"0","totalPositionIM":"0",...}],...}]}`
    In hedge mode the two sides of a symbol are summed. Raises what `answers.read` raises.
    """
    balances: dict[str, Decimal] = {}
    for held in read(_wallets, wallet, "wallet").list:
        for one in held.coin:
            balances[one.coin] = EXACT.add(balances.get(one.coin, ZERO), one.wallet_balance)
    qtys: dict[str, Decimal] = {}
    for page in position_pages:
        for position in positions(page):
            qtys[position.symbol] = EXACT.add(qtys.get(position.symbol, ZERO), position.qty)
    return AccountState(balances, {symbol: qty for symbol, qty in qtys.items() if qty})


def balances(wallet: Answer) -> dict[str, Balance]:
    """The same wallet by currency: what is available for new orders, and the rest.

    What orders and positions bind in a currency is taken off, though a margin account might lend
    against its other coins. Raises what `answers.read` raises.
    """
    found = {}
    for held in read(_wallets, wallet, "wallet").list:
        for one in held.coin:
            available = max(EXACT.subtract(one.wallet_balance, max(one.bound(), ZERO)), ZERO)
            locked = EXACT.subtract(one.wallet_balance, available)
            found[one.coin] = Balance(one.coin, available, locked)
    return found


def positions_request(
    signer: RequestSigner, now_ns: int, settle: str = "USDT", cursor: str = ""
) -> Request:
    """One page of the linear positions that settle in one coin."""
    more = f"&cursor={cursor}" if cursor else ""
    query = f"settleCoin={encoded(settle)}&limit={facts.POSITIONS_PAGE}&category=linear{more}"
    return signer.get("/v5/position/list", query, now_ns)


def positions(answer: Answer) -> list[OpenPosition]:
    """A page of positions that are not flat, sorted by symbol. Raises what `answers.read` raises.

    `{"list":[{"positionIdx":0,"symbol":"BTCUSDT","side":"Sell","size":"0.3",
    "avgPrice":"27464.5","positionIM":"823.9","unrealisedPnl":"-2.9",...}],"nextPageCursor":"",
    "category":"linear"}`
    """
    return sorted(
        (
            OpenPosition(
                symbol=one.symbol,
                qty=one.qty,
                entry_price=amount(one.avg_price),
                unrealised_pnl=amount(one.unrealised_pnl),
                margin=amount(one.initial_margin),
            )
            for one in read(_positions, answer, "positions").list
            if one.size
        ),
        key=lambda position: position.symbol,
    )


# --- what it costs --------------------------------------------------------------------------------


def fees_request(signer: RequestSigner, category: Category, symbol: str, now_ns: int) -> Request:
    query = f"symbol={encoded(symbol)}&category={category.value}"
    return signer.get("/v5/account/fee-rate", query, now_ns)


def fees(category: Category, answer: Answer) -> FeeSchedule:
    """What the symbol pays that was asked for:
    `{"list":[{"symbol":"ETHUSDT","takerFeeRate":"0.0006","makerFeeRate":"0.0001"}]}`

    Spot charges what is received, linear the quote on top; an account that pays in MNT shows it in
    the fees of its fills. Raises what `answers.read` raises, and `ConfigError` for anything but
    one rate and for rates outside -100 % to 100 %.
    """
    told = read(_fee_rates, answer, "fee rate").list
    if len(told) != 1:
        raise ConfigError(
            f"{VENUES[category]}: {len(told)} fee rates are told; expected that of one symbol"
        )
    return _schedule(category, told[0].taker_fee_rate * _BPS, told[0].maker_fee_rate * _BPS)


def documented_fees(category: Category) -> FeeSchedule:
    """What an account pays that has no rates of its own."""
    return _schedule(category, facts.TAKER_BPS[category], facts.MAKER_BPS[category])


def _schedule(category: Category, taker_bps: float, maker_bps: float) -> FeeSchedule:
    return FeeSchedule(
        taker_bps=round(taker_bps, 6),
        maker_bps=round(maker_bps, 6),
        manner=FeeManner.RECEIVED if category is Category.SPOT else FeeManner.QUOTE,
    )


# --- settings -------------------------------------------------------------------------------------


def leverage_request(signer: RequestSigner, symbol: str, leverage: int, now_ns: int) -> Request:
    """Both sides alike, as one-way mode asks. Raises `ConfigError` for a leverage below one; what
    is above the symbol's own bound the venue refuses."""
    if leverage < 1:
        raise ConfigError(
            f"{VENUES[Category.LINEAR]} {symbol}: leverage {leverage}; expected at least 1"
        )
    body = _body(symbol=symbol, buyLeverage=str(leverage), sellLeverage=str(leverage))
    return signer.post("/v5/position/set-leverage", body, now_ns)


def one_way_mode_request(signer: RequestSigner, now_ns: int, settle: str = "USDT") -> Request:
    """Sets one position per symbol, the only mode our orders are written for."""
    return signer.post("/v5/position/switch-mode", _body(mode=0, coin=settle), now_ns)


def confirm_setting(answer: Answer, what: str) -> None:
    """Return if the setting holds now, also because it did before (110025, 110043).

    Raises what `answers.failure` makes of anything else: for instance an open position in the way.
    """
    verdict = verdict_of(answer)
    is_set = verdict is not None and verdict.ret_code in NOTHING_TO_CHANGE | {OK}
    if answer.status != 200 or not is_set:
        raise failure(answer, what)


def symbol_request(signer: RequestSigner, symbol: str, now_ns: int) -> Request:
    """The position of a symbol, which is told also if there is none: it shows the settings."""
    query = f"symbol={encoded(symbol)}&category=linear"
    return signer.get("/v5/position/list", query, now_ns)


def is_one_way(answer: Answer) -> bool:
    """Whether every position on a page is of one-way mode; the venue tells the mode only there.
    Raises what `answers.read` raises."""
    return all(one.position_idx == 0 for one in read(_positions, answer, "positions").list)


def least_leverage(answer: Answer) -> Decimal | None:
    """The least leverage of the positions on a page; None where none is told, as in portfolio
    margin. Raises what `answers.read` raises."""
    told = [amount(one.leverage) for one in read(_positions, answer, "positions").list]
    return min((leverage for leverage in told if leverage), default=None)


def _body(**terms: str | int) -> str:
    return msgspec.json.encode({**terms, "category": Category.LINEAR.value}).decode()
