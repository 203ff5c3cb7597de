"""Killed again and again at any moment: what was acknowledged is there, once, and the check finds nothing."""

import asyncio
import random
import threading
from pathlib import Path

import pytest
import requests

from filmless.clients.dimse import connect
from filmless.clients.faults import DimseError
from filmless.clients.files import Sendable, contexts_of, sendable
from objects import series, write_file
from serving import Server

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]

ROUNDS = 20
SENDERS = 4
SENT_EACH = 60


async def send_all(server: Server, files: list[Sendable], acknowledged: set[str]) -> None:
    """Send until the server is gone; note what it took."""
    try:
        contexts = contexts_of(files)
        async with connect("127.0.0.1", server.port, "FILMLESS", "DRILL", contexts, timeout=10) as client:
            for file in files:
                if (await client.store(file)).is_success:
                    acknowledged.add(file.instance_uid)
    except DimseError:
        pass


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    chance = random.Random(7)
    server = Server(tmp_path / "data", "--workers", "2").start()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {server.token()}"
    acknowledged: set[str] = set()
    try:
        for _ in range(ROUNDS):
            senders = []
            for _ in range(SENDERS):
                found = [sendable(write_file(tmp_path, image)) for image in series(SENT_EACH)]
                files = [file for file in found if isinstance(file, Sendable)]
                call = send_all(server, files, acknowledged)
                senders.append(threading.Thread(target=asyncio.run, args=(call,)))
            for sender in senders:
                sender.start()
            senders[0].join(chance.uniform(0.05, 1.5))
            server.kill()
            for sender in senders:
                sender.join()
            server.start()
            listed = every_instance(session, server)
            assert len(listed) == len(set(listed))
            assert acknowledged <= set(listed)
        checked = server.run("check")
        assert (checked.returncode, checked.stdout) == (0, "")
    finally:
        server.close()


def every_instance(session: requests.Session, server: Server) -> list[str]:
    """SOP Instance UIDs that QIDO-RS lists, page by page."""
    found: list[str] = []
    while True:
        asked = {"limit": "1000", "offset": str(len(found))}
        answer = session.get(f"{server.url}/dicomweb/instances", params=asked, timeout=30)
        page = answer.json() if answer.content else []
        found += [instance["00080018"]["Value"][0] for instance in page]
        if len(page) < 1000:
            return found
