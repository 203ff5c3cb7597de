"""Settling in the running program: what was stored is settled when it is quiet, whatever ends in between."""

import gzip
import json
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

import pytest

from objects import series, write_file
from serving import Server, wait_until

pytestmark = pytest.mark.slow


def metadata(server: Server, token: str, path: str, **headers: str) -> tuple[Message, bytes]:
    request = urllib.request.Request(f"{server.url}/dicomweb{path}/metadata")
    for name, value in {"authorization": f"Bearer {token}", "accept": "application/dicom+json", **headers}.items():
        request.add_header(name, value)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers, answer.read()


def test_a_study_is_settled_after_the_program_was_killed_and_began_again(tmp_path: Path) -> None:
    images = series(3)
    files = [write_file(tmp_path, image) for image in images]
    path = f"/studies/{images[0].StudyInstanceUID}"
    first = Server(tmp_path / "data", "--workers", "1", "--settle-after", "100000").start()
    try:
        token = first.token()
        assert first.run("import", *files).returncode == 0
        headers, made = metadata(first, token, path)
        assert headers["content-length"] is None  # it is made as it is sent
        first.kill()
    finally:
        first.close()
    second = Server(tmp_path / "data", "--workers", "1", "--settle-after", "5").start()
    try:
        wait_until(lambda: metadata(second, token, path)[0]["content-length"] is not None)
        headers, packed = metadata(second, token, path, **{"accept-encoding": "gzip"})
        assert headers["content-encoding"] == "gzip"
        found, before = json.loads(gzip.decompress(packed)), json.loads(made)
        assert [each["00080018"] for each in found] == [each["00080018"] for each in before]
        assert found[0]["7FE00010"]["BulkDataURI"].startswith(f"{second.url}/dicomweb{path}/series/")
        with pytest.raises(urllib.error.HTTPError) as answer:
            metadata(second, token, path, **{"if-none-match": headers["etag"]})
        assert (answer.value.code, answer.value.read()) == (304, b"")
    finally:
        second.close()
