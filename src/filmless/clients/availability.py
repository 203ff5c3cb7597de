"""Telling a peer that a study can be retrieved: N-CREATE of Instance Availability Notification (PS3.4 R.3)."""

import ssl
import uuid
from dataclasses import dataclass

from filmless.access.peers import Peer
from filmless.archive.availability import Notice
from filmless.clients.dimse import connect
from filmless.standards.dicom.sop_classes import INSTANCE_AVAILABILITY
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.dimse.availability import notification_command, notification_data_set
from filmless.standards.dimse.status import Status, StatusKind, status_kind

PART = 10_000  # references of one notification; a larger series is told of in several

_SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


@dataclass(eq=False)
class NoticeRefused(Exception):
    """The peer answered, but did not take the notice."""

    reason: str


async def send_notice(peer: Peer, calling_ae: str, notice: Notice, tls: ssl.SSLContext | None = None) -> None:
    """Send a notice, a notification for each series; instances are retrieved from ``calling_ae``.

    ``DimseError`` when the peer is not reached, ``NoticeRefused`` when it is. What it took at an earlier try has the
    same SOP Instance UID, which it may answer with "duplicate": it was told then.
    """
    parts = [
        (one.series_uid, one.references[first : first + PART])
        for one in notice.series
        for first in range(0, len(one.references), PART)
    ]
    contexts = [(INSTANCE_AVAILABILITY, _SYNTAXES)]
    async with connect(peer.host, peer.port, peer.title, calling_ae, contexts, tls=tls) as client:
        context = client.context(INSTANCE_AVAILABILITY)
        for number, (series_uid, references) in enumerate(parts):
            instance_uid = f"2.25.{uuid.uuid5(notice.uid, str(number)).int}"
            series = {series_uid: references}
            data_set = notification_data_set(notice.study_uid, series, calling_ae, context.transfer_syntax)
            client.request(context.context_id, notification_command(instance_uid), data_set)
            status = (await client.response()).status or 0
            if status_kind(status) is StatusKind.FAILURE and status != Status.DUPLICATE_INSTANCE:
                raise NoticeRefused(f"it answered the notification with status {status:04X}")
