"""Takes a picture of every page of a running server: screenshots.py BASE_URL USER PASSWORD OUT."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENS = {"1440x900": (1440, 900), "390x844": (390, 844)}  # CSS pixels
PHONE_WIDTH = 720


def main(base_url: str, user: str, password: str, out: str) -> None:
    """Write one PNG for each page and screen into the folder ``out``."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in SCREENS:
            _take(browser, base_url, (user, password), name, folder)
        browser.close()


def _take(browser: Browser, base_url: str, credentials: tuple[str, str], screen: str, folder: Path) -> None:
    width, height = SCREENS[screen]
    phone = width < PHONE_WIDTH
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=phone,
        is_mobile=phone,
        locale="en-GB",
        reduced_motion="reduce",
    )
    page = context.new_page()

    def shoot(name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.evaluate("() => Promise.all([...document.images].map(image => image.decode().catch(() => 0)))")
        page.screenshot(path=folder / f"{name}-{screen}.png")

    page.goto(f"{base_url}/setup#token=example")
    page.get_by_label("User name").wait_for()
    shoot("setup")
    page.goto(f"{base_url}/login")
    page.get_by_label("User name").wait_for()
    shoot("login")
    page.get_by_label("User name").fill(credentials[0])
    page.get_by_label("Password", exact=True).fill(credentials[1])
    page.keyboard.press("Enter")
    page.get_by_role("grid").wait_for()
    uid = _study_with_most_series(page)
    if not phone:
        page.goto(f"{base_url}/worklist?selected={uid}")
        page.get_by_role("complementary").get_by_role("img", name="Picture of").first.wait_for()
    shoot("studies")
    page.keyboard.press("u")
    page.get_by_role("dialog").wait_for()
    shoot("upload")
    page.goto(f"{base_url}/studies/{uid}")
    page.get_by_role("region", name="Series").wait_for()
    shoot("study")
    context.close()


def _study_with_most_series(page: Page) -> str:
    script = """async () => {
        const answer = await (await fetch("/api/studies?limit=100")).json();
        const images = answer.studies.filter((study) => study.modalities.some((code) => ["CT", "MR"].includes(code)));
        return (images.length ? images : answer.studies).toSorted((a, b) => b.series - a.series)[0].study_uid;
    }"""
    return str(page.evaluate(script))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
