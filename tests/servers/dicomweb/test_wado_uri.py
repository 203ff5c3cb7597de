"""WADO-URI: the object or the picture that the parameters name, and a sentence for those that cannot be (PS3.18 9)."""

import io
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from filmless.pixels.codec_pool import CodecPool
from objects import ct_image, part10_bytes
from web_house import STOW_TYPE, Reply, WebHouse, multipart


@pytest.fixture
def house() -> Iterator[WebHouse]:
    pool = CodecPool(1)
    yield WebHouse(codecs=pool)
    pool.close()


def store(house: WebHouse, image: Dataset, syntax: str = ExplicitVRLittleEndian) -> None:
    body = multipart(part10_bytes(image, syntax))
    headers = {"content-type": STOW_TYPE}
    assert house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=body).status == 200


def ask(house: WebHouse, image: Dataset, **parameters: str) -> Reply:
    named = {
        "requestType": "WADO",
        "studyUID": image.StudyInstanceUID,
        "seriesUID": image.SeriesInstanceUID,
        "objectUID": image.SOPInstanceUID,
    }
    sent = {name: value for name, value in {**named, **parameters}.items() if value}
    return house.ask("GET", f"/dicomweb/wado?{urlencode(sent)}", role="radiologist", headers={"accept": "*/*"})


def picture(reply: Reply) -> Image.Image:
    assert reply.status == 200, reply.body
    return Image.open(io.BytesIO(reply.body))


def large_image() -> Dataset:
    return ct_image(Rows=40, Columns=80, PixelData=bytes(2 * 40 * 80), WindowCenter=50, WindowWidth=100)


def test_the_object_comes_as_it_is_stored_or_as_it_is_wanted(house: WebHouse) -> None:
    image = ct_image()
    store(house, image, ImplicitVRLittleEndian)
    stored = ask(house, image, contentType="application/dicom")
    assert stored.body == part10_bytes(image, ImplicitVRLittleEndian)
    made = ask(house, image, contentType="application/dicom", transferSyntax=ExplicitVRLittleEndian)
    assert dcmread(io.BytesIO(made.body)).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert ask(house, image, contentType="application/dicom", transferSyntax="1.2.3").status == 406


def test_an_image_is_a_jpeg_where_nothing_else_is_asked_for_and_several_frames_the_object(house: WebHouse) -> None:
    image = large_image()
    store(house, image)
    assert (picture(ask(house, image)).format, picture(ask(house, image)).size) == ("JPEG", (80, 40))
    cine = ct_image(NumberOfFrames=2, PixelData=bytes(256))
    store(house, cine)
    assert ask(house, cine).headers["content-type"].startswith("application/dicom")
    assert picture(ask(house, cine, frameNumber="2")).format == "JPEG"
    assert ask(house, cine, frameNumber="3").status == 400
    report = ct_image()
    del report.PixelData
    store(house, report)
    assert ask(house, report).headers["content-type"].startswith("application/dicom")


def test_size_region_and_kind_of_a_picture_are_as_asked_for(house: WebHouse) -> None:
    image = large_image()
    store(house, image)
    assert picture(ask(house, image, contentType="image/png")).format == "PNG"
    assert picture(ask(house, image, rows="20")).size == (40, 20)
    assert picture(ask(house, image, columns="20")).size == (20, 10)
    assert picture(ask(house, image, region="0,0,0.5,1")).size == (40, 40)
    assert picture(ask(house, image, region="0,0,0.5,1", rows="10", columns="10")).size == (10, 10)
    black, white = (
        picture(ask(house, image, contentType="image/png", windowCenter=centre, windowWidth="10"))
        .convert("L")
        .getextrema()
        for centre in ("500", "-500")
    )
    assert (black, white) == ((0, 0), (255, 255))


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"requestType": ""}, 400),
        ({"requestType": "OTHER"}, 400),
        ({"objectUID": ""}, 400),
        ({"objectUID": "1.2.3"}, 404),
        ({"studyUID": "not!a!uid"}, 400),
        ({"anonymize": "yes"}, 406),
        ({"rows": "0"}, 400),
        ({"rows": "many"}, 400),
        ({"columns": "9999999999"}, 400),
        ({"region": "0,0,2,1"}, 400),
        ({"region": "0.5,0,0.5,1"}, 400),
        ({"region": "a,b"}, 400),
        ({"windowCenter": "1"}, 400),
        ({"windowCenter": "x", "windowWidth": "1"}, 400),
        ({"imageQuality": "101"}, 400),
        ({"frameNumber": "0"}, 400),
        ({"frameNumber": "1,1"}, 400),
        ({"presentationUID": "1.2.3"}, 400),
        ({"presentationUID": "1.2.3", "presentationSeriesUID": "1.2.4"}, 400),
        ({"contentType": "application/dicom", "rows": "5"}, 400),
        ({"contentType": "image/jpeg", "transferSyntax": "1.2.840.10008.1.2.1"}, 400),
    ],
)
def test_what_cannot_be_is_told(house: WebHouse, parameters: dict[str, str], status: int) -> None:
    image = large_image()
    store(house, image)
    assert ask(house, image, **parameters).status == status
