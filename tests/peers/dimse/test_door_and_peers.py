"""DCMTK and pynetdicom at our door: they echo and send, and what they sent is what the archive was given."""

import subprocess
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import AE, build_role

from dcmtk_tools import dcmtk, run
from dicom_door import door
from filmless.servers.association.policy import Policy
from filmless.standards.data_set.part10 import Head, read_head
from objects import ct_image

VERIFICATION = "1.2.840.10008.1.1"


def saved(folder: Path, name: str, image: Dataset, syntax: str) -> Path:
    path = folder / name
    image.save_as(path, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian)
    return path


def data_set_of(path: Path) -> bytes:
    raw = path.read_bytes()
    head = read_head(raw)
    assert isinstance(head, Head)
    return raw[head.head_length :]


def test_dcmtk_echoes() -> None:
    with door() as house:
        said = run(dcmtk("echoscu"), "-v", "-aec", "FILMLESS", "127.0.0.1", str(house.port))
    assert "Received Echo Response (Success)" in said


def test_dcmtk_is_told_which_title_it_got_wrong() -> None:
    with door() as house:
        done = subprocess.run(
            [dcmtk("echoscu"), "-aec", "WRONG", "127.0.0.1", str(house.port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "Called AE Title Not Recognized" in done.stderr


@pytest.mark.parametrize("option", ["-xe", "-xi", "-xb"])
def test_dcmtk_sends_and_the_archive_gets_the_bytes(tmp_path: Path, option: str) -> None:
    syntax = {"-xe": ExplicitVRLittleEndian, "-xi": ImplicitVRLittleEndian, "-xb": ExplicitVRBigEndian}[option]
    path = saved(tmp_path, "ct.dcm", ct_image(PixelData=bytes(1000) * 128, Rows=8000), syntax)
    with door() as house:
        run(dcmtk("storescu"), option, "-aec", "FILMLESS", "127.0.0.1", str(house.port), str(path), str(path))
        first, second = house.archive.received
    assert first.sop_class_uid == CTImageStorage
    assert bytes(first.data_set) == bytes(second.data_set)
    assert len(first.data_set) > 128_000


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_pynetdicom_sends_in_every_native_syntax(syntax: str) -> None:
    image = ct_image()
    image.file_meta = Dataset()
    image.file_meta.TransferSyntaxUID = syntax
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    with door() as house:
        scu = AE("PYNET")
        scu.add_requested_context(CTImageStorage, syntax)
        association = scu.associate("127.0.0.1", house.port, ae_title="FILMLESS")
        assert association.is_established
        assert association.send_c_store(image).Status == 0x0000
        association.release()
        (received,) = house.archive.received
    assert received.transfer_syntax_uid == syntax
    assert received.source.calling_ae == "PYNET"


def test_pynetdicom_negotiates_roles_and_is_released() -> None:
    with door() as house:
        scu = AE("PYNET")
        scu.add_requested_context(CTImageStorage)
        scu.add_requested_context(VERIFICATION)
        association = scu.associate(
            "127.0.0.1",
            house.port,
            ae_title="FILMLESS",
            ext_neg=[build_role(CTImageStorage, scu_role=True, scp_role=True)],
        )
        by_class = {context.abstract_syntax: context for context in association.accepted_contexts}
        assert by_class[CTImageStorage].as_scu
        assert by_class[CTImageStorage].as_scp  # for what it gets by C-GET
        assert association.send_c_echo().Status == 0x0000
        association.release()
        assert association.is_released
        assert house.record.wait(1)[0].end == "released"


def test_pynetdicom_aborts_and_the_door_is_fine() -> None:
    with door(Policy("FILMLESS", max_associations=1)) as house:
        scu = AE("PYNET")
        scu.add_requested_context(VERIFICATION)
        for _ in range(3):
            association = scu.associate("127.0.0.1", house.port, ae_title="FILMLESS")
            assert association.send_c_echo().Status == 0x0000
            association.abort()
        assert {one.end for one in house.record.wait(3)} <= {"the peer aborted", "the peer closed the connection"}
