"""The first page of an encapsulated PDF, as large as it is asked for, or the card that says why there is none."""

import numpy as np
import pytest

from filmless.pixels.documents import pictures
from filmless.pixels.documents.pdf import first_page
from filmless.pixels.view import View, Viewport
from pixels.derived.scene import bare, picture
from wrapped import PDF, locked_pdf, pdf, wrapped


@pytest.mark.parametrize(("room", "shape"), [(None, (208, 417, 3)), (Viewport(100, 100), (50, 100, 3))])
def test_the_page_is_drawn_at_150_dpi_or_into_the_viewport(room: Viewport | None, shape: tuple[int, int, int]) -> None:
    seen = picture((bare(wrapped(PDF, pdf())), ()), view=View(viewport=room))
    assert abs(np.subtract(seen.shape, shape)).max() <= 1
    assert seen[20, 20].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (locked_pdf(), "Protected by a password"),
        (b"no document", "Damaged document"),
        (b"", "Damaged document"),
        (pdf().replace(b"/Kids[3 0 R]/Count 1", b"/Kids[]/Count 0     "), "Damaged document"),
    ],
)
def test_what_cannot_be_opened_says_why(document: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_page(document, None) == why
    said = []
    card = pictures.card
    monkeypatch.setattr(pictures, "card", lambda *words: said.append(words[:2]) or card(*words))
    assert picture((bare(wrapped(PDF, document)), ())).shape == (512, 512, 3)
    assert said == [("PDF", (why,))]


def test_a_page_of_any_claimed_size_is_bounded() -> None:
    for box in (b"[0 0 1e9 1e9]", b"[0 0 14400 1]", b"[0 0 0 0]", b"[5 5 5 5]"):
        page = first_page(pdf().replace(b"[0 0 200 100]", box), None)
        assert isinstance(page, str) or page.width * page.height <= 17_000_000
