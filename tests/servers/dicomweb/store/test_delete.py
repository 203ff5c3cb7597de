"""DELETE: by role, to the bin; who asks for what is not there is told so."""

import pytest

from filmless.access.roles import GRANTS, Right, Role
from objects import part10_bytes, series
from web_house import STOW_TYPE, WebHouse, multipart, session_headers


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


@pytest.mark.parametrize(("depth", "left"), [(1, 0), (2, 0), (3, 1)], ids=["study", "series", "instance"])
def test_what_is_deleted_is_found_no_more(house: WebHouse, depth: int, left: int) -> None:
    images = series(2)
    house.ask(
        "POST",
        "/dicomweb/studies",
        role="technologist",
        headers={"content-type": STOW_TYPE},
        body=multipart(*map(part10_bytes, images)),
    )
    first = images[0]
    uids = (first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID)
    names = ("studies", "series", "instances")
    path = "/dicomweb/" + "/".join(f"{name}/{uid}" for name, uid in list(zip(names, uids, strict=True))[:depth])
    reply = house.ask("DELETE", path + "?reason=wrong%20patient", role="administrator")
    assert (reply.status, reply.body) == (204, b"")
    assert len(house.archive.files) == left
    assert house.archive.reasons == ["wrong patient"]
    assert house.ask("DELETE", path, role="administrator").status == 404
    assert house.ask("GET", path, role="administrator").status == 404


def test_frames_that_were_just_given_are_gone_with_the_answer(house: WebHouse) -> None:
    images = series(2)
    headers = {"content-type": STOW_TYPE}
    house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=multipart(*map(part10_bytes, images)))
    study = f"/dicomweb/studies/{images[0].StudyInstanceUID}"
    paths = [f"{study}/series/{image.SeriesInstanceUID}/instances/{image.SOPInstanceUID}/frames/1" for image in images]
    for _ in range(2):
        assert [house.ask("GET", path, role="radiologist").status for path in paths] == [200, 200]
    assert house.ask("DELETE", study, role="administrator").status == 204
    assert [house.ask("GET", path, role="radiologist").status for path in paths] == [404, 404]


@pytest.mark.parametrize("name", Role)
def test_the_role_decides(house: WebHouse, name: Role) -> None:
    status = house.ask("DELETE", "/dicomweb/studies/1.2.3", role=name).status
    assert status == (404 if Right.DELETE in GRANTS[name].rights else 403)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/dicomweb/studies/abc", 400), ("/dicomweb/studies/1.2?reason=" + "x" * 1001, 400), ("/dicomweb/studies", 405)],
)
def test_a_bad_request_deletes_nothing(house: WebHouse, path: str, status: int) -> None:
    assert house.ask("DELETE", path, role="administrator").status == status
    assert house.archive.reasons == []


def test_a_page_of_another_site_deletes_nothing(house: WebHouse) -> None:
    headers = session_headers("administrator", origin="https://evil.example")
    assert house.ask("DELETE", "/dicomweb/studies/1.2.3", headers=headers).status == 403
