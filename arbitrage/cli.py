"""The `arb` command: reads arguments, calls one function of the house, prints what it answers.

Every command imports what it needs when it runs, so that `arb --help` is quick. Exit codes: 0
done, 1 the work failed, 2 the arguments or the configuration are wrong.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from arbitrage.domain.errors import ArbitrageError, ConfigError

app = typer.Typer(
    help="Cross-exchange crypto arbitrage: one deterministic engine for paper, replay and live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ConfigFile = Annotated[
    Path, typer.Option("--config", help="The TOML file; see `arbitrage/demo.toml`.")
]
Seconds = Annotated[
    float | None, typer.Option(help="End after so many seconds; without it, at Ctrl-C.")
]
# A report for eyes shows the first few of each kind of problem.
_PROBLEMS_SHOWN = 5

Language = Annotated[str, typer.Option(help="Of the table: en or ko.")]


@app.command()
def demo(
    seconds: Annotated[
        float | None,
        typer.Option(envvar="DEMO_SECONDS", help="End after so many; without it, at Ctrl-C."),
    ] = None,
    language: Language = "en",
    json_: Json = False,
) -> None:
    """Trade the kimchi premium of twenty assets on simulated venues over sockets, with a live
    table: the path of live trading, without keys and without leaving this machine."""
    from importlib.resources import files

    from arbitrage.config import parse
    from arbitrage.wire_command import run_wire

    text = files("arbitrage").joinpath("demo.toml").read_text(encoding="utf-8")
    summary = run_wire(
        parse(text, "demo.toml"), seconds=seconds, language=language, shows_table=not json_
    )
    if json_:
        _print_json(summary)


@app.command()
def paper(
    config: ConfigFile,
    seconds: Seconds = None,
    record: Annotated[
        Path | None, typer.Option(help="Also write the market to a recording here.")
    ] = None,
    language: Language = "en",
    json_: Json = False,
) -> None:
    """Paper-trade the routes of a configuration on a simulated market."""
    from arbitrage.config import load
    from arbitrage.paper_command import run_paper

    summary = run_paper(
        load(config), seconds=seconds, record=record, language=language, shows_table=not json_
    )
    if json_:
        _print_json(summary)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The file to read, plain or gzip.")],
    venue: Annotated[str, typer.Option(help="The venue it was recorded at.")],
    symbol: Annotated[str, typer.Option(help="The venue's symbol.")],
    out: Annotated[Path, typer.Option(help="The recording to write to, or to add to.")],
    timezone: Annotated[str, typer.Option(help="Of the file's local times.")] = "UTC",
    format_: Annotated[str, typer.Option("--format", help="levels-csv.")] = "levels-csv",
    json_: Json = False,
) -> None:
    """Import recorded books of another format into a recording."""
    if format_ != "levels-csv":
        raise ConfigError(f"format is {format_!r}; expected levels-csv")
    from arbitrage.store.levels_csv import import_levels_csv

    report = import_levels_csv(file, out, venue=venue, symbol=symbol, timezone=timezone)
    _show(report.to_json_dict(), json_, lambda: _print_import(report))


def _print_import(report: Any) -> None:
    _out(
        f"{report.venue} {report.symbol}: {report.snapshots:,} snapshots of {report.rows:,} rows, "
        f"{report.rows_skipped:,} rows skipped, {report.problem_count:,} problems"
    )
    for kind, count in report.counts.items():
        _out(f"  {count:,} x {kind}")
        listed = [problem for problem in report.problems if problem.kind == kind]
        for problem in listed[:_PROBLEMS_SHOWN]:
            _out(f"    line {problem.line}: {problem.reason}")
        if count > _PROBLEMS_SHOWN:
            _out(f"    and {count - _PROBLEMS_SHOWN:,} more; --json lists them")


@app.command()
def scan(
    recording: Annotated[Path, typer.Argument(help="A recording, as `arb import` writes it.")],
    route: Annotated[
        list[str], typer.Option(help="venue:symbol,venue:symbol; may be given again.")
    ],
    taker_bps: Annotated[
        str, typer.Option(help="Taker fees in bps: venue=5,venue=4; zero where not named.")
    ] = "",
    min_edge_bps: Annotated[float, typer.Option(help="Least marginal net edge.")] = 0.0,
    max_age: Annotated[float, typer.Option(help="Oldest book looked at, in seconds.")] = 10.0,
    fx: Annotated[
        str | None, typer.Option(help="venue:symbol of the FX book of legs whose quotes differ.")
    ] = None,
    ignore_rules: Annotated[
        bool, typer.Option("--ignore-rules", help="Leave lots and minimums out.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the edges over time into this HTML file.")
    ] = None,
    json_: Json = False,
) -> None:
    """Look for price differences at every book of a recording."""
    from arbitrage.research.scan import scan
    from arbitrage.research.scan_result import scan_table
    from arbitrage.research.scan_route import parse_route, parse_taker_bps
    from arbitrage.store.recording import Recording

    source = Recording(recording)
    routes = [parse_route(text, fx=fx) for text in route]
    fees = parse_taker_bps(taker_bps)
    with _progress("scan", source.count()) as on_progress:
        result = scan(
            source,
            routes,
            taker_bps=fees,
            min_edge_bps=min_edge_bps,
            max_age_seconds=max_age,
            ignore_rules=ignore_rules,
            keeps_series=plot is not None,
            on_progress=on_progress,
        )
    if plot is not None:
        from arbitrage.research.plot import write_plot

        write_plot(result, plot)
    _show(result.to_json_dict(), json_, lambda: _rich(scan_table(result)))


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(help="A recording.")],
    config: ConfigFile,
    json_: Json = False,
) -> None:
    """Run the engine over a recording, with paper venues in recorded time."""
    from arbitrage.config import load
    from arbitrage.replay_runner import replay
    from arbitrage.session_table import report_table
    from arbitrage.store.recording import Recording

    settings = load(config)
    source = Recording(recording)
    with _progress("replay", source.count()) as on_progress:
        result = replay(source, settings, on_progress=on_progress)
    _show(result, json_, lambda: _rich(report_table(result)))


@app.command()
def sim(
    venue: Annotated[
        list[str], typer.Option(help="NAME=PORT, 0 for a free port; may be given again.")
    ],
    market: Annotated[
        str, typer.Option(help="`synthetic`, or a recording to play in real time.")
    ] = "synthetic",
    seed: Annotated[int, typer.Option(help="Of the synthetic market.")] = 1,
    time_scale: Annotated[
        float, typer.Option(help="Seconds of its premium dynamics in one second.")
    ] = 1.0,
    staged: Annotated[
        bool, typer.Option("--staged", help="More dislocations than were ever measured.")
    ] = False,
    faults: Annotated[
        Path | None, typer.Option(help="A TOML script of what goes wrong, and when.")
    ] = None,
    json_: Json = False,
) -> None:
    """Serve simulated venues on this machine, in their own protocols, until Ctrl-C."""
    from arbitrage.sim.serve import run_simulators

    ports = dict(_port(text) for text in venue)
    run_simulators(
        ports,
        market=market,
        seed=seed,
        time_scale=time_scale,
        is_staged=staged,
        faults=faults,
        is_json=json_,
    )


def _port(text: str) -> tuple[str, int]:
    """`NAME=PORT` as a pair."""
    name, _, port = text.partition("=")
    if not name or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError(f"--venue {text!r}: expected NAME=PORT with a port of 0 to 65535")
    return name, int(port)


@app.command()
def doctor(config: ConfigFile, json_: Json = False) -> None:
    """Check a configuration: what it trades, what it lacks, what to do about it."""
    from arbitrage.config import load
    from arbitrage.doctor import examine

    findings = examine(load(config))
    _show(
        {"ok": all(finding.is_ok for finding in findings), "findings": findings},
        json_,
        lambda: _out("\n".join(finding.line() for finding in findings)),
    )
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def bench(
    json_: Json = False,
    only: Annotated[str, typer.Option(help="Only figures whose name has this in it.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repetitions.")] = False,
) -> None:
    """Measure the engine on this machine, each figure beside its goal."""
    from arbitrage.bench import figures_table, run_bench

    figures = run_bench(only=only, quick=quick)
    _show(
        [figure.to_json_dict() for figure in figures], json_, lambda: _rich(figures_table(figures))
    )


# --- printing -----------------------------------------------------------------------------------


def _show(data: Any, json_: bool, show: Callable[[], Any]) -> None:
    if json_:
        _print_json(data)
    else:
        show()


def _print_json(data: Any) -> None:
    import msgspec

    _out(json.dumps(msgspec.to_builtins(data), ensure_ascii=False))


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")


def _rich(renderable: Any) -> None:
    from rich.console import Console

    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "120"))
    Console(width=width).print(renderable)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None] | None]:
    """A bar on a terminal, nothing anywhere else."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=total)
        yield lambda done: bars.update(task, completed=done)


def main() -> None:
    """The entry point: our own errors are one clear message and an exit code."""
    try:
        app()
    except ConfigError as error:
        sys.stderr.write(f"arb: {error}\n")
        sys.exit(2)
    except ArbitrageError as error:
        sys.stderr.write(f"arb: {error}\n")
        sys.exit(1)
    except BrokenPipeError:
        # The reader has gone (`arb scan ... | head`); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
