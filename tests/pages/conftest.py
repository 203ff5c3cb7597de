"""Browser tests: the system's Chromium, pages that must be quiet and stay at home, and a check of accessibility."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.fake_api import ASSETS, FakeServer
from playwright.sync_api import ConsoleMessage, Page, Request

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WCAG_2_2_AA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium: none is downloaded."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    return {**browser_type_launch_args, "executable_path": str(CHROMIUM), "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """One language and zone, so that dates read the same everywhere; nothing moves."""
    screen = {"width": 1440, "height": 900}
    still = {"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "UTC"}
    return {**browser_context_args, **still, "viewport": screen}


@pytest.fixture(scope="session")
def base_url() -> str | None:
    """None: each test has its own server. (The plugin's own fixture is written in a way that pytest 9 warns of.)"""
    return None


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """The built pages with answers made to order."""
    if not (ASSETS / "index.html").exists():
        pytest.skip("the web application has not been built (make web)")
    with FakeServer() as server:
        yield server


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


@pytest.fixture(autouse=True)
def watch(page: Page) -> Iterator[Watch]:
    """Fails the test when the page wrote an error to the console or asked another host."""
    watch = Watch()
    page.on("console", watch.hear)
    page.on("pageerror", lambda error: watch.complaints.append(f"exception: {error}"))
    page.on("request", watch.see)
    yield watch
    assert watch.complaints == []


@pytest.fixture
def accessible(page: Page) -> Callable[[], None]:
    """Checks the page as it is now against WCAG 2.2 AA."""

    def check() -> None:
        results = Axe().run(page, options={**WCAG_2_2_AA, "resultTypes": ["violations"]})
        assert results.violations_count == 0, results.generate_report()

    return check
