"""STOW-RS: parts are stored as they come, each with its outcome."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmless.archive.model import Door, Refusal
from filmless.servers.dicomweb.multipart import LARGE, REGION, PartBegins, PartEnds, PartReader, Step
from filmless.servers.dicomweb.store.store_response import REASONS
from filmless.servers.http_messages import Problem
from filmless.servers.memory import Regions
from objects import ct_image, data_set_bytes, head_length, part10_bytes, series
from web_house import STOW_TYPE, Reply, WebHouse, multipart


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def post(house: WebHouse, body: bytes | list[bytes], path: str = "/dicomweb/studies", **headers: str) -> Reply:
    sent = {"content-type": STOW_TYPE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return house.ask("POST", path, role="technologist", headers=sent, body=body)


def referenced(reply: Reply) -> list[str]:
    return [item["00081155"]["Value"][0] for item in reply.json().get("00081199", {}).get("Value", [])]


def failed(reply: Reply) -> dict[str, int]:
    items = reply.json().get("00081198", {}).get("Value", [])
    return {item["00081155"]["Value"][0]: item["00081197"]["Value"][0] for item in items}


def test_each_instance_has_its_item_with_class_and_address(house: WebHouse) -> None:
    images = series(3)
    reply = post(house, multipart(*map(part10_bytes, images)))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/dicom+json")
    assert referenced(reply) == [image.SOPInstanceUID for image in images]
    item, image = reply.json()["00081199"]["Value"][0], images[0]
    assert item["00081150"]["Value"] == [image.SOPClassUID]
    assert item["00081190"]["Value"] == [
        f"http://127.0.0.1:8080/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
        f"/instances/{image.SOPInstanceUID}"
    ]


def test_what_host_says_is_in_no_address(house: WebHouse) -> None:
    reply = post(house, multipart(part10_bytes(ct_image())), host="evil.example", x_forwarded_host="evil.example")
    assert b"evil.example" not in reply.body


def test_an_instance_is_kept_as_it_was_sent_with_its_head(house: WebHouse) -> None:
    image = ct_image()
    sent = b"A" * 128 + part10_bytes(image)[128:]
    post(house, multipart(sent))
    assert house.archive.files[image.SOPInstanceUID][1] == sent


def test_a_data_set_without_a_head_is_given_one(house: WebHouse) -> None:
    image = ct_image()
    post(house, multipart(data_set_bytes(image)))
    kept = house.archive.files[image.SOPInstanceUID][1]
    assert kept[head_length(kept) :] == data_set_bytes(image)


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_it_does_not_matter_how_the_body_was_cut(house: WebHouse, size: int) -> None:
    images = series(2)
    body = multipart(*map(part10_bytes, images))
    reply = post(house, [body[start : start + size] for start in range(0, len(body), size)])
    assert referenced(reply) == [image.SOPInstanceUID for image in images]


def test_some_refused_is_202_and_names_the_reason(house: WebHouse) -> None:
    good, bad = ct_image(), ct_image()
    reply = post(house, multipart(part10_bytes(good), part10_bytes(bad)), f"/dicomweb/studies/{good.StudyInstanceUID}")
    assert (reply.status, referenced(reply)) == (202, [good.SOPInstanceUID])
    assert failed(reply) == {bad.SOPInstanceUID: REASONS[Refusal.OTHER_STUDY]}
    assert reply.json()["00081190"]["Value"][0].endswith(good.StudyInstanceUID)


def test_none_stored_is_409(house: WebHouse) -> None:
    reply = post(house, multipart(part10_bytes(ct_image())), "/dicomweb/studies/1.2.3")
    assert (reply.status, referenced(reply), len(failed(reply))) == (409, [], 1)


@pytest.mark.parametrize(
    ("refusal", "status"), [(Refusal.NO_SPACE, 503), (Refusal.STORAGE_FAILED, 503), (Refusal.DUPLICATE, 409)]
)
def test_trouble_of_ours_is_told_apart_from_trouble_of_the_sender(
    house: WebHouse, refusal: Refusal, status: int
) -> None:
    house.archive.refusal = refusal
    reply = post(house, multipart(part10_bytes(ct_image())))
    assert reply.status == status
    assert ("retry-after" in reply.headers) is (status >= 500)


def test_every_refusal_has_a_failure_reason() -> None:
    assert set(REASONS) == set(Refusal)


def test_a_part_that_is_no_object_fails_without_a_name(house: WebHouse) -> None:
    image = ct_image()
    reply = post(house, multipart(b"this is not DICOM at all" * 20, part10_bytes(image), b""))
    assert (reply.status, referenced(reply)) == (202, [image.SOPInstanceUID])
    assert len(reply.json()["0008119A"]["Value"]) == 2


def test_an_object_above_four_mebibytes_streams_into_the_archive(house: WebHouse) -> None:
    image = ct_image(Rows=2048, Columns=2048, PixelData=bytes(8 << 20))
    whole = part10_bytes(image)
    body = multipart(whole, part10_bytes(ct_image()))
    reply = post(house, [body[start : start + 65536] for start in range(0, len(body), 65536)])
    (large,) = house.archive.larges
    assert len(large.written) >= 2
    assert max(map(len, large.written)) <= REGION
    assert b"".join(large.written) == whole[head_length(whole) :]
    assert large.named["source"].door is Door.STOW_RS
    assert len(referenced(reply)) == 2


def test_a_large_object_whose_body_breaks_off_leaves_nothing(house: WebHouse) -> None:
    body = multipart(part10_bytes(ct_image(PixelData=bytes(8 << 20))))
    assert post(house, body[: 6 << 20]).status == 400
    assert house.archive.larges[0].aborted


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("", 415),
        ("application/dicom", 415),
        ('multipart/related; type="image/tiff"; boundary=x', 415),
        ('multipart/related; type="application/dicom"', 400),
        ('multipart/related; type="application/dicom"; boundary=' + "x" * 9000, 400),
        ('Multipart/Related; boundary="x"; type=application/dicom', 200),
        ("multipart/related; boundary=x", 200),
    ],
)
def test_the_content_type_is_read_as_it_may_be_written(house: WebHouse, content_type: str, status: int) -> None:
    assert post(house, multipart(part10_bytes(ct_image())), content_type=content_type).status == status


@pytest.mark.parametrize(
    ("accept", "status"), [("image/png", 406), ("text/html", 406), ("application/dicom+xml", 200), ("*/*", 200)]
)
def test_an_answer_that_cannot_be_given_is_refused_before_anything_is_stored(
    house: WebHouse, accept: str, status: int
) -> None:
    assert post(house, multipart(part10_bytes(ct_image())), accept=accept).status == status
    assert bool(house.archive.files) is (status == 200)


def test_a_boundary_may_hold_every_legal_character(house: WebHouse) -> None:
    boundary = "a'b(c)_+,-./:=? d"
    reply = post(
        house,
        multipart(part10_bytes(ct_image()), boundary=boundary),
        content_type=f'multipart/related; type="application/dicom"; boundary="{boundary}"',
    )
    assert reply.status == 200


@pytest.mark.parametrize("preamble", [b"ignore this\r\n", b"\r\n", b"--\r\n", b"-- x\r\n--y\r\n"])
def test_preamble_and_epilogue_are_passed_over(house: WebHouse, preamble: bytes) -> None:
    body = preamble + multipart(part10_bytes(ct_image())) + b"and this epilogue\r\n"
    assert post(house, [body[:3], body[3:20], body[20:]]).status == 200


@pytest.mark.parametrize("body", [b"", b"--x--", b"no delimiter at all", b"--x\r\nbad header\r\n\r\n--x--", b"--xy"])
def test_a_malformed_body_is_400(house: WebHouse, body: bytes) -> None:
    assert post(house, body).status == 400


def test_more_than_ten_thousand_parts_are_refused(house: WebHouse) -> None:
    assert post(house, b"--x\r\n\r\n\r\n" * 10_002 + b"--x--").status == 413


def feed(reader: PartReader, body: bytes) -> list[Step]:
    """The steps that a piece of a body makes, room by room."""
    steps: list[Step] = []
    while body:
        room = reader.room()
        count = min(len(room), len(body))
        room[:count] = body[:count]
        steps += reader.take(count)
        body = body[count:]
    return steps


def parts_of(steps: list[Step]) -> list[bytes]:
    found: list[bytes] = []
    for step in steps:
        if isinstance(step, PartBegins):
            found.append(b"")
        else:
            found[-1] += step.view
    return found


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.data())
def test_parts_come_out_as_they_went_in_however_they_are_cut(parts: list[bytes], data: st.DataObject) -> None:
    parts = [part.replace(b"\r\n--x", b"") for part in parts]
    body = multipart(*parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=10)) | {0, len(body)})
    reader, steps = PartReader(b"x", Regions(REGION, 4), data.draw(st.sampled_from((None, len(body))))), list[Step]()
    for start, stop in pairwise(cuts):
        steps += feed(reader, body[start:stop])
    reader.finish()
    assert parts_of(steps) == parts


@pytest.mark.parametrize("over", [-40, 0, 1, 12 << 20])
def test_no_part_is_altered_by_those_that_follow_it(over: int) -> None:
    parts = [bytes([65 + number]) * size for number, size in enumerate((10, LARGE + over, 3 << 20, 3 << 20, 0, 7))]
    body, reader = multipart(*parts), PartReader(b"x", Regions(REGION, 4))
    whole: list[memoryview] = []
    for start in range(0, len(body), 100_000):
        steps = feed(reader, body[start : start + 100_000])
        whole += [step.view for step in steps if isinstance(step, PartEnds)]
    reader.finish()
    told = [view.tobytes() for view in whole]
    assert told[0] == parts[0]
    assert told[2:] == parts[2:]
    assert parts[1].endswith(told[1])


@pytest.mark.parametrize("guess", [0, 3, 499, 500, 501, 900, 5 << 20])
def test_a_wrong_guess_of_a_length_costs_time_only(guess: int) -> None:
    parts = [b"a" * 500, b"b" * 400, b"c" * 70_000, b"d" * 10, b"e" * 20_000]
    body, steps = multipart(*parts), list[Step]()
    reader = PartReader(b"x", Regions(REGION, 4), None, lambda _: guess)
    for start in range(0, len(body), 300):
        for step in feed(reader, body[start : start + 300]):
            steps.append(step)
    steps += reader.take(0, is_last=True)
    reader.finish()
    assert parts_of(steps) == parts


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_no_bytes_of_a_body_raise_anything_but_a_problem(chunks: list[bytes]) -> None:
    reader = PartReader(b"x", Regions(REGION, 4))
    with suppress(Problem):
        for chunk in chunks:
            feed(reader, chunk)
        reader.finish()
