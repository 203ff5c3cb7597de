"""Documents and videos are rendered as what is stored, as text, or as a picture: by the media type that is wanted."""

import io

import pytest
from PIL import Image

from objects import part10_bytes
from servers.dicomweb.render.test_documents import rendered
from web_house import STOW_TYPE, WebHouse, multipart
from wrapped import CDA, PDF, movie, pdf, video, wrapped

LETTER = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Letter</title></ClinicalDocument>'
H264 = "1.2.840.10008.1.2.4.102"


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def store(house: WebHouse, image: object, syntax: str = "1.2.840.10008.1.2.1") -> str:
    body, headers = multipart(part10_bytes(image, syntax)), {"content-type": STOW_TYPE}
    assert house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=body).status == 200
    return f"/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}/instances/{image.SOPInstanceUID}"


@pytest.mark.parametrize("accept", ["", "*/*", "application/pdf", "application/pdf, image/jpeg;q=0.5"])
def test_a_pdf_is_the_document_itself_and_never_shown_in_this_name(house: WebHouse, accept: str) -> None:
    reply = rendered(house, store(house, wrapped(PDF, pdf())), accept)
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "application/pdf", pdf())
    assert reply.headers["content-disposition"] == "attachment"
    assert "sandbox" in reply.headers["content-security-policy"]


def test_a_part_of_a_pdf_and_nothing_to_who_has_it(house: WebHouse) -> None:
    path = store(house, wrapped(PDF, pdf()))
    part = rendered(house, path, "application/pdf", range="bytes=0-4")
    assert (part.status, part.body) == (206, b"%PDF-")
    assert rendered(house, path, "application/pdf", **{"if-none-match": part.headers["etag"]}).status == 304


def test_the_picture_of_a_pdf_is_its_first_page(house: WebHouse) -> None:
    reply = rendered(house, store(house, wrapped(PDF, pdf())), "image/png")
    assert Image.open(io.BytesIO(reply.body)).getpixel((50, 50)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("accept", "media_type", "start"),
    [
        ("", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("text/xml", "text/xml", LETTER),
        ("text/plain", "text/plain; charset=utf-8", b"Letter\n"),
        ("image/png", "image/png", b"\x89PNG"),
    ],
)
def test_a_clinical_document_is_a_page_its_text_or_itself(
    house: WebHouse, accept: str, media_type: str, start: bytes
) -> None:
    reply = rendered(house, store(house, wrapped(CDA, LETTER)), accept)
    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert reply.body.startswith(start)
    assert ("content-disposition" in reply.headers) == (media_type == "text/xml")


def test_a_video_is_the_stream_where_it_lies_in_mp4_or_a_poster(house: WebHouse) -> None:
    stream = movie("libx264", "mp4")
    path = store(house, video(stream), H264)
    assert rendered(house, path).headers["content-type"] == "video/mp4"
    assert rendered(house, path, "image/*").headers["content-type"] == "image/jpeg"
    reply = rendered(house, path, "video/mp4")
    assert (reply.status, reply.headers["content-type"]) == (200, "video/mp4")
    assert reply.body[: len(stream)] == stream
    assert len(reply.body) - len(stream) <= 1  # padding of the fragment
    assert rendered(house, path, "video/*").headers["content-type"] == "video/mp4"
    assert rendered(house, path, "video/mp4", range="bytes=4-7").body == b"ftyp"


def test_a_video_that_does_not_lie_in_mp4_is_not_given_as_such(house: WebHouse) -> None:
    path = store(house, video(movie("libx264", "h264")), H264)
    assert rendered(house, path, "video/mp4").status == 406
    assert rendered(house, path, "image/png").status == 200
