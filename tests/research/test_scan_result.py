"""A scan's figures as JSON of the promised shape, and as a table that fits a terminal."""

import json

from rich.console import Console

from arbitrage.domain.sides import Direction
from arbitrage.research.scan_result import (
    RouteResult,
    ScanResult,
    direction_label,
    scan_table,
)

AB, BA = Direction.LONG_A_SHORT_B, Direction.LONG_B_SHORT_A


def result(route: str = "upbit:KRW-ETH,bithumb:KRW-ETH", evaluations: int = 8) -> RouteResult:
    found = RouteResult(
        route=route,
        base="ETH",
        quote="KRW",
        max_age_ns=10**10,
        evaluations=evaluations,
        breakeven_bps={AB: 9.0, BA: 9.0},
    )
    found.directions[BA].above = {0: 4, 9: 2, 15: 1, 30: 0}
    found.directions[BA].opportunities = 2
    found.directions[BA].qty = 3747.2912
    found.directions[BA].net_profit = 5489795.5
    return found


def test_json_has_the_promised_shape() -> None:
    plain = ScanResult([result()]).to_json_dict()
    assert json.loads(json.dumps(plain)) == {
        "evaluations": 8,
        "routes": [
            {
                "route": "upbit:KRW-ETH,bithumb:KRW-ETH",
                "directions": {
                    "LONG_A_SHORT_B": {
                        "gross_above_bps": {"0": 0.0, "9": 0.0, "15": 0.0, "30": 0.0},
                        "opportunities": 0,
                        "qty": 0.0,
                        "net_profit": 0.0,
                    },
                    "LONG_B_SHORT_A": {
                        "gross_above_bps": {"0": 0.5, "9": 0.25, "15": 0.125, "30": 0.0},
                        "opportunities": 2,
                        "qty": 3747.2912,
                        "net_profit": 5489795.5,
                    },
                },
            }
        ],
    }


def test_evaluations_are_those_of_all_routes() -> None:
    assert ScanResult([result(), result(evaluations=5)]).evaluations == 13


def test_a_route_without_evaluations_has_no_shares() -> None:
    assert result(evaluations=0).share_above(AB, 0) == 0.0


def test_the_table_fits_eighty_columns() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(scan_table(ScanResult([result(), result("a:X,b:Y")])))
    text = capture.get()
    for expected in ("8 evaluations", "buy bithumb, sell upbit", "50.00%", "3,747.2912 ETH"):
        assert expected in text
    assert "5,489,795.5 KRW" in text
    assert "a:X,b:Y" in text


def test_a_direction_is_named_by_its_venues() -> None:
    assert direction_label(result(), AB) == "buy upbit, sell bithumb"
    assert direction_label(result(), BA) == "buy bithumb, sell upbit"


def test_a_direction_within_one_venue_is_named_by_its_symbols() -> None:
    within = result("okx:BTC-USDT,okx:BTC-USDT-SWAP")
    assert direction_label(within, BA) == "buy okx:BTC-USDT-SWAP, sell okx:BTC-USDT"
