"""The same over TLS, as every real venue wants it, with a certificate made for the test."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import picows
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from net.loopback import RawPeer, RawServer, WsServer, port_of, run, soon, until

from arbitrage.domain.errors import Unavailable
from arbitrage.exchanges.order_gateway import Lane, Request
from arbitrage.net.heartbeat import SessionTerms
from arbitrage.net.http import HttpPool, PoolTerms
from arbitrage.net.stream import Stream
from arbitrage.net.websocket import Endpoint

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ORDER = Request("POST", "/order", lane=Lane.ENTRY)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@asynccontextmanager
async def https(certificate: Path) -> AsyncIterator[RawServer]:
    server = RawServer()
    listening = await asyncio.get_running_loop().create_server(
        lambda: RawPeer(server), "127.0.0.1", 0, ssl=server_context(certificate)
    )
    server.port = port_of(listening)
    try:
        yield server
    finally:
        for peer in server.live:
            peer.transport.abort()
        listening.close()
        await listening.wait_closed()


def test_orders_go_over_tls_and_come_back(certificate: Path) -> None:
    async def work() -> None:
        async with https(certificate) as server:
            server.on_data = lambda peer, _data: peer.transport.write(OK)
            pool = HttpPool(
                f"https://127.0.0.1:{server.port}",
                PoolTerms(),
                random=Random(1),
                ssl_context=ssl.create_default_context(cafile=str(certificate)),
            )
            await pool.open()
            for _ in range(3):
                answer = await soon(pool.send(ORDER))
                assert answer is not None
                assert answer.body == b"ok"
            server.on_data = lambda peer, _data: peer.transport.abort()
            assert await soon(pool.send(ORDER)) is None
            await pool.close()

    run(work)


def test_a_host_that_cannot_prove_itself_is_not_spoken_to(certificate: Path) -> None:
    async def work() -> None:
        async with https(certificate) as server:
            url = f"https://127.0.0.1:{server.port}"
            pool = HttpPool(url, PoolTerms(), random=Random(1))
            with pytest.raises(Unavailable, match="certificate"):
                await pool.open()
            assert all(not peer.received for peer in server.peers)

    run(work)


def test_streams_go_over_tls(certificate: Path) -> None:
    async def work() -> None:
        server = WsServer()
        listening = await picows.ws_create_server(
            server.accept, "127.0.0.1", 0, ssl=server_context(certificate)
        )
        url = f"wss://127.0.0.1:{port_of(listening)}/"

        async def endpoint() -> Endpoint:
            return Endpoint(url, frames=(b"subscribe",))

        heard: list[bytes] = []
        stream = Stream(
            "tls",
            endpoint,
            on_message=lambda message, _ts_ns: heard.append(message),
            on_open=lambda: None,
            on_close=lambda _reason: None,
            terms=SessionTerms(),
            random=Random(1),
            ssl_context=ssl.create_default_context(cafile=str(certificate)),
        )
        stream.start()
        await until(lambda: server.peers and server.peers[0].texts == [b"subscribe"])
        server.peers[0].send(b"data")
        await until(lambda: heard == [b"data"])
        await stream.stop()
        await until(lambda: not server.live)
        listening.close()
        await listening.wait_closed()

    run(work)
