"""Messages of the Storage Commitment Push Model (PS3.4 J.3): the request's list, the report's command and data set."""

from collections.abc import Sequence
from dataclasses import dataclass

from filmless.standards.data_set.elements import Buffer
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.identifier import encode_identifier
from filmless.standards.data_set.references import REFERENCED_SOPS, Reference, read_references
from filmless.standards.dicom.sop_classes import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from filmless.standards.dicom.uids import is_uid
from filmless.standards.dimse.commands import CommandField, Element

REQUEST_COMMITMENT = 1  # Action Type ID (PS3.4 J.3.2)
ALL_COMMITTED, FAILURES_EXIST = 1, 2  # Event Type IDs (PS3.4 J.3.3)
MAX_REFERENCES = 100_000  # of one request

_TRANSACTION_UID = 0x00081195
_Attributes = dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class CommitmentList:
    """What a request names."""

    transaction_uid: str
    references: tuple[Reference, ...]


def read_commitment(data: Buffer, transfer_syntax_uid: str) -> CommitmentList | Fault:
    """Read the Action Information of a request (PS3.4 Table J.3-1); never raises."""
    texts = frozenset(((_TRANSACTION_UID,),))
    found = read_references(data, transfer_syntax_uid, (REFERENCED_SOPS,), texts, MAX_REFERENCES)
    if isinstance(found, Fault):
        return found
    transaction_uid = found.texts.get((_TRANSACTION_UID,), "")
    if not is_uid(transaction_uid):
        return Fault(FaultKind.NOT_DICOM, "Transaction UID (0008,1195) is missing or no UID")
    if not found.references:
        return Fault(FaultKind.NOT_DICOM, "Referenced SOP Sequence (0008,1199) is empty")
    if not all(is_uid(one.sop_class_uid) and is_uid(one.instance_uid) for one in found.references):
        return Fault(FaultKind.NOT_DICOM, "A Referenced SOP Class or Instance UID is no UID")
    return CommitmentList(transaction_uid, found.references)


def report_command(failures: Sequence[int]) -> dict[int, int | str]:
    """The elements of the N-EVENT-REPORT request but its Message ID (PS3.7 10.3.1.1)."""
    return {
        Element.AFFECTED_SOP_CLASS_UID: STORAGE_COMMITMENT,
        Element.COMMAND_FIELD: CommandField.N_EVENT_REPORT,
        Element.DATA_SET_TYPE: 1,
        Element.AFFECTED_INSTANCE_UID: STORAGE_COMMITMENT_INSTANCE,
        Element.EVENT_TYPE_ID: FAILURES_EXIST if any(failures) else ALL_COMMITTED,
    }


def report_data_set(
    asked: CommitmentList, failures: Sequence[int], retrieve_ae: str, transfer_syntax_uid: str
) -> bytes:
    """The Event Information (PS3.4 Table J.3-2): every reference is in it, failed ones with their reason."""
    pairs = list(zip(asked.references, failures, strict=True))
    committed = [_item(reference) for reference, failure in pairs if not failure]
    failed = [_item(reference) | _failure(failure) for reference, failure in pairs if failure]
    report: _Attributes = {
        "00080054": {"vr": "AE", "Value": [retrieve_ae]},
        "00081195": {"vr": "UI", "Value": [asked.transaction_uid]},
    }
    if failed:
        report["00081198"] = {"vr": "SQ", "Value": failed}
    if committed:
        report["00081199"] = {"vr": "SQ", "Value": committed}
    return encode_identifier(report, transfer_syntax_uid)


def _item(reference: Reference) -> _Attributes:
    return {
        "00081150": {"vr": "UI", "Value": [reference.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [reference.instance_uid]},
    }


def _failure(reason: int) -> _Attributes:
    return {"00081197": {"vr": "US", "Value": [reason]}}
