"""What a person is told of a configuration that is wrong: the key, its value, what was expected."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from arbitrage.config_tables import Market
from arbitrage.domain.instrument import Instrument

_MOST_SHOWN = 8
# Where pydantic speaks of Python, a person who writes TOML is told of TOML.
_IN_WORDS_OF_TOML = {
    "missing": "required, and missing",
    "model_type": "expected a table",
    "dict_type": "expected a table",
    "list_type": "expected a list in brackets",
    "string_type": "expected text in quotes",
}


def problems(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """One line for each thing that is wrong; `root` is the model of the whole file."""
    return [line for each in error.errors() for line in _lines(each, root)]


def _lines(problem: Any, root: type[BaseModel]) -> list[str]:
    key = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]
    ).lstrip(".")
    message: str = _IN_WORDS_OF_TOML.get(problem["type"]) or problem["msg"]
    message = message.removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = _no_such_key(str(problem["loc"][-1]), _table_of(problem["loc"], root))
    if not key:
        return message.split("\n")
    value = problem["input"]
    shown = "" if isinstance(value, dict) else f" is {str(value)!r}"
    return [f"{key}{shown}: {message}"]


def _no_such_key(key: str, table: type[BaseModel]) -> str:
    known = list(table.model_fields)
    close = get_close_matches(key, known, n=1)
    if close:
        return f"no such key; expected {close[0]}?"
    return f"no such key; expected one of {', '.join(known)}"


def _table_of(loc: Iterable[int | str], root: type[BaseModel]) -> type[BaseModel]:
    """The table that holds the last key of `loc`: positions in lists and names of tables that the
    user chose (`[venues.NAME]`) lead no further down."""
    table = root
    for part in list(loc)[:-1]:
        field = table.model_fields.get(str(part))
        if field is not None:
            table = next(_models_in(field.annotation), table)
    return table


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def unknown_market(key: str, market: Market, instruments: Mapping[Market, Instrument]) -> str:
    """What to say when `key` names a market that is not among `instruments`."""
    venue, symbol = market
    known = sorted(other for name, other in instruments if name == venue)
    if not known:
        venues = ", ".join(sorted({name for name, _ in instruments})) or "none"
        return f"{key} is '{venue}:{symbol}': no market of {venue} is known here; venues: {venues}"
    close = get_close_matches(symbol, known, n=_MOST_SHOWN, cutoff=0.8) or known
    shown = ", ".join(close[:_MOST_SHOWN]) + (", ..." if len(close) > _MOST_SHOWN else "")
    return f"{key} is '{venue}:{symbol}': {venue} has no such symbol; expected one of {shown}"
