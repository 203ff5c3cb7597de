"""HEAD is GET without its body, and what is asked on condition or in part is answered so, at every address."""

import re

import pytest
import requests
from pydicom import Dataset
from pydicom.uid import HTJ2KLosslessRPCL

from objects import part10_bytes, series
from serving import Server
from web_house import STOW_TYPE, multipart

STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
PARTS = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'
ZIP = "application/zip"
JSON = "application/dicom+json"
XML = 'multipart/related; type="application/dicom+xml"'
PICTURES = 'multipart/related; type="image/png"'
URI = "/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}"

# Address, Accept, whether parts of the answer can be had.
RESOURCES = [
    (STUDY, PARTS, True),
    (SERIES, PARTS, True),
    (INSTANCE, PARTS, True),
    (INSTANCE, "application/dicom", True),
    (INSTANCE, f"application/dicom; transfer-syntax={HTJ2KLosslessRPCL}", True),
    (SERIES, f"{PARTS}; transfer-syntax={HTJ2KLosslessRPCL}", False),
    (STUDY, ZIP, True),
    (SERIES, ZIP, True),
    (INSTANCE, ZIP, True),
    (SERIES, f"{ZIP}; transfer-syntax={HTJ2KLosslessRPCL}", False),
    (INSTANCE + "/frames/1", OCTETS, True),
    (INSTANCE + "/frames/2,1,2", OCTETS, False),
    (INSTANCE + "/frames/1", "application/octet-stream", True),
    (INSTANCE + "/frames/1", "image/jphc", True),
    (INSTANCE + "/bulkdata/7FE00010", OCTETS, True),
    (INSTANCE + "/bulkdata/7FE00010", "application/octet-stream", True),
    (STUDY + "/metadata", JSON, False),
    (SERIES + "/metadata", JSON, False),
    (INSTANCE + "/metadata", JSON, False),
    (SERIES + "/metadata", XML, False),
    (INSTANCE + "/metadata", "application/dicom+xml", False),
    (STUDY + "/rendered", PICTURES, False),
    (SERIES + "/rendered", "image/jpeg", False),
    (INSTANCE + "/rendered", "image/png", False),
    (INSTANCE + "/frames/2/rendered", "image/png", False),
    (STUDY + "/thumbnail", "image/jpeg", False),
    (SERIES + "/thumbnail", "image/jpeg", False),
    (INSTANCE + "/thumbnail", "image/jpeg", False),
    (INSTANCE + "/frames/1/thumbnail", "image/jpeg", False),
    (URI, "*/*", True),  # of several frames: the object
    (URI + "&contentType=application/dicom", "*/*", True),
    (URI + "&frameNumber=1", "*/*", False),
    (INSTANCE + "/frames/9", OCTETS, False),
    (INSTANCE + "/bulkdata/00420011", "*/*", False),
    (STUDY + "x", PARTS, False),
    (STUDY, "text/csv", False),
]
VARYING = {"date", "transfer-encoding"}  # the second is about a body


@pytest.fixture(scope="module")
def study(server: Server) -> tuple[Dataset, dict[str, str]]:
    """Three instances of two frames, and what lets in."""
    images = series(3, NumberOfFrames=2, PixelData=bytes(range(256)))
    headers = {"Authorization": f"Bearer {server.token()}"}
    body = multipart(*map(part10_bytes, images))
    stored = requests.post(
        f"{server.url}/dicomweb/studies", data=body, headers={**headers, "Content-Type": STOW_TYPE}, timeout=60
    )
    assert stored.status_code == 200
    return images[0], headers


def heads(reply: requests.Response) -> dict[str, str]:
    """Headers; boundaries that are drawn and the ids of problems are no difference."""
    found = {name.lower(): value for name, value in reply.headers.items() if name.lower() not in VARYING}
    return {name: re.sub(r'boundary="?[0-9a-f]{32}"?', "boundary", value) for name, value in found.items()}


@pytest.mark.parametrize(("address", "accept", "in_parts"), RESOURCES)
def test_head_is_get_and_conditions_and_ranges_hold(
    server: Server, study: tuple[Dataset, dict[str, str]], address: str, accept: str, in_parts: bool
) -> None:
    image, headers = study
    uids = {"study": image.StudyInstanceUID, "series": image.SeriesInstanceUID, "instance": image.SOPInstanceUID}
    url = f"{server.url}/dicomweb{address.format(**uids)}"

    def ask(method: str = "GET", **more: str) -> requests.Response:
        return requests.request(method, url, headers={**headers, "Accept": accept, **more}, timeout=60)

    whole, head = ask(), ask("HEAD")
    assert (head.status_code, head.content, heads(head)) == (whole.status_code, b"", heads(whole))
    if whole.status_code != 200:
        assert "etag" not in whole.headers
        return
    assert "last-modified" not in whole.headers  # so that If-Modified-Since says nothing
    assert ask(**{"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}).status_code == 200
    tag = whole.headers["etag"]
    for method in ("GET", "HEAD"):
        for known in (tag, f'"other", {tag}', "*"):
            reply = ask(method, **{"If-None-Match": known})
            assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", tag)
        assert ask(method, **{"If-None-Match": '"other"'}).status_code == 200
    assert (whole.headers.get("accept-ranges") == "bytes") == in_parts
    part = ask(Range="bytes=3-9")
    assert part.status_code == (206 if in_parts else 200)
    if not in_parts:
        return
    length = len(whole.content)
    assert (part.content, part.headers["content-range"]) == (whole.content[3:10], f"bytes 3-9/{length}")
    assert ask(Range="bytes=-7").content == whole.content[-7:]
    assert ask(Range="bytes=3-9", **{"If-Range": tag}).status_code == 206
    other = ask(Range="bytes=3-9", **{"If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, whole.content)
    assert ask("HEAD", Range="bytes=3-9").status_code == 200  # RFC 9110 14.2: of GET alone
    beyond = ask(Range=f"bytes={length}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{length}")
