"""What a store request is answered: one item per instance (PS3.18 10.5.3, Annex I)."""

from collections.abc import Sequence

from filmless.archive.model import DicomJson, Outcome, Refusal, Refused, Stored, StoredAs
from filmless.servers.dicomweb.data_sets import data_set_answer
from filmless.servers.dicomweb.service import instance_url, study_url
from filmless.servers.http_messages import Answer

RETRY_SECONDS = 10

# Warning Reason (0008,1196), PS3.18 Table I.2-1; the last is our own, beside Failure Reason 0111, as I.2.1 allows.
COERCED = 0xB000  # coercion of data elements
MISMATCHED = 0xB007  # data set does not match SOP class
OTHER_VERSION = 0xB111  # kept as another version: another content is served under this SOP Instance UID

# Failure Reason (0008,1197), PS3.18 Table I.2-2 and PS3.7 Annex C.
REASONS = {
    Refusal.NOT_DICOM: 0xC000,  # cannot understand
    Refusal.BAD_UID: 0xC000,
    Refusal.LIMIT: 0xC000,
    Refusal.MISMATCH: 0xA900,  # data set does not match SOP class
    Refusal.OTHER_STUDY: 0xA900,
    Refusal.UNSUPPORTED: 0xC122,  # transfer syntax not supported
    Refusal.DUPLICATE: 0x0111,  # duplicate SOP instance
    Refusal.COERCION: 0x0110,  # processing failure
    Refusal.NO_SPACE: 0xA700,  # out of resources
    Refusal.STORAGE_FAILED: 0x0110,  # processing failure
    Refusal.NOT_ALLOWED: 0x0124,  # not authorised
}

# Status when nothing was stored and every instance was refused for this; otherwise 409 (PS3.18 Table 10.5.3-1).
_STATUS = {Refusal.NO_SPACE: 503, Refusal.STORAGE_FAILED: 503, Refusal.NOT_ALLOWED: 403}


def store_answer(outcomes: Sequence[Outcome], root: str, study_uid: str | None, media_type: str) -> Answer:
    """The store response: 200 all stored, 202 some, or some of them not served as they were sent, 409 none.

    503: none, since our storage takes nothing now; 403: none, since they are outside the view of the sender.
    """
    stored = [outcome for outcome in outcomes if isinstance(outcome, Stored)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    studies = {outcome.study_uid for outcome in stored} | ({study_uid} if study_uid else set())
    response: DicomJson = {"00081190": {"vr": "UR"}}  # Retrieve URL: type 2, empty where it is not of one study
    if stored and len(studies) == 1:
        response["00081190"] = {"vr": "UR", "Value": [study_url(root, studies.pop())]}
    named = [_failed(outcome) for outcome in refused if outcome.instance_uid]
    if named:
        response["00081198"] = {"vr": "SQ", "Value": named}
    if stored:
        response["00081199"] = {"vr": "SQ", "Value": [_referenced(outcome, root) for outcome in stored]}
    nameless = [_reason(outcome) for outcome in refused if not outcome.instance_uid]
    if nameless:
        response["0008119A"] = {"vr": "SQ", "Value": nameless}  # Other Failures Sequence
    status = _status(stored, refused)
    headers = ((b"retry-after", str(RETRY_SECONDS).encode()),) if status == 503 else ()
    return data_set_answer(status, response, media_type, headers)


_ALTERED = frozenset((COERCED, OTHER_VERSION))  # what is given out is not what was sent


def _warning(outcome: Stored) -> int | None:
    """The single most appropriate code (PS3.18 I.2.1)."""
    if outcome.stored_as is StoredAs.CONFLICT:
        return OTHER_VERSION
    if outcome.originals is not None:
        return COERCED
    return MISMATCHED if outcome.lacks_bytes else None


def _status(stored: list[Stored], refused: list[Refused]) -> int:
    if stored:
        return 202 if refused or any(_warning(outcome) in _ALTERED for outcome in stored) else 200
    refusals = {outcome.refusal for outcome in refused}
    return _STATUS.get(refusals.pop(), 409) if len(refusals) == 1 else 409


def _referenced(outcome: Stored, root: str) -> dict[str, object]:
    url = instance_url(root, outcome.study_uid, outcome.series_uid, outcome.instance_uid)
    warning = _warning(outcome)
    # Retrieve URL is of type 2: another version is not given out, and its address would give the first.
    reference: dict[str, object] = {**_names(outcome), "00081190": {"vr": "UR"}}
    if warning != OTHER_VERSION:
        reference["00081190"] = {"vr": "UR", "Value": [url]}
    if warning is not None:
        reference["00081196"] = {"vr": "US", "Value": [warning]}
    if outcome.remark:
        reference["00000902"] = {"vr": "LO", "Value": [outcome.remark]}
    if outcome.originals is not None:
        reference["04000561"] = {"vr": "SQ", "Value": [outcome.originals]}
    return reference


def _failed(outcome: Refused) -> dict[str, object]:
    return {**_names(outcome), **_reason(outcome)}


def _reason(outcome: Refused) -> dict[str, object]:
    return {
        "00081197": {"vr": "US", "Value": [REASONS[outcome.refusal]]},
        "00000902": {"vr": "LO", "Value": [outcome.comment]},  # Error Comment, as C-STORE says it
    }


def _names(outcome: Outcome) -> dict[str, object]:
    names: dict[str, object] = {"00081155": {"vr": "UI", "Value": [outcome.instance_uid]}}
    if outcome.sop_class_uid:
        names["00081150"] = {"vr": "UI", "Value": [outcome.sop_class_uid]}
    return names
