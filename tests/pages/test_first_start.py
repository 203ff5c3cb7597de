"""The first start as somebody new goes through it: an empty folder, the one-time link, the first study."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from objects import ct_image, write_file
from pages.watch import Watch
from serving import FILMLESS, Server, run_command

pytestmark = pytest.mark.slow

NAME, SENTENCE = "Dr. Ada Reyes", "correct horse battery staple"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has ever signed in to."""
    server = Server(tmp_path / "data", "--workers", "1").start()
    yield server
    server.close()


def test_from_an_empty_folder_to_the_first_study(
    page: Page, fresh: Server, watch: Watch, tmp_path: Path, accessible: Callable[[], None]
) -> None:
    watch.expected_statuses = {401}  # nobody is signed in yet, which is how the page learns it
    page.goto(fresh.found(r"Make the first administrator \(once\): (\S+)"))
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.get_by_label("User name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(SENTENCE)
    page.get_by_label("Repeat the password").fill(SENTENCE)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="No studies yet")).to_be_visible()
    assert page.get_by_role("definition").all_text_contents() == ["FILMLESS", "127.0.0.1", str(fresh.port)]
    accessible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy: filmless send").click()
    program, *arguments = page.evaluate("navigator.clipboard.readText()").split()
    assert (program, arguments[-1]) == (FILMLESS.name, "FOLDER")

    folder = tmp_path / "images"
    folder.mkdir()
    image = ct_image(PatientName="First^Frida")
    write_file(folder, image)
    sent = run_command(*arguments[:-1], folder, "--data", fresh.data)
    assert sent.returncode == 0, sent.stderr
    expect(page.get_by_role("row").filter(has_text="First, Frida")).to_be_visible()  # without anybody asking

    page.get_by_role("link", name="First, Frida").click()
    expect(page.get_by_role("region", name="Patient")).to_contain_text("First, Frida")
    picture = page.get_by_role("region", name="Series").get_by_role("img", name="Picture of")
    picture.evaluate("(image) => image.decode()")  # one that comes after its study is gone would be missed
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("textbox", name="Reason").fill("a test")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No studies yet")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_role("row").filter(has_text="First, Frida")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Bin").click()
    entry = page.get_by_role("list", name="Bin").get_by_role("listitem")
    expect(entry).to_contain_text(f"Deleted by {NAME}")
    expect(entry).to_contain_text(f"Restored by {NAME}")
    expect(entry).to_contain_text("a test")
