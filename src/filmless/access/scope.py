"""The one decision: what a principal may reach for one right, as a ``Scope`` or ``NotAllowed``."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from filmless.access.roles import GRANTS, Reach, Right, Role
from filmless.archive.scope import Scope, View


class Kind(StrEnum):
    """How a principal made itself known; the first half of an actor's name in the record."""

    USER = "user"
    TOKEN = "token"  # noqa: S105  a word, no secret
    AE = "ae"
    LOCAL = "local"  # a command on this machine


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody or something that asks, already known."""

    kind: Kind
    name: str
    role: Role
    address: str = ""  # network address, empty for local commands
    until: datetime | None = None  # UTC; what made it known holds no longer than this
    study_uids: frozenset[str] = frozenset()  # what a related role reaches
    patient_keys: frozenset[tuple[str, str]] = frozenset()  # (issuer, Patient ID)
    view: View | None = None  # what the AE title that was called shows

    @property
    def actor(self) -> str:
        """The name under which the record keeps what this principal did."""
        return f"{self.kind}:{self.name}"


@dataclass(eq=False)
class NotAllowed(Exception):
    """The principal's role does not hold this right, or what made it known has ended."""

    actor: str
    right: Right


def scope(principal: Principal, right: Right, now: datetime) -> Scope:
    """What ``principal`` may reach for ``right`` at ``now`` (UTC); ``NotAllowed`` when nothing at all."""
    grant = GRANTS[principal.role]
    if right not in grant.rights or (principal.until is not None and now >= principal.until):
        raise NotAllowed(principal.actor, right)
    everything = grant.reach is Reach.EVERYTHING
    return Scope(
        actor=principal.actor,
        address=principal.address,
        everything=everything,
        study_uids=frozenset() if everything else principal.study_uids,
        patient_keys=frozenset() if everything else principal.patient_keys,
        view=principal.view,
        may_expire=Right.EXPIRE in grant.rights,
    )
