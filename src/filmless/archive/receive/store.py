"""Store: what waits together is examined, written and synced, recorded in one transaction, and answered together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filmless.archive.coercion.rules import Rules
from filmless.archive.errors import RecordRefused, Unavailable
from filmless.archive.header import WANTED
from filmless.archive.model import Outcome, Received, Refusal, Refused, StoredAs
from filmless.archive.ports import Batch, Index, Known, PackStore
from filmless.archive.receive.candidate import Candidate, examine, storage_refusal
from filmless.archive.receive.identity import Likeness, decide, is_written
from filmless.archive.rejections import Title
from filmless.archive.scope import Scope
from filmless.standards.data_set.same import same_elements
from filmless.standards.data_set.scanner import Scan, scan

COMPARED = 32 << 20  # bytes: larger objects are not compared element by element, another encoding is a conflict
_ROUNDS = 8  # in a row in which rivals were faster each time; then the sender is asked to try again


@dataclass(frozen=True, slots=True)
class Submission:
    """An instance on its way to the committer, not examined yet."""

    received: Received
    scope: Scope
    rules: Rules  # of coercion, as they were when it came


def examined(item: Submission | Candidate) -> Candidate | Refused:
    """What a group is made of: an instance whose header was read and whose hash is known, or why it is not taken."""
    return examine(item.received, item.scope, item.rules) if isinstance(item, Submission) else item


class Committer:
    """Commits groups. One thread at a time calls it; effects go through the ports only."""

    def __init__(self, packs: PackStore, index: Index) -> None:
        self._packs, self._index = packs, index
        self._is_in_doubt = False

    def commit(self, group: Sequence[Candidate | Refused]) -> list[Outcome]:
        """One outcome for each, in their order; where it is a success, bytes and rows are on stable storage."""
        candidates = [item for item in group if isinstance(item, Candidate)]
        self.settle(candidates)
        for candidate in candidates:
            self._close_large(candidate)
        return [_outcome(item) for item in group]

    def settle(self, candidates: Sequence[Candidate]) -> None:
        """Give every candidate its outcome; replay brings ones that have a placement already."""
        waiting = [candidate for candidate in candidates if _may_be_kept(candidate)]
        rounds = _ROUNDS
        while waiting and rounds:  # a group may hold any number of contents under one UID: one is settled each round
            before = len(waiting)
            waiting = self._round(waiting)
            rounds = _ROUNDS if len(waiting) < before else rounds - 1
        _refuse(waiting, Refusal.STORAGE_FAILED, "Others store the same instance; try again")

    def is_in_doubt(self) -> bool:
        """Whether a pack was left whose rows may be missing: then replay is due, and ``was_replayed`` after it.

        The index does not wait for its own disk, since the packs can bring its latest rows back; so when the
        database was lost, the rows of what it had not flushed are gone, and nothing more may be appended behind them.
        """
        if self._index.was_interrupted():
            self._leave()
        return self._is_in_doubt

    def was_replayed(self) -> None:
        """Nothing is in doubt any more."""
        self._is_in_doubt = False

    def record_sealed(self) -> None:
        """Tell the index of packs that were sealed since the last group; at the end of a process."""
        if names := self._packs.sealed():
            self._index.record(Batch((), {}, names))

    def _round(self, candidates: list[Candidate]) -> list[Candidate]:
        """Decide and record what can be now; the rest waits for the next round."""
        try:
            known = self._index.known([candidate.uid for candidate in candidates])
        except Unavailable as fault:
            return _refuse_for(fault, candidates)
        chosen: dict[str, Candidate] = {}
        later = []
        for candidate in candidates:
            if not self._needs_record(candidate, known):
                continue
            if candidate.uid in chosen:
                later.append(candidate)  # compared with what this round stores under its UID
            else:
                chosen[candidate.uid] = candidate
        return later + self._keep(sorted(chosen.values(), key=lambda candidate: candidate.uid))

    def _needs_record(self, candidate: Candidate, known: Mapping[str, Known]) -> bool:
        """Decide what it is; whoever needs no record has its outcome then."""
        candidate.known = known.get(candidate.uid)
        stored_as = decide(
            candidate.data_set_sha256,
            candidate.received.source.duplicates,
            candidate.known,
            lambda: self._likeness(candidate),
        )
        if stored_as is None:
            candidate.refuse(Refusal.DUPLICATE, "Another content is kept under this SOP Instance UID")
            return False
        candidate.stored_as = stored_as
        if stored_as is StoredAs.SAME_ELEMENTS or is_written(stored_as, candidate.data_set_sha256, candidate.known):
            return True
        candidate.outcome = candidate.stored()
        return False

    def _likeness(self, candidate: Candidate) -> Likeness:
        known, received, large = candidate.known, candidate.received, candidate.large
        if known is None or max(known.placement.length, candidate.length) > COMPARED:
            return Likeness.OTHER
        place = known.placement
        try:
            kept = self._packs.read(place.pack, place.offset + place.head_length, place.offset + place.length)
            data_set = large.view()[len(received.head) :] if large else received.data_set
        except Unavailable:
            return Likeness.OTHER  # kept as a conflict version: nothing is lost by it
        if same_elements(kept, known.transfer_syntax_uid, data_set, received.transfer_syntax_uid):
            return Likeness.SAME_ELEMENTS
        is_continued = memoryview(data_set)[: len(kept)] == kept
        found = scan(kept, known.transfer_syntax_uid, WANTED) if is_continued else None
        return Likeness.COMPLETES if isinstance(found, Scan) and found.truncated else Likeness.OTHER

    def _keep(self, chosen: list[Candidate]) -> list[Candidate]:
        """Write what has no place yet, then record all; returned are those whose UID a rival took meanwhile."""
        if not chosen:
            return []
        self.is_in_doubt()  # the question that found out what is known may have found the database gone
        try:
            marks = self._write([each for each in chosen if each.stored_as is not StoredAs.SAME_ELEMENTS])
        except Unavailable as fault:
            self._void(chosen, "the group could not be written")
            return _refuse_for(fault, chosen)
        try:
            lost = self._index.record(Batch([each.entry() for each in chosen], marks, self._packs.sealed()))
        except RecordRefused:
            return self._keep_singly(chosen)
        except Unavailable as fault:
            self._leave()  # the transaction may have been committed: replay of the pack finds out
            return _refuse_for(fault, chosen)
        return self._part(chosen, lost)

    def _keep_singly(self, chosen: list[Candidate]) -> list[Candidate]:
        """After a group's transaction failed: each in its own, the guilty refused; marks wait for the next group."""
        again: list[Candidate] = []
        guilty = []
        for candidate in chosen:
            try:
                lost = self._index.record(Batch([candidate.entry()], {}))
            except RecordRefused:
                guilty.append(candidate)
            except Unavailable as fault:
                self._leave()
                _refuse_for(fault, [candidate])
            else:
                again += self._part([candidate], lost)
        self._void(guilty, "refused by the index")
        _refuse(guilty, Refusal.STORAGE_FAILED, "The index does not take this instance")
        return again

    def _part(self, recorded: list[Candidate], lost: frozenset[str]) -> list[Candidate]:
        """Give the recorded ones their success; void what the losers of a race have written."""
        losers = [candidate for candidate in recorded if candidate.uid in lost]
        for candidate in recorded:
            if candidate.uid not in lost:
                candidate.outcome = candidate.stored()
        self._void(losers, "stored by another process first")
        return losers

    def _void(self, candidates: Sequence[Candidate], reason: str) -> None:
        """Declare their members no part of the archive; a void record that fails leaves the decision to replay."""
        fresh = [each for each in candidates if not each.replayed]
        offsets = [each.placement.offset for each in fresh if each.placement and not each.large]
        try:
            if offsets:
                self._packs.void(offsets, reason)
        except Unavailable:
            self._leave()
        for candidate in fresh:
            candidate.placement = None

    def _leave(self) -> None:
        self._packs.leave()
        self._is_in_doubt = True

    def _write(self, candidates: Sequence[Candidate]) -> dict[str, int]:
        """Bring members without a place to stable storage; the packs written, and where each then ends."""
        marks = {}
        small = [candidate for candidate in candidates if not candidate.placement and not candidate.large]
        if small:
            appended = self._packs.append([candidate.member() for candidate in small])
            marks[appended.pack] = appended.end
            for candidate, offset in zip(small, appended.offsets, strict=True):
                candidate.place(appended.pack, offset)
        for candidate in candidates:
            if candidate.large and not candidate.placement:
                appended = candidate.large.finish(candidate.label())
                marks[appended.pack] = appended.end
                candidate.place(appended.pack, appended.offsets[0])
        return marks

    @staticmethod
    def _close_large(candidate: Candidate) -> None:
        """A large object's pack is sealed when it was recorded, removed when it was not written for good."""
        large, outcome = candidate.large, candidate.outcome
        if large is None:
            return
        try:
            if candidate.placement is None:
                large.abort()
            elif isinstance(outcome, Refused):
                large.leave()
            else:
                large.seal()
        except Unavailable:
            large.leave()


def _outcome(item: Candidate | Refused) -> Outcome:
    if isinstance(item, Refused):
        return item
    return item.outcome or Refused(Refusal.STORAGE_FAILED, "The instance was not stored; try again")


def _may_be_kept(candidate: Candidate) -> bool:
    """Whether its sender may send it; who may not has the answer then."""
    try:
        candidate.read_rejection()
    except Unavailable as fault:
        _refuse_for(fault, [candidate])
        return False
    rejection = candidate.rejection
    if rejection is None or rejection.title is not Title.EXPIRED or candidate.scope.may_expire:
        return True
    candidate.refuse(Refusal.NOT_ALLOWED, "A rejection note titled 113039 needs the right expire")
    return False


def _refuse(candidates: Sequence[Candidate], refusal: Refusal, comment: str) -> None:
    for candidate in candidates:
        candidate.refuse(refusal, comment)


def _refuse_for(fault: Unavailable, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Nothing of these was stored: the sender may try again."""
    refused = storage_refusal(fault)
    _refuse(candidates, refused.refusal, refused.comment)
    return []
