"""Answers of data sets that are made here: DICOM JSON in one piece, or the Native DICOM Model, a part for each."""

import secrets
from collections.abc import Sequence

import orjson

from filmless.archive.model import DicomJson
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import DICOM_JSON, Form, Offer
from filmless.servers.http_messages import Answer
from filmless.standards.models.native_model import native_model

DICOM_XML = "application/dicom+xml"
DATA_SETS = (  # PS3.18 10.6.4: JSON is the default
    Offer(DICOM_JSON),
    Offer("application/json", by_name=True),
    Offer(DICOM_XML, form=Form.MULTIPART, by_name=True),
)

DATA_SET = (Offer(DICOM_JSON), Offer("application/json", by_name=True), Offer(DICOM_XML, by_name=True))


def data_set_answer(
    status: int, data_set: DicomJson, media_type: str, headers: tuple[tuple[bytes, bytes], ...]
) -> Answer:
    """One data set in the media type that was agreed on."""
    return Answer(
        status, native_model(data_set) if media_type == DICOM_XML else orjson.dumps(data_set), media_type, headers
    )


def data_sets_answer(data_sets: Sequence[DicomJson], offer: Offer, headers: tuple[tuple[bytes, bytes], ...]) -> Answer:
    """Several data sets in the representation that was agreed on."""
    if offer.media_type != DICOM_XML:
        return Answer(200, orjson.dumps(data_sets), offer.media_type, headers)
    writer = PartWriter(secrets.token_hex(16))
    body = bytearray()
    for number, data_set in enumerate(data_sets):
        body += writer.head(DICOM_XML, is_first=number == 0) + native_model(data_set)
    return Answer(200, bytes(body + writer.end), writer.media_type(DICOM_XML), headers)
