"""Codings whose headers are not read, and pictures that no transfer syntax takes."""

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import generate_frames
from pydicom.pixels.encoders import RLELosslessEncoder

from bulk_data import COLOUR, DEEP, GREY, JSON, XML, pixels_at, post, reason, stored
from filmless.standards.dicom.transfer_syntaxes import RLE_LOSSLESS
from web_house import WebHouse

DESCRIBED = {
    "Rows": 12, "Columns": 16, "SamplesPerPixel": 1, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15,
    "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2",
}  # fmt: skip


def by_rle(values: "np.ndarray[tuple[int, ...], np.dtype[np.uint16]]") -> bytes:
    encoded: bytes = RLELosslessEncoder.encode(
        values.tobytes(), rows=12, columns=16, samples_per_pixel=1, bits_allocated=16, bits_stored=16,
        pixel_representation=0, photometric_interpretation="MONOCHROME2", number_of_frames=1,
    )  # fmt: skip
    return encoded


@pytest.mark.parametrize("kind", [JSON, XML])
def test_rle_frames_decode_to_what_they_were_made_of(kind: str) -> None:
    house, frames = WebHouse(), [DEEP, DEEP[::-1].copy()]
    sent = pixels_at("p", NumberOfFrames=2, **DESCRIBED)
    reply = post(house, [sent], *(("image/dicom-rle", "p", by_rle(each)) for each in frames), kind=kind)
    image = stored(house, reply)
    assert image.file_meta.TransferSyntaxUID == RLE_LOSSLESS
    assert np.array_equal(image.pixel_array, np.stack(frames))
    assert "LossyImageCompression" not in image


@pytest.mark.parametrize(("syntax", "lossy"), [("110", None), ("112", "01")])
def test_jpeg_xl_decodes_to_what_it_was_made_of(syntax: str, lossy: str | None) -> None:
    house = WebHouse()
    kind = f"image/jxl; transfer-syntax=1.2.840.10008.1.2.4.{syntax}"
    sent = imagecodecs.jpegxl_encode(DEEP, lossless=True)
    image = stored(house, post(house, [pixels_at("p", **DESCRIBED)], (kind, "p", sent)))
    (frame,) = generate_frames(image.PixelData, number_of_frames=1)
    assert np.array_equal(imagecodecs.jpegxl_decode(frame), DEEP)
    assert image.get("LossyImageCompression") == lossy


def saved(form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(COLOUR)
    (picture.convert("CMYK") if options.pop("cmyk", False) else picture).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("image/jpeg", saved("JPEG", cmyk=True)),
        ("image/gif", saved("GIF")),
        ("image/dicom-rle", imagecodecs.jpegls_encode(GREY)),
    ],
    ids=["CMYK", "GIF", "not described"],
)
def test_what_cannot_be_kept_is_refused_with_a_reason(media_type: str, data: bytes) -> None:
    house = WebHouse()
    code, comment = reason(post(house, [pixels_at("p")], (media_type, "p", data)))
    assert code == 0xA900
    assert comment
    assert house.archive.files == {}
