"""The message of the Instance Availability Notification SOP Class (PS3.4 R.3): its command and its data set."""

from collections.abc import Mapping, Sequence

from filmless.standards.data_set.identifier import encode_identifier
from filmless.standards.data_set.references import Reference
from filmless.standards.dicom.sop_classes import INSTANCE_AVAILABILITY
from filmless.standards.dimse.commands import CommandField, Element

_Attributes = dict[str, dict[str, object]]


def notification_command(instance_uid: str) -> dict[int, int | str]:
    """The elements of the N-CREATE request but its Message ID (PS3.7 10.3.5.1)."""
    return {
        Element.AFFECTED_SOP_CLASS_UID: INSTANCE_AVAILABILITY,
        Element.COMMAND_FIELD: CommandField.N_CREATE,
        Element.DATA_SET_TYPE: 1,
        Element.AFFECTED_INSTANCE_UID: instance_uid,
    }


def notification_data_set(
    study_uid: str, series: Mapping[str, Sequence[Reference]], retrieve_ae: str, transfer_syntax_uid: str
) -> bytes:
    """The Attribute List (PS3.4 Table R.3.2-1): all instances are online; no further attribute is allowed."""
    items = [
        {
            "0020000E": {"vr": "UI", "Value": [series_uid]},
            "00081199": {"vr": "SQ", "Value": [_item(one, retrieve_ae) for one in references]},
        }
        for series_uid, references in series.items()
    ]
    attributes: _Attributes = {
        "00081111": {"vr": "SQ", "Value": []},  # of no Performed Procedure Step
        "0020000D": {"vr": "UI", "Value": [study_uid]},
        "00081115": {"vr": "SQ", "Value": items},
    }
    return encode_identifier(attributes, transfer_syntax_uid)


def _item(reference: Reference, retrieve_ae: str) -> _Attributes:
    return {
        "00081150": {"vr": "UI", "Value": [reference.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [reference.instance_uid]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00080054": {"vr": "AE", "Value": [retrieve_ae]},
    }
