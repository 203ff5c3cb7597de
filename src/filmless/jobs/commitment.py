"""The job that carries out a storage commitment: look, decide, report, again until the peer has taken the report."""

from collections.abc import Mapping
from dataclasses import dataclass

from filmless.archive.commitment import Commitment, settle
from filmless.clients.commitment import ReportRefused, send_report
from filmless.clients.faults import DimseError, explain
from filmless.jobs.pauses import pause_after
from filmless.jobs.work import Work


@dataclass(eq=False)
class NoPlace(Exception):
    """The peer has no address to which a report could be sent; ``reason`` says what to change."""

    reason: str


async def commitment(work: Work, arguments: Mapping[str, object]) -> None:
    """Go on with the commitment of these ``key`` and ``serial``; a run that another has overtaken does nothing."""
    key, serial = int(str(arguments["key"])), int(str(arguments["serial"]))
    pending = await work.call(work.commitments.pending, key, serial)
    if pending is None:
        return
    rules = await work.call(work.rules.rules, pending.request.ae)
    decided = await work.call(settle, pending, work.commitments, work.files, rules.proof, work.now())
    if decided is None:
        return
    try:
        await _report(work, decided)
    except (DimseError, ReportRefused, NoPlace) as fault:
        await _try_again(work, decided, explain(fault) if isinstance(fault, DimseError) else fault.reason)
    else:
        await work.call(work.commitments.reported, decided)


async def _report(work: Work, decided: Commitment) -> None:
    """Tell the peer what was found out (PS3.4 J.3.3)."""
    request = decided.request
    peer = await work.call(work.peers.find, request.ae)
    rules = await work.call(work.rules.rules, request.ae)
    if peer is None:
        raise NoPlace(f"{request.ae} is not registered: register it with its host and port (filmless ae add)")
    place = (rules.host or peer.host, rules.port or peer.port)
    if not place[1]:
        raise NoPlace(f"{request.ae} is registered without a port: give one, or --commit-to")
    await send_report(*place, rules.title or peer.title, decided, work.tls() if peer.tls else None)


async def _try_again(work: Work, decided: Commitment, error: str) -> None:
    pause = pause_after(decided.attempts + 1)
    if pause is None:
        await work.call(work.commitments.given_up, decided, error)
    else:
        await work.call(work.commitments.failed, decided, work.now() + pause, error)
