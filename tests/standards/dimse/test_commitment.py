"""Messages of storage commitment: what is asked is read within limits, what is told can be read by others."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from commitments import asked, encoded
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.references import Reference
from filmless.standards.dimse import commitment
from filmless.standards.dimse.commands import Element
from filmless.standards.dimse.commitment import CommitmentList, read_commitment, report_command, report_data_set

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_list_is_read_in_its_order(syntax: str) -> None:
    found = read_commitment(encoded(asked("1.2.3", ["1.9", "1.8"]), syntax), syntax)
    assert found == CommitmentList("1.2.3", (Reference(CTImageStorage, "1.9"), Reference(CTImageStorage, "1.8")))


@pytest.mark.parametrize(
    "data",
    [
        encoded(asked("", ["1.9"])),
        encoded(asked("1.2.3", ["1.9"])).replace(b"1.2.3", b"1.2.x"),
        encoded(asked("1.2.3", [])),
        encoded(asked("1.2.3", ["1.9.8.7"])).replace(b"1.9.8.7", b"no uid."),
        encoded(asked("1.2.3", ["1.9"], sop_class_uid="")),
        b"",
        b"nonsense",
    ],
)
def test_what_makes_no_list_is_a_fault_in_words(data: bytes) -> None:
    found = read_commitment(data, ExplicitVRLittleEndian)
    assert isinstance(found, Fault)
    assert 0 < len(found.reason) <= 64


def test_a_list_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commitment, "MAX_REFERENCES", 2)
    assert isinstance(read_commitment(encoded(asked("1.2", ["1.3", "1.4", "1.5"])), ExplicitVRLittleEndian), Fault)


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_raise(tail: bytes, cut: int) -> None:
    read_commitment(encoded(asked("1.2.3", ["1.9"]))[:cut] + tail, ExplicitVRLittleEndian)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_report_names_every_instance_and_why_it_is_not_safe(syntax: str) -> None:
    names = CommitmentList("1.2.3", (Reference(CTImageStorage, "1.9"), Reference(CTImageStorage, "1.8")))
    report = dcmread(io.BytesIO(report_data_set(names, (0, 0x0112), "FILMLESS", syntax)), force=True)
    assert (report.TransactionUID, report.RetrieveAETitle) == ("1.2.3", "FILMLESS")
    assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == ["1.9"]
    assert [(item.ReferencedSOPInstanceUID, item.FailureReason) for item in report.FailedSOPSequence] == [
        ("1.8", 0x0112)
    ]


@pytest.mark.parametrize(("failures", "event"), [((0, 0), 1), ((0, 0x0110), 2)])
def test_the_event_tells_whether_all_is_safe(failures: tuple[int, ...], event: int) -> None:
    assert report_command(failures)[Element.EVENT_TYPE_ID] == event
