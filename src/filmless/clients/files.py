"""Files that can be sent: what their C-STORE requests say, and the presentation contexts they need."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.part10 import read_head
from filmless.standards.data_set.scanner import scan

_PREFIX = 1 << 18  # bytes of a file in which its identifiers are looked for
_SOP_CLASS_UID, _INSTANCE_UID = 0x00080016, 0x00080018


@dataclass(frozen=True, slots=True)
class Sendable:
    """A file that can be sent, and what its C-STORE request says."""

    path: Path
    sop_class_uid: str
    instance_uid: str
    transfer_syntax_uid: str
    head_length: int  # bytes before the data set


def sendable(path: Path) -> Sendable | Fault:
    """Look at the beginning of a file; reads it, and raises ``OSError``."""
    with path.open("rb") as file:
        prefix = file.read(_PREFIX)
        is_whole = not file.read(1)
    head = read_head(prefix)
    if isinstance(head, Fault):
        return head
    wanted = frozenset((_SOP_CLASS_UID, _INSTANCE_UID))
    found = scan(prefix[head.head_length :], head.transfer_syntax_uid, wanted, final=is_whole)
    values = {} if isinstance(found, Fault) else found.values
    # The data set decides: the head of a file that was edited may still name what it was made from.
    sop_class_uid = _uid(values.get(_SOP_CLASS_UID, b"")) or head.sop_class_uid
    instance_uid = _uid(values.get(_INSTANCE_UID, b"")) or head.instance_uid
    if not (sop_class_uid and instance_uid):
        return found if isinstance(found, Fault) else Fault(FaultKind.NOT_DICOM, "SOP Class or Instance UID is missing")
    return Sendable(path, sop_class_uid, instance_uid, head.transfer_syntax_uid, head.head_length)


def contexts_of(files: Iterable[Sendable]) -> list[tuple[str, tuple[str, ...]]]:
    """One presentation context for each SOP class and transfer syntax, so that every file can go as it is."""
    pairs = dict.fromkeys((file.sop_class_uid, file.transfer_syntax_uid) for file in files)
    return [(sop_class_uid, (transfer_syntax_uid,)) for sop_class_uid, transfer_syntax_uid in pairs]


def _uid(raw: bytes | memoryview) -> str:
    return str(raw, "latin-1").strip("\0 ")
