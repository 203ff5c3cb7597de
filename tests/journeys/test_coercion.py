"""What a modality sends wrongly is mended by rules: through the running program, at every door, and for ever."""

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest
import requests
from pydicom import Dataset, dcmread
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
)

from objects import NATIVE_SYNTAXES, ct_image, data_set_bytes, part10_bytes, write_file
from serving import Server

pytestmark = pytest.mark.slow

BOUNDARY = "part"
RULES = (
    ("name", "PatientName", "trim", "--calling-ae", "CT*"),
    ("site", "PatientID", "prefix", "--value", "H1-", "--modality", "CT"),
    ("issuer", "IssuerOfPatientID", "default", "--value", "HOSPITAL"),
    ("sex", "PatientSex", "map", "--map", "F=O", "--when", "StudyDescription=Head"),
    ("other", "PatientID", "set", "--value", "WRONG", "--calling-ae", "OTHER"),
)


@pytest.fixture(scope="module")
def mending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose rules were added while it ran."""
    server = Server(tmp_path_factory.mktemp("server") / "data", "--workers", "2").start()
    try:
        for rule in RULES:
            done = server.run("coercion", "add", *rule)
            assert done.returncode == 0, done.stderr
        yield server
    finally:
        server.close()


@lru_cache
def session_of(server: Server) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {server.token()}"
    return session


def send(server: Server, image: Dataset, syntax: str = ExplicitVRLittleEndian) -> int:
    """The status of a C-STORE by CT1."""
    ae = AE("CT1")
    ae.add_requested_context(CTImageStorage, syntax)
    association = ae.associate("127.0.0.1", server.port, ae_title="FILMLESS")
    assert association.is_established
    status = association.send_c_store(dcmread(BytesIO(part10_bytes(image, syntax))))
    association.release()
    return int(status.Status)


def place(server: Server, image: Dataset) -> str:
    return (
        f"{server.url}/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
        f"/instances/{image.SOPInstanceUID}"
    )


def retrieved(server: Server, image: Dataset) -> Dataset:
    accept = {"Accept": "application/dicom; transfer-syntax=*"}
    answer = session_of(server).get(place(server, image), headers=accept, timeout=10)
    assert answer.status_code == 200, answer.text
    return dcmread(BytesIO(answer.content))


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_what_comes_by_c_store_is_mended_at_every_door(mending: Server, syntax: str) -> None:
    image = ct_image(PatientName="Test ^  Anna", PatientID="P7")
    assert send(mending, image, syntax) == 0x0000

    session, study = session_of(mending), f"{mending.url}/dicomweb/studies/{image.StudyInstanceUID}"
    whole = retrieved(mending, image)
    assert (whole.PatientName, whole.PatientID, whole.PatientSex) == ("Test^Anna", "H1-P7", "O")
    assert (whole.IssuerOfPatientID, whole.PixelData) == ("HOSPITAL", image.PixelData)
    (listed,) = session.get(
        f"{mending.url}/dicomweb/studies",
        params={"PatientID": "H1-P7", "StudyInstanceUID": image.StudyInstanceUID},
        timeout=10,
    ).json()
    assert listed["00100010"]["Value"] == [{"Alphabetic": "Test^Anna"}]
    (metadata,) = session.get(f"{study}/metadata", timeout=10).json()
    assert metadata["00100020"]["Value"] == ["H1-P7"]
    originals = metadata["04000561"]["Value"][0]
    assert originals["04000550"]["Value"][0]["00100020"]["Value"] == ["P7"]
    assert originals["04000564"]["Value"] == ["CT1"]
    pixels = session.get(
        metadata["7FE00010"]["BulkDataURI"], headers={"Accept": "application/octet-stream"}, timeout=10
    )
    assert sorted(pixels.content) == sorted(image.PixelData)  # in little endian order, whatever was sent
    parts = session.get(study, headers={"Accept": 'multipart/related; type="application/dicom"'}, timeout=10)
    assert len(parts.content) == int(parts.headers["Content-Length"])
    assert b"H1-P7" in parts.content or syntax == DeflatedExplicitVRLittleEndian
    zipped = session.get(study, headers={"Accept": "application/zip"}, timeout=10)
    with ZipFile(BytesIO(zipped.content)) as archive:
        assert archive.testzip() is None
        (name,) = (each for each in archive.namelist() if each != "DICOMDIR")
        assert dcmread(BytesIO(archive.read(name))).PatientID == "H1-P7"
    thumbnail = session.get(f"{place(mending, image)}/thumbnail", headers={"Accept": "image/jpeg"}, timeout=30)
    assert (thumbnail.status_code, thumbnail.content[:2]) == (200, b"\xff\xd8")


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_queries_and_c_get_see_the_mended_object_transcoded_or_not(mending: Server, syntax: str) -> None:
    number = f"P8{NATIVE_SYNTAXES.index(syntax)}"
    image = ct_image(PatientName="  Get^Me", PatientID=number)
    assert send(mending, image, syntax) == 0x0000
    came: list[Dataset] = []

    def take(event: evt.Event) -> int:
        came.append(event.dataset)
        return 0x0000

    ae = AE("WORKSTATION")
    ae.add_requested_context(PatientRootQueryRetrieveInformationModelFind)
    ae.add_requested_context(PatientRootQueryRetrieveInformationModelGet)
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    association = ae.associate(
        "127.0.0.1", mending.port, ae_title="FILMLESS",
        ext_neg=[build_role(CTImageStorage, scp_role=True)], evt_handlers=[(evt.EVT_C_STORE, take)],
    )  # fmt: skip
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.PatientID, keys.PatientName = "PATIENT", f"H1-{number}", ""
    found = [
        answer for _, answer in association.send_c_find(keys, PatientRootQueryRetrieveInformationModelFind) if answer
    ]
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.PatientID = "PATIENT", f"H1-{number}"
    statuses = [
        status.Status for status, _ in association.send_c_get(keys, PatientRootQueryRetrieveInformationModelGet)
    ]
    association.release()

    assert [answer.PatientName for answer in found] == ["Get^Me"]
    assert statuses[-1] == 0x0000
    assert [(one.PatientID, one.PatientName, sorted(one.PixelData)) for one in came] == [
        (f"H1-{number}", "Get^Me", sorted(image.PixelData))
    ]


def test_stow_says_what_was_coerced(mending: Server) -> None:
    image = ct_image(PatientID="P9")
    body = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body += part10_bytes(image) + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'}

    answer = session_of(mending).post(f"{mending.url}/dicomweb/studies", data=body, headers=headers, timeout=10)

    assert answer.status_code == 202
    (stored,) = answer.json()["00081199"]["Value"]
    assert stored["00081196"]["Value"] == [0xB000]
    (originals,) = stored["04000561"]["Value"]
    assert originals["04000550"]["Value"][0]["00100020"]["Value"] == ["P9"]
    assert originals["04000564"]["Value"] == ["STOW-RS"]
    assert retrieved(mending, image).PatientID == "H1-P9"


def test_what_is_imported_is_mended_however_large(mending: Server, tmp_path: Path) -> None:
    small = ct_image(PatientID="P10")
    large = ct_image(PatientID="P11", Rows=2048, Columns=2048, PixelData=bytes(range(256)) * (2048 * 16))
    for image in (small, large):
        write_file(tmp_path, image)

    assert mending.run("import", tmp_path).returncode == 0

    for image in (small, large):
        after = retrieved(mending, image)
        assert (after.PatientID, after.PixelData) == (f"H1-{image.PatientID}", image.PixelData)


def test_an_etag_is_that_of_the_mended_object(mending: Server, tmp_path: Path) -> None:
    image = ct_image()
    write_file(tmp_path, image)
    assert mending.run("import", tmp_path).returncode == 0
    session = session_of(mending)
    accept = {"Accept": "application/dicom; transfer-syntax=*"}
    tag = session.get(place(mending, image), headers=accept, timeout=10).headers["ETag"]

    again = session.get(place(mending, image), headers={**accept, "If-None-Match": tag}, timeout=10)

    assert again.status_code == 304


def test_rules_are_listed_tried_and_removed(mending: Server, tmp_path: Path) -> None:
    path = write_file(tmp_path, ct_image(PatientName=" Test^Anna"))

    listed = mending.run("coercion", "list").stdout.splitlines()
    assert [line.split() for line in listed[:3]] == [
        ["NAME", "ATTRIBUTE", "ACTION", "ARGUMENTS", "CONDITIONS"],
        ["name", "PatientName", "trim", "calling-ae=CT*"],
        ["site", "PatientID", "prefix", "value=H1-", "Modality=CT"],
    ]
    tried = mending.run("coercion", "test", path, "--calling-ae", "CT2", "--json").stdout
    assert orjson.loads(tried) == [
        {"attribute": "PatientName", "before": " Test^Anna", "after": "Test^Anna"},
        {"attribute": "PatientID", "before": "P1", "after": "H1-P1"},
        {"attribute": "IssuerOfPatientID", "before": None, "after": "HOSPITAL"},
        {"attribute": "PatientSex", "before": "F", "after": "O"},
    ]
    assert mending.run("coercion", "test", path).stdout.splitlines()[1].split() == ["PatientID", "P1", "H1-P1"]
    assert mending.run("coercion", "remove", "other").returncode == 0
    assert len(orjson.loads(mending.run("coercion", "list", "--json").stdout)) == len(RULES) - 1
    refused = mending.run("coercion", "remove", "other")
    assert (refused.returncode, refused.stderr) == (1, "There is no rule other.\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("x", "StudyInstanceUID", "set", "--value", "1.2"), "never coerced"),
        (("x", "PatientNumber", "set"), "no attribute"),
        (("x", "PatientID", "change"), "An action is one of"),
        (("x", "PatientID", "map", "--map", "A"), "no pair"),
        (("x", "PatientSex", "set", "--value", "woman"), "capital letters"),
    ],
)
def test_a_wrong_rule_is_refused_with_a_sentence(mending: Server, arguments: tuple[str, ...], says: str) -> None:
    refused = mending.run("coercion", "add", *arguments)
    assert refused.returncode == 1
    assert says in refused.stderr


def test_after_a_kill_and_with_other_rules_it_is_as_it_was(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--workers", "1")
    try:
        assert server.run("coercion", "add", "site", "PatientID", "prefix", "--value", "H1-").returncode == 0
        server.start()
        image = ct_image()
        assert send(server, image) == 0x0000
        before = data_set_bytes(image)
        server.kill()
        assert server.run("coercion", "add", "site", "PatientID", "prefix", "--value", "H2-").returncode == 0
        server.start()
        session_of.cache_clear()
        after = retrieved(server, image)
        assert (after.PatientID, after.PixelData) == ("H1-P1", image.PixelData)
        assert server.run("check").returncode == 0
        packs = b"".join(path.read_bytes() for path in (server.data / "packs").rglob("*.tar"))
        assert before in packs
    finally:
        server.close()
