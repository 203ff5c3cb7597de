"""The standard's tables, and what is told from them."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.part10 import Head, read_head, write_head
from filmless.standards.dicom.dictionary import keyword_of, tag_of, vr_of
from filmless.standards.dicom.sop_classes import SOP_CLASSES, Hierarchy, is_storage
from filmless.standards.dicom.transfer_syntaxes import TRANSFER_SYNTAXES, preference, transfer_syntax
from filmless.standards.dicom.uids import is_uid, uid_digest

REPOSITORY = Path(__file__).parents[3]


def test_the_tables_are_those_that_the_tool_writes() -> None:
    tool = REPOSITORY / "tools" / "generate_standard_tables.py"
    assert subprocess.run([sys.executable, tool, "--check"], check=False).returncode == 0


@pytest.mark.parametrize(
    ("tag", "vr", "keyword"),
    [
        (0x00100010, "PN", "PatientName"),
        (0x60023000, "OW", "OverlayData"),
        (0x00090010, "LO", ""),
        (0x00091010, "UN", ""),
        (0x00080000, "UL", ""),
        (0x12345678, "UN", ""),
    ],
)
def test_vr_and_keyword_of_a_tag(tag: int, vr: str, keyword: str) -> None:
    assert (vr_of(tag), keyword_of(tag)) == (vr, keyword)
    assert not keyword or tag_of(keyword) in (tag, 0x60003000)


def test_an_ambiguous_vr_follows_the_pixel_representation() -> None:
    assert (vr_of(0x00280106), vr_of(0x00280106, pixel_representation=1)) == ("US", "SS")
    assert vr_of(0x00280010, pixel_representation=1) == "US"
    assert tag_of("NoSuchKeyword") is None


def test_preferred_is_what_anybody_can_read_then_what_has_lost_nothing() -> None:
    order = sorted(TRANSFER_SYNTAXES, key=preference)
    assert order[:4] == [f"1.2.840.10008.1.2{end}" for end in (".1", "", ".1.99", ".2")]
    assert preference("1.2.840.10008.1.2.4.90") < preference("1.2.840.10008.1.2.4.50") < preference("1.2.3")


def test_transfer_syntaxes_say_how_they_encode() -> None:
    htj2k, jpip, unknown = (transfer_syntax(f"1.2.840.10008.1.2.4.{end}") for end in ("201", "94", "999"))
    assert htj2k.encapsulated
    assert not htj2k.lossy
    assert not jpip.stored_pixels
    assert not unknown.known
    assert unknown.explicit_vr


def test_sop_classes_know_their_service_and_hierarchy() -> None:
    assert is_storage("1.2.840.10008.5.1.4.1.1.2")
    assert not is_storage("1.2.840.10008.1.1")
    assert not is_storage("1.2.3")
    approval_find, inventory_creation = "1.2.840.10008.5.1.4.1.1.200.4", "1.2.840.10008.5.1.4.1.1.201.5"
    assert not is_storage(approval_find)
    assert not is_storage(inventory_creation)
    hanging_protocol = SOP_CLASSES["1.2.840.10008.5.1.4.38.1"]
    assert hanging_protocol.hierarchy is Hierarchy.NON_PATIENT
    assert is_storage(hanging_protocol.uid)


@pytest.mark.parametrize("text", ["1", "1.2.840", "0.0", "1.02.3", "2.25." + "9" * 59])
def test_uids(text: str) -> None:
    assert is_uid(text)
    assert uid_digest(text) == uid_digest(text)


@pytest.mark.parametrize("text", ["", ".", "1.", ".1", "1..2", "1.a", " 1", "1\n", "../1", "١.٢", "1." * 32 + "12"])
def test_what_is_no_uid(text: str) -> None:
    assert not is_uid(text)


@given(st.binary(max_size=300))
def test_no_bytes_of_a_head_raise(content: bytes) -> None:
    for prefix in (b"", bytes(128) + b"DICM"):
        assert isinstance(read_head(prefix + content), Head | Fault)


def test_a_head_that_is_cut_or_damaged_is_a_fault() -> None:
    head = write_head("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1")
    cut = read_head(head[:-4])
    assert isinstance(cut, Fault)
    assert cut.kind is FaultKind.INCOMPLETE
    assert isinstance(read_head(head.replace(b"\2\0\3\0UI", b"SQ\3\0UI")), Fault)
    assert isinstance(read_head(b"hello" * 100), Fault)


def test_a_data_set_without_head_is_told_by_its_first_element() -> None:
    explicit = b"\x08\0\x05\0CS\x0a\0ISO_IR 100"
    implicit = b"\x08\0\x05\0\x0a\0\0\0ISO_IR 100"
    big = b"\0\x08\0\x05CS\0\x0aISO_IR 100"
    for data, syntax in (
        (explicit, "1.2.840.10008.1.2.1"),
        (implicit, "1.2.840.10008.1.2"),
        (big, "1.2.840.10008.1.2.2"),
    ):
        assert read_head(data) == Head(0, "", "", syntax)
