"""Who is asking and what he may see; goes down with every call to the archive."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """The objects one actor may reach, decided by ``access`` and compiled into each statement.

    A scope that is not ``everything`` and names no study and no patient reaches nothing.
    """

    actor: str  # "user:alice", "token:bench", "ae:CT1", "local:import": what the record keeps
    address: str = ""  # peer's network address, empty for local commands
    everything: bool = False
    study_uids: frozenset[str] = frozenset()
    patient_keys: frozenset[tuple[str, str]] = frozenset()  # (issuer, Patient ID)
