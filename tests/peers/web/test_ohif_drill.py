"""OHIF itself in Chromium, on another origin: its study list, and studies of each kind that it treats apart."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, Route, sync_playwright
from pydicom import dcmread

from objects import new_uid, series, write_file
from ohif_viewer import configuration, site, viewer
from serving import Server, wait_until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]  # fmt: skip
WELCOMED = "localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']))"
PICTURE = "[data-viewportid] canvas"
LEVELS = 8  # a viewport with fewer shows nothing but its text
SECONDS = 60.0
CORPUS = Path(__file__).resolve().parents[4] / "shared" / "data" / "dicom"

FILM = new_uid()  # study of a public film in MPEG-4, alone: of MPEG-2 the viewer knows nothing
PICTURES = {  # studies of the public files whose first series is shown at once
    "MR, 150 slices": "1.2.840.113619.6.408.28831229784644470934771902094312156645",
    "CT with segmentations": "1.2.392.200103.20080913.113635.0.2009.6.22.21.43.10.22941.1",
    "CT, JPEG 2000": "1.2.276.0.7230010.3.1.2.296485376.1.1521713414.1800996",
    "CT, JPEG lossless": "1.2.826.0.1.3680043.2.307.62.48865.356531.1",
    "CT, enhanced, RLE and JPEG-LS": "1.3.6.1.4.1.5962.1.2.10.1166562673.14401",
    "MR, enhanced": "1.3.46.670589.11.17240.5.0.13036.2018052615024545000",
    "CT with structure sets": "1.2.840.113619.2.405.3.84541899.902.1605198123.910",
    "CT with a parametric map and reports": "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322",
    "US, multi-frame, JPEG": "1.2.840.114340.3.8251017118051.1.20160503.120850.2171",
    "US, multi-frame, palette, JPEG-LS": "999.999.3859744",
    "XA, multi-frame, JPEG lossless": "1.3.6.1.4.1.21367.201599.1.201604021948048",
    "ECG": "1.3.76.13.65829.2.20130125082826.1072139.2",
}
OTHERS = {  # study, what of the page says that it is shown, and a part of the address that it comes from
    "slide": (
        "1.2.826.0.1.3680043.9.7433.3.82970457260936734119270346325882945",
        ".DicomMicroscopyViewer, canvas",
        "/frames/",
    ),
    "report": ("1.2.276.0.7230010.3.1.2.1787205428.166.1117461927.5", "text=Document Title", "/metadata"),
    "document": (
        "2.16.840.1.113662.2.1.53544936282433.12345.336.16650",
        "object[type='application/pdf']",
        "/bulkdata/00420011",
    ),
}


@dataclass
class Talk:
    """What passed between the page and the archive."""

    archive: str
    answered: list[tuple[int, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def finished(self, request: Request) -> None:
        """Take down an answer of the archive."""
        answer = request.response()
        if request.url.startswith(self.archive) and answer is not None:
            self.answered.append((answer.status, request.url.removeprefix(self.archive)))

    def gave_up(self, request: Request) -> None:
        """Take down a request of which the browser shows the page nothing; one that the page itself ends is none."""
        if request.url.startswith(self.archive) and request.failure != "net::ERR_ABORTED":
            self.failed.append(f"{request.url}: {request.failure}")

    def is_good(self) -> bool:
        """Whether there were answers, and all gave what was asked for."""
        return bool(self.answered) and not self.failed and all(status < 400 for status, _ in self.answered)


@dataclass(frozen=True)
class Viewer:
    """A page of the viewer, where it lies, and what it said to the archive."""

    page: Page
    origin: str
    token: str
    talk: Talk

    def open(self, study_uid: str) -> None:
        """Open a study as the study list does."""
        self.page.goto(f"{self.origin}/viewer?StudyInstanceUIDs={study_uid}")

    def has_fetched(self, part: str) -> bool:
        """Whether the archive has answered at an address with this part."""
        self.page.evaluate("0")  # what has happened in the browser is told with its answer
        return any(part in address for _, address in self.talk.answered)

    def has_picture(self) -> bool:
        """Whether a viewport shows more than an empty one does."""
        canvas = self.page.locator(PICTURE).first
        if not canvas.is_visible():
            return False
        grey = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("L"))
        return len(np.unique(grey)) > LEVELS


@pytest.fixture(scope="module")
def own_study(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A study made here: UID and the folder that it lies in."""
    folder = tmp_path_factory.mktemp("own")
    pixels = np.linspace(0, 4000, 64 * 64, dtype=np.uint16).tobytes()
    images = series(3, StudyInstanceUID=new_uid(), PatientName="Seen^Olivia", Rows=64, Columns=64, PixelData=pixels)
    for image in images:
        write_file(folder, image)
    return images[0].StudyInstanceUID, folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, own_study: tuple[str, Path]) -> Iterator[tuple[str, str, str]]:
    """Origin of the viewer, address of an archive that knows it and has studies, and a token for that."""
    with site(viewer()) as (origin, pages):
        data = tmp_path_factory.mktemp("ohif") / "data"
        server = Server(data, "--workers", "2", "--cors-origins", origin).start()
        try:
            for folder in (own_study[1], CORPUS):
                if folder.is_dir():
                    server.run("import", folder)
            if CORPUS.is_dir():
                film = dcmread(CORPUS / "generated-video" / "h264_hp41.dcm")
                film.StudyInstanceUID, film.SeriesInstanceUID, film.SOPInstanceUID = FILM, new_uid(), new_uid()
                film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
                film.save_as(own_study[1] / "film.dcm")
                server.run("import", own_study[1] / "film.dcm")
            pages["/app-config.js"] = configuration(f"{server.url}/dicomweb", token := server.token("radiologist"))
            yield origin, server.url, token
        finally:
            server.close()


@pytest.fixture
def ohif(place: tuple[str, str, str]) -> Iterator[Viewer]:
    """The viewer in a browser of its own."""
    if not CHROMIUM.exists():
        pytest.fail("Chromium is not installed: this drill needs /usr/bin/chromium")
    origin, archive, token = place
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_init_script(WELCOMED)
        page, talk = context.new_page(), Talk(archive)
        page.set_default_timeout(SECONDS * 1000)
        page.on("requestfinished", talk.finished)
        page.on("requestfailed", talk.gave_up)
        yield Viewer(page, origin, token, talk)
        browser.close()


def test_the_study_list_shows_what_is_searched_for(ohif: Viewer) -> None:
    ohif.page.goto(ohif.origin)
    ohif.page.get_by_text("Seen, Olivia").first.wait_for()
    ohif.page.goto(f"{ohif.origin}/?patientName=olivia&modalities=CT")
    ohif.page.get_by_text("Seen, Olivia").first.wait_for()
    ohif.page.goto(f"{ohif.origin}/?patientName=nobody")
    ohif.page.get_by_text("No studies available").wait_for()
    assert ohif.talk.is_good(), ohif.talk


def test_a_study_is_shown(ohif: Viewer, own_study: tuple[str, Path]) -> None:
    ohif.open(own_study[0])
    wait_until(ohif.has_picture, SECONDS)
    assert ohif.talk.is_good(), ohif.talk


@pytest.mark.parametrize("study_uid", PICTURES.values(), ids=PICTURES.keys())
def test_public_studies_are_shown(ohif: Viewer, corpus: Path, study_uid: str) -> None:
    ohif.open(study_uid)
    wait_until(ohif.has_picture, SECONDS)
    assert ohif.talk.is_good(), ohif.talk


@pytest.mark.parametrize(("study_uid", "sign", "source"), OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_picture_is_shown_too(ohif: Viewer, corpus: Path, study_uid: str, sign: str, source: str) -> None:
    ohif.open(study_uid)
    ohif.page.locator(sign).first.wait_for(state="attached")
    wait_until(lambda: ohif.has_fetched(source), SECONDS)
    assert ohif.talk.is_good(), ohif.talk


def test_a_film_plays_where_something_between_signs_in(ohif: Viewer, corpus: Path) -> None:
    """The viewer leaves films to the browser, which sends no token: a proxy has to, and is played by this test."""

    def sign_in(route: Route) -> None:
        route.continue_(headers={**route.request.headers, "authorization": f"Bearer {ohif.token}"})

    ohif.page.route("**/rendered", sign_in)
    ohif.open(FILM)
    wait_until(ohif.has_picture, SECONDS)
    assert ohif.talk.is_good(), ohif.talk
