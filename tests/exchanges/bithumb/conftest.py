"""What the tests of Bithumb share: frames typed from its documentation, recorded ones, a codec."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from arbitrage.exchanges.bithumb.auth import JwtSigner
from arbitrage.exchanges.bithumb.codec import BithumbCodec
from arbitrage.exchanges.order_gateway import Answer

FRAMES = Path(__file__).parents[2] / "frames" / "bithumb"
NONCE = "b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a"
ACCESS_KEY = "a7Xd92LmQW3vBtRzYpMj5CxNKeT1HuVs0fFgJcAw"
SECRET_KEY = "not-a-secret-but-long-enough-for-a-signature"

Frame = Callable[[str], bytes]
Answered = Callable[..., Answer]


@pytest.fixture(scope="session")
def frame() -> Frame:
    """The bytes of one documented frame or answer."""
    return lambda name: (FRAMES / f"{name}.json").read_bytes().strip()


@pytest.fixture(scope="session")
def answered(frame: Frame) -> Answered:
    """A documented answer as it comes back."""
    return lambda name, status=200: Answer(status, frame(name))


@pytest.fixture
def codec() -> BithumbCodec:
    """An account whose nonce is always the same one."""
    return BithumbCodec(JwtSigner(ACCESS_KEY, SECRET_KEY, nonces=lambda: NONCE))


@pytest.fixture(scope="session")
def legacy_frames(realdata: Path) -> list[bytes]:
    """Every frame of the recording of 2021, which speaks the protocol before this one."""
    with gzip.open(realdata / "raw_frames" / "BITHUMB.ws.1.0.gz", "rt") as lines:
        matches = [re.match(r"[\d.]+: (\{.*\})$", line.strip()) for line in lines]
    return [match[1].encode() for match in matches if match]
