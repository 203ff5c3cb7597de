"""STOW-RS of metadata and bulk data: what is stored is a valid instance with what was sent, or a reason why not."""

from base64 import b64encode

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from bulk_data import COLOUR, DEEP, GREY, JSON, XML, metadata, pixels_at, post, reason, stored
from filmless.standards.composing.codestream import NoHeader, jpeg, jpeg_2000, mp4
from filmless.standards.composing.metadata import metadata_of_json, metadata_of_xml
from filmless.standards.data_set.fault import BadBytes
from web_house import WebHouse

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF"


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


DESCRIBED = {
    "Rows": 12, "Columns": 16, "SamplesPerPixel": 1, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15,
    "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2",
}  # fmt: skip


@pytest.mark.parametrize("kind", [JSON, XML])
def test_octets_become_native_pixels_and_texts_stay_what_they_are(house: WebHouse, kind: str) -> None:
    sent = pixels_at("p/1", **DESCRIBED)
    reply = post(house, [sent], ("application/octet-stream", "p/1", DEEP.tobytes()), kind=kind)
    image = stored(house, reply)
    assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(image.pixel_array, DEEP)
    assert str(image.PatientName) == "Müller^Jörg=山田^太郎"
    assert image.SpecificCharacterSet == "ISO_IR 192"
    assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID


CODED = [
    ("image/jpeg", imagecodecs.jpeg8_encode(GREY, level=95), "50", 8, "MONOCHROME2"),
    ("image/jpeg", imagecodecs.jpeg8_encode(COLOUR, level=95, subsampling="422"), "50", 8, "YBR_FULL_422"),
    ("image/jls", imagecodecs.jpegls_encode(DEEP), "80", 16, "MONOCHROME2"),
    ("image/jls", imagecodecs.jpegls_encode(GREY, level=3), "81", 8, "MONOCHROME2"),
    ("image/jp2", imagecodecs.jpeg2k_encode(DEEP, level=0, codecformat="j2k"), "90", 16, "MONOCHROME2"),
    ("image/jp2", imagecodecs.jpeg2k_encode(COLOUR, level=0, codecformat="jp2"), "90", 8, "YBR_RCT"),
    ("image/jp2", imagecodecs.jpeg2k_encode(GREY, level=30, reversible=False), "91", 8, "MONOCHROME2"),
    ("image/jphc", imagecodecs.htj2k_encode(DEEP), "20", 16, "MONOCHROME2"),
]  # fmt: skip


@pytest.mark.parametrize(("media_type", "data", "syntax", "bits", "photometric"), CODED)
def test_a_compressed_picture_says_its_own_description(
    house: WebHouse, media_type: str, data: bytes, syntax: str, bits: int, photometric: str
) -> None:
    image = stored(house, post(house, [pixels_at("p")], (media_type, "p", data)))
    assert image.file_meta.TransferSyntaxUID.startswith(f"1.2.840.10008.1.2.4.{syntax}")
    described = (image.Rows, image.Columns, image.BitsStored, image.HighBit, image.PhotometricInterpretation)
    assert described == (12, 16, bits, bits - 1, photometric)
    (frame,) = generate_frames(image.PixelData, number_of_frames=1)
    assert frame.rstrip(b"\0").endswith(b"\xff\xd9")
    assert image.get("LossyImageCompression") == ("01" if syntax in {"50", "81", "91"} else None)


def test_several_parts_of_one_location_are_frames(house: WebHouse) -> None:
    frames = [imagecodecs.jpegls_encode(GREY), imagecodecs.jpegls_encode(GREY[::-1].copy())]
    image = stored(house, post(house, [pixels_at("p")], *(("image/jls", "p", frame) for frame in frames)))
    assert image.NumberOfFrames == 2
    told = [frame.rstrip(b"\0") for frame in generate_frames(image.PixelData, number_of_frames=2)]
    assert told == [frame.rstrip(b"\0") for frame in frames]


def test_a_pdf_is_encapsulated_with_its_type_and_length(house: WebHouse) -> None:
    sent = {**metadata(SOPClassUID=EncapsulatedPDFStorage), "00420011": {"vr": "OB", "BulkDataURI": "doc"}}
    image = stored(house, post(house, [sent], ("application/pdf", "doc", PDF)))
    assert (image.MIMETypeOfEncapsulatedDocument, image.EncapsulatedDocumentLength) == ("application/pdf", len(PDF))
    assert image.EncapsulatedDocument[: len(PDF)] == PDF


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def a_film(codec: bytes = b"avc1", level: int = 41, frames: int = 25) -> bytes:
    """The boxes of an MP4 file that has its index behind its pictures."""
    size = (640).to_bytes(2, "big") + (480).to_bytes(2, "big")
    configuration = box(b"avcC", bytes((1, 100, 0, level))) if codec == b"avc1" else box(b"hvcC", b"\1\2\0\0")
    entry = box(codec, bytes(24), size, bytes(50), configuration)
    tables = box(b"stsd", bytes(4), b"\0\0\0\1", entry), box(b"stsz", bytes(8), frames.to_bytes(4, "big"))
    sound = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", box(b"stsd", bytes(8))))))
    pictures = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", *tables))))
    return box(b"ftyp", b"isom") + box(b"mdat", bytes(1000)) + box(b"moov", box(b"mvhd"), sound, pictures)


@pytest.mark.parametrize(
    ("film", "syntax", "bits"),
    [(a_film(), "102", 8), (a_film(level=42), "104", 8), (a_film(b"hvc1"), "108", 10)],
)
def test_a_film_is_kept_as_it_is_and_describes_itself(house: WebHouse, film: bytes, syntax: str, bits: int) -> None:
    image = stored(house, post(house, [pixels_at("p")], ("video/mp4", "p", film)))
    assert image.file_meta.TransferSyntaxUID == f"1.2.840.10008.1.2.4.{syntax}"
    assert (image.Rows, image.Columns, image.NumberOfFrames, image.BitsStored) == (480, 640, 25, bits)
    assert image.PixelData[16 : 16 + len(film)] == film


@pytest.mark.parametrize(("media_type", "data"), [*(each[:2] for each in CODED), ("video/mp4", a_film())])
def test_what_is_cut_off_is_refused(house: WebHouse, media_type: str, data: bytes) -> None:
    for length in (len(data) - 2, len(data) * 3 // 4):
        reply = post(house, [pixels_at("p")], (media_type, "p", data[:length]))
        assert reason(reply)[0] == 0xA900
    assert house.archive.files == {}


def test_bulk_data_within_a_sequence_is_put_into_its_item(house: WebHouse) -> None:
    sent = pixels_at("p", **DESCRIBED)
    icon: dict[str, object] = {"7FE00010": {"vr": "OB", "BulkDataURI": "icon"}}
    sent["00880200"] = {"vr": "SQ", "Value": [icon]}
    parts = (("application/octet-stream", "icon", b"abcd"), ("application/octet-stream", "p", DEEP.tobytes()))
    assert stored(house, post(house, [sent], *parts)).IconImageSequence[0].PixelData == b"abcd"


def test_a_long_value_streams_in(house: WebHouse) -> None:
    pixels = np.arange(3_000_000, dtype=np.uint32).astype(np.uint16).tobytes()
    sent = pixels_at("p", **{**DESCRIBED, "Rows": 1000, "Columns": 3000})
    image = stored(house, post(house, [sent], ("application/octet-stream", "p", pixels)))
    assert image.PixelData == pixels
    assert len(house.archive.larges) == 1


def test_of_several_instances_those_that_can_be_made_are_stored(house: WebHouse) -> None:
    good, bad = pixels_at("a"), pixels_at("nowhere")
    reply = post(house, [good, bad], ("image/jpeg", "a", CODED[0][1]))
    assert reply.status == 202
    assert [item["00081155"]["Value"] for item in reply.json()["00081198"]["Value"]] == [bad["00080018"]["Value"]]
    assert len(house.archive.files) == 1


@pytest.mark.parametrize(
    ("sent", "part", "words"),
    [
        (pixels_at("p", **DESCRIBED), ("application/octet-stream", "p", b"\0" * 100), "length"),
        (pixels_at("p"), ("application/octet-stream", "p", DEEP.tobytes()), "Image Pixel Description"),
        (pixels_at("p", Rows=13), ("image/jpeg", "p", CODED[0][1]), "Rows"),
        (pixels_at("p"), ("image/jpeg", "p", b"\x89PNG"), "damaged"),
        (pixels_at("p"), ("image/jls; transfer-syntax=1.2.840.10008.1.2.4.50", "p", CODED[2][1]), "transfer syntax"),
        (pixels_at("p"), ("text/plain", "p", b"hello"), "media type"),
        (pixels_at("http://evil.example/x"), ("image/jpeg", "p", CODED[0][1]), "Content-Location"),
        ({**metadata(), "00420011": {"vr": "OB", "BulkDataURI": "p"}}, ("application/pdf", "p", b"<html>"), "PDF"),
        (
            {**metadata(SOPClassUID=EncapsulatedPDFStorage), "00420011": {"vr": "OB", "BulkDataURI": "p"}},
            ("text/html", "p", b"<html>"),
            "SOP class",
        ),
        (
            {**metadata(SOPClassUID=EncapsulatedPDFStorage), "00420011": {"vr": "OB", "BulkDataURI": "p"}},
            ("application/octet-stream", "p", b"<html>"),
            "PDF",
        ),
        (metadata(), ("image/jpeg", "p", CODED[0][1]), "location"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(
    house: WebHouse, sent: dict[str, dict[str, object]], part: tuple[str, str, bytes], words: str
) -> None:
    if words == "location":
        assert post(house, [sent], part).status == 202
        return
    code, comment = reason(post(house, [sent], part))
    assert code == 0xA900
    assert words in comment
    assert len(comment) <= 64
    assert house.archive.files == {}


def test_pixels_within_the_metadata_have_the_length_that_rows_and_columns_say(house: WebHouse) -> None:
    def sent(pixels: bytes) -> dict[str, dict[str, object]]:
        inline = {"vr": "OW", "InlineBinary": b64encode(pixels).decode()}
        return {**pixels_at("p", **DESCRIBED), "7FE00010": inline}

    assert np.array_equal(stored(house, post(house, [sent(DEEP.tobytes())])).pixel_array, DEEP)
    code, comment = reason(post(house, [sent(b"\0" * 4)]))
    assert (code, "length" in comment) == (0xA900, True)


@pytest.mark.parametrize(
    "text",
    [
        b"{", b"[1]", b'{"x": {}}', b'{"00100010": 1}', b'{"00081115": {"vr": "SQ", "Value": [1]}}',
        b'{"00081115":{"vr":"SQ","Value":[' * 100 + b"{}" + b"]}}" * 100,
    ],
    ids=["broken", "no object", "no tag", "no attribute", "no item", "deep"],
)  # fmt: skip
def test_bad_json_is_refused(text: bytes) -> None:
    with pytest.raises(BadBytes):
        metadata_of_json(text)


@pytest.mark.parametrize(
    "text",
    [
        b"<a>", b"<a/>x", b"<DicomAttribute tag='zz'/>", b"<NativeDicomModel><Value>1</Value></NativeDicomModel>",
        b"<NativeDicomModel>" + b"<DicomAttribute tag='00080018' vr='UI'/>" * 2 + b"</NativeDicomModel>",
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        b"<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>",
        b"<NativeDicomModel>" + b"<DicomAttribute tag='00081115' vr='SQ'><Item number='1'>" * 1000,
    ],
)  # fmt: skip
def test_bad_xml_is_refused_and_entities_are_never_read(text: bytes) -> None:
    with pytest.raises(BadBytes):
        metadata_of_xml(text)


@pytest.mark.parametrize(
    ("attribute", "sentence"),
    [
        ({"vr": "LO", "Value": [{"a": 1}]}, "A value is neither text nor number"),
        ({"vr": "LO", "Value": [["a"]]}, "A value is neither text nor number"),
        ({"vr": "LO", "Value": [True]}, "A value is neither text nor number"),
        ({"vr": "PN", "Value": [{"Alphabetic": {"a": 1}}]}, "A value is neither text nor number"),
        ({"vr": "PN", "Value": [{"Alphabetic": "a\x1b$Bb"}]}, "A value has a control character"),
    ],
)
def test_a_value_that_is_no_text_is_refused(house: WebHouse, attribute: dict[str, object], sentence: str) -> None:
    sent = {**metadata(), "00101001" if attribute["vr"] == "PN" else "00081090": attribute}
    assert reason(post(house, [sent]))[1].endswith(sentence)


def test_a_list_without_data_sets_has_no_instances(house: WebHouse) -> None:
    reply = post(house, [])
    assert (reply.status, reply.json()["detail"]) == (400, "The body has no instances.")


@given(st.sampled_from([each[1] for each in CODED]), st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_a_damaged_header_never_raises_anything_else(data: bytes, at: int, damage: bytes) -> None:
    broken = data[:at] + damage + data[at + len(damage) :]
    for read in (jpeg, jpeg_2000, mp4):
        try:
            read(lambda start, stop: broken[start:stop], len(broken))
        except NoHeader:
            continue


@given(st.binary(max_size=200))
def test_whatever_is_no_metadata_is_a_fault(text: bytes) -> None:
    for read in (metadata_of_json, metadata_of_xml):
        try:
            read(text)
        except BadBytes:
            continue
