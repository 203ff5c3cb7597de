"""Telling a peer what came of its storage commitment: N-EVENT-REPORT on an association of our own (PS3.4 J.3.3)."""

import ssl
from dataclasses import dataclass

from filmless.archive.commitment import Commitment
from filmless.clients.dimse import connect
from filmless.standards.dicom.sop_classes import STORAGE_COMMITMENT
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.dimse.commitment import CommitmentList, report_command, report_data_set
from filmless.standards.dimse.status import StatusKind, status_kind
from filmless.standards.upper_layer.items import Role

_SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


@dataclass(eq=False)
class ReportRefused(Exception):
    """The peer answered, but did not take the report."""

    reason: str


async def send_report(
    host: str, port: int, title: str, commitment: Commitment, tls: ssl.SSLContext | None = None
) -> None:
    """Send the report of a decided commitment; ``DimseError`` when it is not reached, ``ReportRefused`` when it is.

    We propose to be SCP (PS3.7 D.3.3.4). A peer that does not answer that item is sent the report all the same: many
    that wait for reports know no role selection.
    """
    request, failures = commitment.request, commitment.failures or ()
    contexts, roles = [(STORAGE_COMMITMENT, _SYNTAXES)], (Role(STORAGE_COMMITMENT, scu=False, scp=True),)
    async with connect(host, port, title, request.called_ae, contexts, roles=roles, tls=tls) as client:
        context = client.context(STORAGE_COMMITMENT)
        asked = CommitmentList(request.transaction_uid, request.references)
        data_set = report_data_set(asked, failures, request.called_ae, context.transfer_syntax)
        client.request(context.context_id, report_command(failures), data_set)
        response = await client.response()
    status = response.status
    if status is None or status_kind(status) is StatusKind.FAILURE:
        raise ReportRefused(f"it answered the report with status {status or 0:04X}")
