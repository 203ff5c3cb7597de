"""Documents and videos inside of DICOM objects, made for tests."""

import io

import av
import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from objects import ct_image

STORAGE = "1.2.840.10008.5.1.4.1.1."
PDF, CDA, STL, OBJ = (f"{STORAGE}104.{number}" for number in (1, 2, 3, 4))
VIDEO = STORAGE + "77.1.4.1"  # Video Photographic Image
RED_PAGE = b"1 0 0 rg 0 0 200 100 re f"


def wrapped(sop_class_uid: str, document: bytes, **values: object) -> Dataset:
    """An object that is nothing but the wrapper of a document."""
    made = ct_image(SOPClassUID=sop_class_uid, Modality="DOC", **values)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(made, keyword)
    made.add_new(0x00420011, "OB", document + b"\0" * (len(document) % 2))
    made.EncapsulatedDocumentLength = len(document)
    return made


def pdf(content: bytes = RED_PAGE, trailer: bytes = b"") -> bytes:
    """A document of one page, 200 by 100 points."""
    parts = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    )
    document, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(document))
        document += b"%d 0 obj%s endobj\n" % (number, part)
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return document + table + b"trailer<</Size 5/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (trailer, len(document))


def locked_pdf() -> bytes:
    """A document that opens with a password alone."""
    keys = b"/O<%s>/U<%s>" % (b"41" * 32, b"42" * 32)
    return pdf(trailer=b"/Encrypt<</Filter/Standard/V 1/R 2/P -4%s>>/ID[<00><00>]" % keys)


def movie(codec: str, container: str, levels: tuple[int, ...] = (0, 0, 200, 200)) -> bytes:
    """A stream of 64 by 48 pixels, one frame of each level."""
    made = io.BytesIO()
    with av.open(made, "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=25, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in levels:
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode(None))
    return made.getvalue()


def video(stream: bytes, frames: int = 4) -> Dataset:
    """The object of a stream."""
    made = ct_image(SOPClassUID=VIDEO, Modality="XC", Rows=48, Columns=64, NumberOfFrames=frames)
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "YBR_PARTIAL_420", 0
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit = 7
    made.PixelData = encapsulate([stream], has_bot=False)
    made["PixelData"].VR = "OB"
    return made
