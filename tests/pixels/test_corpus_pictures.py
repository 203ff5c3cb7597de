"""A picture of every public file beside the repository, whole or by the place of its frames."""

from pathlib import Path

import pytest

from filmless.pixels.errors import CannotRender, Reason
from filmless.standards.dicom.pixel_media_types import is_video
from pixels.asking import answered, file_image, located_file_image

pytestmark = pytest.mark.filterwarnings("ignore")  # pydicom warns of what these files do wrong

NOT_DATA = {"README.md", "catalogue.tsv"}

WITHOUT_PICTURE = {
    "example3.dcm": Reason.UNSUPPORTED,  # the fragment holds DICOM elements, no JPEG
    "generated_encapsulated_defined_bot_1_to_1.dcm": Reason.UNSUPPORTED,  # fragments that count 0 to 7
    "generated_encapsulated_defined_bot_2_to_1.dcm": Reason.UNSUPPORTED,
    "generated_encapsulated_defined_bot_2_to_2.dcm": Reason.UNSUPPORTED,
    "generated_encapsulated_empty_bot_1_to_1.dcm": Reason.UNSUPPORTED,
    "generated_encapsulated_empty_bot_2_to_1.dcm": Reason.UNSUPPORTED,
    "GH1146.dcm": Reason.DAMAGED,  # Pixel Data is empty
    "GH1339.dcm": Reason.DAMAGED,  # its fragments do not end: the archive does not take it
    "JPEG2000-embedded-sequence-delimiter.dcm": Reason.TOO_LARGE,  # claims 3.7 billion columns
    "MR_truncated.dcm": Reason.DAMAGED,  # ends 62 bytes early
}


def files(corpus: Path) -> list[Path]:
    return [path for path in sorted(corpus.rglob("*")) if path.is_file() and path.name not in NOT_DATA]


@pytest.mark.slow
def test_every_file_gives_a_picture_or_card_except_those_that_hold_none(corpus: Path) -> None:
    outcomes = {path: answered(file_image(path)) for path in files(corpus)}
    failed = {path.name: answer.reason for path, answer in outcomes.items() if isinstance(answer, CannotRender)}
    assert failed == WITHOUT_PICTURE


@pytest.mark.slow
def test_one_frame_by_its_place_gives_the_same_answer_as_the_whole_object(corpus: Path) -> None:
    different = []
    for path in files(corpus):
        whole, located = file_image(path), located_file_image(path)
        if located is None or whole.pixel_offset is None or is_video(whole.transfer_syntax_uid):
            continue  # a video has a poster only where its stream was located
        one, other = answered(located), answered(whole)
        failures = [answer.reason for answer in (one, other) if isinstance(answer, CannotRender)]
        if one != other and not (len(failures) == 2 and failures[0] == failures[1]):
            different.append((path.name, failures))
    assert different == []
