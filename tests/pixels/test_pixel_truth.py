"""Pixel truth over every public file beside the repository: other decoders give the same values and pictures."""

import io
import math
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array

from filmless.pixels.attributes import number, text
from filmless.pixels.codec_child import answer
from filmless.pixels.errors import CannotRender
from filmless.pixels.render.grey import grey_of, stored_of
from filmless.pixels.request import Request, picture_request
from filmless.pixels.stored_frame import Frame, frames_of
from filmless.pixels.transcode import transcoded
from filmless.pixels.view import AS_IS, ChosenWindow, Function, View
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax
from pixels.asking import file_image, located_file_image, question, seen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # pydicom warns of what these files do wrong
    pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="DCMTK is not installed"),
]

NOT_DATA = {"README.md", "catalogue.tsv"}
LARGEST = 32 << 20  # bytes of a file
EVERY = 8  # so many frames of a file, evenly taken
LOSSY_BOUND = 3  # grey levels between two decoders of one lossy stream: inverse transforms and upsampling may differ

DCMTK_DECODERS = {
    "1.2.840.10008.1.2.4.50": "dcmdjpeg",
    "1.2.840.10008.1.2.4.51": "dcmdjpeg",
    "1.2.840.10008.1.2.4.57": "dcmdjpeg",
    "1.2.840.10008.1.2.4.70": "dcmdjpeg",
    "1.2.840.10008.1.2.4.80": "dcmdjpls",
    "1.2.840.10008.1.2.4.81": "dcmdjpls",
}
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"}
OPENJPEG = "1.2.840.10008.1.2.4.9"
HIGH_THROUGHPUT = "1.2.840.10008.1.2.4.20"

DECODED_OTHERWISE = {
    "TOSHIBA_J2K_SIZ1_PixRep0.dcm": "the stream says signed, Pixel Representation unsigned: we believe the stream",
    "multiframe.dcm": "tiles; the streams of 23, at the edges, have 121 rows or 55 columns: DCMTK pads",
    "example-mg.dcm": "says RGB, its stream is YCbCr by its JFIF marker (pydicom and a browser agree with us)",
    "example.dcm": "the same",
    "example2.dcm": "the same",
}
RENDERED_OTHERWISE = {
    "rtdose_expb.dcm": "32-bit big endian words, which DCMTK swaps in pairs (pydicom agrees with us)",
    "rtdose_expb_1frame.dcm": "the same",
    "one_slice_data/0.dcm": "DCMTK rounds what the rescale gives to whole numbers, here from a slope of 0.001",
    "oriented_data/1.dcm": "the same",
    "oriented_data/2.dcm": "the same",
    "1.3.6.1.4.1.21367.201599.3.201604021949006.6/1.2.840.10008.1.2.1": "the same, from a slope of 0.077",
    "IM_0027_fMAP.dcm": "its rescale is in a functional group (PS3.3 C.7.6.16.2.9), which DCMTK does not read",
}
"""Where another decoder and we differ, and why."""


def files(corpus: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(corpus.rglob("*")):
        if path.is_file() and path.name not in NOT_DATA and path.stat().st_size <= LARGEST:
            yield "/".join(path.relative_to(corpus).parts[-2:]), path


def unexplained(different: dict[str, str], explained: dict[str, str]) -> dict[str, str]:
    return {name: what for name, what in different.items() if not {name, name.rpartition("/")[2]} & set(explained)}


def is_of_many(path: Path) -> bool:
    """150 images of one kind: a tenth of them will do."""
    return "mr_0004" in path.parts and not path.name.endswith("0.dcm")


def frames(path: Path) -> list[Frame]:
    """Frames of a file as our decoders give them; raises CannotRender."""
    image = located_file_image(path) or file_image(path)
    if image.frames is None or image.frames.count <= 1:
        return list(frames_of(question(picture_request(image, AS_IS)).members[0]))
    chosen = range(0, image.frames.count, max(1, image.frames.count // EVERY))
    return [
        frame for number in chosen for frame in frames_of(question(picture_request(image, AS_IS, number)).members[0])
    ]


def reference(path: Path, header: Dataset, target: Path) -> NDArray[Any] | None:
    """(frame, ...) of stored values by another decoder; None where there is none here."""
    syntax = str(header.file_meta.get("TransferSyntaxUID", "")) if hasattr(header, "file_meta") else ""
    source: Path | Dataset = path
    if tool := DCMTK_DECODERS.get(syntax):
        target.unlink(missing_ok=True)
        subprocess.run([tool, str(path), str(target)], capture_output=True, check=False)
        if not target.exists():
            return None
        source = target
    elif syntax.startswith((OPENJPEG, HIGH_THROUGHPUT)):
        whole = dcmread(path, force=True)
        coded = generate_frames(whole.PixelData, number_of_frames=int(whole.get("NumberOfFrames") or 1))
        try:
            return np.stack([imagecodecs.jpeg2k_decode(each[each.find(b"\xff\x4f\xff\x51") :]) for each in coded])
        except (RuntimeError, ValueError):
            return None
    try:
        whole = dcmread(source, force=True)
        if "TransferSyntaxUID" not in whole.file_meta:
            return None
        found = pixel_array(whole, raw=True)
    except Exception:  # noqa: BLE001 - what the other decoder cannot do is no reference
        return None
    many = int(whole.get("NumberOfFrames") or 1) > 1
    return found if many else found[None]


def stored_values(frame: Frame) -> NDArray[Any]:
    return stored_of(frame.decoded, frame.module)(frame.decoded.values)


def as_stored(frame: Frame, values: NDArray[Any]) -> NDArray[Any]:
    """A reference's values, their unused bits dropped as ours are."""
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    bits = min(frame.module.bits_stored, values.dtype.itemsize * 8)
    codes = values.astype(np.int64) & (2**bits - 1)
    return np.where(codes >= 2 ** (bits - 1), codes - 2**bits, codes) if frame.module.signed else codes


def test_decoded_frames_are_those_of_another_decoder(corpus: Path, tmp_path: Path) -> None:
    different, compared = {}, 0
    for name, path in files(corpus):
        if is_of_many(path):
            continue
        try:
            ours = frames(path)
        except CannotRender:
            continue
        header = dcmread(path, force=True, stop_before_pixels=True)
        theirs = reference(path, header, tmp_path / "theirs.dcm") if ours else None
        if theirs is None:
            continue
        compared += 1
        bound = LOSSY_BOUND if str(header.file_meta.TransferSyntaxUID) in LOSSY else 0
        for frame in ours:
            values, wanted = stored_values(frame), as_stored(frame, theirs[min(frame.number, len(theirs) - 1)])
            if values.shape != wanted.shape:
                different[name] = f"{values.shape} {wanted.shape}"
            elif (worst := np.nanmax(np.abs(values - wanted), initial=0)) > bound:
                different[name] = f"{worst}"
    assert unexplained(different, DECODED_OTHERWISE) == {}
    assert compared > 250


def window_of(frame: Frame) -> ChosenWindow:
    """Over the middle nine tenths of what is there, in whole numbers; of the function that the object has."""
    grey = grey_of(frame)
    values = grey.modality(stored_values(frame))
    low, high = np.percentile(values[np.isfinite(values)], (5, 95))
    function = Function.SIGMOID if text(frame.dataset, "VOILUTFunction") == "SIGMOID" else Function.LINEAR
    return ChosenWindow(float(round((low + high) / 2)), float(max(round(high - low), 2)), function)


def bound_of(frame: Frame, window: ChosenWindow) -> float:
    """One grey level; and as many as one unit makes where DCMTK rounds what the rescale gives to whole numbers."""
    slope, intercept = number(frame.dataset, "RescaleSlope") or 1.0, number(frame.dataset, "RescaleIntercept") or 0.0
    is_whole = slope.is_integer() and intercept.is_integer()
    return 1.0 if is_whole else 1.0 + math.ceil(255 / (window.width - 1))


def is_picture(frame: Frame) -> NDArray[np.bool_]:
    """Where the values are no padding: that has no grey level (PS3.3 C.7.5.1.1.2), and is black here."""
    padding = grey_of(frame).padding
    values = stored_values(frame)
    if padding is None:
        return np.ones(values.shape, bool)
    return np.asarray((values < padding[0]) | (values > padding[1]))


def drawn_by_dcmtk(path: Path, frame: Frame, window: ChosenWindow, target: Path) -> NDArray[np.uint8] | None:
    target.unlink(missing_ok=True)
    command = ["dcmj2pnm", "--frame", str(frame.number + 1), "--no-overlays", "--write-raw-pnm"]
    command += ["--set-window", str(window.centre), str(window.width), str(path), str(target)]
    subprocess.run(command, capture_output=True, check=False)
    return np.asarray(Image.open(target)) if target.exists() else None


def test_grey_pictures_are_those_that_dcmtk_draws(corpus: Path, tmp_path: Path) -> None:
    different, compared = {}, 0
    for name, path in files(corpus):
        if is_of_many(path):
            continue
        try:
            frame = frames(path)[0]
        except (CannotRender, IndexError):
            continue
        if frame.decoded.values.ndim != 2 or frame.module.photometric == "PALETTE COLOR":
            continue
        window = window_of(frame)
        theirs = drawn_by_dcmtk(path, frame, window, tmp_path / "theirs.pnm")
        ours = seen(located_file_image(path) or file_image(path), View(window=window), frame.number)
        if theirs is None or ours is None or theirs.ndim != 2:
            continue
        compared += 1
        if theirs.shape != ours.shape:
            different[name] = f"{theirs.shape} {ours.shape}"
        elif (worst := np.abs(theirs.astype(int) - ours)[is_picture(frame)].max(initial=0)) > bound_of(frame, window):
            different[name] = f"{worst} {window}"
    assert unexplained(different, RENDERED_OTHERWISE) == {}
    assert compared > 170


class Here:
    """What the codec children do, in this process."""

    def submit(self, request: Request) -> "Future[bytes]":
        future: Future[bytes] = Future()
        made = answer(question(request))
        if isinstance(made, CannotRender):
            future.set_exception(made)
        else:
            future.set_result(made)
        return future


def test_what_was_compressed_without_loss_has_the_same_values_when_it_is_native(corpus: Path, tmp_path: Path) -> None:
    different, compared = {}, 0
    for name, path in files(corpus):
        image = located_file_image(path)
        if image is None or (syntax := transfer_syntax(image.transfer_syntax_uid)).lossy or not syntax.encapsulated:
            continue
        header = dcmread(path, force=True, stop_before_pixels=True)
        theirs = reference(path, header, tmp_path / "theirs.dcm")
        try:
            data_set = b"".join(transcoded(image, EXPLICIT_VR_LITTLE_ENDIAN, Here().submit))
        except CannotRender:
            continue
        if theirs is None:
            continue
        compared += 1
        native = dcmread(io.BytesIO(write_head("1.2.3", "1.2.3.4", EXPLICIT_VR_LITTLE_ENDIAN) + data_set))
        ours = pixel_array(native, raw=True)
        bits = 2 ** int(native.BitsStored) - 1
        if ours.dtype.kind != "f" and not np.array_equal(
            ours.reshape(theirs.shape).astype(int) & bits, theirs.astype(int) & bits
        ):
            different[name] = f"{ours.dtype} {theirs.dtype}"
    assert unexplained(different, DECODED_OTHERWISE) == {}
    assert compared > 60
