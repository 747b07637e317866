"""Examines a venue over the wire before money moves: is it there, is our clock right, what may the
key do, are the markets listed, is there anything to trade with, and what to do where not.

Nothing is ordered. Each question stands alone: one that fails leaves the others to be asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import cast

from arbitrage.credentials import credentials, variable
from arbitrage.doctor import Finding
from arbitrage.domain.errors import ArbitrageError, ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot, Event
from arbitrage.domain.units import NS_PER_MS, plain
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import WalletState
from arbitrage.running_session import loop_factory
from arbitrage.simulators import gateway_of, simulators

# Venues refuse requests that are a second ahead of their clock.
MAX_OFFSET_MS = 500
BOOK_SECONDS = 10.0
_SHOWN = 8
_UNANSWERED = (Unavailable, MalformedData, ConfigError)


class _Patient:
    """One venue under examination. `symbols` are those that will be traded."""

    def __init__(self, gateway: VenueGateway, symbols: Sequence[str], *, has_keys: bool) -> None:
        self.gateway = gateway
        self.venue = gateway.venue
        self.plan = gateway.plan
        self.symbols = symbols
        self.has_keys = has_keys

    def ok(self, what: str, text: str) -> Finding:
        return Finding(f"{self.venue} {what}", True, text)

    def note(self, what: str, text: str, advice: str) -> Finding:
        return Finding(f"{self.venue} {what}", True, text, advice)

    def bad(self, what: str, text: str, advice: str) -> Finding:
        return Finding(f"{self.venue} {what}", False, text, advice)

    # --- the venue ----------------------------------------------------------------------------

    async def reachable(self) -> Finding:
        try:
            await self.gateway.rest.open()
        except Unavailable as error:
            return self.bad(
                "reachable",
                str(error),
                f"check the network, the name service and any proxy or firewall on the way to "
                f"{self.plan.rest_url}",
            )
        return self.ok("reachable", f"{self.plan.rest_url} answers")

    async def clock(self) -> Finding:
        if self.plan.clock is None:
            return self.ok("clock", "the venue has no clock that can be asked")
        for _ in range(3):
            await self.gateway.rest.sync_clock()
        offset = self.gateway.rest.offset
        millis = offset.offset_ns / NS_PER_MS
        within = ((offset.uncertainty_ns or 0) + self.plan.clock.resolution_ns) / NS_PER_MS
        text = f"the venue is {millis:+.0f} ms from us (known to {within:.0f} ms)"
        if abs(millis) - within > MAX_OFFSET_MS:
            return self.bad(
                "clock", text, "set this machine's clock (NTP); requests are signed for the offset"
            )
        return self.ok("clock", text)

    async def maintenance(self) -> Finding:
        asks = self.plan.maintenance
        if asks is None:
            return self.ok("maintenance", "the venue does not tell")
        reason = asks.read(await self.gateway.rest.ask_at(asks.rest_url, asks.request))
        if reason:
            return self.bad("maintenance", reason, "wait until it is over")
        return self.ok("maintenance", "none")

    async def markets(self) -> Finding:
        await self.gateway.aload()
        listed = self.gateway.markets
        missing = [symbol for symbol in self.symbols if symbol not in listed]
        if missing:
            near = get_close_matches(missing[0], listed, 3) or sorted(listed)[:3]
            return self.bad(
                "markets",
                f"{len(missing)} of {len(self.symbols)} symbols are not listed or not open for "
                f"trading, first {missing[0]}",
                f"name listed ones, such as {', '.join(near)}",
            )
        if not self.symbols:
            return self.ok("markets", f"{len(listed)} are listed, none was named")
        return self.ok("markets", f"all {len(self.symbols)} are among its {len(listed)}")

    async def stream(self, listener: VenueGateway) -> Finding:
        """Whether a book comes by websocket; `listener` has no keys and is used up by this."""
        books: set[str] = set()
        done = asyncio.Event()

        def on_event(event: Event) -> None:
            if isinstance(event, BookSnapshot) and event.bids:
                books.add(event.symbol)
                if len(books) == len(listener.symbols):
                    done.set()

        try:
            await listener.astart(on_event)
            async with asyncio.timeout(BOOK_SECONDS):
                await done.wait()
        except TimeoutError:
            missing = sorted(set(listener.symbols) - books)
            return self.bad(
                "stream",
                f"no book of {missing[0]} within {BOOK_SECONDS:g} s ({len(books)} of "
                f"{len(listener.symbols)} came)",
                "check that websockets pass the firewall or proxy, and that the market is open",
            )
        finally:
            await listener.astop()
        return self.ok("stream", f"a book of each of {len(books)} markets came")

    # --- the account --------------------------------------------------------------------------

    async def rights(self) -> Finding:
        check = self.plan.key_check
        if check is None:
            return self.note(
                "rights",
                "the venue does not tell what the key may do",
                "see on its website that the key cannot withdraw, and bind it to your address",
            )
        rights = check.read(await self.gateway.rest.ask_at(check.rest_url, check.request))
        if rights.can_withdraw:
            return self.bad(
                "rights",
                "the key can withdraw; it is refused",
                "make a key without that right and delete this one",
            )
        if rights.can_trade is False:
            return self.bad(
                "rights", "the key cannot trade", "give it the right to trade, and no other"
            )
        if rights.can_withdraw is None or rights.can_trade is None:
            untold = "withdraw" if rights.can_withdraw is None else "trade"
            return self.note(
                "rights",
                f"the venue does not tell whether the key may {untold}",
                "see on its website that it may trade and not withdraw",
            )
        return self.ok("rights", "the key can trade and cannot withdraw")

    async def balances(self) -> Finding:
        balances = await self.gateway.aget_balance()
        assert isinstance(balances, Mapping)
        owned = {name: each for name, each in balances.items() if each.total}
        if not owned:
            return self.bad("balances", "the account is empty", "fund it before trading on it")
        lacking = [name for name in self._spent() if name not in owned]
        text = ", ".join(_told(each) for each in list(owned.values())[:_SHOWN])
        more = f" and {len(owned) - _SHOWN} more" if len(owned) > _SHOWN else ""
        if lacking:
            return self.bad(
                "balances",
                f"{text}{more}; none of {', '.join(lacking)}",
                "without it nothing can be bought here",
            )
        return self.ok("balances", text + more)

    def _spent(self) -> list[str]:
        """What purchases are paid in."""
        listed = self.gateway.markets
        return sorted({listed[symbol].quote for symbol in self.symbols if symbol in listed})

    async def wallets(self) -> Finding:
        asks = self.plan.wallets
        if asks is None:
            return self.ok("wallets", "the venue does not tell")
        if not self.symbols:
            return self.ok("wallets", "no market was named")
        states = asks.read(await self.gateway.rest.ask_at(asks.rest_url, asks.request))
        listed = self.gateway.markets
        coins = sorted({listed[symbol].base for symbol in self.symbols if symbol in listed})
        closed = [coin for coin in coins if not _is_open(states.get(coin))]
        if closed:
            shown = ", ".join(closed[:_SHOWN])
            return self.note(
                "wallets",
                f"no deposits or no withdrawals of {shown}",
                "inventories of these cannot be repaired by a transfer now; a premium may last",
            )
        return self.ok("wallets", f"{len(coins)} coins can be moved")

    def _listened_to(self) -> list[str]:
        """A few of the symbols that are listed; of a venue without any, a well-known one."""
        listed = self.gateway.markets
        wanted = [symbol for symbol in self.symbols if symbol in listed][:_SHOWN]
        if wanted or self.symbols:
            return wanted
        known = [symbol for symbol, rules in listed.items() if rules.base == "BTC"]
        return (known or list(listed))[:1]

    def _questions(self) -> Iterator[tuple[str, Callable[[], Awaitable[Finding]]]]:
        yield "clock", self.clock
        yield "markets", self.markets
        if self.has_keys:
            yield "rights", self.rights
            yield "maintenance", self.maintenance
            yield "balances", self.balances
            yield "wallets", self.wallets

    async def examined(self, listener_of: Callable[[Sequence[str]], VenueGateway]) -> list[Finding]:
        """Everything found; `listener_of` makes a gateway without keys to listen with."""
        findings = [await self.reachable()]
        if not findings[0].is_ok:
            return findings
        for what, ask in self._questions():
            try:
                findings.append(await ask())
            except _UNANSWERED as error:
                findings.append(self.bad(what, str(error), _ADVICE.get(what, "try again later")))
        if heard := self._listened_to():
            try:
                findings.append(await self.stream(listener_of(heard)))
            except ArbitrageError as error:
                findings.append(self.bad("stream", str(error), "check that websockets pass"))
        if not self.has_keys:
            findings.append(
                self.bad(
                    "keys",
                    "there are none, so nothing private was asked",
                    f"set {variable(self.venue, 'api_key')} and {variable(self.venue, 'secret')}, "
                    "or keep them in the system's keyring",
                )
            )
        return findings


_ADVICE = {
    "rights": "check the key, its secret and the addresses it is bound to",
    "balances": "check the key, its secret and the addresses it is bound to",
    "markets": "try again; without the list of markets nothing can be traded",
}


def examine_venues(
    wanted: Mapping[str, Sequence[str]], environ: Mapping[str, str], *, on_simulators: bool
) -> list[Finding]:
    """Everything found about the venues of `wanted` and the symbols that are to be traded there.

    Keys come from `environ` or the keyring; simulators have their own. Raises `ConfigError` for a
    venue that does not exist.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_examined(wanted, environ, on_simulators))


async def _examined(
    wanted: Mapping[str, Sequence[str]], environ: Mapping[str, str], on_simulators: bool
) -> list[Finding]:
    if on_simulators:
        async with simulators(list(wanted)) as addresses:
            return await _each(
                wanted,
                lambda venue, symbols, has_keys: gateway_of(
                    venue, addresses[venue], symbols, has_keys=has_keys
                ),
                dict.fromkeys(wanted, True),
            )
    keys = {venue: credentials(venue, environ) for venue in wanted}

    def real(venue: str, symbols: Sequence[str], has_keys: bool) -> VenueGateway:
        signs = keys[venue]
        settings = signs.settings() if has_keys and signs is not None else {}
        return cast(VenueGateway, create_exchange(venue, symbols=symbols, **settings))

    return await _each(wanted, real, {venue: bool(found) for venue, found in keys.items()})


async def _each(
    wanted: Mapping[str, Sequence[str]],
    make: Callable[[str, Sequence[str], bool], VenueGateway],
    has_keys: Mapping[str, bool],
) -> list[Finding]:
    found = await asyncio.gather(
        *(_one(venue, symbols, make, has_keys[venue]) for venue, symbols in wanted.items())
    )
    return [finding for findings in found for finding in findings]


async def _one(
    venue: str,
    symbols: Sequence[str],
    make: Callable[[str, Sequence[str], bool], VenueGateway],
    has_keys: bool,
) -> list[Finding]:
    gateway = make(venue, (), has_keys)  # without symbols, for some may not be listed
    try:
        patient = _Patient(gateway, symbols, has_keys=has_keys)
        return await patient.examined(lambda heard: make(venue, heard, False))
    finally:
        await gateway.astop()


def _is_open(state: WalletState | None) -> bool:
    return state is not None and state.can_deposit and state.can_withdraw


def _told(balance: Balance) -> str:
    return f"{plain(balance.total)} {balance.currency}"
