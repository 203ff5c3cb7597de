"""Pages of other sites: named origins are granted DICOMweb without cookies, no other origin anything."""

import pytest

from web_house import WebHouse

VIEWER = "https://viewer.example"
ASKING = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
FOREIGN = [
    "https://evil.example",
    "null",
    "*",
    "http://viewer.example",
    "https://viewer.example.evil.example",
    "https://viewer.example:444",
    "https://xviewer.example",
]


@pytest.fixture
def house() -> WebHouse:
    return WebHouse(origins=frozenset({VIEWER}))


def granted(headers: dict[str, str]) -> set[str]:
    return {name for name in headers if name.startswith("access-control-")}


def test_a_preflight_of_a_named_origin_is_answered_to_whom_it_knows_nothing_of(house: WebHouse) -> None:
    reply = house.ask("OPTIONS", "/dicomweb/studies/1.2.3", headers={"origin": VIEWER, **ASKING})
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == VIEWER
    assert reply.headers["access-control-allow-methods"] == "DELETE, GET, HEAD, OPTIONS, POST"
    assert "authorization" in reply.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in reply.headers
    assert reply.headers["vary"] == "origin"


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_no_other_origin_is_granted_anything(house: WebHouse, origin: str, method: str) -> None:
    for role in ("", "administrator"):
        reply = house.ask(method, "/dicomweb/studies", role=role, headers={"origin": origin, **ASKING})
        assert granted(reply.headers) == set()
        assert (reply.status == 401) is (role == "")


def test_answers_and_errors_can_be_read_by_a_named_origin(house: WebHouse) -> None:
    for role, status in (("administrator", 204), ("", 401), ("auditor", 403)):
        reply = house.ask("GET", "/dicomweb/studies", role=role, headers={"origin": VIEWER})
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (status, VIEWER)
        assert "link" in reply.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in reply.headers


def test_answers_differ_by_origin_for_caches_also_where_none_came(house: WebHouse) -> None:
    assert house.ask("GET", "/dicomweb/studies", role="administrator").headers["vary"] == "origin"


def test_the_pages_and_their_interface_are_for_our_own_pages(house: WebHouse) -> None:
    for method in ("GET", "OPTIONS"):
        reply = house.ask(method, "/api/session", role="administrator", headers={"origin": VIEWER, **ASKING})
        assert granted(reply.headers) == set()


def test_where_no_origin_is_named_nothing_is_granted() -> None:
    reply = WebHouse().ask("OPTIONS", "/dicomweb/studies", headers={"origin": VIEWER, **ASKING})
    assert (reply.status, granted(reply.headers), "vary" in reply.headers) == (401, set(), False)
