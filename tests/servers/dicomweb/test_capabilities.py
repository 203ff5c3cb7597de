"""OPTIONS of the service: what it answers, as WADL and as OpenAPI."""

import xml.etree.ElementTree as ET

import pytest

from web_house import WebHouse

NS = "{http://wadl.dev.java.net/2009/02}"


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


@pytest.mark.parametrize("path", ["/dicomweb", "/dicomweb/"])
def test_every_resource_and_method_is_named_in_wadl(house: WebHouse, path: str) -> None:
    reply = house.ask("OPTIONS", path, role="clinician")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/vnd.sun.wadl+xml")
    (resources,) = ET.fromstring(reply.body)
    assert resources.get("base") == "http://127.0.0.1:8080/dicomweb/"
    told = {
        (method.get("name"), "/dicomweb/" + str(resource.get("path")))
        for resource in resources
        for method in resource.findall(f"{NS}method")
    }
    served = {(route.method, route.path.replace("*}", "}")) for route in house.routes if "/dicomweb/" in route.path}
    assert told == served


@pytest.mark.parametrize("media_type", ["application/json", "application/vnd.oai.openapi+json"])
def test_openapi_is_given_where_it_is_asked_for(house: WebHouse, media_type: str) -> None:
    reply = house.ask("OPTIONS", "/dicomweb", role="clinician", headers={"accept": media_type})
    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert "/dicomweb/studies/{study}" in reply.json()["paths"]


def test_another_media_type_is_refused(house: WebHouse) -> None:
    assert house.ask("OPTIONS", "/dicomweb", role="clinician", headers={"accept": "image/png"}).status == 406
