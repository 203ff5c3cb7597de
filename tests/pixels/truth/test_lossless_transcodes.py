"""What the public files are compressed to without loss, decoded by a program that did not encode it, is what it was."""

import io
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread

from filmless.pixels.codec_child import answer
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Request
from filmless.pixels.targets import LOSSLESS
from filmless.pixels.transcode import transcoded
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    transfer_syntax,
)
from pixels.asking import located_file_image, question
from pixels.truth.corpus_frames import Decoded, decoded_files
from pixels.truth.second_decoders import (
    BY_STREAM,
    ffmpeg_jpeg_2000,
    ffmpeg_jpeg_ls,
    native_frames,
    natively,
    second_frames,
    streams_of,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # pydicom warns of what these files do wrong

TARGETS = (*LOSSLESS, EXPLICIT_VR_LITTLE_ENDIAN)


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


def again(file: bytes, target: str, work: Path) -> list[NDArray[Any]]:
    """Frames by a decoder of other origin than the encoder: OpenJPEG for OpenJPH, FFmpeg for OpenJPEG and CharLS
    (whose colour only DCMTK decodes), DCMTK for libjpeg-turbo, pylibjpeg for our RLE, pydicom for native.
    """
    dataset = dcmread(io.BytesIO(file))
    if target == JPEG_2000_LOSSLESS:
        return [ffmpeg_jpeg_2000(stream, dataset, work) for stream in streams_of(dataset)]
    if target == JPEG_LS_LOSSLESS and dataset.SamplesPerPixel == 1:
        return [ffmpeg_jpeg_ls(stream, dataset, work) for stream in streams_of(dataset)]
    if target in BY_STREAM:
        return [BY_STREAM[target](stream, dataset, work) for stream in streams_of(dataset)]
    (work / "made.dcm").write_bytes(file)
    if target == JPEG_LOSSLESS_SV1:
        return native_frames(natively(work / "made.dcm", target, work / "native.dcm", "--conv-never"))
    return second_frames(work / "made.dcm", target, work)


def kind_of(decoded: Decoded) -> tuple[object, ...]:
    """What decides how a frame is encoded."""
    frame = decoded.frames[0]
    module = frame.module
    layout = (module.photometric, module.bits_allocated, module.bits_stored, module.high_bit, module.signed)
    return (decoded.syntax, *layout, module.planar, module.floating, str(frame.decoded.values.dtype))


def wrongly_compressed(decoded: Decoded, target: str, work: Path) -> str | None:
    """What is wrong with an object in another transfer syntax; raises CannotRender where there is none."""
    image = located_file_image(decoded.path)
    assert image is not None
    head = write_head("1.2.3", "1.2.3.4", target)
    made = again(head + b"".join(transcoded(image, target, Here().submit)), target, work)
    if len(made) != len(decoded.frames):
        return f"{len(made)} frames of {len(decoded.frames)}"
    module = decoded.frames[0].module  # what a decoder puts above the bits stored is nobody's value
    bits = 2 ** (module.bits_stored if transfer_syntax(decoded.syntax).encapsulated else module.bits_allocated) - 1
    for frame, values in zip(decoded.frames, made, strict=True):
        if not np.array_equal(frame.decoded.values.astype(np.int64) & bits, values.astype(np.int64) & bits):
            return f"frame {frame.number}"
    return None


def compared(files: list[Decoded], work: Path) -> tuple[dict[tuple[str, str], str], int]:
    wrong, right = {}, 0
    for decoded in files:
        for target in TARGETS:
            try:
                what = wrongly_compressed(decoded, target, work)
            except CannotRender as failure:
                what = None if failure.reason is Reason.UNSUPPORTED else str(failure)
                right -= 1
            right += 1
            if what is not None:
                wrong[decoded.name, target] = what
    return wrong, right


def lossless_files(corpus: Path) -> list[Decoded]:
    """Those whose frames are located; a data set that is deflated as a whole is inflated before it is transcoded."""
    found = []
    for decoded in decoded_files(corpus):
        syntax = transfer_syntax(decoded.syntax)
        if not (syntax.lossy or syntax.deflated) and decoded.image.frames:
            found.append(decoded)
    return found


@pytest.mark.slow
def test_one_file_of_each_kind_of_pixels_keeps_every_value_in_every_form(corpus: Path, tmp_path: Path) -> None:
    kinds: dict[tuple[object, ...], Decoded] = {}
    for decoded in lossless_files(corpus):
        kinds.setdefault(kind_of(decoded), decoded)
    wrong, right = compared(list(kinds.values()), tmp_path)
    assert wrong == {}
    assert right > 100


@pytest.mark.drill
def test_every_file_keeps_every_value_in_every_form(corpus: Path, tmp_path: Path) -> None:
    wrong, right = compared(lossless_files(corpus), tmp_path)
    assert wrong == {}
    assert right > 1000
