"""Instances made ready to be sent: the presentation context each goes in, and the parts of its data set."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from filmless.archive.errors import Damaged, Unavailable
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.pixels.errors import CannotRender
from filmless.servers.association.line import Buffer
from filmless.servers.association.policy import Archive, Codecs
from filmless.servers.transcoding import TARGETS, Transcoder, syntax_given
from filmless.standards.upper_layer.association import AgreedContext

PART = 1 << 20  # bytes of one part; no more of an object is in memory at once, but for what is read ahead

Offered = Mapping[str, Mapping[str, AgreedContext]]  # SOP class to transfer syntax to the context that has both
Parts = Iterator[tuple[Buffer, bool]]  # a part of the data set, and whether it is the last


@dataclass(frozen=True, slots=True)
class Ready:
    """An instance that can be sent in a context; its first part is read."""

    kept: KeptInstance
    context: AgreedContext
    first: Buffer
    rest: Parts | None  # None: the first part is all


@dataclass(frozen=True, slots=True)
class Unready:
    """An instance that cannot be sent, and why, in words for an Error Comment."""

    kept: KeptInstance
    reason: str


def offered_by(contexts: Iterable[AgreedContext]) -> Offered:
    """The contexts of an association by what may be sent in them."""
    offered: dict[str, dict[str, AgreedContext]] = {}
    for context in contexts:
        offered.setdefault(context.abstract_syntax, {}).setdefault(context.transfer_syntax, context)
    return offered


@dataclass(frozen=True, slots=True)
class Preparation:
    """Reads instances for one association; blocks."""

    archive: Archive
    codecs: Codecs
    allowed: Scope
    offered: Offered
    preferred: tuple[str, ...] = ()  # transfer syntaxes, before the order that is ours

    def transcodes(self, batch: Sequence[KeptInstance]) -> bool:
        """Whether some are not given as they are stored, which takes long."""
        return any(kept.transfer_syntax_uid not in self.offered.get(kept.sop_class_uid, {}) for kept in batch)

    def prepare(self, batch: Sequence[KeptInstance]) -> list[Ready | Unready]:
        """Make instances ready, in their order."""
        return [self._prepare(kept) for kept in batch]

    def _prepare(self, kept: KeptInstance) -> Ready | Unready:
        contexts = self.offered.get(kept.sop_class_uid, {})
        other = next((contexts[uid] for uid in self._targets(kept) if uid in contexts), None)
        try:
            if (context := contexts.get(kept.transfer_syntax_uid)) is not None:
                return self._as_stored(kept, context)
            if other is not None:
                return self._transcoded(kept, other)
        except CannotRender as failure:
            return Unready(kept, f"cannot be decoded ({failure.reason}); accept {kept.transfer_syntax_uid}")
        except Damaged:
            return Unready(kept, "the stored object is damaged; it is in the archive's record")
        except Unavailable:
            return Unready(kept, "the storage does not answer now; try again")
        if contexts:
            return Unready(kept, f"accept {kept.transfer_syntax_uid}, as it is stored, or 1.2.840.10008.1.2.1")
        return Unready(kept, f"no context accepted for {kept.sop_class_uid}")

    def _targets(self, kept: KeptInstance) -> list[str]:
        """What it may be transcoded to, the best first."""
        order = dict.fromkeys((*self.preferred, *TARGETS))
        return [uid for uid in order if uid in TARGETS and syntax_given(kept, uid) == uid]

    def _transcoded(self, kept: KeptInstance, context: AgreedContext) -> Ready:
        """Transcode to the end before it is sent: a frame that does not decode fails this object alone."""
        transcoder = Transcoder(self.archive, self.codecs, self.allowed)
        parts = marked(_spooled(transcoder.transcode(kept, context.transfer_syntax)))
        first, is_last = next(parts)
        return Ready(kept, context, first, None if is_last else parts)

    def _as_stored(self, kept: KeptInstance, context: AgreedContext) -> Ready:
        pieces = self.archive.chunks(kept, self.allowed)
        if kept.length <= PART:
            return Ready(kept, context, memoryview(b"".join(pieces))[kept.head_length :], None)
        for _ in pieces:
            pass  # a damaged object is found before its message begins, which could not be taken back
        parts = marked(
            read_parts(lambda start, stop: self.archive.read(kept, start, stop), kept.head_length, kept.length)
        )
        first, is_last = next(parts)
        return Ready(kept, context, first, None if is_last else parts)


def read_parts(read: Callable[[int, int], bytes], start: int, stop: int) -> Iterator[bytes]:
    """The bytes from ``start`` to ``stop`` in parts."""
    for at in range(start, stop, PART):
        yield read(at, min(at + PART, stop))


def marked(parts: Iterator[bytes]) -> Parts:
    """Tell of each part whether it is the last."""
    part = next(parts)
    for following in parts:
        yield part, False
        part = following
    yield part, True


def _spooled(spool: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with spool:
        while part := spool.read(PART):
            yield part
