"""The gate: nobody unknown gets in, roles reach what the table says, other sites change nothing."""

import re

import pytest

from filmless.access.roles import GRANTS, Right, Role
from web_house import PASSWORD, STOW_TYPE, WebHouse, multipart, session_headers

PUBLIC = {"/healthz", "/readyz", "/api/login", "/api/setup"}
ROUTES = [(route.method, route.path, route.right) for route in WebHouse().routes]


def address(path: str) -> str:
    return re.sub(r"\{\w+\*?\}", "1.2.3", path)


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def test_only_health_and_the_login_are_public() -> None:
    assert {path for _, path, right in ROUTES if right is None} == PUBLIC


@pytest.mark.parametrize(("method", "path", "right"), ROUTES)
def test_every_other_route_refuses_a_caller_that_nobody_knows(
    house: WebHouse, method: str, path: str, right: Right | None
) -> None:
    for headers in ({}, {"authorization": "Bearer nobody"}, {"authorization": "Basic YTpi"}, {"cookie": "filmless=no"}):
        reply = house.ask(method, address(path), headers={"content-type": "application/json", **headers})
        assert (reply.status == 401) is (right is not None)
    assert house.archive.scopes == []


@pytest.mark.parametrize("name", ["", *Role])
@pytest.mark.parametrize("path", ["/dicomweb/studies/1.2.3", "/dicomweb/studies/1.2.3/series/1.2.4"])
def test_a_zip_file_is_given_to_those_who_may_retrieve_only(house: WebHouse, name: str, path: str) -> None:
    status = house.ask("GET", path, role=name, headers={"accept": "application/zip"}).status
    allowed = name != "" and Right.RETRIEVE in GRANTS[Role(name)].rights
    assert status == (404 if allowed else 403 if name else 401)


def test_knocks_of_unknown_callers_are_recorded_by_their_address(house: WebHouse) -> None:
    for _ in range(3):
        house.ask("GET", "/dicomweb/studies", headers={"authorization": "Bearer nobody"})
    assert {(event.kind, event.actor, event.address, event.outcome) for event in house.recorder.events} == {
        ("denied", "", "10.0.0.1", "denied")
    }


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/dicomweb/nothing", "/fhir/Patient", "/metrics", "/api", "/dicomweb"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_does_not_exist_is_told_to_known_callers_only(house: WebHouse, method: str, path: str) -> None:
    assert house.ask(method, path).status == 401
    assert house.ask(method, path, role="administrator").status in {404, 405}


@pytest.mark.parametrize("name", list(Role))
@pytest.mark.parametrize(("method", "path", "right"), [row for row in ROUTES if row[2]])
def test_a_role_passes_exactly_the_routes_whose_right_it_holds(
    house: WebHouse, name: Role, method: str, path: str, right: Right
) -> None:
    status = house.ask(method, address(path), role=name).status
    assert (status == 403) is (right not in GRANTS[name].rights)
    assert status != 401


def test_a_denied_request_is_recorded_before_it_is_answered(house: WebHouse) -> None:
    assert house.ask("GET", "/dicomweb/studies", role="auditor").status == 403
    (event,) = house.recorder.events
    assert (event.actor, event.address, event.outcome) == ("token:auditor", "10.0.0.1", "denied")
    assert house.recorder.flushed == 1


def test_the_archive_is_asked_as_who_asks(house: WebHouse) -> None:
    house.ask("GET", "/dicomweb/studies", role="referrer")
    (scope,) = house.archive.scopes
    assert (scope.actor, scope.address, scope.everything) == ("token:referrer", "10.0.0.1", False)


STATE_CHANGES = [("POST", "/dicomweb/studies"), ("POST", "/api/logout")]


@pytest.mark.parametrize(("method", "path"), STATE_CHANGES)
@pytest.mark.parametrize(
    "wrong",
    [
        {"x-csrf-token": ""},
        {"x-csrf-token": "guess"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://archive.example"},
    ],
)
def test_a_state_change_with_a_cookie_from_elsewhere_is_refused(
    house: WebHouse, method: str, path: str, wrong: dict[str, str]
) -> None:
    headers = session_headers("administrator", **{"content-type": STOW_TYPE, **wrong})
    assert house.ask(method, path, headers=headers, body=multipart(b"")).status == 403
    assert house.archive.scopes == []
    assert house.sessions.ended == set()


def test_reading_with_a_cookie_needs_no_token_for_state_changes(house: WebHouse) -> None:
    assert house.ask("GET", "/dicomweb/studies", headers={"cookie": "a=b; filmless=radiologist"}).status == 204


def test_a_wrong_bearer_token_is_not_made_good_by_a_cookie(house: WebHouse) -> None:
    headers = {"cookie": "filmless=radiologist", "authorization": "Bearer nobody"}
    assert house.ask("GET", "/dicomweb/studies", headers=headers).status == 401


def login(house: WebHouse, scheme: str = "http", **headers: str) -> str:
    body = f'{{"username": "radiologist", "password": "{PASSWORD}"}}'.encode()
    sent = {"content-type": "application/json", **headers}
    return house.ask("POST", "/api/login", headers=sent, body=body, scheme=scheme).headers.get("set-cookie", "")


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(house: WebHouse) -> None:
    assert login(house) == "filmless=radiologist; Path=/; HttpOnly; SameSite=Strict"


def test_by_https_the_cookie_is_secure_and_bound_to_the_host(house: WebHouse) -> None:
    assert login(house, "https") == "__Host-filmless=radiologist; Path=/; HttpOnly; SameSite=Strict; Secure"


def test_nobody_is_signed_in_by_another_site(house: WebHouse) -> None:
    assert login(house, **{"sec-fetch-site": "cross-site"}) == ""


def test_signing_out_ends_the_session_at_once(house: WebHouse) -> None:
    headers = session_headers("radiologist")
    assert house.ask("GET", "/api/session", headers=headers).status == 200
    assert house.ask("POST", "/api/logout", headers=headers).status == 204
    assert house.ask("GET", "/api/session", headers=headers).status == 401


def test_a_wrong_password_and_an_unknown_name_are_answered_with_the_same_bytes(house: WebHouse) -> None:
    bodies = (b'{"username": "radiologist", "password": "wrong"}', b'{"username": "nobody", "password": "wrong"}')
    sent = {"content-type": "application/json"}
    wrong, unknown = (house.ask("POST", "/api/login", headers=sent, body=body) for body in bodies)
    assert (wrong.status, wrong.json()["detail"]) == (401, "Wrong user name or password.")
    assert wrong == unknown


def test_a_known_secret_is_looked_up_once_a_second(house: WebHouse) -> None:
    for _ in range(5):
        house.ask("GET", "/dicomweb/studies", role="radiologist")
    assert house.tokens.lookups == 1
