"""Roles and rights as one table: which role may do what, and how far it reaches."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the archive; rights are granted to roles, never to people."""

    ADMINISTRATOR = "administrator"
    RADIOLOGIST = "radiologist"
    TECHNOLOGIST = "technologist"
    CLINICIAN = "clinician"
    REFERRER = "referrer"
    PATIENT = "patient"
    RESEARCHER = "researcher"
    PHYSICIST = "physicist"
    AUDITOR = "auditor"
    SERVICE = "service"  # a program: modality gateway, AI, another archive


class Right(StrEnum):
    """What a request needs; each route and each DICOM service names exactly one."""

    SESSION = "session"  # know oneself: every known principal may
    STORE = "store"
    FIND = "find"
    RETRIEVE = "retrieve"
    EXPIRE = "expire"  # send rejection notes for expired retention
    DELETE = "delete"  # put into the bin, and take out of it
    REVIEW = "review"  # the inbox: conflict versions, demographics that disagree
    ADMINISTER = "administer"  # users, tokens, peers
    AUDIT = "audit"  # read the record of events


class Reach(StrEnum):
    """Whose objects a role's rights hold for."""

    EVERYTHING = "everything"
    RELATED = "related"  # only studies and patients the principal is related to by name


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of a role and how far they reach."""

    rights: frozenset[Right]
    reach: Reach


def _grant(reach: Reach, *rights: Right) -> Grant:
    return Grant(frozenset((Right.SESSION, *rights)), reach)


GRANTS: dict[Role, Grant] = {
    Role.ADMINISTRATOR: _grant(Reach.EVERYTHING, *Right),
    Role.RADIOLOGIST: _grant(Reach.EVERYTHING, Right.STORE, Right.FIND, Right.RETRIEVE, Right.REVIEW),
    Role.TECHNOLOGIST: _grant(Reach.EVERYTHING, Right.STORE, Right.FIND, Right.RETRIEVE, Right.DELETE, Right.REVIEW),
    Role.CLINICIAN: _grant(Reach.RELATED, Right.FIND, Right.RETRIEVE),
    Role.REFERRER: _grant(Reach.RELATED, Right.FIND, Right.RETRIEVE),
    Role.PATIENT: _grant(Reach.RELATED, Right.FIND, Right.RETRIEVE),
    Role.RESEARCHER: _grant(Reach.RELATED, Right.FIND, Right.RETRIEVE),
    Role.PHYSICIST: _grant(Reach.EVERYTHING, Right.FIND, Right.RETRIEVE),
    Role.AUDITOR: _grant(Reach.EVERYTHING, Right.AUDIT),
    Role.SERVICE: _grant(Reach.EVERYTHING, Right.STORE, Right.FIND, Right.RETRIEVE),
}


@dataclass(eq=False)
class UnknownRole(Exception):
    """A role that does not exist was named; ``str()`` lists those that do."""

    name: str

    def __str__(self) -> str:
        return f'There is no role "{self.name}". Roles are: {", ".join(Role)}.'


def role(name: str) -> Role:
    """The role of this name, or ``UnknownRole``."""
    try:
        return Role(name.strip().lower())
    except ValueError:
        raise UnknownRole(name) from None
