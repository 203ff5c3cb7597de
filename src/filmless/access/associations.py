"""An association that has ended, as the record gives it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordedAssociation:
    """What was asked, what was answered, and what to change; ``details`` are the facts that were recorded."""

    number: int  # rises with each; a page ends with one
    ended_at: datetime
    calling_ae: str
    address: str
    is_failed: bool
    details: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        """It as every door shows it."""
        return {
            "ended_at": self.ended_at,
            "calling_ae": self.calling_ae,
            "address": self.address,
            "failed": self.is_failed,
            **self.details,
        }
