"""AE titles of ours beside the configured one: what may be done under each, and the view that it shows."""

from dataclasses import dataclass, field

from filmless.access.peers import DEFAULT_OPERATIONS, check_operations, check_title
from filmless.archive.scope import View


@dataclass(frozen=True, slots=True)
class CalledTitle:
    """A title that peers may call; refuses with ``BadPeer`` what cannot be one."""

    title: str
    allow: frozenset[str] = DEFAULT_OPERATIONS
    view: View = field(default_factory=View)

    def __post_init__(self) -> None:
        check_title(self.title)
        check_operations(self.allow)
