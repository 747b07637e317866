"""The commands that look at markets and trade nothing: `arb scan` and `arb record`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from arbitrage.command_options import Json, Seconds, Simulated
from arbitrage.domain.errors import ConfigError
from arbitrage.printing import print_json, print_rich, progress, show

RecordingPath = Annotated[
    Path | None, typer.Argument(help="A recording, as `arb import` and `arb record` write it.")
]
Routes = Annotated[
    list[str] | None, typer.Option(help="venue:symbol,venue:symbol; may be given again.")
]
TakerBps = Annotated[
    str,
    typer.Option(
        help="Taker fees in bps: venue=5,venue=4. Where not named: zero, with --live what the "
        "venue documents."
    ),
]
MinEdge = Annotated[float, typer.Option(help="Least marginal net edge, in bps.")]
MaxAge = Annotated[float, typer.Option(help="Oldest book looked at, in seconds.")]
Fx = Annotated[
    str | None,
    typer.Option(
        help="venue:symbol of the FX book of legs whose quotes differ, or a number. With --live "
        "it is found where the venues have it."
    ),
]
IgnoreRules = Annotated[bool, typer.Option("--ignore-rules", help="Leave lots and minimums out.")]
Plot = Annotated[Path | None, typer.Option(help="Draw the edges over time into this HTML file.")]
IsLive = Annotated[bool, typer.Option("--live", help="Watch venues as they are instead.")]
LiveVenues = Annotated[
    list[str] | None, typer.Option("--venue", help="With --live: a venue; may be given again.")
]
Bases = Annotated[
    str, typer.Option(help="With --live: BTC,ETH; without it, all that the venues have in common.")
]
Notional = Annotated[
    float, typer.Option(help="With --live: the size in dollars that edges are told for.")
]
Top = Annotated[int | None, typer.Option(help="With --live: so many routes at most.")]


def scan(
    recording: RecordingPath = None,
    route: Routes = None,
    taker_bps: TakerBps = "",
    min_edge_bps: MinEdge = 0.0,
    max_age: MaxAge = 10.0,
    fx: Fx = None,
    ignore_rules: IgnoreRules = False,
    plot: Plot = None,
    live: IsLive = False,
    venue: LiveVenues = None,
    bases: Bases = "",
    notional: Notional = 1_000.0,
    top: Top = None,
    seconds: Seconds = None,
    simulated: Simulated = False,
    json_: Json = False,
) -> None:
    """Look for price differences at every book of a recording, or between venues as they are now.

    With --live and --json every look is one line.
    """
    shared = {"min_edge_bps": min_edge_bps, "max_age_seconds": max_age}
    if live:
        if recording or route or plot or ignore_rules:
            raise ConfigError("--live goes with --venue, not with a recording or its options")
        from arbitrage.live_scan import ScanTerms
        from arbitrage.research.scan_route import parse_fx, parse_taker_bps

        terms = ScanTerms(
            bases=tuple(filter(None, (base.strip() for base in bases.split(",")))),
            fx=fx and parse_fx(fx),
            taker_bps=parse_taker_bps(taker_bps),
            notional_usd=notional,
            **shared,
        )
        _scan_live(venue or [], terms, json_, top=top, seconds=seconds, is_simulated=simulated)
    elif recording is None or not route:
        raise ConfigError("expected a recording and at least one --route, or --live")
    else:
        texts = (route, fx, taker_bps)
        _scan_recording(recording, texts, json_, plot, ignore_rules=ignore_rules, **shared)


def _scan_live(venues: list[str], terms: Any, json_: bool, **settings: Any) -> None:
    from arbitrage.scan_command import LiveScanTerms, run_live_scan

    watched = LiveScanTerms(venues=tuple(venues), scan=terms, **settings)
    run_live_scan(watched, on_view=print_json if json_ else None)


def _scan_recording(
    path: Path,
    texts: tuple[list[str], str | None, str],
    json_: bool,
    plot: Path | None,
    **settings: Any,
) -> None:
    """`texts` are the routes, the FX and the fees as they were written."""
    from arbitrage.research.scan import scan
    from arbitrage.research.scan_result import scan_table
    from arbitrage.research.scan_route import parse_route, parse_taker_bps
    from arbitrage.store.recording import Recording

    source = Recording(path)
    routes = [parse_route(text, fx=texts[1]) for text in texts[0]]
    fees = parse_taker_bps(texts[2])
    with progress("scan", source.count()) as on_progress:
        result = scan(
            source,
            routes,
            taker_bps=fees,
            keeps_series=plot is not None,
            on_progress=on_progress,
            **settings,
        )
    if plot is not None:
        from arbitrage.research.plot import write_plot

        write_plot(result, plot)
    show(result.to_json_dict(), json_, lambda: print_rich(scan_table(result)))


def record(
    venue: Annotated[list[str], typer.Option(help="A venue; may be given again.")],
    out: Annotated[Path, typer.Option(help="The recording to write to, or to add to.")],
    symbols: Annotated[
        list[str] | None,
        typer.Option(help="Of the venue before it: KRW-BTC,KRW-ETH or all; without it, all."),
    ] = None,
    channels: Annotated[
        str, typer.Option(help="Some of book,quote,trades,funding, as far as a venue has them.")
    ] = "book,trades,funding",
    seconds: Seconds = None,
    simulated: Simulated = False,
    json_: Json = False,
) -> None:
    """Record what venues publish, as events and as raw messages; a second run goes on with it."""
    from arbitrage.record_command import RecordTerms, parse_channels, parse_symbols, run_record

    terms = RecordTerms(
        symbols=parse_symbols(venue, symbols or []),
        out=out,
        channels=parse_channels(channels),
        seconds=seconds,
        is_simulated=simulated,
    )
    done = run_record(terms, shows_status=not json_)
    if json_:
        print_json(done)
