"""Segmentations, dose, slides and overlays of public files, against values computed from the files by pydicom."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from filmless.pixels.derived.dose import ANCHORS, FLOOR
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.derived.needs import dose_needs, segmentation_needs
from filmless.pixels.derived.slides import Region, level_of
from filmless.pixels.request import StoredImage
from filmless.standards.models.dicom_json import DicomJson, data_set_json
from pixels.asking import file_image, located_file_image
from pixels.derived.scene import picture

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # pydicom warns of what these files do wrong


def objects(corpus: Path, kind: Kind) -> Iterator[tuple[Path, StoredImage, DicomJson]]:
    """The files of a kind, and their headers."""
    for path in sorted(corpus.rglob("*")):
        if path.is_file() and path.suffix in {".dcm", ".seg", ""}:
            header = dcmread(path, force=True, specific_tags=["SOPClassUID"], stop_before_pixels=True)
            if KINDS.get(str(header.get("SOPClassUID"))) is kind:
                image = located_file_image(path) or file_image(path)
                data_set = bytes(image.read(image.head_length, image.length))
                yield path, image, orjson.loads(data_set_json(data_set, image.transfer_syntax_uid, None))


def stored(path: Path) -> NDArray[np.generic]:
    """(frame, row, column, ...) as pydicom decodes it; none where it cannot."""
    dataset = dcmread(path, force=True)
    try:
        pixels = dataset.pixel_array
    except (ValueError, AttributeError, RuntimeError):  # NotImplementedError is one too
        return np.empty((0, 0, 0))
    return pixels[None] if int(dataset.get("NumberOfFrames", 1) or 1) == 1 else pixels


def test_each_frame_of_a_segmentation_is_coloured_where_it_is_set(corpus: Path) -> None:
    count = 0
    for path, image, header in objects(corpus, Kind.SEGMENTATION):
        frames = stored(path)
        dataset = dcmread(path, force=True)
        for number in range(len(frames)):
            needs = segmentation_needs(header, number)
            assert needs.frames == (number,), path
            seen = picture((image, (number,)))
            assert seen.shape[:2] == frames[number].shape
            outside = frames[number] == background(dataset)
            assert not seen[outside].any(), path
            full = frames[number] == frames[number].max()
            assert outside.all() or seen[full & ~outside].any(axis=-1).mean() > 0.99, path
            count += 1
    assert count > 100


def background(dataset: Dataset) -> int:
    return int(dataset.get("PixelPaddingValue", 0) or 0) if dataset.SegmentationType == "LABELMAP" else 0


def test_dose_has_the_colour_of_its_share_of_the_highest(corpus: Path) -> None:
    count = 0
    for path, image, header in objects(corpus, Kind.DOSE):
        needs = dose_needs(header, None)
        if not len(stored(path)):
            continue
        frames = stored(path).astype(float) * float(dcmread(path, force=True).DoseGridScaling)
        shares = frames[needs.frames[0]] / frames.max()
        channels = [
            np.interp(shares, *zip(*((at, colour[i]) for at, colour in ANCHORS), strict=True)) for i in range(3)
        ]
        expected = np.where((shares >= FLOOR)[:, :, None], np.rint(np.stack(channels, -1)), 0)
        assert np.abs(picture((image, needs.frames)) - expected).max() <= 1, path
        count += 1
    assert count >= 6


def test_slides_are_their_tiles_side_by_side(corpus: Path) -> None:
    count = 0
    for path, image, header in objects(corpus, Kind.SLIDE):
        level = level_of(header)
        if level is None or "jpeg" in path.name or dcmread(path, stop_before_pixels=True).SamplesPerPixel != 3:
            continue
        tiles = level.tiles(Region(0, 0, level.columns, level.rows))
        seen = picture((image, tuple(tile.frame for tile in tiles)))
        frames = stored(path)
        if not len(frames) or dcmread(path, stop_before_pixels=True).PhotometricInterpretation != "RGB":
            continue  # a lossy stream: its colours are another decoder's matter
        for tile in tiles:
            there = seen[tile.top : tile.top + level.tile_rows, tile.left : tile.left + level.tile_columns]
            assert (there == frames[tile.frame][: there.shape[0], : there.shape[1]]).all(), (path, tile)
        count += 1
    assert count >= 2


@pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="DCMTK is not installed")
def test_overlays_are_drawn_as_dcmtk_draws_them(corpus: Path, tmp_path: Path) -> None:
    path = next(corpus.rglob("examples_overlay.dcm"))
    drawn = tmp_path / "drawn.pgm"
    command = ["dcmj2pnm", "--use-window", "1", "--display-overlay", "0", "--write-raw-pnm", str(path), str(drawn)]
    subprocess.run(command, check=True, capture_output=True)
    image = located_file_image(path)
    assert image is not None
    theirs, ours = np.asarray(Image.open(drawn)), picture((image, (0,)))
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    bare = subprocess.run([*command[:3], "--no-overlays", *command[5:]], check=True, capture_output=True)
    assert bare.returncode == 0
    assert (np.asarray(Image.open(drawn)) != theirs).any()
