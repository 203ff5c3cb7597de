"""What tests of the viewer share: signing in, opening a study, and what stands on the screen as numbers."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from pydicom.dataset import Dataset

from pages.watch import Watch
from serving import ADMINISTRATOR, PASSWORD, Server

LOADED = 30_000  # ms, on a machine that has much else to do
GRID = 48  # blocks a side that two pictures are compared in


@dataclass
class Viewer:
    """A signed-in page on a real server."""

    page: Page
    server: Server

    def bring(self, *files: Path) -> None:
        """Import files into the archive."""
        done = self.server.run("import", *files)
        assert done.returncode == 0, done.stderr

    def open(self, study: str, query: str = "") -> None:
        """The viewer of a study; its first viewport has its stored pixels."""
        self.page.goto(f"{self.server.url}/read/{study}{query}")
        self.wait_for_pixels(0)

    def pane(self, at: int) -> Locator:
        return self.page.get_by_role("region", name=f"Viewport {at + 1}")

    def wait_for_pixels(self, at: int) -> None:
        expect(self.pane(at).locator(".badge:not(.badge-preview)")).to_be_visible(timeout=LOADED)

    def letters(self, at: int = 0) -> str:
        """At the top, right, bottom and left."""
        return " ".join(
            self.pane(at).locator(f'[data-side="{side}"]').inner_text() for side in ("top", "right", "bottom", "left")
        )

    def slice(self, at: int = 0) -> Locator:
        return self.pane(at).get_by_test_id("slice")

    def canvas(self, at: int = 0) -> NDArray[np.uint8]:
        """(row, column, red green blue) of a viewport."""
        address = self.pane(at).locator("canvas").evaluate("canvas => canvas.toDataURL('image/png')")
        return as_array(base64.b64decode(address.split(",", 1)[1]))

    def rendered(self, image: Dataset, size: tuple[int, int], frame: int = 1) -> NDArray[np.uint8]:
        """What the server paints of a frame in a viewport of this (width, height)."""
        address = (
            f"{self.server.url}/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
            f"/instances/{image.SOPInstanceUID}/frames/{frame}/rendered?viewport={size[0]},{size[1]}"
        )
        answer = self.page.request.get(address, headers={"Accept": "image/png"})
        assert answer.ok, answer.text()
        return as_array(answer.body())

    def assert_as_rendered(self, image: Dataset, at: int = 0, frame: int = 1) -> None:
        """The viewport shows what the server paints, but for how either interpolates."""
        shown = self.canvas(at)
        painted = self.rendered(image, (shown.shape[1], shown.shape[0]), frame)
        difference = np.abs(blocks(shown) - blocks(padded(painted, shown.shape)))
        assert np.percentile(difference, 99) < 12, difference.max()
        assert difference.mean() < 2, difference.mean()


def sign_in(page: Page, server: Server, watch: Watch) -> Viewer:
    """By password, as everybody."""
    watch.expected_statuses = {401}  # nobody is signed in yet, which is how the page learns it
    page.goto(f"{server.url}/login")
    page.get_by_label("User name").fill(ADMINISTRATOR)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Studies", exact=True)).to_be_visible()
    return Viewer(page, server)


def as_array(encoded: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def padded(picture: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The picture in the middle of black, where it came smaller than it may be."""
    whole = np.zeros(shape, np.uint8)
    top, left = (shape[0] - picture.shape[0]) // 2, (shape[1] - picture.shape[1]) // 2
    whole[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return whole


def blocks(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Means of a coarse grid."""
    rows, columns = picture.shape[0] // GRID * GRID, picture.shape[1] // GRID * GRID
    cut = picture[:rows, :columns].astype(np.float64)
    return cut.reshape(GRID, rows // GRID, GRID, columns // GRID, 3).mean(axis=(1, 3))
