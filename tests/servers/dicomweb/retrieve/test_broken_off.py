"""An answer that cannot be sent to its end: the client sees that it has none, the log says which object and why."""

import re
from concurrent.futures import Future

import pytest
import requests
from pydicom import Dataset
from pydicom.uid import HTJ2KLosslessRPCL
from structlog.testing import capture_logs

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Request
from objects import ct_image, part10_bytes, series
from serving import Server, wait_until
from web_house import STOW_TYPE, Codecs, WebHouse, multipart

PARTS = f'multipart/related; type="application/dicom"; transfer-syntax={HTJ2KLosslessRPCL}'
ZIP = f"application/zip; transfer-syntax={HTJ2KLosslessRPCL}"
FRAMES = 'multipart/related; type="image/jphc"'


class Dying(Codecs):
    """Codec children of which all but the first die at their work."""

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, request: Request) -> "Future[bytes]":
        self.asked += 1
        if self.asked == 1:
            return super().submit(request)
        killed: Future[bytes] = Future()
        killed.set_exception(CannotRender(Reason.CRASHED))
        return killed


def store(house: WebHouse, *images: Dataset) -> str:
    body = multipart(*map(part10_bytes, images))
    headers = {"content-type": STOW_TYPE}
    assert house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=body).status == 200
    return f"/dicomweb/studies/{images[0].StudyInstanceUID}/series/{images[0].SeriesInstanceUID}"


@pytest.mark.parametrize("accept", [PARTS, ZIP])
def test_a_codec_child_that_is_killed_breaks_a_conversion_off_with_one_line(accept: str) -> None:
    house = WebHouse(codecs=Dying())
    images = series(3)
    path = store(house, *images)
    with capture_logs() as logs:
        reply = house.ask("GET", path, role="radiologist", headers={"accept": accept})
    assert (reply.status, reply.broken) == (200, True)
    assert logs == [
        {
            "event": "answer_broken_off",
            "log_level": "warning",
            "method": "GET",
            "study_uid": images[0].StudyInstanceUID,
            "instance_uid": images[1].SOPInstanceUID,
            "reason": "crashed",
        }
    ]


def test_so_do_frames_and_stored_bytes_that_are_damaged() -> None:
    house = WebHouse(codecs=Dying())
    image = ct_image(NumberOfFrames=3, PixelData=bytes(384))
    path = store(house, image) + f"/instances/{image.SOPInstanceUID}"
    with capture_logs() as logs:
        reply = house.ask("GET", f"{path}/frames/1,2,3", role="radiologist", headers={"accept": FRAMES})
    assert (reply.status, reply.broken) == (200, True)
    (line,) = logs
    assert (line["event"], line["instance_uid"]) == ("answer_broken_off", image.SOPInstanceUID)
    assert "crashed" in line["reason"]
    kept, content = house.archive.files[image.SOPInstanceUID]
    house.archive.files[image.SOPInstanceUID] = (kept, content[:-1] + b"x")
    with capture_logs() as logs:
        assert house.ask("GET", path, role="radiologist", headers={"accept": "application/dicom"}).broken
    assert [(line["log_level"], line["reason"]) for line in logs] == [("warning", "damaged")]


@pytest.mark.parametrize("accept", [PARTS, ZIP])
def test_a_running_archive_cuts_the_connection_and_its_log_has_no_traceback(server: Server, accept: str) -> None:
    good, bad = ct_image(InstanceNumber=1), ct_image(HighBit=15, BitsStored=12, InstanceNumber=2)
    bad.StudyInstanceUID, bad.SeriesInstanceUID = good.StudyInstanceUID, good.SeriesInstanceUID
    headers = {"Authorization": f"Bearer {server.token()}"}
    body = multipart(part10_bytes(good), part10_bytes(bad))
    sent = {**headers, "Content-Type": STOW_TYPE}
    requests.post(f"{server.url}/dicomweb/studies", data=body, headers=sent, timeout=60).raise_for_status()
    address = f"{server.url}/dicomweb/studies/{good.StudyInstanceUID}"
    alone = f"{address}/series/{good.SeriesInstanceUID}/instances/{good.SOPInstanceUID}"
    # A busy machine that has just started may ask to try again.
    wait_until(lambda: requests.get(alone, headers={**headers, "Accept": PARTS}, timeout=60).ok)
    before = len(server.log)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _ = requests.get(address, headers={**headers, "Accept": accept}, timeout=60).content
    wait_until(lambda: bad.SOPInstanceUID in server.log[before:])
    assert requests.get(address, headers={**headers, "Accept": "application/dicom"}, timeout=60).status_code == 406
    lines = [line for line in server.log[before:].splitlines() if "broken_off" in line or "library" in line]
    assert len(lines) == 1
    assert re.search(r"level=warning event=answer_broken_off .*reason=", lines[0])
    assert "exception" not in lines[0]
    assert "Traceback" not in server.log[before:]
