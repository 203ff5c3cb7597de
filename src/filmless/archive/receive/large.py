"""Large objects: streamed into a pack of their own, hashed and read as they pass, never whole in memory."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

from filmless.archive.coercion.overlay import Overlay, coerced
from filmless.archive.coercion.rules import Rules
from filmless.archive.errors import NoSpace, Unavailable
from filmless.archive.header import Header
from filmless.archive.model import Buffer, Outcome, Received, Refusal, Refused
from filmless.archive.ports import LargePack
from filmless.archive.receive.candidate import Candidate, accept, answered, as_found, is_native, storage_refusal
from filmless.archive.scope import Scope
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.frames import FragmentReader, FrameTable, locate_frames
from filmless.standards.data_set.scanner import Scan, scan

PREFIX = 2 << 20  # bytes kept for the scan until Pixel Data is reached; beyond it the written file is scanned

Submit = Callable[[Candidate, int], "Future[Outcome]"]


class LargeStore:
    """One object on its way in. ``write`` and ``finish`` block, so they run in an executor; they never raise for
    its bytes or for a full disk: the outcome says so.
    """

    def __init__(
        self, open_pack: Callable[[], LargePack], received: Received, scope: Scope, rules: Rules, submit: Submit
    ) -> None:
        self._received, self._scope, self._rules, self._submit = received, scope, rules, submit
        self._pack: LargePack | None = None
        self._refused: Refused | None = None
        self._sha256 = sha256()
        self._length = 0  # bytes of the data set so far
        self._prefix: bytearray | None = bytearray()
        self._scan: Scan | None = None
        self._fragments: FragmentReader | None = None
        try:
            self._pack = open_pack()
            self._pack.write(received.head)
        except Unavailable as fault:
            self._refuse(storage_refusal(fault))

    def write(self, chunk: Buffer) -> None:
        """Append a piece of the data set."""
        if self._pack is None:
            return
        try:
            self._pack.write(chunk)
        except Unavailable as fault:
            self._refuse(storage_refusal(fault))
            return
        self._sha256.update(chunk)
        if self._fragments is not None:
            self._fragments.feed(chunk)
        self._length += len(chunk)
        if self._prefix is not None:
            self._prefix += chunk
            self._scan_prefix(self._prefix)

    def finish(self) -> "Future[Outcome]":
        """The object is whole: bring it to stable storage and hand it to the committer."""
        candidate = self._candidate()
        if isinstance(candidate, Refused):
            self.abort()
            return answered(candidate)
        try:
            return self._submit(candidate, PREFIX)
        except NoSpace as fault:
            self.abort()
            return answered(storage_refusal(fault))

    def abort(self) -> None:
        """Nothing is kept of the object."""
        if self._pack is not None:
            with suppress(Unavailable):
                self._pack.abort()
            self._pack = None

    def _scan_prefix(self, prefix: bytearray) -> None:
        found = scan(prefix, self._received.transfer_syntax_uid, self._rules.wanted, final=False)
        if isinstance(found, Fault) and found.kind is FaultKind.INCOMPLETE:
            if len(prefix) > PREFIX:
                self._prefix = None  # the file is scanned when it is whole
            return
        header = accept(found, self._received)
        if isinstance(header, Refused):
            self._refuse(header)
            return
        self._scan, self._prefix = header.scan, None
        if not is_native(header.scan, self._received):
            self._fragments = FragmentReader(header.scan)
            self._fragments.feed(memoryview(prefix)[header.scan.pixel_start :])

    def _candidate(self) -> Candidate | Refused:
        pack = self._pack
        if pack is None or self._refused is not None:
            return self._refused or Refused(Refusal.STORAGE_FAILED, "The instance was not stored; try again")
        try:
            pack.flush()
            found, frames = self._examined(pack)
            header = accept(found, self._received)
            if isinstance(header, Refused):
                return header
            header, overlay = self._coerced(pack, header)
        except Unavailable as fault:
            return storage_refusal(fault)
        if isinstance(header, Refused):
            return header
        head = self._received.head
        return Candidate(
            received=replace(self._received, data_set=b""),
            scope=self._scope,
            header=header,
            length=len(head) + self._length,
            head_sha256=sha256(head).digest(),
            data_set_sha256=self._sha256.digest(),
            frames=frames,
            overlay=overlay,
            large=pack,
        )

    def _coerced(self, pack: LargePack, header: Header) -> tuple[Header | Refused, Overlay | None]:
        """The header as the rules want it; the record of the overlay is on stable storage before the file counts."""
        if not self._rules.rules:
            return as_found(header, b"", self._received, self._scope, None), None
        data_set = pack.view()[len(self._received.head) :]
        overlay = coerced(data_set, header.scan, self._received, self._rules)
        outcome = as_found(header, data_set, self._received, self._scope, overlay)
        if not isinstance(overlay, Overlay):
            return outcome, None
        if not isinstance(outcome, Refused):
            pack.overlay(overlay.record)
        return outcome, overlay

    def _examined(self, pack: LargePack) -> tuple[Scan | Fault, FrameTable | None]:
        """What the header says and where the frames lie; an object with a long header is read again from the disk."""
        if self._scan is not None:
            if self._fragments and not self._fragments.has_ended:
                return Fault(FaultKind.NOT_DICOM, "Fragments of Pixel Data do not end"), None
            return self._scan, self._fragments.table() if self._fragments else None
        data_set = pack.view()[len(self._received.head) :]
        found = scan(data_set, self._received.transfer_syntax_uid, self._rules.wanted)
        if isinstance(found, Fault) or is_native(found, self._received):
            return found, None
        return found, locate_frames(data_set, found)

    def _refuse(self, refused: Refused) -> None:
        self._refused, self._prefix, self._fragments = refused, None, None
        self.abort()
