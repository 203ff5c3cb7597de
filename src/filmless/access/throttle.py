"""How long a login must wait after failures: some are free, then each costs a growing delay."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FREE_FAILURES = 10  # of one account
FREE_OF_ADDRESS = 100  # of one address, whatever the names: a hospital, a proxy or a provider may be behind it
MEMORY = timedelta(hours=1)  # failures older than this are forgotten
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Subject:
    """What failures are counted of, and how many are free."""

    key: str
    free: int = FREE_FAILURES


def subjects(name: str, address: str, *, is_known: bool) -> tuple[Subject, ...]:
    """Give what a try of this name from this address counts against.

    Where the account's owner has signed in before, only tries of that name from there count: whoever guesses at the
    name from elsewhere, or at other names from there, does not lock the owner out. Elsewhere every try of the name
    counts, and every name that is tried from the address.
    """
    network = _network(address)
    if is_known:
        return (Subject(f"owner:{network}:{name}"),)
    return (Subject(f"account:{name}"), Subject(f"address:{network}", FREE_OF_ADDRESS))


def wait(failures: Sequence[datetime], now: datetime, free: int = FREE_FAILURES) -> timedelta:
    """Time until the next try is let through; ``failures`` are the moments within ``MEMORY``, oldest first.

    The delay after the last failure doubles with every further ``free`` failures, so no minute ever holds more than
    that many of one subject.
    """
    strikes = len(failures) // free
    if strikes == 0:
        return timedelta(0)
    delay = min(FIRST_DELAY * (1 << min(strikes - 1, 8)), LONGEST_DELAY)
    return max(failures[-1] + delay - now, timedelta(0))


def _network(address: str) -> str:
    """An IPv6 host has a /64 to itself, so that is what counts as one address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
