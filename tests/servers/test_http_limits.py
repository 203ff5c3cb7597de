"""The HTTP protocol with its limits, over loopback, as uvicorn runs it."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from filmless.servers import http_limits
from filmless.servers.http_limits import BoundedHttp
from objects import ct_image, part10_bytes
from web_house import STOW_TYPE, WebHouse, multipart

HOST = b"Host: archive.example\r\n"


@pytest.fixture
def port() -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        WebHouse().application,
        http=BoundedHttp,
        loop="asyncio",
        lifespan="off",
        ws="none",
        log_config=None,
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def exchange(port: int, *pieces: bytes) -> bytes:
    """What comes back until the server closes or says nothing more."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # it closed in the middle of what we sent
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
        return received


def status(reply: bytes) -> int:
    return int(reply.split()[1]) if reply else 0


def test_an_ordinary_request_is_answered(port: int) -> None:
    reply = exchange(port, b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nserver:" not in reply.lower()


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST, 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 20_000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: a\r\n" % number for number in range(101)), 431),
        (b"GET / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST, 400),
        (b"POST /api/login HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 50\r\n", 400),
        (b"POST /api/login HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"POST /api/login HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n", 400),
        (b"GET / HTTP/9.9\r\n" + HOST, 400),
        (b"\x16\x03\x01\x02\x00", 400),
    ],
)
def test_a_head_beyond_the_limits_or_ambiguous_is_refused(port: int, head: bytes, wanted: int) -> None:
    assert status(exchange(port, head + b"\r\n")) == wanted


def test_a_head_that_never_ends_is_refused_before_it_is_kept(port: int) -> None:
    reply = exchange(port, b"GET / HTTP/1.1\r\n" + HOST + b"X-A: ", *[b"a" * 8192] * 128)
    assert status(reply) in {431, 0}  # 0: the reset that follows a refusal can overtake it


def test_a_head_that_drips_is_ended_at_its_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_limits, "HEAD_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert status(connection.recv(65536)) == 408
        assert connection.recv(1) == b""


def test_a_body_that_drips_is_ended_at_its_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_limits, "BODY_SECONDS", 0.2)
    head = b"POST /api/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(head + b"{")
        assert connection.recv(1) == b""


def test_one_connection_carries_several_requests(port: int) -> None:
    request = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    last = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    assert exchange(port, request + request, last).count(b"HTTP/1.1 200 OK") == 3


def store_head(length: int, *more: bytes) -> bytes:
    lines = [
        b"POST /dicomweb/studies HTTP/1.1\r\n" + HOST,
        b"Authorization: Bearer service\r\n",
        b"Content-Type: " + STOW_TYPE.encode() + b"\r\n",
        b"Content-Length: %d\r\n" % length,
        *more,
    ]
    return b"".join(lines) + b"\r\n"


def test_a_large_body_is_stored_and_the_connection_serves_what_follows_it(port: int) -> None:
    images = [ct_image(Rows=512, Columns=512, PixelData=bytes(512 * 512 * 2)) for _ in range(4)]
    body = multipart(*map(part10_bytes, images))
    last = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    reply = exchange(port, store_head(len(body)), body, store_head(len(body)) + body + last)
    assert re.findall(rb"HTTP/1.1 (\d+)", reply) == [b"200", b"200", b"200"]
    assert all(reply.count(image.SOPInstanceUID.encode()) >= 2 for image in images)


def test_a_client_that_waits_for_leave_to_send_a_large_body_gets_it(port: int) -> None:
    body = multipart(part10_bytes(ct_image(Rows=512, Columns=512, PixelData=bytes(512 * 512 * 2))))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(store_head(len(body), b"Expect: 100-continue\r\n", b"Connection: close\r\n"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert status(connection.recv(65536)) == 200


def test_a_large_body_that_is_malformed_is_answered(port: int) -> None:
    body = b"--" + b"x" * 200_000
    assert status(exchange(port, store_head(len(body), b"Connection: close\r\n"), body)) == 400


def test_of_a_large_malformed_body_the_rest_is_not_read_as_a_request(port: int) -> None:
    body = b"--" + b"x" * 2_000_000 + b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    reply = exchange(port, store_head(len(body)), body)
    assert re.findall(rb"HTTP/1.1 (\d+)", reply) in ([b"400"], [])  # a reset may overtake the answer


def test_a_client_that_leaves_within_a_large_body_leaves_nothing_behind(port: int) -> None:
    body = multipart(part10_bytes(ct_image(Rows=512, Columns=512, PixelData=bytes(512 * 512 * 2))))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(store_head(len(body)) + body[:300_000])
    assert status(exchange(port, store_head(len(body), b"Connection: close\r\n"), body)) == 200
