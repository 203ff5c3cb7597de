"""Comparison of data sets: encodings make no difference, everything else does."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from filmless.standards.data_set.same import same_elements
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT
from native import encoded
from objects import NATIVE_SYNTAXES, ct_image


def image() -> Dataset:
    """An image without words of pixels, whose byte order pydicom leaves as it is."""
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.2.3"
    item.ReferencedFrameNumber = [1, 2]
    data_set = ct_image(SOPInstanceUID="1.2.9", ReferencedImageSequence=[item], WindowCenter=40, RescaleSlope="1.5")
    data_set.StudyInstanceUID = data_set.SeriesInstanceUID = "1.2.8"
    data_set.add_new(0x00189305, "FD", 0.5)
    data_set["PixelData"].VR = "OB"
    return data_set


@pytest.mark.parametrize(("one", "other"), list(itertools.product(NATIVE_SYNTAXES, repeat=2)))
def test_encodings_make_no_difference(one: str, other: str) -> None:
    assert same_elements(encoded(image(), one), str(one), encoded(image(), other), str(other))


def test_undefined_lengths_group_lengths_and_padding_make_no_difference() -> None:
    plain, other = image(), image()
    other["ReferencedImageSequence"].is_undefined_length = True
    other.ReferencedImageSequence[0].is_undefined_length_sequence_item = True
    data = b"\x08\0\0\0UL\4\0\1\0\0\0" + encoded(other, EXPLICIT)
    assert same_elements(encoded(plain, EXPLICIT), EXPLICIT, data, EXPLICIT)


@pytest.mark.parametrize(
    "change",
    [
        {"PatientName": "Other^"},
        {"WindowCenter": 41},
        {"PixelData": bytes(128)},
        {"ReferencedImageSequence": []},
        {"StationName": "CT1"},
        {"Rows": 9},
    ],
)
def test_another_value_or_element_makes_a_difference(change: dict[str, object]) -> None:
    changed = image()
    for keyword, value in change.items():
        setattr(changed, keyword, value)
    for syntax in NATIVE_SYNTAXES:
        other = encoded(changed, syntax)
        assert not same_elements(encoded(image(), EXPLICIT), EXPLICIT, other, str(syntax))


def test_bytes_that_cannot_be_read_are_compared_too() -> None:
    head = b"\x08\0\x40\x11SQ\0\0\x08\0\0\0"
    tail = encoded(image(), EXPLICIT)
    assert not same_elements(head + b"garbage1" + tail, EXPLICIT, head + b"garbage2" + tail, EXPLICIT)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_raise(one: bytes, other: bytes) -> None:
    assert same_elements(one, EXPLICIT, other, EXPLICIT) in (True, False)
