"""What a page may not do while a test acts on it, and the size of a phone."""

from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Request, ViewportSize

PHONE = ViewportSize(width=390, height=844)


@dataclass
class Watch:
    """What a page did that it should not do."""

    expected_statuses: set[int] = field(default_factory=set)  # a test adds those that it provokes
    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Take down an error or warning, but not a status that the test provokes."""
        provoked = any(f"status of {status}" in message.text for status in self.expected_statuses)
        if message.type in ("error", "warning") and not provoked:
            self.complaints.append(f"{message.type}: {message.text}")

    def see(self, request: Request) -> None:
        """Take down a request that leaves this computer."""
        if not request.url.startswith(("http://127.0.0.1:", "blob:", "data:")):
            self.complaints.append(f"foreign request: {request.url}")
