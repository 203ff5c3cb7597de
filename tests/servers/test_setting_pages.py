"""Settings over HTTP: one's own, changed against the version that was read."""

import pytest

from web_house import Reply, WebHouse, session_headers

JSON = {"content-type": "application/json"}


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def put(house: WebHouse, body: bytes, match: str, role: str = "radiologist") -> Reply:
    headers = {**session_headers(role), **JSON, **({"if-match": match} if match else {})}
    return house.ask("PUT", "/api/settings", headers=headers, body=body)


def test_what_is_set_is_there_at_the_next_sign_in_and_of_nobody_else(house: WebHouse) -> None:
    first = house.ask("GET", "/api/settings", headers=session_headers("radiologist"))
    assert (first.json(), first.headers["etag"]) == ({}, '"0"')
    done = put(house, b'{"theme": "light"}', first.headers["etag"])
    assert (done.status, done.headers["etag"]) == (200, '"1"')
    assert house.ask("GET", "/api/settings", headers=session_headers("radiologist")).json() == {"theme": "light"}
    assert house.ask("GET", "/api/settings", headers=session_headers("technologist")).json() == {}


def test_the_slower_of_two_windows_is_told_to_read_again(house: WebHouse) -> None:
    assert put(house, b'{"theme": "light"}', '"0"').status == 200
    late = put(house, b'{"row_height": 28}', '"0"')
    assert (late.status, late.headers["content-type"]) == (412, "application/problem+json")
    assert put(house, b"{}", "").status == 428
    assert put(house, b"{}", "*").status == 412
    assert put(house, b"{}", 'W/"1"').status == 412


def test_what_is_no_setting_is_refused(house: WebHouse) -> None:
    refused = put(house, b'{"colour": "red"}', '"0"')
    assert (refused.status, "colour is no setting" in refused.json()["detail"]) == (400, True)


def test_a_token_has_no_settings(house: WebHouse) -> None:
    assert house.ask("GET", "/api/settings", role="radiologist").status == 404
    assert house.ask("GET", "/api/settings").status == 401
