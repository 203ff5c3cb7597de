"""Answers from files over loopback, on both kinds of event loop."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
import uvloop

from filmless.archive.model import Span
from filmless.servers.http_limits import BoundedHttp
from objects import ct_image, part10_bytes
from web_house import STOW_TYPE, WebHouse, multipart

IMAGES = [
    ct_image(StudyInstanceUID="1.2.3", Rows=512, Columns=512, PixelData=bytes((number,)) * (512 * 512 * 2))
    for number in range(8)
]
FILES = [part10_bytes(image) for image in IMAGES]
HEAD = b"Host: archive.example\r\nAuthorization: Bearer service\r\n"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        WebHouse().application, http=BoundedHttp, loop="none", lifespan="off", ws="none", log_config=None
    )
    server = uvicorn.Server(config)

    def serve() -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(server.serve(sockets=[listening]))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    number = listening.getsockname()[1]
    with connected(number) as connection:
        body = multipart(*FILES)
        type_line = b"Content-Type: " + STOW_TYPE.encode() + b"\r\n"
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        connection.sendall(b"POST /dicomweb/studies HTTP/1.1\r\n" + HEAD + type_line + length + body)
        assert answer(connection)[0].startswith(b"HTTP/1.1 200")
    yield number
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()  # a request whose client is gone would keep it


def connected(port: int, receive_buffer: int = 0) -> socket.socket:
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    return connection


def answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of one answer whose length is told."""
    got = bytearray()
    while b"\r\n\r\n" not in got:
        got += connection.recv(1000)
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    told = re.search(rb"content-length: (\d+)", head)
    pieces, left = [body], int(told[1]) - len(body) if told else 0
    while left:
        piece = connection.recv(min(left, 100_000))
        assert piece, "the answer ended before its end"
        pieces.append(piece)
        left -= len(piece)
    return head, b"".join(pieces)


def series(*more: bytes) -> bytes:
    image = IMAGES[0]
    path = f"/dicomweb/studies/{image.StudyInstanceUID}"
    return b"GET " + path.encode() + b" HTTP/1.1\r\n" + HEAD + b"".join(more) + b"\r\n"


def test_a_series_is_sent_from_its_files_and_the_connection_serves_what_follows(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Span, "__bytes__", None)  # nothing of them is read
    with connected(port) as connection:
        connection.sendall(series())
        head, body = answer(connection)
        assert head.startswith(b"HTTP/1.1 200")
        assert body.endswith(b"--\r\n")
        assert all(body.count(file) == 1 for file in FILES)
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert answer(connection)[0].startswith(b"HTTP/1.1 200")
        connection.sendall(series())
        assert answer(connection)[1] == body


def test_a_client_that_takes_little_at_a_time_gets_the_same(port: int) -> None:
    with connected(port) as fast, connected(port, receive_buffer=4096) as slow:
        slow.sendall(series())
        fast.sendall(series())
        assert answer(fast)[1] == answer(slow)[1]


def test_a_part_of_a_series_is_cut_from_its_files(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(series())
        whole = answer(connection)[1]
        for start, stop in ((0, 100), (300_000, 2_000_001), (len(whole) - 10, len(whole))):
            connection.sendall(series(b"Range: bytes=%d-%d\r\n" % (start, stop - 1)))
            head, body = answer(connection)
            assert head.startswith(b"HTTP/1.1 206")
            assert body == whole[start:stop]


def test_clients_that_leave_within_an_answer_leave_nothing_behind(port: int) -> None:
    for _ in range(5):
        with connected(port, receive_buffer=4096) as connection:
            connection.sendall(series())
            connection.recv(1000)
    with connected(port) as connection:
        connection.sendall(series(b"Connection: close\r\n"))
        assert answer(connection)[1].endswith(b"--\r\n")
        assert connection.recv(1) == b""


def test_clients_that_leave_while_more_of_their_requests_wait_leave_nothing_behind(port: int) -> None:
    for _ in range(5):
        with connected(port, receive_buffer=4096) as connection:
            connection.sendall(series() * 3)
            connection.recv(1000)
    with connected(port) as connection:
        connection.sendall(series() * 2)
        assert answer(connection)[1].endswith(b"--\r\n")
