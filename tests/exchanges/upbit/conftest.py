"""What the tests of Upbit share: frames typed from its documentation, recorded ones, a codec."""

import ast
import gzip
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from arbitrage.exchanges.order_gateway import Answer
from arbitrage.exchanges.upbit.auth import JwtSigner
from arbitrage.exchanges.upbit.codec import UpbitCodec

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

FRAMES = Path(__file__).parents[2] / "frames" / "upbit"
NONCE = "b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a"
ACCESS_KEY = "a7Xd92LmQW3vBtRzYpMj5CxNKeT1HuVs0fFgJcAw"
SECRET_KEY = "not-a-secret-but-long-enough-for-a-signature-of-512-bits-of-length-"

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
def codec() -> UpbitCodec:
    """An account whose nonce is always the same one."""
    return UpbitCodec(JwtSigner(ACCESS_KEY, SECRET_KEY, nonces=lambda: NONCE))


@pytest.fixture(scope="session")
def recorded_frames() -> list[bytes]:
    """Every public frame of the recording of 2021."""
    folder = Path(os.environ.get("ARBITRAGE_DATA", "../shared/data"))
    path = folder / "raw_frames" / "UPBIT.ws.62.0.gz"
    if not path.exists():
        reason = f"recorded market data absent: {path}; set ARBITRAGE_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with gzip.open(path, "rt") as lines:
        matches = [re.match(r"[\d.]+: (b'.*')$", line.strip()) for line in lines]
    return [ast.literal_eval(match[1]) for match in matches if match]
