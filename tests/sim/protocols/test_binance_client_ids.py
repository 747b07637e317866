import pytest
from sim_usdm import usdm_core

from arbitrage.sim.protocols.binance_client_ids import ClientIds
from arbitrage.sim.protocols.binance_errors import BinanceRefusal


def test_who_gives_no_client_id_gets_one_that_nobody_has() -> None:
    ids = ClientIds(usdm_core())
    assert ids.read({}) != ids.read({})
    assert ids.read({"newClientOrderId": "mine"}) == "mine"
    assert ids.read({"newClientOrderId": "mine", "cancelId": "its"}, "cancelId") == "its"


@pytest.mark.parametrize("text", ["", "a" * 37, "with space", "ümlaut"])
def test_a_client_id_has_few_and_plain_characters(text: str) -> None:
    with pytest.raises(BinanceRefusal, match="-1100"):
        ClientIds(usdm_core()).read({"newClientOrderId": text})
