"""Writes docs/reference/dicom-conformance.md from the tables that run: services, SOP classes, syntaxes, limits.

The sections follow PS3.2; what the tables say stands nowhere else, so the statement cannot be out of date.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from filmless.access.peers import OPERATIONS
from filmless.archive.query.matching import ATTRIBUTES
from filmless.clients.tls import SUITES
from filmless.servers.association.negotiation import STORAGE_SUPPORT, is_usable, operation_of
from filmless.servers.association.policy import Policy
from filmless.servers.association.refusals import REFUSALS
from filmless.servers.dimse.services import SERVICES
from filmless.settings import Settings
from filmless.standards.data_set.part10 import IMPLEMENTATION_CLASS_UID
from filmless.standards.dicom.dictionary import keyword_of
from filmless.standards.dicom.sop_classes import SOP_CLASSES, STORAGE_COMMITMENT, VERIFICATION
from filmless.standards.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from filmless.standards.dimse.query_models import FIND_LEVELS, RETRIEVE_LEVELS
from filmless.standards.dimse.status import Status, status_kind

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "dicom-conformance.md"

_INTRODUCTION = """# DICOM conformance statement

<!-- Written by tools/generate_conformance_statement.py from the tables that run. -->

## 1 Overview

Filmless is an archive that takes, keeps, finds and gives back composite objects over the DICOM network (this statement) and by DICOMweb. It
keeps the received bytes unchanged, whatever they hold, and gives them back as they came. Codes of our own that DICOMweb answers (PS3.18 I.2.2): Warning
Reason B111, kept as another version (`storing.md`).
"""
_MODEL = """
## 2 Implementation model

One application entity accepts associations (its title is the setting `ae`; further titles with rights and views of their own are made
with `filmless view`), and calls peers of its registry: as SCU of Storage for C-MOVE and C-GET, of Verification and Storage for commands,
of Instance Availability Notification where that is registered, and as SCP of Storage Commitment for reports. Only titles of the
registry are called. A report of Storage Commitment (N-EVENT-REPORT) goes by the association of its N-ACTION while that stands and is
idle, otherwise by one of our own with role selection (PS3.4 J.3.3).
"""
_POLICIES = """
### 3.2 Association policies

| policy | value |
|---|---|
| application context | 1.2.840.10008.3.1.1.1 |
| maximum PDU length announced | {max_length} bytes |
| associations at one time | {associations}, of one address {per_peer} (settings) |
| operations outstanding on one association | 1: an asynchronous operations window is answered with (1, 1) |
| time for the A-ASSOCIATE-RQ, also for a TLS handshake | {artim:.0f} s |
| time for one PDU | {pdu:.0f} s |
| idle associations are aborted after | {idle:.0f} s |
| Implementation Class UID | {class_uid} |
| Implementation Version Name | FILMLESS_ and the version |

While only loopback is listened on, any calling AE title is served; otherwise a peer must be registered (`filmless ae add`), call from
its registered name, address or network, and show the certificate that it is bound to. Rights of a peer: {operations}; a presentation
context for an operation that it may not use is answered with user-rejection.

**Role selection** (PS3.7 D.3.3.4): a requestor that may get is accepted as SCP of Storage, for C-GET. **Extended negotiation**
(PS3.7 D.3.3.5): for C-FIND relational queries, combined dates and times, fuzzy names, time zone adjustment, empty and multiple value
matching; for Storage {storage} (level 2, signatures are kept, nothing is coerced). **Common extended negotiation** (PS3.7 D.3.3.6): a
class that is named as of another service class than Storage is not taken for Storage. **User identity** (PS3.7 D.3.3.7): type 1 is
recorded and proves nobody; types 2 (user name and password) and 5 (JSON Web Token) are verified against the accounts and give the rights of
the user's role; types 3 and 4 are rejected. A positive response is sent to who asks for it, with an empty value.
"""
_SECURITY = """
## 4 Security

TLS by PS3.15 B.12, BCP 195 RFC 8996, 9325 TLS Secure Transport Connection Profile, for associations that are accepted and for those that are
made: TLS 1.2 and 1.3; with TLS 1.2 the suites of OpenSSL's `{suites}`; no renegotiation, no compression. Certificates of peers are
demanded, or verified where they are shown. There is no fall-back to plain associations on the port for TLS (2762).

Every association is recorded with what was proposed, accepted and refused.

## 5 Character sets

All character sets of PS3.3 C.12.1.1.2 are read; answers to queries are in the caller's Specific Character Set where it can hold them,
otherwise in ISO_IR 192. Stored objects are not converted.

## 6 Annexes
"""


def statement() -> str:
    """The whole document."""
    policy, settings = Policy("FILMLESS"), Settings()
    policies = _POLICIES.format(
        max_length=policy.limits.max_length,
        associations=settings.associations,
        per_peer=settings.associations_per_peer,
        artim=policy.limits.artim,
        pdu=policy.limits.pdu,
        idle=policy.idle,
        class_uid=IMPLEMENTATION_CLASS_UID,
        operations=", ".join(OPERATIONS),
        storage=" ".join(f"{byte:02X}" for byte in STORAGE_SUPPORT),
    )
    parts = (
        _INTRODUCTION, _services(), _MODEL, "\n## 3 Network\n\n### 3.1 SOP classes\n", _sop_classes(), policies,
        "\n### 3.3 Rejections\n", _rejections(), "\n### 3.4 Status codes\n", _statuses(),
        _SECURITY.format(suites=SUITES), _annexes(),
    )  # fmt: skip
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(headings), "|".join("---" for _ in headings), *(" | ".join(row) for row in rows)]
    return "".join(f"| {line} |\n" for line in lines).replace("| ---", "|---").replace("--- |", "---|")


def _services() -> str:
    rows = ((service.name, service.operation) for service in SERVICES.values())
    return _table(("DIMSE service, as SCP", "right in the AE registry"), rows)


def _sop_classes() -> str:
    served = [VERIFICATION, *FIND_LEVELS, *RETRIEVE_LEVELS, STORAGE_COMMITMENT]
    rows = [
        (_name(uid), uid, _operation(uid), ", ".join({**FIND_LEVELS, **RETRIEVE_LEVELS}.get(uid, ()))) for uid in served
    ]
    stored = sum(operation_of(uid) == "store" for uid in SOP_CLASSES)
    return (
        _table(("SOP class", "UID", "operation", "levels"), rows)
        + f"\nStorage: the {stored} classes of annex 6.1, and every class that the standard does not name, private ones and those of later\n"
        "editions. Transfer syntaxes: annex 6.2.\n"
    )


def _rejections() -> str:
    rows = (
        (str(why), f"{one.answer.result}, {one.answer.source}, {one.answer.reason}") for why, one in REFUSALS.items()
    )
    return _table(("why", "result, source, reason (PS3.8 Table 9-21)"), rows)


def _statuses() -> str:
    rows = ((f"{one:04X}", one.name.replace("_", " ").lower(), status_kind(one)) for one in sorted(Status))
    return _table(("status", "meaning", "kind"), rows)


def _annexes() -> str:
    stored = [(one.name, uid) for uid, one in SOP_CLASSES.items() if operation_of(uid) == "store"]
    operations = ("echo", "store", "find")
    syntaxes = [
        (one.name, uid, *("yes" if is_usable(uid, operation) else "" for operation in operations))
        for uid, one in TRANSFER_SYNTAXES.items()
        if any(is_usable(uid, operation) for operation in operations)
    ]
    return "\n".join(
        [
            "### 6.1 Storage SOP classes\n",
            _table(("SOP class", "UID"), stored),
            "### 6.2 Transfer syntaxes\n",
            _table(("transfer syntax", "UID", "Verification", "Storage", "Query, Retrieve, Commitment"), syntaxes),
            "### 6.3 Attributes of queries\n",
            "Any attribute of an object's header can be asked for and is answered from the object where no row holds it; these are kept\nin rows.\n",
            _table(("level", "attributes"), _query_attributes()),
        ]
    )


def _query_attributes() -> Iterator[tuple[str, str]]:
    for level, tags in ATTRIBUTES.items():
        yield level.value, ", ".join(sorted(keyword_of(tag) or f"{tag:08X}" for tag in tags))


def _name(uid: str) -> str:
    return SOP_CLASSES[uid].name if uid in SOP_CLASSES else uid


def _operation(uid: str) -> str:
    return operation_of(uid) or ""


if __name__ == "__main__":
    TARGET.write_text(statement(), encoding="utf-8")
    print(f"{TARGET} is written.", file=sys.stderr)
