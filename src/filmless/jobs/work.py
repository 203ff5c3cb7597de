"""What jobs are given to work with."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from filmless.access.commitment_rules import CommitmentRules
from filmless.access.peers import Peer
from filmless.archive.availability import Notice
from filmless.archive.commitment import Commitment, Files, Found
from filmless.archive.metadata.instance import Read
from filmless.archive.metadata.series import Bundles, Unsettled

T = TypeVar("T")


class Commitments(Protocol):
    """The record of commitments; blocks."""

    def pending(self, key: int, serial: int) -> Commitment | None: ...
    def found(self, instance_uids: Sequence[str]) -> Mapping[str, Found]: ...
    def decided(self, commitment: Commitment, failures: Sequence[int]) -> None: ...
    def postpone(self, commitment: Commitment, at: datetime | None) -> None: ...
    def failed(self, commitment: Commitment, at: datetime, error: str) -> None: ...
    def given_up(self, commitment: Commitment, error: str) -> None: ...
    def reported(self, commitment: Commitment) -> None: ...


class Rules(Protocol):
    """How the commitments of peers are handled; blocks."""

    def rules(self, title: str) -> CommitmentRules: ...


class Rejections(Protocol):
    """What rejection notes took out of use; blocks."""

    def hide(self, note: int) -> int: ...


class Peers(Protocol):
    """The AE registry; blocks."""

    def find(self, title: str) -> Peer | None: ...


class Availability(Protocol):
    """Notices of studies that have arrived; blocks."""

    def notice(self, key: int) -> Notice | None: ...
    def taken(self, notice: Notice) -> None: ...
    def failed(self, notice: Notice, error: str, is_last: bool) -> None: ...


class Settling(Protocol):
    """Studies that wait for their metadata bundles; blocks."""

    def next(self) -> Unsettled | None: ...
    def series(self, study: Unsettled) -> list[str]: ...
    def settled(self, study: Unsettled, series_ids: Sequence[int], count: int) -> None: ...
    def failed(self, study: Unsettled, pause: timedelta) -> None: ...


@dataclass(frozen=True, slots=True)
class Metadata:
    """What bundles are made of, and where they are kept."""

    waiting: Settling
    bundles: Bundles
    read: Read
    root: str  # address of the DICOMweb service, as most who ask know it


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that jobs reach of the house."""

    commitments: Commitments
    rejections: Rejections
    availability: Availability
    metadata: Metadata
    rules: Rules
    peers: Peers
    files: Files
    executor: Executor  # for calls that block
    now: Callable[[], datetime]
    ae_title: str  # by which we call
    tls: Callable[[], ssl.SSLContext]  # by which peers are called that want it

    async def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Run a call that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *arguments)
