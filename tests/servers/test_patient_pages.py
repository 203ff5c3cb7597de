"""Patients and single objects over the pages' API: what is asked, what is told, and to whom."""

import gzip
import json
from uuid import uuid4

import pytest

from filmless.archive.model import Level
from objects import ct_image, part10_bytes
from web_house import STOW_TYPE, WebHouse, multipart

PATIENT = "/api/patients/00000000-0000-0000-0000-000000000001"


def test_a_search_asks_for_each_patient_apart() -> None:
    house = WebHouse()
    found = house.ask("GET", "/api/patients?text=doe&birth_date=19610402&id=P1&limit=9999", role="technologist").json()
    assert found["patients"] == [
        {
            "patient": {
                "key": "00000000-0000-0000-0000-000000000001", "name": "Doe^Jane", "name_ideographic": None, "id": "P1",
                "issuer": "H", "birth_date": "19610402", "sex": "F",
            },
            "studies": 1, "modalities": ["CT"], "first": "2026-03-01", "last": "2026-03-01",
        }
    ]  # fmt: skip
    assert (found["cursor"], found["total"]) == (None, {"number": 1, "exact": True})
    (query,) = house.patients.queries
    assert (query.level, query.text, query.apart, query.limit) == (Level.PATIENT, "doe", True, 1000)
    assert dict(query.matches) == {(0x00100020,): "P1", (0x00100030,): "19610402"}


@pytest.mark.parametrize("query", ["birth_date=1961", "limit=0", "limit=x", "id=P*", "issuer=a%5Cb"])
def test_what_cannot_be_asked_is_refused(query: str) -> None:
    assert WebHouse().ask("GET", f"/api/patients?{query}", role="radiologist").status == 400


def test_a_patient_has_studies_documents_warnings_and_who_may_be_the_same() -> None:
    found = WebHouse().ask("GET", PATIENT, role="radiologist").json()
    (study,) = found["studies"]
    assert [series["document"] for series in study["series"]] == [None, "report"]
    assert study["series"][0]["kind"] == "CT Image Storage"
    assert found["alerts"] == [{"kind": "allergy", "text": "Latex", "study_uid": "1.2", "date": "20260301"}]
    assert found["identifiers"] == [{"value": "P1", "issuer": "H", "type": None, "other": False}]
    assert found["alike"][0]["reasons"] == ["same-id-of-another-issuer"]


def test_patients_that_are_not_there_are_not_found() -> None:
    house = WebHouse()
    assert house.ask("GET", f"/api/patients/{uuid4()}", role="radiologist").status == 404
    assert house.ask("GET", "/api/patients/17", role="radiologist").status == 400


def test_who_looked_is_for_those_who_audit_by_page() -> None:
    house = WebHouse()
    first = house.ask("GET", f"{PATIENT}/readers?limit=2", role="auditor").json()
    assert [each["actor"] for each in first["readings"]] == ["user:ann", "user:ann"]
    rest = house.ask("GET", f"{PATIENT}/readers?limit=2&after={first['cursor']}", role="administrator").json()
    assert (len(rest["readings"]), rest["cursor"]) == (1, None)
    assert house.ask("GET", f"{PATIENT}/readers", role="radiologist").status == 403
    assert house.ask("GET", PATIENT, role="auditor").status == 403


def test_an_object_says_what_it_is_and_who_is_beside_it() -> None:
    house = WebHouse()
    first = ct_image(InstanceNumber=1)
    second = ct_image(
        InstanceNumber=2, StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID
    )
    body = multipart(part10_bytes(first), part10_bytes(second))
    sent = house.ask("POST", "/dicomweb/studies", role="service", headers={"content-type": STOW_TYPE}, body=body)
    assert sent.status == 200
    path = f"/api/studies/{first.StudyInstanceUID}/objects"
    found = house.ask("GET", f"{path}/{first.SOPInstanceUID}", role="radiologist").json()
    assert found["sop_class"]["name"] == "CT Image Storage"
    assert (found["position"], found["count"], found["previous"]) == (1, 2, None)
    assert (found["next"], found["shown_as"]) == (second.SOPInstanceUID, "picture")
    assert house.ask("GET", f"{path}/1.2.3", role="radiologist").status == 404
    assert house.ask("GET", f"{path}/x", role="radiologist").status == 400


def test_names_of_attributes_are_sent_compressed_where_that_is_taken() -> None:
    house = WebHouse()
    plain = house.ask("GET", "/api/attributes", role="radiologist").json()
    assert (plain["00100010"], plain["60xx3000"]) == ("PatientName", "OverlayData")
    packed = house.ask("GET", "/api/attributes", role="radiologist", headers={"accept-encoding": "br, gzip"})
    assert json.loads(gzip.decompress(packed.body)) == plain
    assert len(packed.body) < 70_000
