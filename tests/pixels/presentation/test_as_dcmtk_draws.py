"""Grey-scale presentation states, as DCMTK's dcmp2pgm renders them: all but shutters, which it does not draw."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from objects import ct_image, write_file
from pixels.derived.scene import bare, picture
from pixels.derived.test_scenes import item, state

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("dcmp2pgm") is None, reason="DCMTK is not installed"),
]

ROWS, COLUMNS = 40, 64


def image() -> Dataset:
    """Twelve bits, each value another, in an uneven picture."""
    ramp = np.arange(ROWS * COLUMNS, dtype="<u2").reshape(ROWS, COLUMNS)
    layout = {"BitsStored": 12, "HighBit": 11, "PixelData": ramp.tobytes()}
    return ct_image(Rows=ROWS, Columns=COLUMNS, InstanceNumber=1, **layout)


def table(first: int, values: list[int], bits: int) -> Dataset:
    dataset = Dataset()
    dataset.add_new("LUTDescriptor", "US", [len(values), first, bits])
    dataset.add_new("LUTData", "US", values)
    return dataset


def voi(**values: object) -> Sequence:
    return Sequence([item(**values)])


VALUES: dict[str, dict[str, object]] = {
    "nothing": {},
    "window": {"SoftcopyVOILUTSequence": voi(WindowCenter="1200", WindowWidth="900")},
    "rescale": {
        "RescaleSlope": "2",
        "RescaleIntercept": "-1000",
        "RescaleType": "HU",
        "SoftcopyVOILUTSequence": voi(WindowCenter="1000", WindowWidth="3000"),
    },
    "inverse": {
        "PresentationLUTShape": "INVERSE",
        "SoftcopyVOILUTSequence": voi(WindowCenter="1200", WindowWidth="2000"),
    },
    "voi table": {
        "SoftcopyVOILUTSequence": voi(
            VOILUTSequence=Sequence([table(500, [int(at**0.5 * 1023) for at in range(2048)], 16)])
        )
    },
    "presentation table": {
        "PresentationLUTSequence": Sequence([table(0, [at * at // 64 for at in range(2048)], 16)]),
        "SoftcopyVOILUTSequence": voi(WindowCenter="1280", WindowWidth="2560"),
    },
    "turned": {"ImageRotation": 90, "ImageHorizontalFlip": "N"},
    "turned and flipped": {"ImageRotation": 270, "ImageHorizontalFlip": "Y"},
}


def drawn_by_dcmtk(folder: Path, presentation: Dataset, shown: Dataset) -> NDArray[np.uint8]:
    target = folder / "drawn.pgm"
    files = [str(write_file(folder, shown)), str(target)]
    command = ["dcmp2pgm", "--pstate", str(write_file(folder, presentation)), *files]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert target.exists(), done.stderr
    return np.asarray(Image.open(target))


def complete(presentation: Dataset, shown: Dataset) -> Dataset:
    """What DCMTK's reader insists on."""
    presentation.ContentLabel, presentation.ContentDescription = "TEST", "Test"
    presentation.ContentCreatorName = "Test^Anna"
    presentation.PresentationCreationDate, presentation.PresentationCreationTime = "20260102", "101112"
    area = item(
        DisplayedAreaTopLeftHandCorner=[1, 1],
        DisplayedAreaBottomRightHandCorner=[COLUMNS, ROWS],
        PresentationSizeMode="SCALE TO FIT",
        PresentationPixelAspectRatio=[1, 1],
    )
    presentation.DisplayedAreaSelectionSequence = Sequence([area])
    presentation.StudyInstanceUID, presentation.PatientID = shown.StudyInstanceUID, shown.PatientID
    return presentation


@pytest.mark.parametrize("name", VALUES)
def test_a_state_is_rendered_as_dcmtk_renders_it(name: str, tmp_path: Path) -> None:
    shown = image()
    presentation = complete(state(shown, **VALUES[name]), shown)
    theirs = drawn_by_dcmtk(tmp_path, presentation, shown)
    ours = picture((bare(presentation), ()), (shown, (0,)))
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(int) - theirs).max() <= 1
