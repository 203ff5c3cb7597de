"""Frames: native by arithmetic that is checked, encapsulated by tables, counts and marks."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.standards.data_set.frames import FragmentReader, FrameTable, locate_frames
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, JPEG_BASELINE
from native import encoded
from objects import ct_image

JPEG = b"\xff\xd8\xff\xe0"


def item(value: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(value)) + value


def encapsulated(fragments: list[bytes], frames: int, offsets: tuple[int, ...] = (), extended: bytes = b"") -> bytes:
    head = b"\x28\0\x08\0IS" + struct.pack("<H", 4) + b"%4d" % frames
    if extended:
        head += b"\xe0\x7f\x01\0OV\0\0" + struct.pack("<I", len(extended)) + extended
    body = item(struct.pack(f"<{len(offsets)}I", *offsets)) + b"".join(map(item, fragments))
    return head + b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + body + b"\xfe\xff\xdd\xe0\0\0\0\0"


def located(data: bytes, syntax: str = JPEG_BASELINE) -> FrameTable | None:
    scanned = scan(data, syntax, frozenset())
    assert isinstance(scanned, Scan)
    return locate_frames(data, scanned)


def frames_of(data: bytes) -> list[bytes]:
    table = located(data)
    assert table is not None
    assert table.count == len(table.fragments)
    return [b"".join(data[start : start + length] for start, length in frame) for frame in table.fragments]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (1, 128)),
        ({"NumberOfFrames": 2, "Rows": 4}, (2, 64)),
        ({"NumberOfFrames": 2147483647, "Rows": 65535, "Columns": 65535}, None),  # claims more than there is
        ({"NumberOfFrames": 5}, (1, 128)),  # as many as are there
        ({"NumberOfFrames": -5}, (1, 128)),
        ({"Rows": 0}, None),
        ({"BitsAllocated": 1, "NumberOfFrames": 1}, (1, 8)),
        ({"BitsAllocated": 1, "Rows": 3, "Columns": 3, "NumberOfFrames": 2}, None),  # frames start within bytes
        ({"SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "YBR_FULL_422"}, (1, 128)),
    ],
)
def test_native_frames_are_those_that_are_there_whole(
    values: dict[str, object], expected: tuple[int, int] | None
) -> None:
    table = located(encoded(ct_image(**values), EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
    assert (table and (table.count, table.size)) == expected


def test_the_basic_offset_table_tells_the_frames() -> None:
    assert frames_of(encapsulated([b"aa", b"bbbb", b"cc"], 2, (0, 22))) == [b"aabbbb", b"cc"]


def test_the_extended_offset_table_goes_before_it() -> None:
    assert frames_of(encapsulated([b"aa", b"bb", b"cc"], 2, (), struct.pack("<2Q", 0, 20))) == [b"aabb", b"cc"]


def test_a_table_that_lies_is_not_followed() -> None:
    assert frames_of(encapsulated([JPEG, b"bb"], 2, (0, 7))) == [JPEG, b"bb"]
    assert frames_of(encapsulated([JPEG + b"1", b"bb"], 1, (0, 0xFFFFFFFF, 7, 3))) == [JPEG + b"1bb"]


def test_without_a_table_counts_and_marks_tell_the_frames() -> None:
    assert frames_of(encapsulated([b"aa", b"bb"], 1)) == [b"aabb"]
    assert frames_of(encapsulated([b"aa", b"bb"], 2)) == [b"aa", b"bb"]
    assert frames_of(encapsulated([JPEG, b"bb", JPEG, b"cc"], 2)) == [JPEG + b"bb", JPEG + b"cc"]


def test_a_video_is_one_frame_and_no_fragments_are_none() -> None:
    assert frames_of(encapsulated([b"\0\0\1\xb3", b"more"], 250)) == [b"\0\0\1\xb3more"]
    assert frames_of(encapsulated([], 3)) == []
    assert frames_of(encapsulated([b""] * 5000, 1)) == [b""]


def test_no_pixels_no_frames() -> None:
    assert located(b"\x10\0\x20\0LO\2\0P1", EXPLICIT_VR_LITTLE_ENDIAN) is None


@given(
    st.lists(st.sampled_from([b"", JPEG, b"\xff\x4f\xff\x51" + bytes(20), b"abc ", bytes(40)]), max_size=8),
    st.integers(0, 9),
    st.lists(st.integers(1, 30), min_size=1, max_size=40),
)
def test_how_the_bytes_are_cut_does_not_matter(fragments: list[bytes], frames: int, cuts: list[int]) -> None:
    data = encapsulated(fragments, frames)
    scanned = scan(data, JPEG_BASELINE, frozenset())
    assert isinstance(scanned, Scan)
    reader = FragmentReader(scanned)
    position = scanned.pixel_start
    for size in [*cuts, len(data)]:
        reader.feed(data[position : position + size])
        position = min(position + size, len(data))
    assert reader.table() == locate_frames(data, scanned)
    assert reader.has_ended
