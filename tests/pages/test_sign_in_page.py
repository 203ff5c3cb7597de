"""Signing in, being refused, being throttled, signing out, and the first administrator."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pages.fake_api import FakeServer
from pages.watch import Watch

pytestmark = pytest.mark.slow


def sign_in(page: Page, password: str) -> None:
    """Fill the form by its labels and press Enter."""
    page.get_by_label("User name").fill("reyes")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password", exact=True).press("Enter")


def test_an_address_asked_for_without_session_is_shown_after_signing_in(
    page: Page, fake: FakeServer, watch: Watch, accessible: Callable[[], None]
) -> None:
    watch.expected_statuses = {401}
    page.goto(f"{fake.url}/worklist?modality=CT")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("User name")).to_be_focused()
    accessible()
    sign_in(page, "correct horse battery")
    expect(page.get_by_role("grid", name="Studies")).to_be_visible()
    expect(page).to_have_url(f"{fake.url}/worklist?modality=CT")


def test_the_way_back_never_leads_to_another_site(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {401}
    page.goto(f"{fake.url}/login?next=//elsewhere.example/")
    sign_in(page, "correct horse battery")
    expect(page).to_have_url(f"{fake.url}/worklist")


def test_a_wrong_password_is_said_and_cleared(
    page: Page, fake: FakeServer, watch: Watch, accessible: Callable[[], None]
) -> None:
    watch.expected_statuses = {401}
    page.goto(f"{fake.url}/login")
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("User name or password is wrong.")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    expect(page.get_by_label("User name")).to_have_value("reyes")
    accessible()


def test_after_too_many_tries_the_page_counts_down(
    page: Page, fake: FakeServer, watch: Watch, accessible: Callable[[], None]
) -> None:
    watch.expected_statuses = {401, 429}
    fake.state.failing["/api/login"] = (429, {"title": "Too many failed tries."})
    page.goto(f"{fake.url}/login")
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("Try again in 3 seconds")
    expect(page.get_by_role("button", name="Sign in")).to_be_disabled()
    accessible()
    expect(page.get_by_role("alert")).to_have_text("You can try again now.")
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()


def test_signing_out_leaves_nothing_on_the_screen(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {401}
    fake.state.signed_in = True
    page.goto(f"{fake.url}/worklist")
    page.get_by_role("button", name="Account of Dr. E. Reyes").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_role("grid")).to_have_count(0)


def test_a_session_that_ended_leads_back_to_signing_in(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {401}
    fake.state.signed_in = True
    page.goto(f"{fake.url}/worklist")
    expect(page.get_by_role("grid")).to_be_visible()
    fake.state.signed_in = False
    page.get_by_role("button", name="Patient", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_signs_in_again_is_back_where_the_session_ended(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {401}
    fake.state.signed_in, fake.state.rights = True, ["delete", "find", "retrieve"]
    page.goto(f"{fake.url}/worklist?modality=XA")
    page.get_by_role("link", name="Müller, Jonas").first.click()
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Müller, Jonas")
    address = page.url
    page.keyboard.press("Delete")
    page.get_by_role("textbox", name="Reason").fill("test")
    fake.state.signed_in = False
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("Müller")).to_have_count(0)
    sign_in(page, "correct horse battery")
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Müller, Jonas")
    expect(page).to_have_url(address)
    assert fake.state.deletions == []
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/worklist\?modality=XA"))


def test_the_one_time_link_makes_the_administrator_and_leaves_the_address(
    page: Page, fake: FakeServer, watch: Watch, accessible: Callable[[], None]
) -> None:
    watch.expected_statuses = {401}
    page.goto(f"{fake.url}/setup#token=secret")
    expect(page).to_have_url(f"{fake.url}/setup")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("Repeat the password").fill("shorter")
    page.get_by_role("button", name="Create administrator").click()
    expect(page.get_by_text("Shorter than 12 characters.")).to_be_visible()
    expect(page.get_by_text("The two passwords differ.")).to_be_visible()
    accessible()
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Repeat the password").fill("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_role("grid", name="Studies")).to_be_visible()


def test_a_used_link_is_said_in_the_servers_words(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {401, 403}
    fake.state.failing["/api/setup"] = (403, {"detail": "This link has been used."})
    page.goto(f"{fake.url}/setup#token=secret")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Repeat the password").fill("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This link has been used.")


def test_setup_without_a_token_says_where_the_link_is(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {401}
    page.goto(f"{fake.url}/setup")
    expect(page.get_by_role("alert")).to_contain_text("one-time link")
