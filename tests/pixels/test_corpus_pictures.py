"""Thumbnails of every public file beside the repository, and the same pictures as DCMTK draws."""

import collections
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.render import grey
from filmless.pixels.render.lookup import Floats, Window
from filmless.standards.dicom.pixel_media_types import is_video
from pixels.asking import answered, file_image, located_file_image, seen

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

DRAWN_OTHERWISE = {
    # labelled RGB, but the stream is YCbCr by its JFIF marker; pydicom agrees with us
    "example-mg.dcm",
    "example.dcm",
    "example2.dcm",
    # one value everywhere: we show it white, DCMTK black
    "seg_image_ct_binary_fractional.dcm",
    "seg_image_ct_true_fractional.dcm",
    # odd number of bytes in big endian words; 32-bit big endian words: pydicom agrees with us
    "SC_rgb_small_odd_big_endian.dcm",
    "rtdose_expb.dcm",
    "rtdose_expb_1frame.dcm",
    # DCMTK rounds rescaled values to integers, here steps of several grey levels
    "one_slice_data/0.dcm",
    "oriented_data/1.dcm",
    "oriented_data/2.dcm",
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


def drawn_by_dcmtk(path: Path, header: Dataset, window: Window | None, target: Path) -> NDArray[np.uint8] | None:
    """The middle frame by DCMTK's converter; None where it has no picture of it."""
    frame = int(number(header, "NumberOfFrames") or 1) // 2 + 1
    ways = [["--use-window", "1"], ["--use-voi-lut", "1"]]
    if window is not None and window.width < 1:
        ways = [["--min-max-window"]]
    elif window is not None:  # ours is exact, DCMTK's spans from the middle of the first value to that of the last
        ways = [["--set-window", str(window.centre + 0.5), str(window.width + 1)]]
    if header.get("SamplesPerPixel") == 3 or header.get("PhotometricInterpretation") == "PALETTE COLOR":
        ways = [[]]
    for way in ways:
        target.unlink(missing_ok=True)
        command = ["dcmj2pnm", "--frame", str(frame), "--no-overlays", "--write-raw-pnm", *way, str(path), str(target)]
        subprocess.run(command, capture_output=True, check=False)
        if target.exists():
            return np.asarray(Image.open(target))
    return None


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="DCMTK is not installed")
def test_pictures_are_the_same_as_dcmtk_draws(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Window] = []

    def spread(sample: Floats) -> Window:
        chosen.append(original(sample))
        return chosen[-1]

    original = grey.spread
    monkeypatch.setattr(grey, "spread", spread)
    compared: collections.Counter[bool] = collections.Counter()
    different = []
    for path in files(corpus):
        if "mr_0004" in path.parts and not path.name.endswith("0.dcm"):  # 150 images of one kind
            continue
        chosen.clear()
        try:
            ours = seen(file_image(path))
        except CannotRender:
            continue
        if ours is None:
            continue
        header = dcmread(path, force=True, stop_before_pixels=True)
        theirs = drawn_by_dcmtk(path, header, chosen[0] if chosen else None, tmp_path / "theirs.pnm")
        if theirs is None or theirs.ndim != ours.ndim:
            compared[False] += 1
            continue
        compared[True] += 1
        if theirs.shape != ours.shape or np.abs(theirs.astype(int) - ours).mean() >= 2:
            different.append("/".join(path.parts[-2:]))
    unexpected = [name for name in different if name not in DRAWN_OTHERWISE and Path(name).name not in DRAWN_OTHERWISE]
    assert unexpected == []
    assert compared[True] > 150
