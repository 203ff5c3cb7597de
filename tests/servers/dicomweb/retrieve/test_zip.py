"""A study taken along as a ZIP file: every instance as it was stored, readable by any tool."""

import io
import zipfile

import pytest

from filmless.servers.dicomweb.retrieve.zip_writer import Member, ZipWriter, zip_length
from objects import part10_bytes, series
from web_house import STOW_TYPE, WebHouse, multipart


def test_a_study_comes_as_a_zip_of_its_files() -> None:
    house = WebHouse()
    images = series(9)
    files = [part10_bytes(image) for image in images]
    headers = {"content-type": STOW_TYPE}
    house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=multipart(*files))
    study = images[0].StudyInstanceUID
    reply = house.ask("GET", f"/dicomweb/studies/{study}?accept=application/zip", role="radiologist")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/zip"
    assert reply.headers["content-disposition"] == f'attachment; filename="{study}.zip"'
    assert int(reply.headers["content-length"]) == len(reply.body)
    with zipfile.ZipFile(io.BytesIO(reply.body)) as opened:
        assert [opened.read(f"DICOM/S0000001/I{number:07d}") for number in range(1, 10)] == files
        assert opened.namelist()[0] == "DICOMDIR"
        assert len(opened.namelist()) == len(files) + 1


def test_a_wildcard_still_means_parts() -> None:
    house = WebHouse()
    image = series(1)[0]
    body = multipart(part10_bytes(image))
    house.ask("POST", "/dicomweb/studies", role="service", headers={"content-type": STOW_TYPE}, body=body)
    path = f"/dicomweb/studies/{image.StudyInstanceUID}"
    reply = house.ask("GET", path, role="radiologist", headers={"accept": "text/html, */*;q=0.8"})
    assert reply.headers["content-type"].startswith("multipart/related")


@pytest.mark.parametrize("count", [0, 1, pytest.param(70_000, marks=pytest.mark.slow)])
def test_any_number_of_members_can_be_read(count: int) -> None:
    members = [Member(f"{number}.dcm", 1) for number in range(count)]
    writer = ZipWriter()
    body = b"".join(writer.head(each) + writer.passed(b"x") + writer.tail(each) for each in members) + writer.end()
    assert len(body) == zip_length(members)
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        assert len(opened.namelist()) == count
        assert all(opened.read(name) == b"x" for name in opened.namelist()[-3:])


class Sparse(io.RawIOBase):
    """A file with pieces at offsets and zeros between them."""

    def __init__(self, pieces: dict[int, bytes], size: int) -> None:
        self.pieces = pieces
        self.size = size
        self.at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        wanted = min(len(view), self.size - self.at)
        view[:wanted] = bytes(wanted)
        for start, piece in self.pieces.items():
            low, high = max(start, self.at), min(start + len(piece), self.at + wanted)
            if low < high:
                view[low - self.at : high - self.at] = piece[low - start : high - start]
        self.at += wanted
        return wanted


def test_members_of_and_behind_four_gibibytes_are_found() -> None:
    large, small = Member("large.dcm", 5 << 30), Member("small.dcm", 5)
    writer = ZipWriter()
    pieces = {0: writer.head(large)}
    at = len(pieces[0]) + large.length
    pieces[at] = writer.tail(large) + writer.head(small) + writer.passed(b"small") + writer.tail(small) + writer.end()
    with zipfile.ZipFile(io.BufferedReader(Sparse(pieces, at + len(pieces[at])))) as opened:
        assert opened.getinfo("large.dcm").file_size == large.length
        assert opened.read("small.dcm") == b"small"
