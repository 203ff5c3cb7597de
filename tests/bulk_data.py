"""Store requests of metadata and bulk data, and what became of them."""

import io
import json
from collections.abc import Sequence

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import SecondaryCaptureImageStorage

from filmless.standards.models.native_model import native_model
from objects import new_uid
from web_house import Reply, WebHouse

JSON, XML = "application/dicom+json", "application/dicom+xml"
GREY = np.arange(12 * 16, dtype=np.uint8).reshape(12, 16)
DEEP = np.arange(12 * 16, dtype=np.uint16).reshape(12, 16) * 300
COLOUR = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)


def metadata(**values: object) -> dict[str, dict[str, object]]:
    """A Secondary Capture without pixels, as the DICOM JSON model."""
    image = Dataset()
    image.SOPClassUID = SecondaryCaptureImageStorage
    image.SOPInstanceUID, image.StudyInstanceUID, image.SeriesInstanceUID = new_uid(), new_uid(), new_uid()
    image.PatientName, image.PatientID = "Müller^Jörg=山田^太郎", "P1"
    image.Modality = "OT"
    for keyword, value in values.items():
        setattr(image, keyword, value)
    found: dict[str, dict[str, object]] = image.to_json_dict()
    return found


def pixels_at(location: str, **values: object) -> dict[str, dict[str, object]]:
    return {**metadata(**values), "7FE00010": {"vr": "OW", "BulkDataURI": location}}


def post(
    house: WebHouse, data_sets: Sequence[dict[str, dict[str, object]]], *parts: tuple[str, str, bytes], kind: str = JSON
) -> Reply:
    """Parts are Content-Type, Content-Location and bytes."""
    texts = [json.dumps(data_sets).encode()] if kind == JSON else [native_model(each) for each in data_sets]
    body = b"".join(b"--x\r\nContent-Type: %s\r\n\r\n%s\r\n" % (kind.encode(), text) for text in texts)
    for content_type, location, data in parts:
        body += f"--x\r\nContent-Type: {content_type}\r\nContent-Location: {location}\r\n\r\n".encode() + data + b"\r\n"
    headers = {"content-type": f'multipart/related; type="{kind}"; boundary=x'}
    return house.ask("POST", "/dicomweb/studies", role="technologist", headers=headers, body=body + b"--x--\r\n")


def stored(house: WebHouse, reply: Reply) -> FileDataset:
    assert reply.status == 200, reply.body
    ((_, content),) = house.archive.files.values()
    return dcmread(io.BytesIO(content))


def reason(reply: Reply) -> tuple[int, str]:
    assert reply.status == 409, reply.body
    items = reply.json().get("00081198", reply.json().get("0008119A"))["Value"]
    return items[0]["00081197"]["Value"][0], items[0]["00000902"]["Value"][0]
