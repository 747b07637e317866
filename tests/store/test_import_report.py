"""A report counts every problem and lists the first of each kind."""

from arbitrage.store.import_report import MAX_LISTED_PER_KIND, ImportReport, Problem


def report() -> ImportReport:
    return ImportReport(source="books.csv", venue="upbit", symbol="KRW-ETH")


def test_every_problem_is_counted_and_the_first_of_each_kind_listed() -> None:
    found = report()
    for line in range(MAX_LISTED_PER_KIND + 5):
        found.add(line, "malformed", "no number", rows_skipped=1)
    found.add(999, "torn", "the end")
    assert found.counts == {"malformed": MAX_LISTED_PER_KIND + 5, "torn": 1}
    assert found.problem_count == MAX_LISTED_PER_KIND + 6
    assert found.rows_skipped == MAX_LISTED_PER_KIND + 5
    assert len(found.problems) == MAX_LISTED_PER_KIND + 1
    assert found.problems[-1] == Problem(999, "torn", "the end")


def test_reports_do_not_share_their_lists() -> None:
    report().add(1, "torn", "the end")
    assert report().problems == []
    assert report().counts == {}


def test_json_holds_all_of_it() -> None:
    found = report()
    found.add(2, "crossed", "bid over ask")
    plain = found.to_json_dict()
    assert plain["problem_count"] == 1
    assert plain["problems"] == [{"line": 2, "kind": "crossed", "reason": "bid over ask"}]
    assert plain["counts"] == {"crossed": 1}
    assert plain["first_ns"] is None
