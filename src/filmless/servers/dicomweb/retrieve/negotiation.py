"""Which representation of instances a client is given (PS3.18 8.7).

PS3.18 8.7.3.5.2 makes Explicit VR Little Endian the default where no transfer syntax is named. What was received
is never altered here, so a client that names none, or ``*``, is given each instance as it is stored, its transfer
syntax said in the part's Content-Type; one that names another syntax than the stored one is answered 406.
"""

from collections.abc import Collection
from enum import StrEnum

from filmless.servers.dicomweb.retrieve.zip_writer import ZIP
from filmless.servers.http_messages import Problem
from filmless.servers.media_types import MediaType

DICOM = "application/dicom"
OCTETS = "application/octet-stream"
MULTIPART = "multipart/related"


class Form(StrEnum):
    """How parts travel."""

    SINGLE = "single"
    MULTIPART = "multipart"
    ZIP = "zip"


def form_of(ranges: list[MediaType], part_type: str, syntaxes: Collection[str], *, is_single: bool) -> Form:
    """The first acceptable form for parts stored in these transfer syntaxes; ``Problem`` 406 when there is none."""
    for each in ranges:
        wanted = each.parameters.get("transfer-syntax", "*")
        if wanted != "*" and any(syntax != wanted for syntax in syntaxes):
            continue
        if each.name == ZIP and part_type == DICOM:  # only where it is named: to most clients a wildcard means parts
            return Form.ZIP
        if each.covers(MULTIPART) and each.parameters.get("type", part_type).lower() in (part_type, "*/*"):
            return Form.MULTIPART
        if is_single and each.covers(part_type):
            return Form.SINGLE
    raise Problem(406, f'Offered here: multipart/related; type="{part_type}"; transfer-syntax=*.')
