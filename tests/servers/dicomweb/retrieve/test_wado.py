"""WADO-RS: instances come back as they were stored, or visibly not at all."""

import email
import gzip
import io
from collections.abc import Iterator
from dataclasses import replace

import imagecodecs
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRBigEndian, HTJ2KLosslessRPCL, ImplicitVRLittleEndian

from filmless.pixels.codec_pool import CodecPool
from objects import ct_image, data_set_bytes, head_length, part10_bytes, series
from web_house import STOW_TYPE, Reply, WebHouse, multipart

EXPLICIT = "1.2.840.10008.1.2.1"
ANY = 'multipart/related; type="application/dicom"; transfer-syntax=*'


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def store(house: WebHouse, *files: bytes) -> None:
    headers = {"content-type": STOW_TYPE}
    assert house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=multipart(*files)).status == 200


def get(house: WebHouse, path: str, accept: str = ANY, **headers: str) -> Reply:
    sent = {**({"accept": accept} if accept else {}), **headers}
    return house.ask("GET", f"/dicomweb{path}", role="clinician" if "denied" in path else "radiologist", headers=sent)


def parts(reply: Reply) -> list[tuple[str, bytes]]:
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + reply.body)
    return [(part["Content-Type"], part.get_payload(decode=True)) for part in message.get_payload()]  # type: ignore[union-attr,misc]


def path_of(image: object, *, level: str = "instance") -> str:
    study, one, instance = (getattr(image, f"{name}InstanceUID") for name in ("Study", "Series", "SOP"))
    path = f"/studies/{study}"
    if level != "study":
        path += f"/series/{one}"
    return path + (f"/instances/{instance}" if level == "instance" else "")


@pytest.mark.parametrize("level", ["study", "series"])
def test_every_instance_comes_back_as_it_was_stored(house: WebHouse, level: str) -> None:
    images = series(7)
    files = [part10_bytes(image) for image in images]
    store(house, *files)
    reply = get(house, path_of(images[0], level=level))
    assert int(reply.headers["content-length"]) == len(reply.body)
    boundary = reply.headers["content-type"].partition("boundary=")[2]
    bodies = [piece.partition(b"\r\n\r\n")[2] for piece in (b"\r\n" + reply.body).split(f"\r\n--{boundary}".encode())]
    assert bodies[1:-1] == files
    assert reply.headers["content-type"].startswith('multipart/related; type="application/dicom"; boundary=')


@pytest.mark.parametrize("syntax", [EXPLICIT, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_part_names_the_transfer_syntax_that_is_stored(house: WebHouse, syntax: str) -> None:
    image = ct_image()
    store(house, part10_bytes(image, syntax))
    for accept in (ANY, "", "*/*", 'multipart/related; type="application/dicom"', f"{ANY[:-1]}{syntax}"):
        ((part_type, _),) = parts(get(house, path_of(image), accept))
        assert part_type == f"application/dicom; transfer-syntax={syntax}"


def test_one_instance_may_come_alone(house: WebHouse) -> None:
    image = ct_image()
    store(house, part10_bytes(image))
    reply = get(house, path_of(image), "application/dicom; transfer-syntax=*")
    assert (reply.headers["content-type"], reply.body) == (
        f"application/dicom; transfer-syntax={EXPLICIT}",
        part10_bytes(image),
    )


@pytest.mark.parametrize(
    "accept",
    [
        "text/csv",
        'multipart/related; type="application/dicom"; transfer-syntax=1.2.3.4.5',
        'multipart/related; type="application/dicom";q=0',
        'multipart/related; type="image/jpeg"',
        "application/gzip",
    ],
)
def test_what_cannot_be_given_is_406(house: WebHouse, accept: str) -> None:
    image = ct_image()
    store(house, part10_bytes(image))
    assert get(house, path_of(image), accept).status == 406


def test_what_is_not_kept_is_404_and_a_malformed_uid_400(house: WebHouse) -> None:
    image = ct_image()
    store(house, part10_bytes(image))
    assert get(house, "/studies/1.2.3").status == 404
    assert get(house, f"/studies/{image.StudyInstanceUID}/series/1.2.3").status == 404
    assert get(house, "/studies/not!a!uid").status == 400


def test_damaged_bytes_end_the_answer_visibly(house: WebHouse) -> None:
    images = series(3)
    store(house, *map(part10_bytes, images))
    kept, content = house.archive.files[images[1].SOPInstanceUID]
    damaged = replace(kept, placement=replace(kept.placement, data_set_sha256=bytes(32)))
    house.archive.files[images[1].SOPInstanceUID] = (damaged, content)
    reply = get(house, path_of(images[0], level="series"))
    assert reply.broken
    assert len(reply.body) < int(reply.headers["content-length"])
    assert part10_bytes(images[1])[: len(content) // 2] not in reply.body


def test_metadata_is_the_header_of_each_instance_with_addresses_for_its_pixels(house: WebHouse) -> None:
    images = series(70)
    store(house, *map(part10_bytes, images))
    reply = get(house, path_of(images[0], level="series") + "/metadata", "application/dicom+json")
    assert [each["00080018"]["Value"][0] for each in reply.json()] == [image.SOPInstanceUID for image in images]
    address = reply.json()[0]["7FE00010"]["BulkDataURI"]
    assert address == f"http://127.0.0.1:8080/dicomweb{path_of(images[0])}/bulkdata/7FE00010"
    assert not [tag for tag in reply.json()[0] if tag.startswith("0002")]


def test_metadata_that_is_kept_is_the_same_as_what_was_made(house: WebHouse) -> None:
    """Plain or packed, with length, for whoever connects by whichever address."""
    images = [*series(20), *series(9)]
    for image in images:
        image.StudyInstanceUID = images[0].StudyInstanceUID
    store(house, *map(part10_bytes, images))
    path = path_of(images[0], level="study") + "/metadata"
    made = get(house, path, "application/dicom+json")
    house.wait_for_bundles(2)
    kept = get(house, path, "application/dicom+json")
    packed = get(house, path, "application/dicom+json", **{"accept-encoding": "gzip"})
    assert (kept.body, kept.headers["etag"]) == (made.body, made.headers["etag"])
    assert gzip.decompress(packed.body) == made.body
    assert [int(reply.headers["content-length"]) for reply in (kept, packed)] == [len(kept.body), len(packed.body)]
    known = get(house, path, "application/dicom+json", **{"if-none-match": kept.headers["etag"]})
    assert (known.status, known.body) == (304, b"")
    for coding in ({}, {"accept-encoding": "gzip"}):
        secure = house.ask("GET", f"/dicomweb{path}", role="radiologist", headers=coding, scheme="https")
        body = gzip.decompress(secure.body) if coding else secure.body
        assert body == made.body.replace(b'URI":"http:', b'URI":"https:')
        assert secure.headers["etag"] != kept.headers["etag"]


def test_metadata_of_a_long_series_begin_before_all_of_it_is_made(house: WebHouse) -> None:
    images = series(70)
    store(house, *map(part10_bytes, images))
    path = path_of(images[0], level="series") + "/metadata"
    plain = get(house, path, "application/dicom+json")
    assert "content-length" not in plain.headers
    house.bundles.kept.clear()
    packed = get(house, path, "application/dicom+json", **{"accept-encoding": "gzip"})
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip;q=0", None),
        ("gzip;q=0.5, identity", None),
        ("*;q=0, identity;q=0.1", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("zstd, br, gzip;q=0.2", "gzip"),
        ("*", "gzip"),
    ],
)
def test_metadata_come_in_a_coding_that_the_client_takes(house: WebHouse, accepted: str, coding: str | None) -> None:
    image = ct_image()
    store(house, part10_bytes(image))
    path = path_of(image, level="series") + "/metadata"
    reply = get(house, path, "application/dicom+json", **({"accept-encoding": accepted} if accepted else {}))
    assert reply.headers.get("content-encoding") == coding
    assert reply.headers["vary"] == "accept, accept-encoding"


def test_metadata_is_packed_for_those_who_take_it_packed(house: WebHouse) -> None:
    image = ct_image()
    store(house, part10_bytes(image))
    path = path_of(image) + "/metadata"
    packed = get(house, path, "application/dicom+json", **{"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == get(house, path, "application/dicom+json").body
    plain = get(house, path, "application/dicom+json", **{"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("syntax", [EXPLICIT, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_pixel_data_by_its_address_are_its_bytes_in_little_endian_order(house: WebHouse, syntax: str) -> None:
    image = ct_image()
    store(house, part10_bytes(image, syntax))
    path = path_of(image) + "/bulkdata/7FE00010"
    stored = data_set_bytes(image, syntax)[-128:]
    wanted = stored if syntax != ExplicitVRBigEndian else bytes(stored[place ^ 1] for place in range(128))
    alone = get(house, path, "*/*;q=0.1, application/octet-stream")
    assert (alone.headers["content-type"], alone.body) == ("application/octet-stream", wanted)
    assert alone.headers["content-disposition"] == "attachment"
    ((part_type, body),) = parts(get(house, path, 'multipart/related; type="application/octet-stream"'))
    assert (part_type.split(";")[0], body) == ("application/octet-stream", wanted)


def test_other_binary_values_have_addresses_too(house: WebHouse) -> None:
    image = ct_image()
    image.add_new(0x00091001, "OB", bytes(range(256)) * 8)
    image.add_new(0x00090010, "LO", "TEST")
    store(house, part10_bytes(image))
    metadata = get(house, path_of(image) + "/metadata", "application/dicom+json").json()[0]
    address = metadata["00091001"]["BulkDataURI"].removeprefix("http://127.0.0.1:8080/dicomweb")
    assert get(house, address, "application/octet-stream").body == bytes(range(256)) * 8


@pytest.mark.parametrize("path", ["00100010x", "..", "00091001", "7FE00010/0/1", "%2e%2e/x"])
def test_an_address_that_metadata_never_gave_is_404(house: WebHouse, path: str) -> None:
    image = ct_image()
    store(house, part10_bytes(image))
    assert get(house, f"{path_of(image)}/bulkdata/{path}", "*/*").status == 404


def test_head_says_how_much_there_is(house: WebHouse) -> None:
    image = ct_image()
    store(house, part10_bytes(image))
    reply = house.ask("HEAD", f"/dicomweb{path_of(image)}", role="service", headers={"accept": "application/dicom"})
    assert (int(reply.headers["content-length"]), reply.body) == (len(part10_bytes(image)), b"")
    assert head_length(part10_bytes(image)) > 132


@pytest.mark.parametrize("path", ["", "/metadata"])
@pytest.mark.parametrize("accept", ["*/*", "application/dicom+json, application/dicom"])
def test_what_a_client_has_already_is_not_sent_again(house: WebHouse, path: str, accept: str) -> None:
    image = ct_image()
    house.ask(
        "POST",
        "/dicomweb/studies",
        role="service",
        headers={"content-type": STOW_TYPE},
        body=multipart(part10_bytes(image)),
    )
    series_address = f"/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
    address = f"{series_address}/instances/{image.SOPInstanceUID}{path}"
    first = house.ask("GET", address, role="service", headers={"accept": accept})
    tag = first.headers["etag"]
    again = house.ask("GET", address, role="service", headers={"accept": accept, "if-none-match": f'"x", {tag}'})
    assert (first.status, again.status, again.body, again.headers["etag"]) == (200, 304, b"", tag)
    assert house.ask("GET", address, role="service", headers={"accept": accept, "if-none-match": '"x"'}).status == 200


def test_an_instance_is_converted_to_the_transfer_syntax_that_is_named() -> None:
    house = WebHouse(codecs=CodecPool(1))  # which is asked for nothing: the pixels are native
    image = ct_image()
    store(house, part10_bytes(image, ExplicitVRBigEndian))
    wanted = f"{ANY[:-1]}{EXPLICIT}"
    ((part_type, body),) = parts(get(house, path_of(image), wanted))
    assert part_type == f"application/dicom; transfer-syntax={EXPLICIT}"
    given = dcmread(io.BytesIO(body))
    assert (given.file_meta.TransferSyntaxUID, given.SOPInstanceUID) == (EXPLICIT, image.SOPInstanceUID)
    assert given.PixelData == bytes(image.PixelData[place ^ 1] for place in range(128))
    alone = get(house, path_of(image), f"application/dicom; transfer-syntax={EXPLICIT}")
    assert (alone.body, alone.headers["content-length"]) == (body, str(len(body)))
    assert (
        get(
            house, path_of(image), wanted, **{"if-none-match": get(house, path_of(image), wanted).headers["etag"]}
        ).status
        == 304
    )


@pytest.fixture
def converting() -> Iterator[WebHouse]:
    pool = CodecPool(1)
    yield WebHouse(codecs=pool)
    pool.close()


def of_one_study(*images: Dataset) -> list[Dataset]:
    for image in images:
        image.StudyInstanceUID, image.SeriesInstanceUID = images[0].StudyInstanceUID, images[0].SeriesInstanceUID
    return list(images)


def test_a_series_is_compressed_and_what_has_no_pixels_is_explicit_little_endian(converting: WebHouse) -> None:
    images = of_one_study(ct_image(), ct_image(), document())
    store(converting, part10_bytes(images[0]), *(part10_bytes(each, ImplicitVRLittleEndian) for each in images[1:]))
    given = parts(get(converting, path_of(images[0], level="series"), f"{ANY[:-1]}{HTJ2KLosslessRPCL}"))
    read = {each.SOPInstanceUID: each for each in (dcmread(io.BytesIO(body)) for _, body in given)}
    assert len(read) == len(images)
    for image in images[:2]:
        made = read[image.SOPInstanceUID]
        assert made.file_meta.TransferSyntaxUID == HTJ2KLosslessRPCL
        stream = next(generate_frames(made.PixelData, number_of_frames=1))
        assert imagecodecs.htj2k_decode(stream).astype("<u2").tobytes() == image.PixelData
    assert read[images[2].SOPInstanceUID].file_meta.TransferSyntaxUID == EXPLICIT
    assert sorted(part_type for part_type, _ in given) == sorted(
        f"application/dicom; transfer-syntax={read[uid].file_meta.TransferSyntaxUID}" for uid in read
    )


@pytest.mark.parametrize("kind", [ANY[:-1], "application/zip; transfer-syntax="])
def test_what_cannot_be_converted_is_told_before_anything_is_sent(converting: WebHouse, kind: str) -> None:
    good, bad = of_one_study(ct_image(), ct_image(HighBit=15, BitsStored=12))
    bad.InstanceNumber = 0
    store(converting, *map(part10_bytes, (bad, good)))
    for method in ("GET", "HEAD"):
        address = f"/dicomweb{path_of(good, level='series')}"
        accept = {"accept": f"{kind}{HTJ2KLosslessRPCL}"}
        reply = converting.ask(method, address, role="radiologist", headers=accept)
        assert reply.status == 406
    assert bad.SOPInstanceUID in get(converting, path_of(good, level="series"), accept["accept"]).json()["detail"]


@pytest.mark.parametrize("kind", [ANY[:-1], "application/zip; transfer-syntax="])
def test_what_turns_out_not_to_be_convertible_ends_the_answer_visibly(converting: WebHouse, kind: str) -> None:
    good, bad = of_one_study(ct_image(), ct_image(HighBit=15, BitsStored=12))
    store(converting, *map(part10_bytes, (good, bad)))
    reply = get(converting, path_of(good, level="series"), f"{kind}{HTJ2KLosslessRPCL}")
    assert (reply.status, reply.broken) == (200, True)


def test_parts_and_instances_come_in_part_and_on_condition(house: WebHouse) -> None:
    images = series(5)
    store(house, *map(part10_bytes, images))
    for path, accept in ((path_of(images[0], level="series"), ANY), (path_of(images[0]), "application/dicom")):
        whole = get(house, path, accept)
        assert get(house, path, accept).body == whole.body
        part = get(house, path, accept, range="bytes=100-900")
        assert (part.status, part.body) == (206, whole.body[100:901])
        assert get(house, path, accept, range="bytes=100-900", **{"if-range": '"other"'}).status == 200
        assert get(house, path, accept, **{"if-none-match": whole.headers["etag"]}).status == 304


def document() -> Dataset:
    image = ct_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", Modality="DOC")
    del image.PixelData
    image.MIMETypeOfEncapsulatedDocument = "application/pdf"
    image.EncapsulatedDocument, image.EncapsulatedDocumentLength = b"%PDF-1.4 odd\0", 13
    image.EncapsulatedDocument += b"\0"
    return image


def test_an_encapsulated_document_comes_as_what_it_is(house: WebHouse) -> None:
    image = document()
    store(house, part10_bytes(image))
    for path in (path_of(image), path_of(image) + "/bulkdata/00420011"):
        reply = get(house, path, "application/pdf")
        assert (reply.headers["content-type"], reply.body) == ("application/pdf", image.EncapsulatedDocument[:13])
        part = get(house, path, "application/pdf", range="bytes=1-3")
        assert (part.status, part.body) == (206, b"PDF")
    assert get(house, path_of(image), "*/*").headers["content-type"].startswith("multipart/related")
    assert get(house, path_of(image), "video/mp4").status == 406


def test_a_video_comes_as_one_stream_in_any_part(house: WebHouse) -> None:
    image = ct_image(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.1.1", NumberOfFrames=3, BitsAllocated=8, BitsStored=8, HighBit=7
    )
    image.PixelData = encapsulate([b"first of a video", b"second of a video."])
    store(house, part10_bytes(image, "1.2.840.10008.1.2.4.102"))
    whole = b"first of a videosecond of a video."
    reply = get(house, path_of(image), "video/mp4")
    assert (reply.headers["content-type"], reply.body) == ("video/mp4", whole)
    for start, stop in ((0, 4), (10, 20), (16, 34), (33, 34)):
        assert get(house, path_of(image), "video/mp4", range=f"bytes={start}-{stop - 1}").body == whole[start:stop]


@pytest.mark.parametrize("syntax", [EXPLICIT, ExplicitVRBigEndian])
def test_bulk_data_come_in_any_part(house: WebHouse, syntax: str) -> None:
    image = ct_image()
    store(house, part10_bytes(image, syntax))
    path = path_of(image) + "/bulkdata/7FE00010"
    whole = get(house, path, "application/octet-stream")
    for start, stop in ((0, 1), (3, 9), (5, 128), (127, 128)):
        part = get(house, path, "application/octet-stream", range=f"bytes={start}-{stop - 1}")
        assert (part.status, part.body) == (206, whole.body[start:stop])
