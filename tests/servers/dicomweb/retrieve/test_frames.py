"""WADO-RS frames: each is what was stored, alone or as parts, in the order asked for."""

import email
from collections.abc import Iterator

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from filmless.archive.events import EventKind
from filmless.pixels.codec_pool import CodecPool
from filmless.servers.dicomweb.retrieve import located
from objects import ct_image, part10_bytes
from web_house import STOW_TYPE, Reply, WebHouse, multipart

OCTETS = 'multipart/related; type="application/octet-stream"'
AS_STORED = f"{OCTETS}; transfer-syntax=*"


@pytest.fixture
def house() -> Iterator[WebHouse]:
    pool = CodecPool(1)
    yield WebHouse(codecs=pool)
    pool.close()


def store(house: WebHouse, image: Dataset, syntax: str = ExplicitVRLittleEndian) -> None:
    headers = {"content-type": STOW_TYPE}
    body = multipart(part10_bytes(image, syntax))
    assert house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=body).status == 200


def frames(house: WebHouse, image: Dataset, numbers: str, accept: str = OCTETS, **headers: str) -> Reply:
    path = f"/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
    path += f"/instances/{image.SOPInstanceUID}/frames/{numbers}"
    return house.ask("GET", path, role="radiologist", headers={"accept": accept, **headers})


def parts(reply: Reply) -> list[tuple[str, bytes]]:
    assert reply.status == 200, reply.body
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + reply.body)
    return [(part["Content-Type"], part.get_payload(decode=True)) for part in message.get_payload()]  # type: ignore[union-attr,misc]


def cine(count: int = 5, rows: int = 6, columns: int = 5, bits: int = 16) -> tuple[Dataset, list[bytes]]:
    """An object of several frames and each of them in little endian order."""
    image = ct_image()
    kind = np.uint8 if bits == 8 else np.uint16
    pixels = np.arange(count * rows * columns, dtype=kind).reshape(count, rows, columns)
    image.Rows, image.Columns, image.NumberOfFrames = rows, columns, count
    image.BitsAllocated = image.BitsStored = bits
    image.HighBit = bits - 1
    raw = pixels.tobytes()
    image.PixelData = raw + b"\0" * (len(raw) % 2)
    return image, [frame.tobytes() for frame in pixels]


def in_rle(image: Dataset) -> None:
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.compress(RLELossless, generate_instance_uid=False)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
@pytest.mark.parametrize("is_at_hand", [True, False])
def test_native_frames_come_in_the_order_asked_for(house: WebHouse, syntax: str, bits: int, is_at_hand: bool) -> None:
    image, every = cine(bits=bits)
    if syntax == ExplicitVRBigEndian:
        image.PixelData = np.frombuffer(image.PixelData, np.uint16).byteswap().tobytes()  # VR OW whatever the bits
        image["PixelData"].VR = "OW"
    store(house, image, syntax)
    house.rows.is_at_hand = is_at_hand
    given = parts(frames(house, image, "3,1,5,1"))
    assert given == [
        (f"application/octet-stream; transfer-syntax={ExplicitVRLittleEndian}", every[n]) for n in (2, 0, 4, 0)
    ]


def test_frames_of_single_bits_begin_within_bytes(house: WebHouse) -> None:
    image, _ = cine()
    bits = np.arange(3 * 7 * 5).reshape(3, 35) % 3 % 2
    image.Rows, image.Columns, image.NumberOfFrames = 7, 5, 3
    image.BitsAllocated, image.BitsStored, image.HighBit = 1, 1, 0
    raw = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    image.PixelData = raw + b"\0" * (len(raw) % 2)
    store(house, image)
    given = [body for _, body in parts(frames(house, image, "1,2,3"))]
    assert given == [np.packbits(frame, bitorder="little").tobytes() for frame in bits]


def test_compressed_frames_come_as_they_are_stored_or_decoded(house: WebHouse) -> None:
    image, every = cine()
    in_rle(image)
    store(house, image, RLELossless)
    ((stored_type, stored),) = parts(frames(house, image, "2", 'multipart/related; type="image/dicom-rle"'))
    assert stored_type == f"image/dicom-rle; transfer-syntax={RLELossless}"
    assert stored[:4] == b"\2\0\0\0"  # two segments (PS3.5 G.5)
    ((octets_type, octets),) = parts(frames(house, image, "2", AS_STORED))
    assert (octets_type, octets) == (f"application/octet-stream; transfer-syntax={RLELossless}", stored)
    assert [body for _, body in parts(frames(house, image, "2,5"))] == [every[1], every[4]]
    alone = frames(house, image, "2", "image/dicom-rle")
    assert (alone.headers["content-type"], alone.body) == (stored_type, stored)


def test_a_frame_of_several_fragments_is_joined(house: WebHouse) -> None:
    image, _ = cine(count=2)
    image.PixelData = encapsulate([b"\xff\xd8\xff" + b"one " * 9, b"\xff\xd8\xff" + b"two " * 9], fragments_per_frame=3)
    store(house, image, JPEGBaseline8Bit)
    ((_, body),) = parts(frames(house, image, "2", 'multipart/related; type="image/jpeg"'))
    assert body.rstrip(b"\0") == b"\xff\xd8\xff" + b"two " * 9
    refused = frames(house, image, "2")  # it does not decode
    assert (refused.status, JPEGBaseline8Bit in refused.json()["detail"]) == (406, True)


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless]
)
def test_frames_are_compressed_for_who_wants_them_so(house: WebHouse, syntax: str) -> None:
    image, every = cine()
    if syntax == RLELossless:
        in_rle(image)
    elif syntax == ExplicitVRBigEndian:
        image.PixelData = np.frombuffer(image.PixelData, np.uint16).byteswap().tobytes()
    store(house, image, syntax)
    for uid, media_type, decode in (
        (HTJ2KLossless, "image/jphc", imagecodecs.htj2k_decode),
        (JPEGLosslessSV1, "image/jpeg", imagecodecs.jpegsof3_decode),
        (JPEGLSLossless, "image/jls", imagecodecs.jpegls_decode),
        (JPEG2000Lossless, "image/jp2", imagecodecs.jpeg2k_decode),
    ):
        given = parts(frames(house, image, "4,2", f'multipart/related; type="{media_type}"'))
        assert [part_type for part_type, _ in given] == [f"{media_type}; transfer-syntax={uid}"] * 2
        assert [decode(body).astype(np.uint16).tobytes() for _, body in given] == [every[3], every[1]]
    by_name = frames(house, image, "1", f"image/jphc; transfer-syntax={HTJ2KLosslessRPCL}")
    assert by_name.headers["content-type"] == f"image/jphc; transfer-syntax={HTJ2KLosslessRPCL}"
    beginning = frames(house, image, "1", f"image/jphc; transfer-syntax={HTJ2KLosslessRPCL}", range="bytes=0-49")
    assert (beginning.status, beginning.body) == (206, by_name.body[:50])


def test_nothing_is_lost_for_who_does_not_name_what_loses(house: WebHouse) -> None:
    image, _ = cine(bits=8)
    store(house, image)
    for accept in ("*/*", "image/*", "image/jpeg", "image/jpeg; transfer-syntax=*", "application/octet-stream"):
        reply = frames(house, image, "1", accept)
        assert reply.status in (200, 406)
        assert JPEGBaseline8Bit not in reply.headers["content-type"]
    named = frames(house, image, "1", f"image/jpeg; transfer-syntax={JPEGBaseline8Bit}")
    assert named.body.startswith(b"\xff\xd8")


def test_what_cannot_be_compressed_is_406_and_says_what_can_be_had(house: WebHouse) -> None:
    image, _ = cine()
    image.HighBit, image.BitsStored = 15, 12
    store(house, image)
    reply = frames(house, image, "1", "image/jphc")
    assert (reply.status, ExplicitVRLittleEndian in reply.json()["detail"]) == (406, True)


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ("0", 400),
        ("abc", 400),
        ("-1", 400),
        ("1,", 400),
        ("1,,2", 400),
        ("1;2", 400),
        ("6", 404),
        ("1,6", 404),
        ("999999999", 404),
    ],
)
def test_a_list_that_is_none_is_400_and_a_frame_that_is_not_there_404(
    house: WebHouse, numbers: str, status: int
) -> None:
    image, _ = cine()
    store(house, image)
    assert frames(house, image, numbers).status == status


def test_what_has_no_frames_or_is_not_kept_is_404_and_what_cannot_be_given_406(house: WebHouse) -> None:
    image, _ = cine()
    store(house, image)
    assert frames(house, image, "1", "text/plain").status == 406
    other = ct_image()
    assert frames(house, other, "1").status == 404
    del other.PixelData
    store(house, other)
    assert frames(house, other, "1").status == 404


def test_a_frame_is_given_once_and_in_part(house: WebHouse) -> None:
    image, every = cine()
    store(house, image)
    whole = frames(house, image, "2", "application/octet-stream")
    tag = whole.headers["etag"]
    assert (whole.body, whole.headers["accept-ranges"]) == (every[1], "bytes")
    assert frames(house, image, "2", "application/octet-stream", **{"if-none-match": tag}).status == 304
    part = frames(house, image, "2", "application/octet-stream", range="bytes=10-19", **{"if-range": tag})
    assert (part.status, part.body, part.headers["content-range"]) == (206, every[1][10:20], "bytes 10-19/60")
    assert (
        frames(house, image, "2", "application/octet-stream", range="bytes=10-19", **{"if-range": '"x"'}).status == 200
    )
    assert frames(house, image, "2", "application/octet-stream", range="bytes=60-").status == 416
    assert frames(house, image, "2").body == frames(house, image, "2").body


def test_rows_of_a_series_are_read_once_however_many_of_its_frames_are_asked_for(house: WebHouse) -> None:
    first, _ = cine()
    images = [first]
    for _ in range(4):
        image, _ = cine()
        image.StudyInstanceUID, image.SeriesInstanceUID = first.StudyInstanceUID, first.SeriesInstanceUID
        images.append(image)
    for image in images:
        store(house, image)
    for image in images * 3:
        assert frames(house, image, "1").status == 200
    looked_up = [uids[2] for uids in house.rows.looked_up]
    assert looked_up[:2] == [first.SOPInstanceUID, None]
    assert len(looked_up) < len(images)


def test_each_look_at_frames_is_recorded(house: WebHouse) -> None:
    image, _ = cine()
    store(house, image)
    before = len(house.recorder.events)
    frames(house, image, "1,2,3")
    (event,) = house.recorder.events[before:]
    assert (event.kind, event.count, event.study_uid, event.actor) == (
        EventKind.RETRIEVE,
        3,
        image.StudyInstanceUID,
        "token:radiologist",
    )


def test_a_long_table_is_read_apart(house: WebHouse) -> None:
    image, _ = cine()
    in_rle(image)
    store(house, image, RLELossless)
    house.rows.short_table = 0
    assert frames(house, image, "5", AS_STORED).status == 200
    assert frames(house, image, "6", AS_STORED).status == 404


def test_of_many_long_tables_the_oldest_are_read_again(house: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(located, "MAX_LONG_FRAMES", 7)
    house.rows.short_table = 0
    images = [cine()[0] for _ in range(3)]
    for image in images:
        in_rle(image)
        store(house, image, RLELossless)
    for image in images * 2:
        assert frames(house, image, "5", AS_STORED).status == 200


def test_an_instance_that_came_a_moment_ago_is_found(house: WebHouse) -> None:
    first, _ = cine()
    second, _ = cine()
    second.StudyInstanceUID, second.SeriesInstanceUID = first.StudyInstanceUID, first.SeriesInstanceUID
    store(house, first)
    assert frames(house, first, "1").status == 200
    assert frames(house, second, "1").status == 404
    store(house, second)
    assert frames(house, second, "1").status == 200
    assert frames(house, replaced(first), "1").status == 404


def replaced(image: Dataset) -> Dataset:
    other = Dataset()
    other.StudyInstanceUID, other.SeriesInstanceUID, other.SOPInstanceUID = (
        image.StudyInstanceUID,
        "1.2.3",
        image.SOPInstanceUID,
    )
    return other
