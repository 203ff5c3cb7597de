"""Facts of surfaces: form, triangles and bounds, whatever the bytes are."""

import struct

import pytest

from filmless.pixels.documents.surface import surface_of

CORNERS = ((0, 0, 0), (10, 0, 0), (0, 20, 5))
STL = b"\0" * 80 + struct.pack("<I", 2) + 2 * (bytes(12) + struct.pack("<9f", *sum(CORNERS, ())) + b"\0\0")
LINES = "".join(f"vertex {x} {y} {z}\n" for x, y, z in CORNERS)
STL_TEXT = f"solid a\nfacet normal 0 0 1\nouter loop\n{LINES}endloop\nendfacet\nendsolid a\n".encode()
OBJ = b"".join(b"v %d %d %d\n" % corner for corner in CORNERS) + b"f 1 2 3\nf 1/1 2/2 3/3 1/1\n"


@pytest.mark.parametrize(
    ("document", "facts"),
    [
        (STL, "STL, binary · 2 triangles · 10 × 20 × 5"),
        (STL_TEXT, "STL, text · 1 triangles · 10 × 20 × 5"),
        (OBJ, "Wavefront OBJ · 3 triangles · 10 × 20 × 5"),
        (b"newmtl a\nKd 1 0 0\nnewmtl b\n", "Wavefront MTL · 2 materials"),
    ],
)
def test_a_surface_is_told(document: bytes, facts: str) -> None:
    assert str(surface_of(document)) == facts


@pytest.mark.parametrize(
    "document", [b"", b"x" * 200, STL[:100], b"\0" * 80 + b"\xff" * 300, b"v . e -\n", b"v 1e999 nan 1\n"]
)
def test_what_is_no_surface_is_none(document: bytes) -> None:
    found = surface_of(document)
    assert found is None or found.size is None


def test_a_text_of_numbers_that_are_none_has_no_bounds() -> None:
    assert str(surface_of(b"solid\nvertex - - -\n")) == "STL, text · 0 triangles"
