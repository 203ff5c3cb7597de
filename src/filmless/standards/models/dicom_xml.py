"""Data sets in the Native DICOM Model, made in one pass over their bytes (PS3.19 A.1)."""

from filmless.standards.data_set.elements import Buffer
from filmless.standards.data_set.inflate import readable
from filmless.standards.dicom.text import decode
from filmless.standards.models.model_writer import BULK_THRESHOLD, ModelWriter, PlainHeads, Text
from filmless.standards.models.xml_values import BEGIN, END, attribute_head, is_private, value_xml, xml_text

_CLOSE = "</DicomAttribute>"


def data_set_xml(
    data_set: Buffer, transfer_syntax_uid: str, bulk_uri: str | None, bulk_threshold: int = BULK_THRESHOLD
) -> bytes:
    """Write a data set, or one that ends behind the head of Pixel Data, as one XML document in UTF-8; never raises.

    Values are referred to as ``data_set_json`` does. A private attribute names its creator and has 00 in place of the
    block in its tag (PS3.19 A.1.5); one without a creator keeps its tag.
    """
    data, encoding = readable(data_set, transfer_syntax_uid)
    attributes = _Writer(bytes(data), bulk_uri, bulk_threshold).write(encoding)
    return f"{BEGIN}{''.join(attributes)}{END}".encode()


def _standard_head(tag: int, vr: str) -> str:
    """The start tag of a standard attribute; empty of a private one, which depends on others."""
    return "" if is_private(tag) else attribute_head(tag, vr)


def _plain(vr: str, order: str) -> Text:
    little_endian = order == "<"
    is_text = vr not in ("FD", "FL", "SL", "SS", "UL", "US")

    def text(raw: bytes) -> str | None:
        if is_text and (not raw.isascii() or b"\x1b" in raw):
            return None  # it depends on the character set
        return value_xml(vr, raw, little_endian=little_endian) + _CLOSE

    return text


_PLAIN_VRS = (
    *("AE", "AS", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH"),
    *("SL", "SS", "ST", "TM", "UI", "UL", "US"),
)


class _Writer(ModelWriter):
    heads = PlainHeads(
        _standard_head, {order == "<": {vr: _plain(vr, order) for vr in _PLAIN_VRS} for order in ("<", ">")}
    )

    def __init__(self, data: bytes, bulk_uri: str | None, bulk_threshold: int) -> None:
        super().__init__(data, bulk_uri, bulk_threshold)
        self._creators: dict[int, str] = {}  # of the object that is written, by group and block (PS3.5 7.8.1)
        self._outer_creators: list[dict[int, str]] = []

    def _attribute(self, tag: int, vr: str, raw: bytes, *, little_endian: bool) -> str:
        if is_private(tag) and 0x10 <= tag & 0xFFFF <= 0xFF:
            creator = decode(raw, self._character_set, "LO").replace("\0", "").strip(" ")
            self._creators[tag >> 16 << 8 | tag & 0xFF] = creator
        value = value_xml(vr, raw, little_endian=little_endian, character_set=self._character_set)
        return self._head(tag, vr) + value + _CLOSE

    def _reference(self, tag: int, vr: str, uri: str | None) -> str:
        value = "" if uri is None else f'<BulkData uri="{xml_text(uri)}"/>'
        return self._head(tag, vr) + value + _CLOSE

    def _sequence(self, tag: int, items: list[str]) -> str:
        return self._head(tag, "SQ") + "".join(items) + _CLOSE

    def _item(self, attributes: list[str], number: int) -> str:
        return f'<Item number="{number}">{"".join(attributes)}</Item>'

    def _key(self, attribute: str) -> str:
        return attribute[: attribute.index(">")]

    def _head(self, tag: int, vr: str) -> str:
        creator = self._creators.get(tag >> 16 << 8 | tag >> 8 & 0xFF) if is_private(tag) else None
        return attribute_head(tag, vr, creator)

    def _open_item(self, tag: int) -> None:
        super()._open_item(tag)
        self._outer_creators.append(self._creators)
        self._creators = {}

    def _close_item(self, tag: int) -> None:
        super()._close_item(tag)
        self._creators = self._outer_creators.pop()
