"""What a store request is answered: status and reasons for whatever its instances came to (PS3.18 10.5.3, I.2)."""

import json

import pytest

from filmless.archive.model import DicomJson, Outcome, Refusal, Refused, Stored, StoredAs
from filmless.servers.dicomweb.store.store_response import store_answer
from objects import ct_image, part10_bytes
from web_house import STOW_TYPE, WebHouse, multipart

CT = "1.2.840.10008.5.1.4.1.1.2"
ORIGINALS: DicomJson = {"04000565": {"vr": "CS", "Value": ["COERCE"]}}


def stored(stored_as: StoredAs = StoredAs.NEW, originals: DicomJson | None = None, *, lacks: bool = False) -> Stored:
    return Stored(CT, "1.2.3.4", "1.2", "1.2.3", stored_as, originals, lacks)


def refused(refusal: Refusal) -> Refused:
    return Refused(refusal, "a reason", CT, "1.2.3.5")


GOOD, OTHER = stored(), stored(StoredAs.CONFLICT)
TABLE: list[tuple[str, list[Outcome], int, list[int | None], list[int]]] = [
    ("all as they came", [GOOD, GOOD], 200, [None, None], []),
    ("the same again", [stored(StoredAs.SAME)], 200, [None], []),
    ("in another encoding", [stored(StoredAs.SAME_ELEMENTS)], 200, [None], []),
    ("in the place of the former", [stored(StoredAs.REPLACED)], 200, [None], []),
    ("kept as another version", [OTHER], 202, [0xB111], []),
    ("one of two as another version", [GOOD, OTHER], 202, [None, 0xB111], []),
    ("coerced", [stored(originals=ORIGINALS)], 202, [0xB000], []),
    ("cut short by its sender", [stored(lacks=True)], 200, [0xB007], []),
    ("cut short, another version", [stored(StoredAs.CONFLICT, lacks=True)], 202, [0xB111], []),
    ("some refused", [GOOD, refused(Refusal.OTHER_STUDY)], 202, [None], [0xA900]),
    ("of another study", [refused(Refusal.OTHER_STUDY)], 409, [], [0xA900]),
    ("not understood", [refused(Refusal.NOT_DICOM)], 409, [], [0xC000]),
    ("a UID that is none", [refused(Refusal.BAD_UID)], 409, [], [0xC000]),
    ("beyond a limit", [refused(Refusal.LIMIT)], 409, [], [0xC000]),
    ("no stored pixels", [refused(Refusal.UNSUPPORTED)], 409, [], [0xC122]),
    ("policy refuses duplicates", [refused(Refusal.DUPLICATE)], 409, [], [0x0111]),
    ("cannot be coerced", [refused(Refusal.COERCION)], 409, [], [0x0110]),
    ("outside the view", [refused(Refusal.NOT_ALLOWED)], 403, [], [0x0124]),
    ("storage is full", [refused(Refusal.NO_SPACE)], 503, [], [0xA700]),
    ("storage fails", [refused(Refusal.STORAGE_FAILED)], 503, [], [0x0110]),
    ("for several reasons", [refused(Refusal.NO_SPACE), refused(Refusal.NOT_DICOM)], 409, [], [0xA700, 0xC000]),
]


@pytest.mark.parametrize(
    ("outcomes", "status", "warnings", "failures"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_status_and_reasons(
    outcomes: list[Outcome], status: int, warnings: list[int | None], failures: list[int]
) -> None:
    answer = store_answer(outcomes, "http://a/dicomweb", None, "application/dicom+json")
    assert isinstance(answer.body, bytes)
    told = json.loads(answer.body)
    items = told.get("00081199", {}).get("Value", [])
    assert answer.status == status
    assert [item.get("00081196", {}).get("Value", [None])[0] for item in items] == warnings
    assert [item["00081197"]["Value"][0] for item in told.get("00081198", {}).get("Value", [])] == failures
    assert (b"retry-after" in dict(answer.headers)) is (status == 503)


def test_another_version_is_told_in_words_and_has_no_address() -> None:
    answer = store_answer([OTHER], "http://a/dicomweb", None, "application/dicom+json")
    assert isinstance(answer.body, bytes)
    (item,) = json.loads(answer.body)["00081199"]["Value"]
    assert item["00081190"] == {"vr": "UR"}
    assert item["00000902"]["Value"] == ["Kept as another version: this UID has another content"]


@pytest.mark.parametrize("outcome", [OTHER, stored(lacks=True)])
def test_a_remark_fits_an_error_comment(outcome: Stored) -> None:
    assert 0 < len(outcome.remark) <= 64


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (multipart(part10_bytes(ct_image())), STOW_TYPE, 200),
        (b"no parts", STOW_TYPE, 400),
        (b"x", "text/plain", 415),
        (b"x", 'multipart/related; type="image/tiff"; boundary=x', 415),
        (multipart(b"garbage" * 100), STOW_TYPE, 409),
        (b"--x\r\n\r\n\r\n" * 10_002 + b"--x--", STOW_TYPE, 413),
    ],
)
def test_the_request_as_a_whole(body: bytes, content_type: str, status: int) -> None:
    headers = {"content-type": content_type}
    reply = WebHouse().ask("POST", "/dicomweb/studies", role="technologist", headers=headers, body=body)
    assert reply.status == status
    if status >= 400 and status != 409:
        assert reply.headers["content-type"] == "application/problem+json"
