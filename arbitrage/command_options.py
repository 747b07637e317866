"""Options that several commands share, each written once."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ConfigFile = Annotated[
    Path, typer.Option("--config", help="The TOML file; see `arbitrage/demo.toml`.")
]
Seconds = Annotated[
    float | None, typer.Option(help="End after so many seconds; without it, at Ctrl-C.")
]
Language = Annotated[str, typer.Option(help="Of the table: en or ko.")]
Simulated = Annotated[
    bool, typer.Option("--sim", help="Start simulators of the venues: nothing leaves this machine.")
]
