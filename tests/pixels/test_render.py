"""What a person sees of stored values: every form of pixels that PS3.3 C.7.6.3 knows."""

import io

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from filmless.pixels.errors import CannotRender
from filmless.pixels.request import StoredImage, picture_request
from filmless.pixels.view import AS_IS
from objects import ct_image
from pixels.asking import answered, located_image, seen, small, whole_image


def levels(image: StoredImage) -> list[object]:
    picture = seen(image)
    assert picture is not None
    found: list[object] = picture.tolist()
    return found


def grey(values: list[int], dtype: str = "<u2", **attributes: object) -> Dataset:
    """One row of stored values."""
    raw = np.array(values, dtype)
    signed = raw.dtype.kind == "i"
    bits = raw.dtype.itemsize * 8
    layout = {"BitsAllocated": bits, "BitsStored": bits, "HighBit": bits - 1, "PixelRepresentation": int(signed)}
    return ct_image(**{"Rows": 1, "Columns": len(values), "PixelData": raw.tobytes(), **layout, **attributes})


def colour(rows: int, columns: int, raw: bytes, **attributes: object) -> Dataset:
    layout = {"SamplesPerPixel": 3, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PlanarConfiguration": 0}
    return ct_image(**{"Rows": rows, "Columns": columns, "PixelData": raw, **layout, **attributes})


WINDOW = {"WindowCenter": "50", "WindowWidth": "101"}  # 0 to 100 after the half steps of C.11.2.1.2


def test_a_window_maps_its_edges_to_black_and_white() -> None:
    image = grey([0, 25, 50, 75, 100, 300], WindowCenter="50.5", WindowWidth="101")
    assert levels(whole_image(image)) == [[0, 64, 128, 191, 255, 255]]


def test_rescaled_values_meet_the_window_in_its_own_units() -> None:
    image = grey([1024, 1074, 1124], RescaleSlope="1", RescaleIntercept="-1024", WindowCenter="50.5", WindowWidth="101")
    assert levels(whole_image(image)) == [[0, 128, 255]]


def test_signed_values_below_zero_are_darker_than_zero() -> None:
    image = grey([-50, 0, 50], "<i2", WindowCenter="0.5", WindowWidth="101")
    assert levels(whole_image(image)) == [[0, 128, 255]]


def test_bits_above_the_stored_value_are_not_seen() -> None:
    image = grey([0xF000, 0xF064], BitsStored=12, HighBit=11, WindowCenter="50.5", WindowWidth="101")
    assert levels(whole_image(image)) == [[0, 255]]


def test_monochrome1_is_shown_inverted() -> None:
    image = grey([0, 100], PhotometricInterpretation="MONOCHROME1", WindowCenter="50.5", WindowWidth="101")
    assert levels(whole_image(image)) == [[255, 0]]


def test_without_a_window_the_values_that_are_there_fill_the_range_and_padding_is_black() -> None:
    values = [60000, *range(100, 200)]
    row = levels(whole_image(grey(values, PixelPaddingValue=60000)))[0]
    assert isinstance(row, list)
    assert row[0] == 0
    assert row[1] == 0
    assert row[-1] == 255
    assert 126 <= row[51] <= 130


@pytest.mark.parametrize("width", ["0", "-5", "0.25"])
def test_a_window_that_cannot_be_used_is_as_none(width: str) -> None:
    image = grey([0, 1000], WindowCenter="0", WindowWidth=width)
    assert levels(whole_image(image)) == [[0, 255]]


def test_a_voi_table_goes_before_a_window() -> None:
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [3, 10, 8])
    table.add_new("LUTData", "US", [255, 100, 0])
    image = grey([9, 10, 11, 12, 99], VOILUTSequence=Sequence([table]), **WINDOW)
    assert levels(whole_image(image)) == [[255, 255, 100, 0, 0]]


def test_a_modality_table_goes_before_the_window() -> None:
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [2, 0, 16])
    table.add_new("LUTData", "US", [100, 0])
    image = grey([0, 1], ModalityLUTSequence=Sequence([table]), WindowCenter="50.5", WindowWidth="101")
    assert levels(whole_image(image)) == [[255, 0]]


def test_the_frame_in_the_middle_is_shown_with_the_window_of_its_own_functional_group() -> None:
    def group(centre: str) -> Dataset:
        window, item = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, "101"
        item.FrameVOILUTSequence = Sequence([window])
        return item

    groups = Sequence([group("9000"), group("50.5"), group("9000")])
    image = grey([7, 7, 0, 100, 7, 7], NumberOfFrames=3, PerFrameFunctionalGroupsSequence=groups, Columns=2)
    assert levels(whole_image(image)) == [[0, 255]]
    assert levels(located_image(image, 3)) == [[0, 255]]


def test_only_header_and_one_frame_are_read_of_an_object_whose_frames_are_located() -> None:
    image = located_image(grey(list(range(3000)), NumberOfFrames=3, Columns=1000), 3)
    reads: list[tuple[int, int]] = []

    def read(start: int, stop: int) -> bytes:
        reads.append((start, stop))
        return bytes(image.read(start, stop))

    watched = StoredImage(
        read, image.length, image.head_length, image.sop_class_uid, image.transfer_syntax_uid,
        image.pixel_offset, image.frames,
    )  # fmt: skip
    list(picture_request(watched, AS_IS)())
    assert image.pixel_offset is not None
    first = image.head_length + image.pixel_offset + 12
    assert reads == [(image.head_length, first), (first + 2000, first + 4000)]


def test_one_bit_frames_that_begin_inside_a_byte_are_found() -> None:
    image = ct_image(
        Rows=1, Columns=3, NumberOfFrames=3, BitsAllocated=1, BitsStored=1, HighBit=0,
        PixelData=bytes([0b00_101_000, 0]),
    )  # fmt: skip
    assert levels(whole_image(image)) == [[255, 0, 255]]


def test_32_bit_and_floating_values_are_shown() -> None:
    assert levels(whole_image(grey([0, 10**9], "<u4"))) == [[0, 255]]
    image = grey([0, 0])
    del image.PixelData
    image.FloatPixelData = np.array([-1.5, 2.5], "<f4").tobytes()
    image.BitsAllocated = 32
    assert levels(whole_image(image)) == [[0, 255]]


def test_values_that_are_no_numbers_are_black() -> None:
    image = grey([0, 0, 0])
    del image.PixelData
    image.DoubleFloatPixelData = np.array([np.nan, 1, 2], "<f8").tobytes()
    image.BitsAllocated = 64
    assert levels(whole_image(image)) == [[0, 0, 255]]


def test_colour_is_the_same_by_pixel_and_by_plane() -> None:
    pixels = colour(1, 2, bytes([255, 0, 1, 0, 255, 2]), PhotometricInterpretation="RGB")
    planes = colour(1, 2, bytes([255, 0, 0, 255, 1, 2]), PhotometricInterpretation="RGB", PlanarConfiguration=1)
    assert levels(whole_image(pixels)) == levels(whole_image(planes)) == [[[255, 0, 1], [0, 255, 2]]]


def test_luminance_and_chrominance_become_red_green_blue() -> None:
    image = colour(1, 2, bytes([76, 85, 255, 255, 128, 128]), PhotometricInterpretation="YBR_FULL")
    assert levels(whole_image(image)) == [[[254, 0, 0], [255, 255, 255]]]


def test_neighbours_share_the_chrominance_of_422() -> None:
    image = colour(1, 2, bytes([76, 255, 128, 128]), PhotometricInterpretation="YBR_FULL_422")
    assert levels(whole_image(image)) == [[[76, 76, 76], [255, 255, 255]]]


def test_neighbours_share_the_chrominance_of_partial_422_whose_black_is_16_and_white_235() -> None:
    image = colour(1, 4, bytes([16, 235, 128, 128, 81, 145, 90, 240]), PhotometricInterpretation="YBR_PARTIAL_422")
    ((black, white, red, _),) = levels(whole_image(image))
    assert (black, white) == ([0, 0, 0], [255, 255, 255])
    assert np.abs(np.subtract(red, [255, 0, 0])).max() <= 1  # ITU-R BT.601: 81, 90, 240


def test_pixels_that_are_said_to_share_chrominance_and_do_not_are_shown_as_they_lie() -> None:
    image = colour(1, 2, bytes([76, 85, 255, 255, 128, 128]), PhotometricInterpretation="YBR_FULL_422")
    assert levels(located_image(image)) == [[[254, 0, 0], [255, 255, 255]]]


def test_native_pixels_of_partial_420_have_no_layout_in_the_standard_and_no_picture() -> None:
    image = colour(2, 2, bytes([16, 235, 16, 235, 128, 128]), PhotometricInterpretation="YBR_PARTIAL_420")
    with pytest.raises(CannotRender):
        levels(whole_image(image))


def test_an_odd_number_of_big_endian_words_loses_no_byte() -> None:
    image = colour(1, 1, bytes([20, 10, 0, 30]), PhotometricInterpretation="RGB")
    image["PixelData"].VR = "OW"
    assert levels(whole_image(image, ExplicitVRBigEndian)) == [[[10, 20, 30]]]


@pytest.mark.parametrize("transfer_syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, "1.2.840.10008.1.2.1.99"])
def test_each_way_to_encode_a_data_set_gives_the_same_picture(transfer_syntax: str) -> None:
    big = transfer_syntax == ExplicitVRBigEndian
    image = grey([0, 50, 100], ">u2" if big else "<u2", WindowCenter="50.5", WindowWidth="101")
    image["PixelData"].VR = "OW"
    assert levels(whole_image(image, transfer_syntax)) == [[0, 128, 255]]


def palette_image() -> Dataset:
    image = grey([0, 1, 2, 9], "u1", PhotometricInterpretation="PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        image.add_new(f"{name}PaletteColorLookupTableDescriptor", "US", [3, 0, 16])
    return image


def test_a_palette_gives_each_value_its_colour_and_the_last_to_what_is_beyond() -> None:
    image = palette_image()
    for name, column in (("Red", [0xFF00, 0, 0]), ("Green", [0, 0xFF00, 0]), ("Blue", [0, 0, 0x8000])):
        image.add_new(f"{name}PaletteColorLookupTableData", "OW", np.array(column, "<u2").tobytes())
    assert levels(whole_image(image)) == [[[255, 0, 0], [0, 255, 0], [0, 0, 128], [0, 0, 128]]]


def test_a_segmented_palette_is_expanded() -> None:
    image = palette_image()
    for name in ("Red", "Green", "Blue"):
        segments = np.array([0, 1, 0, 1, 2, 0xFF00], "<u2")  # one entry of 0, then two steps up to white
        image.add_new(f"Segmented{name}PaletteColorLookupTableData", "OW", segments.tobytes())
    assert levels(whole_image(image)) == [[[0] * 3, [127] * 3, [255] * 3, [255] * 3]]


def test_a_thumbnail_fits_the_viewport_and_keeps_the_physical_shape() -> None:
    image = grey([0] * 64, Columns=8, Rows=8, PixelSpacing=["2", "1"])
    jpeg = answered(whole_image(image), small(200, 100))
    assert isinstance(jpeg, bytes)
    assert Image.open(io.BytesIO(jpeg)).size == (50, 100)


@pytest.mark.parametrize(
    "sop_class_uid",
    ["1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.3.4", "", "not a uid"],
)
def test_an_object_without_pixels_gets_a_card_in_the_size_of_the_viewport(sop_class_uid: str) -> None:
    image = StoredImage(lambda start, stop: b"", 0, 0, sop_class_uid, "1.2.840.10008.1.2.1", None, None)
    jpeg = answered(image, small(96, 64))
    assert isinstance(jpeg, bytes)
    assert Image.open(io.BytesIO(jpeg)).size == (96, 64)


LIES = [
    {"Rows": 0},
    {"Rows": 65535, "Columns": 65535},
    {"BitsAllocated": 0},
    {"BitsAllocated": 63, "BitsStored": 99, "HighBit": 200},
    {"SamplesPerPixel": 255},
    {"PixelData": b""},
    {"PixelData": b"\0\0"},
    {"NumberOfFrames": 2**31 - 1},
    {"PhotometricInterpretation": "PALETTE COLOR"},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_attributes_that_contradict_the_bytes_are_a_typed_failure(lie: dict[str, object]) -> None:
    assert isinstance(answered(whole_image(ct_image(**lie))), CannotRender)
