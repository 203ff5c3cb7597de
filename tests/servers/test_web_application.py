"""What holds for every answer: headers, problems, limits, pages; and the description of the routes."""

import gzip
import re
from pathlib import Path

import orjson
import pytest

from filmless.servers.pages.static import PAGES
from web_house import WebHouse, session_headers

JSON = {"content-type": "application/json"}


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


@pytest.fixture
def built(tmp_path: Path) -> WebHouse:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Filmless</title>")
    (tmp_path / "assets" / "main-B1c2D3e4.js").write_text("1")
    (tmp_path / "assets" / "long-B1c2D3e4.js").write_text("1;" * 1000)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    return WebHouse(tmp_path)


@pytest.mark.parametrize("path", ["/healthz", "/dicomweb/studies", "/api/nothing", "/", "/nothing.js", "/worklist"])
def test_every_answer_carries_the_security_headers(house: WebHouse, path: str) -> None:
    headers = house.ask("GET", path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "script-src 'unsafe-inline'" not in headers["content-security-policy"]
    assert headers["cache-control"] in {"no-store", "no-cache"}
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


def test_by_https_browsers_are_told_to_stay_with_https(house: WebHouse) -> None:
    assert "strict-transport-security" in house.ask("GET", "/healthz", scheme="https").headers
    assert "strict-transport-security" not in house.ask("GET", "/healthz").headers


def test_an_archive_without_space_still_serves_and_says_so(house: WebHouse) -> None:
    assert house.ask("GET", "/readyz").body == b"ok"
    house.has_space = False
    reply = house.ask("GET", "/readyz")
    assert (reply.status, reply.body) == (200, b"ok; store: no space")


def test_an_error_is_a_problem_with_an_id(house: WebHouse) -> None:
    reply = house.ask("GET", "/dicomweb/studies?limit=abc", role="radiologist")
    assert reply.headers["content-type"] == "application/problem+json"
    assert {"title", "status", "detail", "id"} <= set(reply.json())


def test_a_fault_of_ours_tells_nothing_of_what_is_inside(house: WebHouse) -> None:
    house.archive.page = None
    reply = house.ask("GET", "/dicomweb/studies", role="radiologist")
    assert reply.status == 500
    assert reply.json()["detail"] == "Something went wrong here. It was written to the log."


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_refused_unread(house: WebHouse, encoding: str) -> None:
    assert house.ask("POST", "/api/login", headers={**JSON, "content-encoding": encoding}, body=b"x").status == 415


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 200_000, 400),
        (b'{"a":' * 100, 400),
        (b'{"username": "\xff", "password": "b"}', 400),
        (b'{"username": NaN}', 400),
        (b'{"username": "a"}', 400),
        (b'["username", "password"]', 400),
        (b'{"username": 1, "password": 2}', 400),
        (b" " * ((16 << 20) + 1), 413),
    ],
)
def test_a_hostile_body_is_refused(house: WebHouse, body: bytes, status: int) -> None:
    assert house.ask("POST", "/api/login", headers=JSON, body=body).status == status


def test_a_body_that_is_not_json_by_its_type_is_refused(house: WebHouse) -> None:
    assert house.ask("POST", "/api/login", headers={"content-type": "text/plain"}, body=b"{}").status == 401
    assert house.ask("POST", "/api/setup", headers={"content-type": "text/plain"}, body=b"{}").status == 403


def test_a_method_that_is_not_served_is_told_with_those_that_are(house: WebHouse) -> None:
    reply = house.ask("DELETE", "/dicomweb/studies", role="administrator")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert house.ask("OPTIONS", "/dicomweb/studies", role="administrator").status == 204


def test_the_body_of_head_is_empty(house: WebHouse) -> None:
    house.archive.page = type(house.archive.page)(({"0020000D": {"vr": "UI", "Value": ["1.2"]}},))
    reply = house.ask("HEAD", "/dicomweb/studies", role="radiologist")
    assert reply.status == 200
    assert int(reply.headers["content-length"]) > 0
    assert reply.body == b""


@pytest.mark.parametrize(
    "path", ["/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/assets/../index.html", "//etc/passwd"]
)
def test_no_path_leads_to_the_file_system(built: WebHouse, path: str) -> None:
    reply = built.ask("GET", path, role="administrator")
    assert reply.status == 404 or reply.body == b"<!doctype html><title>Filmless</title>"


def test_hashed_assets_are_kept_for_ever_and_the_page_is_asked_for_anew(built: WebHouse) -> None:
    assert "immutable" in built.ask("GET", "/assets/main-B1c2D3e4.js").headers["cache-control"]
    assert built.ask("GET", "/favicon.svg").headers["cache-control"] == "no-cache"
    page = built.ask("GET", "/")
    assert (page.headers["cache-control"], page.headers["content-type"]) == ("no-cache", "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("accepted", "is_gzipped"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("x-gzip2", False),
    ],
)
def test_files_are_compressed_for_those_who_take_that(built: WebHouse, accepted: str, is_gzipped: bool) -> None:
    reply = built.ask("GET", "/assets/long-B1c2D3e4.js", headers={"accept-encoding": accepted})
    assert reply.headers["vary"] == "accept-encoding"
    assert (reply.headers.get("content-encoding") == "gzip") is is_gzipped
    assert (gzip.decompress(reply.body) if is_gzipped else reply.body) == b"1;" * 1000


def test_what_would_not_be_smaller_is_not_compressed(built: WebHouse) -> None:
    reply = built.ask("GET", "/assets/main-B1c2D3e4.js", headers={"accept-encoding": "gzip"})
    assert (reply.body, reply.headers.get("content-encoding")) == (b"1", None)


def test_an_unknown_asset_is_not_answered_with_the_page(built: WebHouse) -> None:
    assert built.ask("GET", "/assets/gone.js").status == 404
    assert built.ask("GET", "/.env").status == 404


def test_an_address_of_a_page_leads_unknown_people_to_the_login_and_back(built: WebHouse) -> None:
    reply = built.ask("GET", "/studies/1.2.840", headers={"accept": "text/html"})
    assert (reply.status, reply.headers["location"]) == (303, "/login?next=/studies/1.2.840")
    reply = built.ask("GET", "/studies?text=a b&sort=-date", headers={"accept": "text/html"})
    assert reply.headers["location"] == "/login?next=/studies%3Ftext%3Da%20b%26sort%3D-date"
    assert built.ask("GET", "/studies/1.2.840").status == 401
    assert built.ask("GET", "/studies/1.2.840", headers=session_headers("radiologist")).status == 200


def test_only_addresses_of_pages_are_answered_as_found(built: WebHouse) -> None:
    """Elsewhere the application shows its page that there is nothing, with the status that says so."""
    person = {**session_headers("radiologist"), "accept": "text/html"}
    for path in ("/worklist", "/studies/1.2.840"):
        assert built.ask("GET", path, headers=person).status == 200
    for path in ("/admin", "/studies", "/studies/1.2/series", "/worklist/x"):
        reply = built.ask("GET", path, headers=person)
        assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_the_pages_are_those_of_the_web_application() -> None:
    routes = (Path(__file__).parents[2] / "web" / "src" / "routes.tsx").read_text()
    assert set(re.findall(r'<Route path="([^"*]+)"', routes)) == set(PAGES)


def test_the_login_and_setup_pages_are_open(built: WebHouse) -> None:
    assert all(built.ask("GET", path).status == 200 for path in ("/", "/login", "/setup"))


def test_the_description_names_every_route_with_its_right(house: WebHouse) -> None:
    described = house.ask("GET", "/api/openapi.json", role="patient").json()
    operations = {
        (method.upper(), path): operation.get("x-right")
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert operations == {(route.method, route.path.replace("*}", "}")): route.right for route in house.routes}


def test_the_description_is_json_that_says_how_to_sign_in(house: WebHouse) -> None:
    described = orjson.loads(house.ask("GET", "/api/openapi.json", role="service").body)
    assert described["openapi"].startswith("3.1")
    assert set(described["components"]["securitySchemes"]) == {"token", "session"}
    assert described["paths"]["/api/login"]["post"]["security"] == []
