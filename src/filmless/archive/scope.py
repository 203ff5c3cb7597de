"""Who is asking and what he may see; goes down with every call to the archive."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """The series that one of our AE titles shows: those that meet each restriction; an empty one restricts nothing.

    A value that is unknown (no modality, no institution, no sender) meets no restriction on it.
    """

    modalities: frozenset[str] = frozenset()
    institutions: frozenset[str] = frozenset()  # Institution Name (0008,0080)
    issuers: frozenset[str] = frozenset()  # Issuer of Patient ID (0010,0021)
    source_aes: frozenset[str] = frozenset()  # AE title that sent the first object of the series

    @property
    def is_everything(self) -> bool:
        """Whether nothing is restricted."""
        return not (self.modalities or self.institutions or self.issuers or self.source_aes)


@dataclass(frozen=True, slots=True)
class Scope:
    """The objects one actor may reach, decided by ``access`` and compiled into each statement.

    A scope that is not ``everything`` and names no study and no patient reaches nothing. A view narrows further.
    """

    actor: str  # "user:alice", "token:bench", "ae:CT1", "local:import": what the record keeps
    address: str = ""  # peer's network address, empty for local commands
    everything: bool = False
    study_uids: frozenset[str] = frozenset()
    patient_keys: frozenset[tuple[str, str]] = frozenset()  # (issuer, Patient ID)
    view: View | None = None
    may_expire: bool = False  # a rejection note for expired retention (113039) is taken from it

    @property
    def is_unbounded(self) -> bool:
        """Whether it reaches every object."""
        return self.everything and (self.view is None or self.view.is_everything)
