"""Cards of what has no picture: what the object is and is about, never of whom; no letter is a box."""

import pytest

from filmless.pixels import picture as pictures
from filmless.pixels.codec_child import answer
from filmless.pixels.render.lettering import legible
from filmless.pixels.request import StoredImage, card_request, picture_request
from filmless.pixels.view import View
from objects import ct_image
from pixels.asking import question
from pixels.derived.scene import bare

RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"


def raw_data(**values: object) -> StoredImage:
    made = ct_image(SOPClassUID=RAW_DATA, **values)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(made, keyword)
    return bare(made)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    card = pictures.card

    def noted(title: str, words: tuple[str, ...], width: int, height: int) -> object:
        lines.extend((title, *words))
        return card(title, words, width, height)

    monkeypatch.setattr(pictures, "card", noted)
    return lines


def test_a_card_says_what_the_object_is_about_and_not_of_whom(said: list[str]) -> None:
    image = raw_data(Modality="MR", SeriesDescription="Knee", NumberOfFrames=12, PatientName="Secret^Name")
    answer(question(picture_request(image, View())))
    assert said == ["Raw data", "", "Knee", "MR · 2026-01-02 · 12 frames", pictures.RETRIEVE]


def test_a_card_says_why_there_is_no_picture(said: list[str]) -> None:
    answer(question(card_request(raw_data(), "No preview: it is too large", View())))
    assert said[-1] == "No preview: it is too large"


def test_what_cannot_be_read_has_a_card_all_the_same(said: list[str]) -> None:
    broken = StoredImage(
        lambda start, stop: b"\xff" * (stop - start), 500, 0, "1.2.3", "1.2.840.10008.1.2.1", None, None
    )
    assert isinstance(answer(question(picture_request(broken, View()))), bytes)
    assert said[:2] == ["DICOM object", "Private class"]


@pytest.mark.parametrize(
    ("words", "shown"),
    [("Knee 3/4", "Knee 3/4"), ("Голова", "Golova"), ("頭", "Tou"), ("\u200fa\U0010fffd", "a"), ("a\nb", "ab")],
)
def test_letters_that_the_font_does_not_have_are_written_in_latin_ones(words: str, shown: str) -> None:
    assert legible(words) == shown


def test_a_line_is_bounded() -> None:
    assert len(legible("x" * 100_000)) <= 300
