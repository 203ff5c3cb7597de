"""References to instances within sequences: of a commitment, of a rejection note (PS3.3 10.8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from filmless.standards.data_set.elements import Buffer
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.inflate import readable
from filmless.standards.data_set.scanner import scan
from filmless.standards.data_set.walk import Kind, Step, walk

REFERENCED_SOPS = 0x00081199  # Referenced SOP Sequence

_SOP_CLASS, _INSTANCE = 0x00081150, 0x00081155
_STUDY, _SERIES = 0x0020000D, 0x0020000E
_LONGEST = 64  # characters of a UID or code


@dataclass(frozen=True, slots=True)
class Reference:
    """One referenced instance; the UIDs are as they came, not checked."""

    sop_class_uid: str
    instance_uid: str
    study_uid: str = ""  # where the references lie in series of studies (PS3.3 Table 10-4)
    series_uid: str = ""


@dataclass(frozen=True, slots=True)
class References:
    """What a data set refers to, in its order, and its texts: (path of tags) to the first value under it."""

    references: tuple[Reference, ...]
    texts: Mapping[tuple[int, ...], str]


def read_references(
    data: Buffer, transfer_syntax_uid: str, place: tuple[int, ...], texts: frozenset[tuple[int, ...]], most: int
) -> References | Fault:
    """Read the references in the items of the sequence at ``place`` (a path of tags), and ``texts``; never raises.

    More than ``most`` references are a fault of kind LIMIT.
    """
    found = scan(data, transfer_syntax_uid, frozenset())
    if isinstance(found, Fault):
        return found
    if found.truncated:
        return Fault(FaultKind.TRUNCATED, "Data set ends within an element")
    body, encoding = readable(data, transfer_syntax_uid)
    reader = _Reader(body, place, texts)
    for step in walk(body, encoding):
        reader.take(step)
        if len(reader.references) > most:
            return Fault(FaultKind.LIMIT, f"More than {most} instances are referred to")
    return References(tuple(reader.references), reader.texts)


@dataclass(slots=True)
class _Reader:
    """Gathers from the steps of a walk."""

    body: Buffer
    place: tuple[int, ...]
    wanted: frozenset[tuple[int, ...]]
    references: list[Reference] = field(default_factory=list)
    texts: dict[tuple[int, ...], str] = field(default_factory=dict)
    path: tuple[int, ...] = ()
    sop_class_uid: str = ""
    instance_uid: str = ""
    study_uid: str = ""
    series_uid: str = ""
    study_from: int = 0  # the first reference of the study's item
    series_from: int = 0

    def take(self, step: Step) -> None:
        kind, tag, _, start, stop, _ = step
        if kind is Kind.SEQUENCE:
            self.path += (tag,)
        elif kind is Kind.END_SEQUENCE:
            self.path = self.path[:-1]
        elif kind is Kind.ITEM:
            self._begin_item()
        elif kind is Kind.END_ITEM:
            self._end_item()
        elif kind is Kind.ELEMENT:
            self._take_element(tag, start, stop)

    def _begin_item(self) -> None:
        if self.path == self.place:
            self.sop_class_uid = self.instance_uid = ""
        elif self.path and self.path == self.place[:-1]:
            self.series_uid, self.series_from = "", len(self.references)
        elif self.path and self.path == self.place[:-2]:
            self.study_uid, self.study_from = "", len(self.references)

    def _end_item(self) -> None:
        """The UIDs of series and study stand behind what they hold: elements are in the order of their tags."""
        references = self.references
        if self.path == self.place:
            references.append(Reference(self.sop_class_uid, self.instance_uid))
        elif self.path and self.path == self.place[:-1]:
            of_series = references[self.series_from :]
            references[self.series_from :] = [replace(one, series_uid=self.series_uid) for one in of_series]
        elif self.path and self.path == self.place[:-2]:
            of_study = references[self.study_from :]
            references[self.study_from :] = [replace(one, study_uid=self.study_uid) for one in of_study]

    def _take_element(self, tag: int, start: int, stop: int) -> None:
        path = (*self.path, tag)
        if self.path == self.place and tag == _SOP_CLASS:
            self.sop_class_uid = self._text(start, stop)
        elif self.path == self.place and tag == _INSTANCE:
            self.instance_uid = self._text(start, stop)
        elif tag == _SERIES and self.path and self.path == self.place[:-1]:
            self.series_uid = self._text(start, stop)
        elif tag == _STUDY and self.path and self.path == self.place[:-2]:
            self.study_uid = self._text(start, stop)
        elif path in self.wanted:
            self.texts.setdefault(path, self._text(start, stop))

    def _text(self, start: int, stop: int) -> str:
        return bytes(self.body[start : min(stop, start + _LONGEST + 2)]).decode("latin-1").strip("\0 ")
