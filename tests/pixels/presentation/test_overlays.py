"""Overlay planes lie where PS3.3 C.9.2 puts them."""

import numpy as np
from pydicom.dataset import Dataset

from filmless.pixels.presentation.overlays import Mask, overlays, shown
from objects import ct_image


def plane(bits: list[list[int]], origin: tuple[int, int] = (1, 1), group: int = 0x6000, **more: object) -> Dataset:
    """An image with an overlay of these rows."""
    image = ct_image(Rows=4, Columns=4, PixelData=bytes(32))
    add(image, bits, origin, group, **more)
    return image


def add(image: Dataset, bits: list[list[int]], origin: tuple[int, int], group: int, **more: object) -> None:
    packed = np.packbits(np.array(bits, np.uint8).reshape(-1), bitorder="little").tobytes()
    values = {
        0x0010: ("US", len(bits)),
        0x0011: ("US", len(bits[0])),
        0x0040: ("CS", more.get("kind", "G")),
        0x0050: ("SS", list(origin)),
        0x0100: ("US", 1),
        0x0102: ("US", 0),
        0x3000: ("OW", packed + b"\0" * (len(packed) % 2)),
    }
    for element, (vr, value) in values.items():
        image.add_new(group << 16 | element, vr, value)


def masks(image: Dataset, frame: int = 0) -> list[Mask]:
    return [overlay.mask for overlay in overlays(image, frame, np.zeros((4, 4), np.uint16))]


def test_a_plane_is_placed_by_its_origin() -> None:
    (mask,) = masks(plane([[1, 1], [0, 1]], (2, 3)))
    assert mask.astype(int).tolist() == [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]


def test_a_plane_that_begins_before_the_image_or_ends_behind_it_is_cut() -> None:
    everywhere = [[1] * 6 for _ in range(6)]
    assert masks(plane(everywhere, (-1, -1)))[0].all()
    (mask,) = masks(plane(everywhere, (4, 4)))
    assert (mask.sum(), mask[3, 3]) == (1, True)
    assert not masks(plane(everywhere, (9, 9)))[0].any()
    assert not masks(plane(everywhere, (-20, 1)))[0].any()


def test_of_a_plane_for_several_frames_each_frame_has_its_own() -> None:
    image = plane([[1, 0, 0], [0, 1, 0]])  # two frames of one row
    image[0x6000, 0x0010].value = 1
    image.add_new(0x60000015, "IS", 2)
    image.add_new(0x60000051, "US", 2)
    assert masks(image, 0) == []
    assert masks(image, 1)[0][0].astype(int).tolist() == [1, 0, 0, 0]
    assert masks(image, 2)[0][0].astype(int).tolist() == [0, 1, 0, 0]
    assert masks(image, 3) == []


def test_a_plane_in_unused_bits_of_the_pixels_is_found() -> None:
    image = ct_image(Rows=1, Columns=3, BitsStored=12, HighBit=11)
    for element, value in ((0x0010, 1), (0x0011, 3), (0x0100, 16), (0x0102, 13)):
        image.add_new(0x60020000 | element, "US", value)
    (overlay,) = overlays(image, 0, np.array([[0x2001, 0x0FFF, 0x3000]], np.uint16))
    assert (overlay.group, overlay.mask.tolist()) == (0x6002, [[True, False, True]])
    image[0x6002, 0x0102].value = 5  # a bit of the values
    assert overlays(image, 0, np.zeros((1, 3), np.uint16)) == []


def test_a_plane_with_less_data_than_it_claims_is_none() -> None:
    image = plane([[1, 1]])
    image[0x6000, 0x0010].value = 60000
    assert masks(image) == []


def test_of_a_region_of_interest_the_edge_is_shown() -> None:
    image = plane([[1] * 4 for _ in range(4)], kind="R")
    (overlay,) = overlays(image, 0, np.zeros((4, 4), np.uint16))
    assert shown(overlay).astype(int).tolist() == [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]


def test_planes_of_all_groups_are_found() -> None:
    image = plane([[1]])
    add(image, [[1]], (4, 4), 0x601E)
    assert [overlay.group for overlay in overlays(image, 0, np.zeros((4, 4), np.uint16))] == [0x6000, 0x601E]
