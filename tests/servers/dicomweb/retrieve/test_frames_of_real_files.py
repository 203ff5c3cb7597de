"""Frames of real files out of a running archive: each is what pydicom gives, in any order, as often as is asked."""

import email
import io
from pathlib import Path

import numpy as np
import pytest
import requests
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames, parse_fragments
from pydicom.pixels.utils import unpack_bits
from pydicom.uid import ExplicitVRBigEndian

from objects import ct_image, part10_bytes
from serving import Server
from web_house import STOW_TYPE, multipart

PYDICOM = "pydicom+pydicom/src/pydicom/data/test_files/"
MULTI_FRAME = "cornerstonejs+dicomParser/testImages/encapsulated/multi-frame/"
HIGHDICOM = "ImagingDataCommons+highdicom/data/test_files/"
FILES = {
    "deflated": PYDICOM + "image_dfl.dcm",
    "big endian": PYDICOM + "rtdose_expb.dcm",  # 15 frames of 32 bits
    "big endian, 16 bits": PYDICOM + "MR_small_expb.dcm",
    "1 bit, frames within bytes": HIGHDICOM + "seg_image_sm_dots.dcm",  # 62 frames of 100 bits
    "1 bit, of 874": "QIICR+dcmqi/data/segmentations/23x38x3/seg/label.seg",
    "1 bit, big endian": PYDICOM + "liver_expb_1frame.dcm",
    "RLE": PYDICOM + "SC_rgb_rle_2frame.dcm",
    "RLE, 32 bits": PYDICOM + "rtdose_rle.dcm",
    "fragments without offsets": MULTI_FRAME + "IM00001.fragmented_no_bot_jpeg_baseline.50.dcm",  # 8 frames
    "lossless fragments without offsets": MULTI_FRAME + "CT0012.fragmented_no_bot_jpeg_lossless.70.dcm",
    "JPEG-LS fragments without offsets": MULTI_FRAME + "CT0012.fragmented_no_bot_jpeg_ls.80.dcm",
    "offsets": MULTI_FRAME + "CT0012.not_fragmented_bot_jpeg_ls.80.dcm",
    "one fragment a frame without offsets": MULTI_FRAME + "CT0012.not_fragmented_no_bot_rle.dcm",
    "native": HIGHDICOM + "sm_image_numbers.dcm",  # 25 frames
}
JPEG_BASELINE, MPEG4 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102"
AS_STORED = "; transfer-syntax=*"


def extended() -> bytes:
    """Frames of two fragments each where the extended offset table says so (PS3.3 C.7.6.3.1.8)."""
    image = ct_image(NumberOfFrames=3, BitsAllocated=8, BitsStored=8, HighBit=7)
    frames = [b"\xff\xd8" + bytes([number]) * 50 + b"\xff\xd9" for number in range(3)]
    image.PixelData, image.ExtendedOffsetTable, image.ExtendedOffsetTableLengths = encapsulate_extended(frames)
    image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
    return part10_bytes(image, JPEG_BASELINE)


def video() -> bytes:
    """One stream in one fragment, of frames that cannot be told apart."""
    image = ct_image(NumberOfFrames=1, BitsAllocated=8, BitsStored=8, HighBit=7)
    image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
    image.PixelData = encapsulate([b"\0\0\0\x18ftypisom" + bytes(40)])
    image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
    return part10_bytes(image, MPEG4)


def wanted(image: Dataset) -> list[bytes]:
    """Each frame as pydicom reads it: compressed, or native in little endian order."""
    count = int(image.get("NumberOfFrames", 1) or 1)
    if image.file_meta.TransferSyntaxUID.is_encapsulated:
        offsets = image.get("ExtendedOffsetTable")
        table = None if offsets is None else (offsets, image.ExtendedOffsetTableLengths)
        return list(generate_frames(image.PixelData, number_of_frames=count, extended_offsets=table))
    pixels, bits = image.PixelData, image.BitsAllocated
    samples = image.Rows * image.Columns * image.get("SamplesPerPixel", 1)
    if bits == 1:
        flat = unpack_bits(_little(image, 16), as_array=True)[: samples * count].reshape(count, samples)
        return [np.packbits(frame, bitorder="little").tobytes() for frame in flat]
    size = samples * bits // 8
    pixels = _little(image, bits)
    return [pixels[number * size : (number + 1) * size] for number in range(count)]


def _little(image: Dataset, bits: int) -> bytes:
    """Pixels in little endian order: words of 16 bits in an OW, of the width of pixels where those are wider."""
    pixels: bytes = image.PixelData
    if image.file_meta.TransferSyntaxUID != ExplicitVRBigEndian or image["PixelData"].VR != "OW":
        return pixels
    return np.frombuffer(pixels, dtype=f">u{max(bits, 16) // 8}").byteswap().tobytes()


@pytest.fixture(scope="module")
def headers(server: Server) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token()}"}


def parts(reply: requests.Response) -> list[tuple[str, bytes]]:
    assert reply.status_code == 200, reply.text
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + reply.content)
    return [(each["Content-Type"], each.get_payload(decode=True)) for each in message.get_payload()]  # type: ignore[union-attr,misc]


def by_itself(file: bytes, number: int) -> bytes:
    """The file under a SOP Instance UID of its own: some are the same object, coded in several ways."""
    uid = str(dcmread(io.BytesIO(file), stop_before_pixels=True).SOPInstanceUID).encode()
    return file.replace(uid, uid[:-4] + f"9{number:03d}".encode()) if b"." not in uid[-4:] else file


@pytest.mark.filterwarnings("ignore:Incorrect value for Specific Character Set")
@pytest.mark.parametrize("name", [*FILES, "extended offsets", "video"])
def test_each_frame_is_what_pydicom_gives(server: Server, corpus: Path, headers: dict[str, str], name: str) -> None:
    made = {"extended offsets": extended, "video": video}
    file = (corpus / FILES[name]).read_bytes() if name in FILES else made[name]()
    if name in FILES and not name.startswith("deflated"):
        file = by_itself(file, list(FILES).index(name))
    stored = {**headers, "Content-Type": STOW_TYPE}
    root = f"{server.url}/dicomweb/studies"
    reply = requests.post(root, data=multipart(file), headers=stored, timeout=60)
    assert reply.status_code == 200, reply.text
    image = dcmread(io.BytesIO(file))
    frames = wanted(image)
    address = f"{root}/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}/instances/{image.SOPInstanceUID}"
    syntax = image.file_meta.TransferSyntaxUID
    accept = f'multipart/related; type="application/octet-stream"{AS_STORED if syntax.is_encapsulated else ""}'

    def ask(numbers: list[int]) -> requests.Response:
        listed = ",".join(str(number + 1) for number in numbers)
        return requests.get(f"{address}/frames/{listed}", headers={**headers, "Accept": accept}, timeout=60)

    last = len(frames) - 1
    for numbers in ([0], list(range(len(frames))), list(range(last, -1, -1)), [last, 0, last, last // 2, 0]):
        reply = ask(numbers)
        given = parts(reply)
        assert [body for _, body in given] == [frames[number] for number in numbers], numbers
        boundary = reply.headers["content-type"].partition("boundary=")[2].partition(";")[0].strip('"').encode()
        assert reply.content.count(b"--" + boundary) == len(numbers) + 1
        assert reply.content.rstrip().endswith(b"--" + boundary + b"--")
        assert not any(boundary in frame for frame in frames)
    assert ask([last + 1]).status_code == 404
    for number in (0, last):
        alone = {**headers, "Accept": f"application/octet-stream{AS_STORED if syntax.is_encapsulated else ''}"}
        assert requests.get(f"{address}/frames/{number + 1}", headers=alone, timeout=60).content == frames[number]


@pytest.mark.filterwarnings("ignore:Incorrect value for Specific Character Set")
def test_the_files_are_as_fragmented_as_this_says(corpus: Path) -> None:
    """Else the rows above would not try what they are for."""
    for name in ("fragments without offsets", "JPEG-LS fragments without offsets"):
        image = dcmread(corpus / FILES[name])
        fragments, _ = parse_fragments(io.BytesIO(image.PixelData[8:]))
        assert image.PixelData[4:8] == bytes(4)
        assert fragments > int(image.NumberOfFrames)
