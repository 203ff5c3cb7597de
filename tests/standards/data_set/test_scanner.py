"""The scanner: what it keeps, what it tolerates, and where it stops."""

import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from filmless.archive.header import WANTED
from filmless.standards.data_set.elements import UNDEFINED
from filmless.standards.data_set.fault import MAX_VALUE, Fault, FaultKind
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_BASELINE,
)
from native import encoded
from objects import NATIVE_SYNTAXES, ct_image

NAME, ROWS, INSTANCE = 0x00100010, 0x00280010, 0x00080018
REFERENCES = 0x00081140
FIRST_ITEM = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
ITEM_END, SEQUENCE_END = b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"


def element(tag: int, vr: str, value: bytes) -> bytes:
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in ("OB", "OW", "SQ", "UN", "UT"):
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def undefined(tag: int, vr: str, content: bytes) -> bytes:
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, UNDEFINED) + content


def found(data: bytes, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN, *, final: bool = True) -> Scan:
    result = scan(data, syntax, frozenset((NAME, ROWS, INSTANCE, REFERENCES)), final)
    assert isinstance(result, Scan), result
    return result


def fault(data: bytes, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN, *, final: bool = True) -> FaultKind:
    result = scan(data, syntax, frozenset((NAME,)), final)
    assert isinstance(result, Fault)
    assert len(result.reason) <= 64
    return result.kind


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_the_wanted_values_are_read_from_every_native_encoding(syntax: str) -> None:
    image = ct_image(PatientName="Roe^Jane", Rows=300)
    scanned = found(encoded(image, syntax), syntax)
    order = "little" if scanned.little_endian else "big"
    assert scanned.values[NAME].rstrip() == b"Roe^Jane"
    assert int.from_bytes(scanned.values[ROWS], order) == 300
    assert scanned.vrs[NAME] == "PN"
    assert scanned.pixel_length == 128
    assert not scanned.truncated


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_any_buffer_gives_plain_bytes(make: type) -> None:
    scanned = found(make(encoded(ct_image(), EXPLICIT_VR_LITTLE_ENDIAN)))
    assert type(scanned.values[NAME]) is bytes


def test_a_tag_within_a_sequence_is_not_taken_for_one_of_the_data_set() -> None:
    inner = element(NAME, "PN", b"Inner^")
    outer = element(NAME, "PN", b"Outer^")
    for sequence in (
        element(REFERENCES, "SQ", b"\xfe\xff\x00\xe0" + struct.pack("<I", len(inner)) + inner),
        undefined(REFERENCES, "SQ", FIRST_ITEM + inner + ITEM_END + SEQUENCE_END),
        undefined(0x00091010, "UN", FIRST_ITEM + inner + ITEM_END + SEQUENCE_END),
    ):
        assert found(sequence + outer).values[NAME] == b"Outer^"
        assert found(outer + sequence).values[NAME] == b"Outer^"


def test_of_a_repeated_tag_the_last_value_holds() -> None:
    assert found(element(NAME, "PN", b"A^") + element(NAME, "PN", b"B^")).values[NAME] == b"B^"


def test_elements_out_of_order_and_behind_pixel_data_are_read() -> None:
    data = element(0x7FE00010, "OW", bytes(8)) + element(ROWS, "US", b"\2\0") + element(NAME, "PN", b"A^")
    scanned = found(data)
    assert (scanned.values[NAME], scanned.values[ROWS], scanned.pixel_offset) == (b"A^", b"\2\0", 0)


@pytest.mark.parametrize(
    "before",
    [
        b"\0\0\0\0UL\4\0\0\0\0\0",  # group 0000
        b"\2\0\x10\0UI\4\0" + b"1.2\0",  # group 0002
        SEQUENCE_END,  # a stray delimiter
        element(0x00091010, "ZZ", b"abcd"),  # a VR that is none, with a short header
        struct.pack("<HH2sHI", 9, 0x1011, b"ZZ", 0, 4) + b"abcd",  # and with a long one, as new VRs have
        struct.pack("<HHI", 9, 0x1012, 3) + b"abc",  # an implicit element of odd length
    ],
)
def test_what_is_odd_but_readable_is_passed_over(before: bytes) -> None:
    first = element(0x00080008, "CS", b"")
    assert found(first + before + element(NAME, "PN", b"A^") + element(ROWS, "US", b"\2\0")).values[NAME] == b"A^"


def test_a_wrong_label_about_vrs_does_not_matter() -> None:
    explicit, implicit = (
        encoded(ct_image(), syntax) for syntax in (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    )
    assert found(implicit, EXPLICIT_VR_LITTLE_ENDIAN).values[NAME].rstrip() == b"Test^Anna"
    assert found(explicit, IMPLICIT_VR_LITTLE_ENDIAN).values[NAME].rstrip() == b"Test^Anna"


def test_an_unknown_transfer_syntax_is_read_with_vrs() -> None:
    assert found(encoded(ct_image(), EXPLICIT_VR_LITTLE_ENDIAN), "1.2.3.4").values[NAME].rstrip() == b"Test^Anna"


def test_fragments_are_followed_to_their_end() -> None:
    fragments = b"\xfe\xff\x00\xe0\0\0\0\0" + b"\xfe\xff\x00\xe0\4\0\0\0\xff\xd8\xff\xd9"
    data = element(NAME, "PN", b"A^") + undefined(0x7FE00010, "OB", fragments)
    scanned = found(data + SEQUENCE_END, JPEG_BASELINE)
    assert (scanned.pixel_length, scanned.pixel_offset) == (UNDEFINED, 10)
    assert fault(data, JPEG_BASELINE) is FaultKind.NOT_DICOM


def test_pixel_data_shorter_than_they_claim_are_kept_and_marked() -> None:
    scanned = found(encoded(ct_image(), EXPLICIT_VR_LITTLE_ENDIAN)[:-10])
    assert scanned.truncated
    assert scanned.pixel_length == 128


def test_what_follows_pixel_data_and_is_no_element_is_refused() -> None:
    assert fault(encoded(ct_image(), EXPLICIT_VR_LITTLE_ENDIAN) + b"\xff" * 999) is FaultKind.NOT_DICOM
    assert not found(encoded(ct_image(), EXPLICIT_VR_LITTLE_ENDIAN) + b"\0").truncated  # padding to an even length


def test_a_prefix_must_reach_pixel_data_and_need_not_go_further() -> None:
    data = encoded(ct_image(), EXPLICIT_VR_LITTLE_ENDIAN)
    offset = found(data).pixel_offset
    assert offset is not None
    assert fault(data[: offset + 8], final=False) is FaultKind.INCOMPLETE
    scanned = found(data[: offset + 12], final=False)
    assert (scanned.pixel_offset, scanned.pixel_length) == (offset, 128)


def nested(depth: int, *, is_defined: bool) -> bytes:
    if not is_defined:
        return undefined(REFERENCES, "SQ", FIRST_ITEM) * depth + (ITEM_END + SEQUENCE_END) * depth
    content = b""
    for _ in range(depth):
        content = element(REFERENCES, "SQ", b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content)
    return content


@pytest.mark.parametrize("is_defined", [True, False])
def test_sequences_may_be_nested_to_the_limit_and_no_deeper(is_defined: bool) -> None:
    assert isinstance(scan(nested(64, is_defined=is_defined), EXPLICIT_VR_LITTLE_ENDIAN, frozenset()), Scan)
    for depth in (65, 100, 1500, 20_000 if not is_defined else 1500):
        assert fault(nested(depth, is_defined=is_defined)) is FaultKind.LIMIT


def test_too_many_elements_are_refused() -> None:
    many = element(0x00091010, "LO", b"")
    assert isinstance(scan(many * 60_000, EXPLICIT_VR_LITTLE_ENDIAN, frozenset()), Scan)
    assert fault(many * 200_001) is FaultKind.LIMIT
    assert fault(undefined(REFERENCES, "SQ", FIRST_ITEM + many * 200_001)) is FaultKind.LIMIT


def test_a_value_beyond_the_limit_is_refused_by_its_claim() -> None:
    claim = struct.pack("<HH2sHI", 9, 0x1010, b"OB", 0, MAX_VALUE + 1)
    assert fault(claim + bytes(100), final=False) is FaultKind.LIMIT


def deflated(*pieces: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(packer.compress(piece) for piece in pieces) + packer.flush()


def test_a_deflated_object_is_scanned_without_holding_its_pixels() -> None:
    size = 48 << 20
    head = element(NAME, "PN", b"A^") + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size)
    data = deflated(head, *[bytes(1 << 20)] * 48)
    tracemalloc.start()
    scanned = found(data, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (scanned.values[NAME], scanned.pixel_length) == (b"A^", size)
    assert peak < 8 << 20


def test_a_bomb_is_refused_where_it_passes_the_limit() -> None:
    head = element(NAME, "PN", b"A^") + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 128 << 20)
    assert fault(deflated(head, *[bytes(1 << 20)] * 128), DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is FaultKind.LIMIT


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda _: b"\xff" * 500])
def test_a_broken_deflate_stream_is_a_fault(damage) -> None:
    data = deflated(encoded(ct_image(PixelData=bytes(range(256)) * 4000), EXPLICIT_VR_LITTLE_ENDIAN))
    assert fault(damage(data), DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) is FaultKind.DEFLATE


SYNTAXES = st.sampled_from([*map(str, NATIVE_SYNTAXES), JPEG_BASELINE, "1.2.3"])
PIECES = st.sampled_from(
    [b"\x10\0\x10\0PN\2\0", b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff", FIRST_ITEM, ITEM_END, SEQUENCE_END]
    + [b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff", b"\x08\0\x40\x11\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\4\0\0\0", b"A^"]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=30).map(b"".join), SYNTAXES, st.booleans())
def test_no_bytes_raise(data: bytes, syntax: str, final: bool) -> None:
    assert isinstance(scan(data, syntax, WANTED, final), Scan | Fault)


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 2) -> Dataset:
    """Valid data sets with texts, numbers, bytes, private elements and nested sequences."""
    data_set = Dataset()
    texts = st.text("ABCxyz 0189-^", min_size=1, max_size=20).map(str.strip)
    for keyword, values in {
        "PatientName": texts,
        "PatientID": texts,
        "StudyDescription": texts,
        "InstanceNumber": st.integers(-(2**31), 2**31 - 1),
        "Rows": st.integers(0, 65535),
        "SliceThickness": st.integers(0, 10**6),
        "EncapsulatedDocument": st.binary(min_size=2, max_size=40).map(lambda raw: raw[: len(raw) // 2 * 2]),
        "ImageType": st.lists(st.sampled_from(["A", "BC", "D_1"]), min_size=1, max_size=4),
    }.items():
        if draw(st.booleans()):
            setattr(data_set, keyword, draw(values))
    if draw(st.booleans()):
        data_set.private_block(0x0009, "TEST", create=True).add_new(1, "LO", draw(texts))
    if depth and draw(st.booleans()):
        items = draw(st.lists(data_sets(depth=depth - 1), max_size=3))
        data_set.ReferencedImageSequence = Sequence(items)
        data_set["ReferencedImageSequence"].is_undefined_length = draw(st.booleans())
    return data_set


@given(data_sets(), st.sampled_from([EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN]))
def test_valid_data_sets_are_read_as_pydicom_wrote_them(data_set: Dataset, syntax: str) -> None:
    image = ct_image()
    image.update(data_set)
    data = encoded(image, syntax)
    scanned = scan(data, syntax, frozenset(int(each.tag) for each in image))
    assert isinstance(scanned, Scan)
    read = {int(each.tag) for each in image if each.VR != "SQ" and each.tag != 0x7FE00010}
    assert read <= scanned.values.keys()
    assert scanned.values[0x00100020].decode().strip() == image.PatientID
    assert int(scanned.values[0x00200013]) == image.InstanceNumber
    assert int.from_bytes(scanned.values[ROWS], "little" if scanned.little_endian else "big") == image.Rows
    assert scanned.end == len(data)
