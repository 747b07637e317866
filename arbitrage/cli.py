"""The `arb` command: reads arguments, calls one function of the house, prints what it answers.

Every command imports what it needs when it runs, so that `arb --help` is quick. Exit codes: 0
done, 1 the work failed, 2 the arguments or the configuration are wrong.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from arbitrage.command_options import ConfigFile, Json, Language, Seconds, Simulated
from arbitrage.domain.errors import ArbitrageError, ConfigError
from arbitrage.market_commands import record, scan
from arbitrage.printing import print_json, print_line, print_rich, progress, show

app = typer.Typer(
    help="Cross-exchange crypto arbitrage: one deterministic engine for paper, replay and live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# A report for eyes shows the first few of each kind of problem.
_PROBLEMS_SHOWN = 5


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
        print_json(summary)


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
        print_json(summary)


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
    show(report.to_json_dict(), json_, lambda: _print_import(report))


def _print_import(report: Any) -> None:
    print_line(
        f"{report.venue} {report.symbol}: {report.snapshots:,} snapshots of {report.rows:,} rows, "
        f"{report.rows_skipped:,} rows skipped, {report.problem_count:,} problems"
    )
    for kind, count in report.counts.items():
        print_line(f"  {count:,} x {kind}")
        listed = [problem for problem in report.problems if problem.kind == kind]
        for problem in listed[:_PROBLEMS_SHOWN]:
            print_line(f"    line {problem.line}: {problem.reason}")
        if count > _PROBLEMS_SHOWN:
            print_line(f"    and {count - _PROBLEMS_SHOWN:,} more; --json lists them")


app.command()(scan)
app.command()(record)


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
    with progress("replay", source.count()) as on_progress:
        result = replay(source, settings, on_progress=on_progress)
    show(result, json_, lambda: print_rich(report_table(result)))


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
    ends_with_input: Annotated[
        bool, typer.Option("--ends-with-input", help="End when standard input does.")
    ] = False,
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
        ends_with_input=ends_with_input,
    )


def _port(text: str) -> tuple[str, int]:
    """`NAME=PORT` as a pair."""
    name, _, port = text.partition("=")
    if not name or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError(f"--venue {text!r}: expected NAME=PORT with a port of 0 to 65535")
    return name, int(port)


@app.command()
def doctor(
    config: Annotated[Path | None, typer.Option("--config", help="The TOML file.")] = None,
    venue: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME=SYMBOL,SYMBOL, asked over the wire; may be given again."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no venue.")] = False,
    sim: Simulated = False,
    json_: Json = False,
) -> None:
    """Check a configuration and its venues: what is wrong, and what to do about it. Over the wire:
    is the venue there, is our clock right, what may the key do, what can be traded with."""
    from arbitrage.config import load
    from arbitrage.doctor import examine

    if config is None and not venue:
        raise ConfigError("nothing to look at; expected --config FILE or --venue NAME")
    settings = None if config is None else load(config)
    findings = [] if settings is None else examine(settings)
    if not offline:
        from arbitrage.venue_doctor import examine_venues

        wanted = {} if settings is None else settings.symbols()
        for text in venue or ():
            name, _, symbols = text.partition("=")
            wanted[name] = [*wanted.get(name, ()), *filter(None, symbols.split(","))]
        findings += examine_venues(wanted, os.environ, on_simulators=sim)
    is_ok = all(finding.is_ok for finding in findings)
    show(
        {"ok": is_ok, "findings": findings},
        json_,
        lambda: print_line("\n".join(finding.line() for finding in findings)),
    )
    if not is_ok:
        raise typer.Exit(1)


@app.command()
def bench(
    json_: Json = False,
    only: Annotated[str, typer.Option(help="Only figures whose name has this in it.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repetitions.")] = False,
    soak: Annotated[
        float | None,
        typer.Option(help="Instead, so many minutes of a thousand books over sockets."),
    ] = None,
) -> None:
    """Measure the engine on this machine, each figure beside its goal."""
    from arbitrage.bench import figures_table, run_bench

    if soak is None:
        figures = run_bench(only=only, quick=quick)
    else:
        from arbitrage.bench.soak import run_soak

        figures = run_soak(soak)
    show(
        [figure.to_json_dict() for figure in figures],
        json_,
        lambda: print_rich(figures_table(figures)),
    )


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
