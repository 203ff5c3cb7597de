"""The overlay of an object: how what is given out differs from what was received, and the record of it in the pack."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from filmless.archive.coercion.rules import Rules
from filmless.archive.model import DicomJson, Received
from filmless.standards.data_set.elements import Buffer
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.inflate import readable
from filmless.standards.data_set.json_values import Json
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.dictionary import vr_of
from filmless.standards.dicom.text import person_name
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.editing.edit import MOMENT, Changes, Modification, edit
from filmless.standards.editing.splice import Edit, spliced
from filmless.standards.models.dicom_json import level_json

SYSTEM = "FILMLESS"  # Modifying System (0400,0563)

_LONGEST_HEADER = 16 << 20  # bytes of an object without pixels in which the coerced values are looked for
_ONE_TEXT = frozenset(("LT", "ST", "UT"))


@dataclass(frozen=True, slots=True)
class Overlay:
    """One object's overlay."""

    record: bytes  # JSON: what the pack keeps, from which the overlay can be made again
    edit: Edit
    originals: DicomJson  # an item of the Original Attributes Sequence (PS3.3 C.12.1): what the values were


@dataclass(frozen=True, slots=True)
class _Record:
    changes: Changes
    why: Modification
    rules: tuple[str, ...]


def coerced(data_set: Buffer, found: Scan, received: Received, rules: Rules) -> Overlay | Fault | None:
    """What the rules make of an object; None: it stays as it is. A Fault: it cannot be given out as the rules say."""
    texts, names = rules.changes(found, received.source)
    if not texts:
        return None
    changes = {tag: None if text is None else _attribute(tag, text) for tag, text in texts.items()}
    source = received.source.calling_ae or received.source.door.value
    record = _Record(changes, Modification(received.received_at, SYSTEM, source), names)
    return _overlay(data_set, found, received.transfer_syntax_uid, record)


def recorded(record: bytes, data_set: Buffer, found: Scan, transfer_syntax_uid: str) -> Overlay | Fault:
    """The overlay that a record in a pack tells of."""
    try:
        return _overlay(data_set, found, transfer_syntax_uid, _parsed(orjson.loads(record)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Fault(FaultKind.NOT_DICOM, "The record of an overlay cannot be read")


def edited_scan(
    data_set: Buffer, found: Scan, made: Edit, transfer_syntax_uid: str, wanted: frozenset[int]
) -> Scan | Fault:
    """What a scan of the edited data set says of its values; the places stay those of the data set as received."""
    data, _ = readable(data_set, transfer_syntax_uid)
    stop = found.pixel_offset if found.pixel_offset is not None else min(len(data), _LONGEST_HEADER)
    within = Edit(tuple(splice for splice in made.splices if splice.stop <= stop))
    header = b"".join(spliced([memoryview(data)[:stop]], within))
    again = scan(header, EXPLICIT_VR_LITTLE_ENDIAN if made.inflated_length else transfer_syntax_uid, wanted)
    if isinstance(again, Fault):
        return again
    return replace(found, values=again.values, vrs=again.vrs, sequences=again.sequences)


def _overlay(data_set: Buffer, found: Scan, transfer_syntax_uid: str, record: _Record) -> Overlay | Fault:
    made = edit(data_set, found, transfer_syntax_uid, record.changes, record.why)
    if isinstance(made, Fault):
        return made
    return Overlay(_written(record), made, _originals(found, record))


def _attribute(tag: int, text: str) -> Json:
    vr = vr_of(tag)
    values: list[object] = [text] if vr in _ONE_TEXT else list(text.split("\\"))
    if vr == "PN":
        values = [person_name(str(value)) or None for value in values]
    return {"vr": vr, "Value": values} if text else {"vr": vr}


def _originals(found: Scan, record: _Record) -> DicomJson:
    there = level_json(found, record.changes)
    values = {f"{tag:08X}": there.get(f"{tag:08X}", {"vr": vr_of(tag)}) for tag in sorted(record.changes)}
    why = record.why
    return {
        "04000550": {"vr": "SQ", "Value": [values]},
        "04000562": {"vr": "DT", "Value": [why.moment.strftime(MOMENT)]},
        "04000563": {"vr": "LO", "Value": [why.system]},
        "04000564": {"vr": "LO", "Value": [why.source]},
        "04000565": {"vr": "CS", "Value": [why.reason]},
    }


def _written(record: _Record) -> bytes:
    why = record.why
    return orjson.dumps(
        {
            "changes": {f"{tag:08X}": attribute for tag, attribute in sorted(record.changes.items())},
            "moment": why.moment.isoformat(timespec="microseconds"),
            "system": why.system,
            "source": why.source,
            "reason": why.reason,
            "rules": record.rules,
        }
    )


def _parsed(found: Mapping[str, object]) -> _Record:
    changes = found["changes"]
    if not isinstance(changes, dict):
        raise TypeError
    texts = [str(found[name]) for name in ("system", "source", "reason")]
    rules = found["rules"]
    return _Record(
        {int(tag, 16): attribute for tag, attribute in changes.items()},
        Modification(datetime.fromisoformat(str(found["moment"])), *texts),
        tuple(map(str, rules)) if isinstance(rules, list) else (),
    )
