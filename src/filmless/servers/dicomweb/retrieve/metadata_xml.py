"""Metadata in the Native DICOM Model (PS3.18 10.4.1.1.2, PS3.19 A.1): a document for each instance, as it is made."""

import secrets
from collections.abc import AsyncGenerator, Sequence

from filmless.archive.metadata.instance import header_of
from filmless.archive.model import KeptInstance
from filmless.servers.byte_ranges import is_known
from filmless.servers.dicomweb.data_sets import DICOM_XML
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import Form
from filmless.servers.dicomweb.retrieve.wado import found
from filmless.servers.dicomweb.service import Service, entity_tag, instance_url
from filmless.servers.http_messages import Answer, Request
from filmless.standards.models.dicom_xml import data_set_xml

BATCH = 16  # instances that one call of the executor does


async def xml_metadata(service: Service, request: Request, form: Form) -> Answer:
    """Of a study, a series or an instance: parts, or the document of one instance alone."""
    kept = await found(service, request)
    root = service.root(request)
    tag = entity_tag(kept, DICOM_XML, form, root)
    headers = ((b"etag", tag.encode()), (b"vary", b"accept"))
    if is_known(request, tag):
        return Answer(304, headers=headers)
    if form is Form.SINGLE:
        (document,) = await service.call(_documents, service, root, kept)
        return Answer(200, document, DICOM_XML, headers)
    writer = PartWriter(secrets.token_hex(16))
    return Answer(200, _parts(service, root, kept, writer), writer.media_type(DICOM_XML), headers)


async def _parts(
    service: Service, root: str, kept: Sequence[KeptInstance], writer: PartWriter
) -> AsyncGenerator[bytes]:
    for start in range(0, len(kept), BATCH):
        documents = await service.call(_documents, service, root, kept[start : start + BATCH])
        yield b"".join(
            writer.head(DICOM_XML, is_first=start + number == 0) + document for number, document in enumerate(documents)
        )
    yield writer.end


def _documents(service: Service, root: str, kept: Sequence[KeptInstance]) -> list[bytes]:
    return [_document(service, root, each) for each in kept]


def _document(service: Service, root: str, kept: KeptInstance) -> bytes:
    url = instance_url(root, kept.study_uid, kept.series_uid, kept.instance_uid)
    return data_set_xml(header_of(service.archive.read, kept), kept.transfer_syntax_uid, url)
