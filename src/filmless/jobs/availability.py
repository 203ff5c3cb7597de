"""The job that tells a peer of a study that has arrived."""

from collections.abc import Mapping

from filmless.clients.availability import NoticeRefused, send_notice
from filmless.clients.faults import DimseError, explain
from filmless.jobs.pauses import NotDone, pause_after
from filmless.jobs.work import Work


async def availability(work: Work, arguments: Mapping[str, object]) -> None:
    """Send the ``notice``; one that was taken, or whose peer is no longer told, is done."""
    notice = await work.call(work.availability.notice, int(str(arguments["notice"])))
    peer = await work.call(work.peers.find, notice.ae) if notice is not None else None
    if notice is None or peer is None:
        return
    try:
        await send_notice(peer, work.ae_title, notice, work.tls() if peer.tls else None)
    except (DimseError, NoticeRefused) as fault:
        reason = explain(fault) if isinstance(fault, DimseError) else fault.reason
        is_last = pause_after(notice.attempts + 1) is None
        await work.call(work.availability.failed, notice, reason, is_last)
        raise NotDone(f"{notice.ae}: {reason}") from None
    await work.call(work.availability.taken, notice)
