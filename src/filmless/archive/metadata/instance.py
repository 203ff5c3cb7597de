"""The metadata of one instance, made from its header (PS3.18 10.4.1.1.2)."""

from collections.abc import Callable

import orjson

from filmless.archive.model import KeptInstance
from filmless.standards.dicom.pixel_media_types import is_video
from filmless.standards.dicom.resources import instance_path
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax
from filmless.standards.models.dicom_json import data_set_json

PIXEL_ELEMENT = 20  # bytes of the pixel element's head and of the first item's, which say that there are pixels

Read = Callable[[KeptInstance, int, int | None], bytes]
"""Reads an instance as it is given out, from one byte of the file to another or to the end."""


def header_of(read: Read, kept: KeptInstance) -> bytes:
    """The data set up to and with the head of its pixel element, or all of one that cannot be cut there."""
    start = kept.head_length
    if kept.pixel_offset is None or transfer_syntax(kept.transfer_syntax_uid).deflated:
        return read(kept, start, None)
    return read(kept, start, start + kept.pixel_offset + PIXEL_ELEMENT)


def instance_json(read: Read, kept: KeptInstance, root: str) -> bytes:
    """DICOM JSON of an instance; its bulk data have addresses below ``root``, the service's.

    That of a video has its Available Transfer Syntax UID (PS3.18 table 10.6.3-5): without it no viewer could tell.
    """
    url = root + instance_path(kept.study_uid, kept.series_uid, kept.instance_uid)
    uid = kept.transfer_syntax_uid
    text = data_set_json(header_of(read, kept), uid, url)
    if not is_video(uid):
        return text
    return orjson.dumps(orjson.loads(text) | {"00083002": {"vr": "UI", "Value": [uid]}}, option=orjson.OPT_SORT_KEYS)
