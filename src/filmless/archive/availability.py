"""What a peer is told of a study that has arrived: which instances can be retrieved (PS3.4 R)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from filmless.standards.data_set.references import Reference


@dataclass(frozen=True, slots=True)
class AvailableSeries:
    """The instances of one series that are given out."""

    series_uid: str
    references: Sequence[Reference]


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that a peer has not taken yet, as its job finds it."""

    key: int
    uid: UUID  # SOP Instance UIDs come from it, so that each try has the same
    ae: str
    study_uid: str
    attempts: int  # that failed
    series: Sequence[AvailableSeries]

    @property
    def count(self) -> int:
        """Instances that it names."""
        return sum(len(one.references) for one in self.series)
