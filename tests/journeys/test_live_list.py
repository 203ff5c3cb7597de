"""Who has the list open is told what comes, over the running program, and no longer than they may."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from objects import ct_image, part10_bytes
from serving import ADMINISTRATOR, PASSWORD, Server

pytestmark = pytest.mark.slow

SECONDS = 30

Event = tuple[str, str, dict[str, Any]]  # name, mark, data


def signed_in(server: Server) -> requests.Session:
    session = requests.Session()
    answer = session.post(f"{server.url}/api/login", json={"username": ADMINISTRATOR, "password": PASSWORD}, timeout=20)
    session.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return session


def store(server: Server, session: requests.Session, **values: Any) -> str:
    """Send one image; the UID of its study."""
    image = ct_image(**values)
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + part10_bytes(image) + b"\r\n--x--\r\n"
    media_type = 'multipart/related; type="application/dicom"; boundary=x'
    answer = session.post(f"{server.url}/dicomweb/studies", body, headers={"Content-Type": media_type}, timeout=20)
    assert answer.status_code == 200, answer.text
    return str(image.StudyInstanceUID)


@contextmanager
def followed(server: Server, session: requests.Session, since: str = "") -> Iterator[Iterator[Event]]:
    """The events of a stream as they come: name, id, data."""
    with session.get(
        f"{server.url}/api/changes", params={"since": since} if since else {}, stream=True, timeout=SECONDS
    ) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        yield events(answer)


def events(answer: requests.Response) -> Iterator[Event]:
    block = ""
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        block += f"{line}\n"
        if not line:
            fields = dict(re.findall(r"^(event|id|data): (.*)$", block, re.MULTILINE))
            block = ""
            if "event" in fields:
                yield fields["event"], fields.get("id", ""), json.loads(fields["data"])


def told(stream: Iterator[Event], what: str, study_uid: str) -> str:
    """Wait until a study is told of; the mark of that event."""
    return next(mark for name, mark, data in stream if name == "studies" and study_uid in data[what])


def test_a_study_is_told_of_as_it_comes_and_when_it_is_gone(server: Server) -> None:
    session = signed_in(server)
    with followed(server, session) as stream:
        name, first, data = next(stream)
        assert (name, data) == ("studies", {"new": [], "changed": [], "gone": []})
        study_uid = store(server, session)
        assert int(told(stream, "new", study_uid)) >= int(first)
        row = session.get(f"{server.url}/api/studies", params={"study": study_uid}, timeout=20).json()["studies"][0]
        assert (row["arriving"], row["instances"]) == (True, 1)
        deleted = session.delete(f"{server.url}/dicomweb/studies/{study_uid}", timeout=20)
        assert deleted.status_code == 204
        told(stream, "gone", study_uid)


def test_who_comes_back_is_told_what_came_meanwhile(server: Server) -> None:
    session = signed_in(server)
    with followed(server, session) as stream:
        mark = next(stream)[1]
    study_uid = store(server, session)
    with followed(server, session, since=mark) as stream:
        told(stream, "new", study_uid)


def test_a_stream_ends_with_its_session(server: Server) -> None:
    session = signed_in(server)
    with followed(server, session) as stream:
        next(stream)
        assert session.post(f"{server.url}/api/logout", json={}, timeout=20).status_code == 204
        assert list(stream) == []
    assert session.get(f"{server.url}/api/changes", timeout=20).status_code == 401


def test_no_stream_holds_the_end_of_the_server_up(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start()
    try:
        made = server.run("user", "add", ADMINISTRATOR, "--role", "administrator", "--password-stdin", text=PASSWORD)
        assert made.returncode == 0, made.stderr
        with followed(server, signed_in(server)) as stream:
            next(stream)
            assert server.terminate() == 0
            assert list(stream) == []
    finally:
        server.close()


def test_a_mark_that_was_not_given_here_is_refused(server: Server) -> None:
    session = signed_in(server)
    refused = session.get(f"{server.url}/api/changes", params={"since": "yesterday"}, timeout=20)
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
