from decimal import Decimal as D

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.wallet_share import WalletShare
from arbitrage.exchanges.order_gateway import Answer

SIGNER = RequestSigner("key", "secret")
NOW_NS = 1_700_000_000_000_000_000


def page(*entries: tuple[str, str, str], cursor: str = "") -> Answer:
    """Entries as id, currency and change."""
    rows = [
        {"id": entry, "currency": currency, "category": "spot", "change": change, "type": "TRADE"}
        for entry, currency, change in entries
    ]
    result = {"list": rows, "nextPageCursor": cursor}
    return Answer(200, msgspec.json.encode({"retCode": 0, "result": result}))


def begun(share: str = "0.5", total: str = "1000") -> WalletShare:
    """The share of a wallet of USDT that was read once."""
    made = WalletShare(Category.LINEAR, D(share))
    made.take_in(page(("old", "USDT", "-3")))
    made.own({"USDT": D(total)}, NOW_NS)
    return made


@pytest.mark.parametrize("share", ["0", "-0.1", "1.1"])
def test_a_share_is_a_part(share: str) -> None:
    with pytest.raises(ConfigError, match="wallet_share"):
        WalletShare(Category.SPOT, D(share))


def test_a_whole_wallet_needs_no_log() -> None:
    assert WalletShare(Category.LINEAR, D(1)).is_whole
    assert not WalletShare(Category.LINEAR, D("0.5")).is_whole


def test_what_the_other_category_moved_is_asked_for_from_a_little_before_the_last_reading() -> None:
    share = WalletShare(Category.LINEAR, D("0.5"))
    first = share.request(SIGNER, NOW_NS)
    share.own({}, NOW_NS)
    later = share.request(SIGNER, NOW_NS + 60 * 10**9, "2163%3A1")

    assert first.target == (
        "/v5/account/transaction-log?accountType=UNIFIED&category=spot&limit=50"
        "&startTime=1699999400000&endTime=1700000001000"
    )
    assert "&startTime=1699999400000&endTime=1700000061000&cursor=2163%3A1" in later.target
    assert "category=linear" in WalletShare(Category.SPOT, D("0.5")).request(SIGNER, 1).target


def test_the_first_reading_gives_the_share_whatever_happened_before() -> None:
    share = WalletShare(Category.LINEAR, D("0.25"))
    share.take_in(page(("old", "USDT", "-3")))

    assert share.own({"USDT": D(1000), "BTC": D(2)}, NOW_NS) == {"USDT": D(250), "BTC": D("0.5")}


def test_what_the_other_category_moved_is_not_ours() -> None:
    share = begun()

    assert share.take_in(page(("n2", "BTC", "0.01"), ("n1", "USDT", "-700"))) == (2, "")

    assert share.own({"USDT": D(300), "BTC": D("0.01")}, NOW_NS) == {"USDT": D(500), "BTC": D(0)}


def test_what_nobody_booked_is_ours_to_explain() -> None:
    assert begun().own({"USDT": D(1005)}, NOW_NS) == {"USDT": D(505)}


def test_an_entry_counts_once_and_a_page_without_news_is_the_last() -> None:
    share = begun()

    assert share.take_in(page(("n1", "USDT", "-1"), cursor="more")) == (1, "more")
    assert share.take_in(page(("n1", "USDT", "-1"), ("old", "USDT", "-3"), cursor="m")) == (0, "")
    assert share.own({"USDT": D(999)}, NOW_NS) == {"USDT": D(500)}


@given(st.lists(st.decimals(-1000, 1000, places=8), max_size=20))
def test_two_shares_that_make_a_whole_always_add_up_to_the_wallet(changes: list[D]) -> None:
    shares = {name: begun(share) for name, share in (("a", "0.3"), ("b", "0.7"))}
    wallet = D(1000)
    for number, change in enumerate(changes):
        wallet += change
        other = "ab"[number % 2]
        shares[other].take_in(page((f"n{number}", "USDT", str(change))))

    owned = sum(share.own({"USDT": wallet}, NOW_NS)["USDT"] for share in shares.values())

    assert owned == wallet


@pytest.mark.parametrize("change", ["NaN", "1E999", ""])
def test_an_absurd_change_is_malformed(change: str) -> None:
    with pytest.raises(MalformedData):
        begun().take_in(page(("n1", "USDT", change)))


def test_only_the_latest_entries_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbitrage.exchanges.bybit.wallet_share._REMEMBERED", 2)
    share = begun()
    for number in range(5):
        share.take_in(page((f"n{number}", "USDT", "1")))

    assert len(share._seen) == 2
