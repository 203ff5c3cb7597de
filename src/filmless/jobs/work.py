"""What jobs are given to work with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that jobs reach of the house."""
