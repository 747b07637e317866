"""What a person ordered: pause, resume, flatten, halt, for one route or for all.

A command is a standing order: it changes what the state says, and every later step follows from
that. Only a command moves the ladder up.
"""

from typing import TYPE_CHECKING

from arbitrage.domain.decisions import RiskChanged
from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import Command, CommandKind
from arbitrage.engine.risk import Level
from arbitrage.engine.route_state import RouteState

if TYPE_CHECKING:
    from arbitrage.engine.engine import ArbitrageEngine


def obey(engine: "ArbitrageEngine", command: Command) -> None:
    """Carry out `command`. Raises `MalformedData` if it names a route that does not exist."""
    if command.route and command.route not in engine.routes:
        raise MalformedData(
            f"command {command.kind.value} for route {command.route!r}, which does not exist; "
            f"known: {', '.join(engine.routes) or 'none'}; nothing was changed"
        )
    if command.route:
        _obey_on_route(engine.routes[command.route], command.kind)
    else:
        _obey_everywhere(engine, command.kind)
    scope = command.route or "portfolio"
    level = engine.risk.level.name
    engine.decisions.append(RiskChanged(command.ts_ns, scope, level, command.kind.value))
    engine.trading.drive_all(command.ts_ns)


def _obey_on_route(route: RouteState, kind: CommandKind) -> None:
    route.is_paused = kind is not CommandKind.RESUME
    route.is_flattening = kind in (CommandKind.FLATTEN, CommandKind.HALT)
    if kind is CommandKind.RESUME:
        _restart(route)


def _obey_everywhere(engine: "ArbitrageEngine", kind: CommandKind) -> None:
    if kind is CommandKind.PAUSE:
        engine.risk.order(Level.REDUCE_ONLY, "paused")
    elif kind is CommandKind.FLATTEN:
        engine.risk.order(Level.FLATTEN, "flatten")
    elif kind is CommandKind.HALT:
        engine.risk.order(Level.HALT, "halt")
        engine.desk.cancel_all()
    else:
        engine.risk.resume()
        for venue in engine.venues.values():
            venue.unexplained.clear()
        for route in engine.routes.values():
            _restart(route)


def _restart(route: RouteState) -> None:
    """Forget why the route stood still; corrections begin anew with a narrow band."""
    route.is_paused = route.is_flattening = False
    route.halted_reason = ""
    route.cooldown_until_ns = 0
    route.losses_in_a_row = 0
    for state in route.trades:
        state.forget_attempts()
        state.next_try_ns = 0
