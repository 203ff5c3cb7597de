"""Browser tests: the system's Chromium, pages that must be quiet and stay at home, and a check of accessibility."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from pages.fake_api import ASSETS, FakeServer
from pages.watch import Watch
from serving import ADMINISTRATOR, PASSWORD, Server

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WCAG_2_2_AA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, ended with each file: its event loop would be in the way of tests with their own."""
    if not CHROMIUM.exists():
        pytest.fail("Chromium is not installed: the tests of pages need /usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own; one language and zone, so that dates read the same everywhere; nothing moves."""
    screen = ViewportSize(width=1440, height=900)
    context = browser.new_context(viewport=screen, locale="en-GB", timezone_id="UTC", reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """The built pages with answers made to order."""
    if not (ASSETS / "index.html").exists():
        pytest.fail("the web application has not been built (make web)")
    with FakeServer() as server:
        yield server


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
def signed_in(page: Page, server: Server, watch: Watch) -> Page:
    """A page of somebody who is signed in to the real server."""
    watch.expected_statuses = {401}  # nobody is signed in yet, which is how the page learns it
    page.goto(f"{server.url}/login")
    page.get_by_label("User name").fill(ADMINISTRATOR)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("grid")).to_be_visible()
    return page


@pytest.fixture
def accessible(page: Page) -> Callable[[], None]:
    """Checks the page as it is now against WCAG 2.2 AA."""

    def check() -> None:
        results = Axe().run(page, options={**WCAG_2_2_AA, "resultTypes": ["violations"]})
        assert results.violations_count == 0, results.generate_report()

    return check
