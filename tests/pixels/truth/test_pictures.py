"""Pictures of every frame of every public file beside the repository: DCMTK draws the same, to one level of 255."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from filmless.pixels.attributes import text
from filmless.pixels.render.grey import Grey, grey_levels, grey_of
from filmless.pixels.render.lookup import Rescale, Window
from filmless.pixels.render.stages import rendered, stages_of
from filmless.pixels.stored_frame import Frame
from filmless.pixels.view import AS_IS, ChosenWindow, Function
from filmless.standards.dicom.pixel_media_types import is_video
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS
from pixels.truth.corpus_frames import Decoded, decoded_files, found_in, stored_values, tool, worst
from pixels.truth.second_decoders import BY_STREAM, JPEG_LS_NEAR_LOSSLESS, second_frames

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # pydicom warns of what these files do wrong
]

Levels = NDArray[np.uint8]
Reals = NDArray[np.float64]
NOT_IN_DCMJ2PNM = {*BY_STREAM, JPEG_LS_LOSSLESS, JPEG_LS_NEAR_LOSSLESS}

NATIVELY = {"rtdose_expb.dcm": "DCMTK swaps 32-bit big endian words in pairs", "rtdose_expb_1frame.dcm": "the same"}
"""Drawn from a little endian copy, as are those whose compression ``dcmj2pnm`` does not know."""

YCBCR = {"example-mg.dcm", "example.dcm", "example2.dcm"}
"""Streams that are YCbCr by their JFIF marker in objects that say RGB: DCMTK draws what we do where it is told."""

PADDED = {"GH133.dcm", "693_UNCI.dcm", "693_J2KI.dcm", "JPEGLossless_1s_1f_i_16_16_bad.dcm"}
"""Where Pixel Padding Value shows: we leave it black (PS3.3 C.7.5.1.1.2), DCMTK takes it for a value like any other."""

NOT_DRAWN = {
    "parametric_map_float.dcm": "DCMTK draws no floating pixels",
    "gdcm-US-ALOKA-16.dcm": "DCMTK reads no segmented palettes",
    "gdcm-US-ALOKA-16_big.dcm": "the same",
    "multiframe.dcm": "tiles at the edges are smaller than the object says, which DCMTK lays out wrongly",
    "SC_rgb_jpeg.dcm": "DCMTK does not read the file",
    "FreezePattern.dcm": "the same",
}

COARSE = {"ybrFull-RLE.dcm": 2, "SC_ybr_full_uncompressed.dcm": 2}
"""Levels for native YBR_FULL: to DCMTK chrominance is none at 127.5, to us at 128 as PS3.3 C.7.6.3.1.2 says."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to show an object: by our stages and by DCMTK's options."""

    window: ChosenWindow | None
    options: tuple[str, ...]


def dcmtk_draws(source: Path, options: tuple[str, ...], work: Path, frames: Sequence[Frame]) -> list[Levels]:
    """Those frames."""
    for old in work.glob("drawn.*"):
        old.unlink()
    which = ("--all-frames",) if len(frames) > 1 else ("--frame", str(frames[0].number + 1))
    command = [tool("dcmj2pnm"), *which, "--no-overlays", "--write-raw-pnm", *options, source, work / "drawn"]
    subprocess.run(command, capture_output=True, check=False)
    if (work / "drawn").exists():
        (work / "drawn").rename(work / "drawn.0.pnm")
    found = {int(each.name.split(".")[1]): each for each in work.glob("drawn.*.p?m")}
    wanted = [frame.number for frame in frames] if len(frames) > 1 else list(found)
    return [np.asarray(Image.open(found[each])) for each in wanted if each in found]


def given(decoded: Decoded, work: Path, *, rescales: bool = True) -> Path:
    """The file, or a copy that says the same in a way that DCMTK draws."""
    natively = decoded.syntax in NOT_IN_DCMJ2PNM or found_in(decoded.name, NATIVELY)
    if rescales and not natively and decoded.path.name not in YCBCR:
        return decoded.path
    dataset = dcmread(decoded.path, force=True)
    if decoded.path.name in YCBCR:
        dataset.PhotometricInterpretation = "YBR_FULL_422"
    if not rescales:
        for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType"):
            dataset.pop(keyword, None)
    if natively:
        lay_out(dataset, second_frames(decoded.path, decoded.syntax, work))
    copy = work / "copy.dcm"
    if natively:
        fresh = Dataset({element.tag: element for element in dataset})  # which is not bound to the old encoding
        fresh.file_meta = dataset.file_meta
        fresh.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
        fresh.preamble = bytes(128)
        fresh.save_as(copy)
    else:
        dataset.save_as(copy)
    return copy


def lay_out(dataset: Dataset, frames: list[NDArray[Any]]) -> None:
    """Give an object native pixels."""
    bits = int(dataset.BitsAllocated)
    sign = "i" if frames[0].dtype.kind == "i" and dataset.PixelRepresentation else "u"
    values = np.stack(frames)
    if frames[0].dtype.kind == "i" and not dataset.PixelRepresentation:
        dataset.PixelRepresentation, sign = 1, "i"  # PS3.5 8.2.4: the sign is in the code stream
    body = np.packbits(values.reshape(-1), bitorder="little") if bits == 1 else values.astype(f"<{sign}{bits // 8}")
    if values.ndim == 4:
        dataset.PlanarConfiguration = 0
        if dataset.PhotometricInterpretation in ("YBR_RCT", "YBR_ICT"):
            dataset.PhotometricInterpretation = "RGB"
    data = body.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits <= 8 else "OW"
    dataset["PixelData"].is_undefined_length = False


def chosen(frame: Frame, grey: Grey) -> ChosenWindow:
    """Over the middle nine tenths of what is there, in whole numbers; of the function that the object has."""
    values = grey.modality(stored_values(frame))
    low, high = np.percentile(values[np.isfinite(values)], (5, 95))
    function = Function.SIGMOID if text(frame.dataset, "VOILUTFunction") == "SIGMOID" else Function.LINEAR
    return ChosenWindow(float(round((low + high) / 2)), float(max(round(high - low), 2)), function)


def is_fractional(grey: Grey) -> bool:
    """DCMTK cuts what the rescale gives to whole numbers: it then gets stored values and the window moved to them."""
    modality = grey.modality
    return isinstance(modality, Rescale) and not (modality.slope.is_integer() and modality.intercept.is_integer())


def options_of(voi: object, grey: Grey) -> tuple[str, ...]:
    """DCMTK's for a window, in the values that it has."""
    assert isinstance(voi, Window)
    centre, width = voi.centre, voi.width
    if voi.function == "LINEAR_EXACT":  # DCMTK's spans from the middle of the first value to that of the last
        centre, width = centre + 0.5, width + 1
    if is_fractional(grey):
        assert isinstance(grey.modality, Rescale)
        slope, intercept = grey.modality.slope, grey.modality.intercept
        centre, width = (centre - 0.5 - intercept) / slope + 0.5, (width - 1) / slope + 1
    return ("--set-window", repr(centre), repr(width))


def ways(frames: list[Frame]) -> Iterator[Way]:
    """With a window of the client's, and as the object itself says."""
    frame, middle = frames[0], frames[len(frames) // 2]
    grey = grey_of(frame)
    window = chosen(middle, grey)
    yield Way(window, options_of(Window(window.centre, window.width, window.function), grey))
    if "VOILUTSequence" in frame.dataset:
        yield Way(None, ("--use-voi-lut", "1"))
    elif isinstance(grey.voi, Window) and grey.voi.width >= 1:
        says = "WindowCenter" in frame.dataset and not is_fractional(grey) and not grey.is_spread
        yield Way(None, ("--use-window", "1") if says else options_of(grey.voi, grey))


def alike(frames: tuple[Frame, ...]) -> list[list[Frame]]:
    """Frames that have one rescale and one window: functional groups may give each its own."""
    groups: dict[str, list[Frame]] = {}
    for frame in frames:
        grey = grey_of(frame)
        window = grey.voi if isinstance(grey.voi, Window) and not grey.is_spread else None
        groups.setdefault(f"{grey.modality if isinstance(grey.modality, Rescale) else None} {window}", []).append(frame)
    return list(groups.values())


def grey_difference(decoded: Decoded, work: Path) -> tuple[float, bool]:
    """The greatest of all frames and ways; and whether padding shows. Infinite where DCMTK draws nothing."""
    found = [_difference(decoded, frames, way, work) for frames in alike(decoded.frames) for way in ways(frames)]
    return max(difference for difference, _ in found), any(shows for _, shows in found)


def _difference(decoded: Decoded, frames: list[Frame], way: Way, work: Path) -> tuple[float, bool]:
    first = grey_of(frames[0])
    source = given(decoded, work, rescales=not is_fractional(first))
    drawn = dcmtk_draws(source, way.options, work, frames)
    if len(drawn) != len(frames):
        return float("inf"), False
    found, padding_shows = 0.0, False
    for frame, levels in zip(frames, drawn, strict=True):
        grey = grey_of(frame, way.window)
        if way.window is None and first.is_spread:
            grey = replace(grey, voi=first.voi)
        found = max(found, worst(grey_levels(frame, replace(grey, padding=None)), levels))
        if grey.padding is not None:
            padding_shows |= padded_is_black(frame, grey, levels)
    return found, padding_shows


def padded_is_black(frame: Frame, grey: Grey, drawn: Levels) -> bool:
    """What is padding is black and what is none is as it was; whether DCMTK draws it otherwise."""
    values, levels = stored_values(frame), grey_levels(frame, grey)
    assert grey.padding is not None
    is_padding = (values >= grey.padding[0]) & (values <= grey.padding[1])
    assert not levels[is_padding].any()
    assert np.array_equal(levels[~is_padding], grey_levels(frame, replace(grey, padding=None))[~is_padding])
    return worst(levels, drawn) > 1


def shown(frame: Frame) -> Levels:
    """In the colours of the object, which DCMTK knows no profiles of."""
    return np.asarray(rendered(frame, replace(stages_of(frame, AS_IS), colour=lambda levels: levels)))


def colour_difference(decoded: Decoded, work: Path) -> float:
    theirs = dcmtk_draws(given(decoded, work), (), work, decoded.frames)
    if len(theirs) != len(decoded.frames):
        return float("inf")
    pairs = zip(decoded.frames, theirs, strict=True)
    return max(worst(shown(frame), drawn) for frame, drawn in pairs)


def test_every_picture_is_what_dcmtk_draws(corpus: Path, tmp_path: Path) -> None:
    different, padded, coarse, not_drawn, drawn = {}, set(), {}, set(), 0
    for decoded in decoded_files(corpus):
        frame = decoded.frames[0]
        if is_video(decoded.syntax):
            continue  # the poster is a picture that DCMTK does not make
        if frame.decoded.values.ndim == 2 and frame.module.photometric != "PALETTE COLOR":
            difference, padding_shows = grey_difference(decoded, tmp_path)
            padded |= {decoded.path.name} if padding_shows else set()
        else:
            difference = colour_difference(decoded, tmp_path)
        if found_in(decoded.name, NOT_DRAWN) and difference == float("inf"):
            not_drawn.add(decoded.path.name)
        elif difference == COARSE.get(decoded.path.name):
            coarse[decoded.path.name] = difference
        elif difference > 1:
            different[decoded.name] = difference
        drawn += len(decoded.frames)
    assert different == {}
    assert padded == PADDED, "the files in which padding shows"
    assert not_drawn == set(NOT_DRAWN), "the files that DCMTK does not draw"
    assert coarse == COARSE, "the files that differ by more than one level"
    assert drawn > 900


def as_dcmtk_computes(ybr: NDArray[Any]) -> Reals:
    """Chrominance from 127.5, and each term cut to a whole number."""
    luminance, blue, red = (ybr[:, :, sample].astype(np.float64) for sample in range(3))
    half, cut = 127.5, np.trunc
    green = cut(0.3441 * blue) + cut(0.7141 * red - (0.3441 + 0.7141) * half)
    return np.stack(
        (luminance + cut(1.402 * (red - half)), luminance - green, luminance + cut(1.772 * (blue - half))), -1
    )


def test_where_ybr_differs_dcmtk_takes_chrominance_to_begin_elsewhere(corpus: Path, tmp_path: Path) -> None:
    for decoded in decoded_files(corpus):
        if decoded.path.name in COARSE:
            (drawn,) = dcmtk_draws(decoded.path, (), tmp_path, decoded.frames)
            assert worst(np.clip(as_dcmtk_computes(decoded.frames[0].decoded.values), 0, 255), drawn) <= 1


def test_what_is_told_to_dcmtk_must_be_told(corpus: Path, tmp_path: Path) -> None:
    """From the files themselves it draws something else."""
    for decoded in decoded_files(corpus):
        if decoded.path.name in YCBCR or found_in(decoded.name, NATIVELY):
            theirs = dcmtk_draws(decoded.path, (), tmp_path, decoded.frames)
            pairs = zip(decoded.frames, theirs, strict=True)
            assert max(worst(shown(frame), drawn) for frame, drawn in pairs) > 1
