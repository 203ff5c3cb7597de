"""QIDO-RS: from the query string to the archive's query, and from its page to the answer."""

from typing import Any

import pytest

from filmless.archive.model import Level, Page, Query
from web_house import Reply, WebHouse

STUDY = {"0020000D": {"vr": "UI", "Value": ["1.2.3"]}}
INSTANCE = {
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
    "0020000E": {"vr": "UI", "Value": ["1.2.4"]},
    "00080018": {"vr": "UI", "Value": ["1.2.5"]},
}


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def search(house: WebHouse, path: str, **headers: str) -> Reply:
    return house.ask("GET", f"/dicomweb{path}", role="radiologist", headers=headers)


def asked(house: WebHouse, path: str) -> Query:
    assert search(house, path).status in {200, 204}
    query: Query = house.archive.queries[-1]
    return query


@pytest.mark.parametrize(
    ("path", "level", "uids"),
    [
        ("/studies", Level.STUDY, []),
        ("/series", Level.SERIES, []),
        ("/instances", Level.IMAGE, []),
        ("/studies/1.2/series", Level.SERIES, ["1.2"]),
        ("/studies/1.2/instances", Level.IMAGE, ["1.2"]),
        ("/studies/1.2/series/1.3/instances", Level.IMAGE, ["1.2", "1.3"]),
    ],
)
def test_a_resource_is_a_level_within_what_its_path_names(
    house: WebHouse, path: str, level: Level, uids: list[str]
) -> None:
    query = asked(house, path)
    assert (query.level, [value for _, value in query.matches], query.limit) == (level, uids, 1000)


@pytest.mark.parametrize("name", ["PatientID", "00100020"])
def test_a_key_is_a_keyword_or_a_tag(house: WebHouse, name: str) -> None:
    assert asked(house, f"/studies?{name}=P%201*").matches == (((0x00100020,), "P 1*"),)


def test_a_key_may_lie_in_a_sequence(house: WebHouse) -> None:
    path = (0x00400275, 0x00400009)
    assert asked(house, "/series?RequestAttributesSequence.ScheduledProcedureStepID=7").matches == ((path, "7"),)
    assert asked(house, "/series?00400275.00400009=7").matches == ((path, "7"),)


@pytest.mark.parametrize(
    "fields", ["includefield=StudyDescription,00101010", "includefield=StudyDescription&includefield=PatientAge"]
)
def test_fields_may_be_listed_or_repeated(house: WebHouse, fields: str) -> None:
    assert asked(house, f"/studies?{fields}").include == {0x00081030, 0x00101010}


def test_all_fields_may_be_asked_for(house: WebHouse) -> None:
    assert asked(house, "/studies?includefield=all").include_all


@pytest.mark.parametrize(("limit", "taken"), [("7", 7), ("0", 0), ("5000", 5000), ("999999999999999999999", 10_000)])
def test_a_limit_is_capped_and_never_an_error(house: WebHouse, limit: str, taken: int) -> None:
    assert asked(house, f"/studies?limit={limit}&offset=3").limit == taken


@pytest.mark.parametrize(
    "query",
    [
        "limit=abc",
        "limit=-1",
        "limit=",
        "limit=%C2%B2",
        "offset=x",
        "fuzzymatching=maybe",
        "ZZZZZZZZ=1",
        "NoSuchKeyword=1",
        "PatientName=%00",
        "PatientName=%FF",
        "PatientID.NoSuch=1",
        "=1",
        "&".join(["PatientID=1"] * 1001),
    ],
)
def test_what_cannot_be_understood_is_400(house: WebHouse, query: str) -> None:
    assert search(house, f"/studies?{query}").status == 400


@pytest.mark.parametrize("path", ["/studies/not!a!uid/series", "/studies/1..2/series"])
def test_a_malformed_uid_in_the_path_is_400(house: WebHouse, path: str) -> None:
    assert search(house, path).status == 400


def test_no_match_is_204_without_a_body(house: WebHouse) -> None:
    reply = search(house, "/studies")
    assert (reply.status, reply.body) == (204, b"")
    assert "content-type" not in reply.headers


@pytest.mark.parametrize(
    ("path", "match", "address"),
    [
        ("/studies", STUDY, "/studies/1.2.3"),
        ("/instances", INSTANCE, "/studies/1.2.3/series/1.2.4/instances/1.2.5"),
        ("/studies/9/series/8/instances", INSTANCE, "/studies/9/series/8/instances/1.2.5"),
    ],
)
def test_a_match_says_where_it_can_be_retrieved(
    house: WebHouse, path: str, match: dict[str, Any], address: str
) -> None:
    house.archive.page = Page([dict(match)])
    (found,) = search(house, path).json()
    assert found["00081190"] == {"vr": "UR", "Value": ["http://127.0.0.1:8080/dicomweb" + address]}


def test_more_matches_than_the_limit_are_told_with_a_link_to_what_follows(house: WebHouse) -> None:
    house.archive.page = Page([dict(STUDY)], cursor="abc=")
    reply = search(house, "/studies?PatientName=M%C3%BCller*&limit=1&offset=4", host="evil.example")
    assert reply.headers["warning"].startswith("299 http://127.0.0.1:8080/dicomweb ")
    link = '<http://127.0.0.1:8080/dicomweb/studies?PatientName=M%C3%BCller%2A&limit=1&cursor=abc%3D>; rel="next"'
    assert reply.headers["link"] == link
    house.archive.page = Page([dict(STUDY)])
    assert asked(house, "/studies?limit=1&cursor=abc%3D").after == "abc="


def test_keys_that_were_not_matched_are_told(house: WebHouse) -> None:
    house.archive.page = Page([dict(STUDY)], unsupported=("PatientComments",))
    warning = search(house, "/studies?includefield=Nonsense%22").headers["warning"]
    assert "PatientComments" in warning
    assert "Nonsense%22" in warning


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/dicom+json"),
        ("application/*", "application/dicom+json"),
        ("application/json", "application/json"),
        ("application/dicom+xml;q=0.1, application/dicom+json;q=0.9", "application/dicom+json"),
        ("application/x-unknown, application/dicom+json", "application/dicom+json"),
        ("image/jpeg", None),
        ("application/dicom+json;q=0", None),
        ('multipart/related; type="image/png"', None),
    ],
)
def test_what_a_client_accepts_is_obeyed(house: WebHouse, accept: str, media_type: str | None) -> None:
    house.archive.page = Page([dict(STUDY)])
    reply = search(house, "/studies", accept=accept)
    assert reply.status == (406 if media_type is None else 200)
    assert media_type is None or reply.headers["content-type"] == media_type


@pytest.mark.parametrize("sign", ["%2B", "+"])
def test_the_accept_parameter_wins_over_the_header(house: WebHouse, sign: str) -> None:
    assert search(house, f"/studies?accept=application/dicom{sign}json", accept="text/html").status == 204


def test_patients_are_searched_and_have_no_address(house: WebHouse) -> None:
    house.archive.page = Page(({"00100020": {"vr": "LO", "Value": ["P1"]}},))
    reply = search(house, "/patients?PatientID=P1")
    assert house.archive.queries[-1].level is Level.PATIENT
    assert reply.json() == [{"00100020": {"vr": "LO", "Value": ["P1"]}}]


def test_an_order_is_asked_for_by_names_and_hyphens(house: WebHouse) -> None:
    orders = asked(house, "/studies?orderby=-StudyDate,PatientName&orderby=00100020").order
    assert [(one.tag, one.descending) for one in orders] == [
        (0x00080020, True),
        (0x00100010, False),
        (0x00100020, False),
    ]
    assert search(house, "/studies?orderby=Nothing").status == 400


def test_all_matches_are_counted_where_it_is_asked_for(house: WebHouse) -> None:
    house.archive.page = Page((STUDY,), cursor="behind")
    reply = search(house, "/studies?totalcount=true&limit=1&offset=5")
    assert reply.headers["x-total-count"] == "10000"
    assert "There are 9994 additional results that can be requested" in reply.headers["warning"]
    assert "x-total-count" not in search(house, "/studies?limit=1").headers
    assert search(house, "/studies?totalcount=2").status == 400


def test_xml_has_a_part_for_each_match(house: WebHouse) -> None:
    house.archive.page = Page((STUDY, STUDY))
    reply = search(house, "/studies", accept='multipart/related; type="application/dicom+xml"')
    assert reply.headers["content-type"].startswith('multipart/related; type="application/dicom+xml"; boundary=')
    assert reply.body.count(b"Content-Type: application/dicom+xml\r\n") == 2
    assert reply.body.count(b'<DicomAttribute tag="0020000D" vr="UI" keyword="StudyInstanceUID">') == 2


@pytest.mark.parametrize("accept", ["*/*", "application/*", "", "multipart/related; q=0.1, application/dicom+json"])
def test_json_is_given_to_those_who_do_not_name_xml(house: WebHouse, accept: str) -> None:
    house.archive.page = Page((STUDY,))
    assert search(house, "/studies", accept=accept).headers["content-type"] == "application/dicom+json"
