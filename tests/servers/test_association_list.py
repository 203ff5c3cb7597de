"""The list of associations over HTTP: for those who may audit, by page."""

import pytest

from web_house import WebHouse


def test_pages_follow_each_other_to_the_end() -> None:
    house = WebHouse()
    first = house.ask("GET", "/api/associations?limit=3", role="auditor").json()
    rest = house.ask("GET", f"/api/associations?limit=3&after={first['cursor']}", role="auditor").json()
    assert [one["calling_ae"] for one in first["associations"] + rest["associations"]] == [
        "CT1", "CT0", "CT1", "CT0", "CT1",
    ]  # fmt: skip
    assert rest["cursor"] is None


def test_failed_ones_and_those_of_one_peer_can_be_asked_for() -> None:
    house = WebHouse()
    failed = house.ask("GET", "/api/associations?failed=true", role="administrator").json()["associations"]
    assert {one["failed"] for one in failed} == {True}
    assert failed[0]["end"] == "idle"
    of_one = house.ask("GET", "/api/associations?ae=CT0", role="administrator").json()["associations"]
    assert {one["calling_ae"] for one in of_one} == {"CT0"}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=-1", "after=" + "9" * 30, "failed=maybe"])
def test_what_cannot_be_asked_is_refused(query: str) -> None:
    assert WebHouse().ask("GET", f"/api/associations?{query}", role="auditor").status == 400


def test_a_radiologist_does_not_see_the_traffic() -> None:
    assert WebHouse().ask("GET", "/api/associations", role="radiologist").status == 403
