"""The page is one file that needs no other, and says what the scan says."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.sides import Direction
from arbitrage.research.edge_series import EdgeSeries
from arbitrage.research.plot import write_plot
from arbitrage.research.scan_result import RouteResult, ScanResult

AB, BA = Direction.LONG_A_SHORT_B, Direction.LONG_B_SHORT_A
SECOND = 10**9
T0 = 1714207175 * SECOND


def result(name: str = "upbit:KRW-ETH,bithumb:KRW-ETH", *, is_empty: bool = False) -> ScanResult:
    series = EdgeSeries(T0, T0 + 1000 * SECOND)
    if not is_empty:
        series.add(AB, T0, -12.345, None)
        series.add(BA, T0, 11.0, 1234.567)
        series.add(BA, T0, 3.0, None)
        series.add(BA, T0 + 500 * SECOND, 2.0, None)
    route = RouteResult(
        route=name,
        base="ETH",
        quote="KRW",
        max_age_ns=10 * SECOND,
        evaluations=3,
        breakeven_bps={AB: 9.0, BA: 9.5},
        series=series,
    )
    return ScanResult([route])


@pytest.fixture
def page(tmp_path: Path) -> str:
    write_plot(result(), tmp_path / "scan.html")
    return (tmp_path / "scan.html").read_text()


def data(page: str) -> list[dict]:
    match = re.search(r"const DATA = (.*);\n", page)
    assert match is not None
    return json.loads(match[1])


def test_the_page_loads_nothing_from_anywhere(page: str) -> None:
    assert not re.search(r"https?:|//[a-z]|\bsrc=|@import|url\(|<link", page)


def test_every_element_is_closed(page: str) -> None:
    open_elements: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            del attrs
            if tag != "meta":
                open_elements.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_elements.pop() == tag

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            """Opens and closes at once."""

    Checker().feed(page)
    assert open_elements == []


def test_the_page_says_what_the_scan_says(page: str) -> None:
    for text in (
        "2024-04-27 08:39:35 to 2024-04-27 08:56:15 UTC",
        "3 evaluations",
        "buy bithumb, sell upbit",
        "break-even 9.00 / 9.50 bps",
        "gross edge above 15 bps",
    ):
        assert text in page


def test_values_under_the_pointer_are_those_of_the_buckets(page: str) -> None:
    (values,) = data(page)
    first, second = values["rows"]
    assert first[0] == 0
    assert first[2:] == [-12.35, -12.35, 0, 0, 3.0, 11.0, 1, 1234.57]
    assert second[2:] == [None, None, 0, 0, 2.0, 2.0, 0, 0]
    assert abs(first[1] - T0 // 10**6) < 1000


def test_a_name_cannot_break_the_page(tmp_path: Path) -> None:
    write_plot(result("a:</script><b>,b:&"), tmp_path / "scan.html")
    page = (tmp_path / "scan.html").read_text()
    assert page.count("</script>") == 1
    assert "a:&lt;/script&gt;&lt;b&gt;,b:&amp;" in page
    assert data(page)[0]["quote"] == "KRW"


def test_a_route_without_evaluations_has_no_chart(tmp_path: Path) -> None:
    write_plot(result(is_empty=True), tmp_path / "scan.html")
    page = (tmp_path / "scan.html").read_text()
    assert "never both fresh" in page
    assert data(page)[0]["rows"] == []


def test_a_scan_without_series_cannot_be_drawn(tmp_path: Path) -> None:
    scanned = result()
    scanned.routes[0].series = None
    with pytest.raises(ConfigError, match="its series was not kept"):
        write_plot(scanned, tmp_path / "scan.html")
    assert not (tmp_path / "scan.html").exists()


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_plot(result(), tmp_path / "none" / "scan.html")
