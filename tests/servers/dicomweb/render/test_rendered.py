"""Rendered resources and thumbnails: the right picture in the right form, and what is asked wrongly is told."""

import email
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from filmless.archive.errors import Damaged
from objects import ct_image, part10_bytes, series
from web_house import STOW_TYPE, Reply, WebHouse, multipart

ROWS, COLUMNS = 6, 10


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def picture_of(reply: Reply) -> Image.Image:
    assert reply.status == 200, reply.body
    return Image.open(io.BytesIO(reply.body))


def levels(reply: Reply) -> NDArray[np.uint8]:
    return np.asarray(picture_of(reply))


def frames(count: int = 1, **values: object) -> Dataset:
    """Frame n has n in its first pixel, and below it the numbers from 0."""
    planes = np.arange(ROWS * COLUMNS, dtype="<u2").reshape(ROWS, COLUMNS)[None].repeat(count, 0)
    planes[:, 0, 0] = np.arange(count)
    layout = {"Rows": ROWS, "Columns": COLUMNS, "NumberOfFrames": count, "PixelData": planes.tobytes()}
    return ct_image(**{**layout, "WindowCenter": "128", "WindowWidth": "256", **values})


def store(house: WebHouse, *images: Dataset) -> str:
    """Keep the instances; the path of the first."""
    body = multipart(*(part10_bytes(image) for image in images))
    assert (
        house.ask("POST", "/dicomweb/studies", role="service", headers={"content-type": STOW_TYPE}, body=body).status
        == 200
    )
    one = images[0]
    return f"/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}/instances/{one.SOPInstanceUID}"


def get(house: WebHouse, path: str, accept: str = "image/png", **headers: str) -> Reply:
    sent = {**({"accept": accept} if accept else {}), **headers}
    return house.ask("GET", f"/dicomweb{path}", role="radiologist", headers=sent)


def parts(reply: Reply) -> list[tuple[str, str, Image.Image]]:
    """Media type, Content-Location and picture of each part."""
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + reply.body)
    return [
        (part["Content-Type"], part["Content-Location"], Image.open(io.BytesIO(part.get_payload(decode=True))))  # type: ignore[union-attr,arg-type]
        for part in message.get_payload()
    ]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "JPEG"),
        ("*/*", "JPEG"),
        ("image/*;q=0.2, image/png", "PNG"),
        ("image/gif", "GIF"),
        ("image/jp2", "JPEG2000"),
    ],
)
def test_the_client_chooses_the_media_type(house: WebHouse, accept: str, form: str) -> None:
    picture = picture_of(get(house, store(house, frames()) + "/rendered", accept))
    assert (picture.format, picture.size) == (form, (COLUMNS, ROWS))


def test_what_is_not_offered_is_refused_with_what_is(house: WebHouse) -> None:
    reply = get(house, store(house, frames()) + "/rendered", "image/tiff")
    assert reply.status == 406
    assert b"image/jpeg" in reply.body


def test_the_object_s_own_window_is_used_unless_another_is_asked_for(house: WebHouse) -> None:
    path = store(house, frames()) + "/rendered"
    assert levels(get(house, path))[0, 1:4].tolist() == [1, 2, 3]
    assert levels(get(house, path + "?window=2,3,linear"))[0, 1:4].tolist() == [64, 191, 255]
    assert levels(get(house, path + "?window=2,2,linear-exact"))[0, 1:4].tolist() == [0, 128, 255]
    assert levels(get(house, path + "?window=2,4,sigmoid"))[0, 2] == 128


def test_a_picture_fits_the_viewport_and_shows_the_region_turned_as_asked(house: WebHouse) -> None:
    path = store(house, frames()) + "/rendered"
    assert picture_of(get(house, path + "?viewport=20,20")).size == (20, 12)
    region = levels(get(house, path + "?viewport=3,2,4,1,3,2"))
    assert region.tolist() == [[14, 15, 16], [24, 25, 26]]
    assert levels(get(house, path + "?viewport=3,2,4,1,-3,2")).tolist() == region[:, ::-1].tolist()
    assert levels(get(house, path + "?viewport=3,2,4,1,3,-2")).tolist() == region[::-1].tolist()
    assert levels(get(house, path + "?viewport=2,6,8")).tolist() == levels(get(house, path))[:, 8:].tolist()


def test_pixels_that_are_no_squares_are_so_in_a_viewport_and_named_so_without(house: WebHouse) -> None:
    path = store(house, frames(PixelSpacing=["2", "1"])) + "/rendered"
    assert picture_of(get(house, path + "?viewport=60,60")).size == (50, 60)
    picture = picture_of(get(house, path))
    assert picture.size == (COLUMNS, ROWS)
    across, down = picture.info["dpi"]
    assert across / down == pytest.approx(2, rel=0.01)


def test_less_quality_is_fewer_bytes(house: WebHouse) -> None:
    path = store(house, frames()) + "/rendered?quality="
    assert len(get(house, path + "5", "image/jpeg").body) < len(get(house, path + "95", "image/jpeg").body)


@pytest.mark.parametrize("profile", ["yes", "srgb", "adobergb", "rommrgb", "displayp3"])
def test_an_icc_profile_is_in_the_picture_when_asked_for(house: WebHouse, profile: str) -> None:
    path = store(house, frames()) + "/rendered"
    assert "icc_profile" not in picture_of(get(house, path)).info
    assert picture_of(get(house, f"{path}?iccprofile={profile}", "image/jpeg")).info["icc_profile"][36:40] == b"acsp"


def test_annotations_are_drawn_and_unknown_ones_warned_of(house: WebHouse) -> None:
    path = store(house, frames()) + "/rendered?viewport=400,400"
    plain = levels(get(house, path))
    patient = get(house, path + "&annotation=patient,weather")
    both = get(house, path + "&annotation=patient,technique")
    assert (levels(patient) != plain).any()
    assert (levels(patient) != levels(both)).any()
    assert "weather" in patient.headers["warning"]


WRONG = [
    "viewport=a,b", "viewport=10", "viewport=0,10", "viewport=10,10,1,1,0,0", "viewport=9000,10", "viewport=8,8,99,0",
    "viewport=1,2,3,4,5,6,7", "window=40", "window=a,b,linear", "window=40,0,linear", "window=40,400,cubic",
    "window=nan,1,linear", "quality=1000", "quality=0", "quality=good", "iccprofile=cmyk", "quality=5&quality=6",
]  # fmt: skip


@pytest.mark.parametrize("query", WRONG)
def test_a_parameter_that_cannot_be_is_refused_with_what_to_change(house: WebHouse, query: str) -> None:
    reply = get(house, store(house, frames()) + "/rendered?" + query)
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")


def test_frames_come_in_the_order_of_the_list_repeated_ones_too(house: WebHouse) -> None:
    path = store(house, frames(5))
    reply = get(house, path + "/frames/4,2,2/rendered", 'multipart/related; type="image/png"')
    shown = parts(reply)
    assert [np.asarray(picture)[0, 0] for _, _, picture in shown] == [3, 1, 1]
    assert [location.rpartition("/instances/")[2].split("/", 1)[1] for _, location, _ in shown] == [
        "frames/4/rendered", "frames/2/rendered", "frames/2/rendered",
    ]  # fmt: skip


def test_one_frame_may_come_alone_and_several_may_not(house: WebHouse) -> None:
    path = store(house, frames(5))
    assert levels(get(house, path + "/frames/5/rendered"))[0, 0] == 4
    assert get(house, path + "/frames/5,1/rendered").status == 406


@pytest.mark.parametrize(("wanted", "status"), [("6", 404), ("0", 400), ("x", 400), ("1,", 400)])
def test_a_frame_that_is_not_there_is_told(house: WebHouse, wanted: str, status: int) -> None:
    path = store(house, frames(5))
    assert get(house, f"{path}/frames/{wanted}/rendered").status == status
    assert get(house, f"{path}/frames/{wanted}/thumbnail").status == status


def test_a_series_and_a_study_come_as_parts(house: WebHouse) -> None:
    images = series(3, WindowCenter="128", WindowWidth="256")
    path = store(house, *images)
    for level in (path.rpartition("/instances/")[0], path.partition("/series/")[0]):
        shown = parts(get(house, level + "/rendered", 'multipart/related; type="image/png"'))
        assert [media_type for media_type, _, _ in shown] == ["image/png"] * 3
        assert [image.SOPInstanceUID in location for image, (_, location, _) in zip(images, shown, strict=True)] == [
            True
        ] * 3


def test_thumbnails_are_small_at_every_level(house: WebHouse) -> None:
    path = store(house, frames(3))
    for level in (path.partition("/series/")[0], path.rpartition("/instances/")[0], path, path + "/frames/2"):
        assert max(picture_of(get(house, level + "/thumbnail", "")).size) == 128
        assert picture_of(get(house, level + "/thumbnail?viewport=30,30", "")).size == (30, 18)
    assert get(house, path + "/thumbnail?viewport=30,30,0,0", "").status == 400


def test_an_object_without_a_picture_gets_a_card(house: WebHouse) -> None:
    damaged = frames(PixelData=b"\0\0")
    assert picture_of(get(house, store(house, damaged) + "/rendered?viewport=90,60")).size == (90, 60)
    raw = frames(SOPClassUID="1.2.840.10008.5.1.4.1.1.66")
    del raw.PixelData
    assert picture_of(get(house, store(house, raw) + "/rendered")).size == (512, 512)


def test_a_picture_that_the_client_has_is_not_sent_again(house: WebHouse) -> None:
    path = store(house, frames()) + "/rendered"
    tag = get(house, path).headers["etag"]
    assert get(house, path, **{"if-none-match": tag}).status == 304
    assert get(house, path + "?window=2,2,linear", **{"if-none-match": tag}).status == 200


def test_the_card_of_an_image_that_does_not_decode_is_as_large_as_the_image(house: WebHouse) -> None:
    path = store(house, frames(PixelData=b"\0\0")) + "/rendered"
    assert picture_of(get(house, path)).size == (COLUMNS, ROWS)


def test_an_image_whose_bytes_are_no_longer_there_gets_a_card(house: WebHouse) -> None:
    path = store(house, frames()) + "/rendered"
    uid = path.split("/")[-2]

    def damaged(*_: object) -> bytes:
        raise Damaged(uid)

    house.archive.read = damaged
    house.rows.is_at_hand = False
    assert picture_of(get(house, path)).size == (512, 512)
