"""The servers that are compared, each started afresh in an empty folder and ended by its own process id."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ORTHANC_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Target:
    """A running server."""

    name: str
    folder: Path
    title: str = ""
    dimse: int = field(default_factory=free_port)
    http: int = field(default_factory=free_port)
    url: str = ""
    token: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def launch(self, argv: list[str], ready: str, environment: dict[str, str] | None = None) -> None:
        """Starts the command and waits until ``ready`` answers."""
        self.folder.mkdir(parents=True)
        with (self.folder / "log").open("wb") as log:
            variables = {**os.environ, **(environment or {})}
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, env=variables, cwd=self.folder)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(ready, timeout=5):
                    return
            except OSError:
                if self.process.poll() is not None:
                    said = (self.folder / "log").read_text()[-400:]
                    raise RuntimeError(f"{self.name} ended at start: {said}") from None
                time.sleep(0.02)
        raise TimeoutError(f"{self.name} did not become ready")

    def stop(self) -> None:
        """Ends the server and forgets its folder."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def filmless(folder: Path) -> Target:
    """This program as a user starts it."""
    target = Target("filmless", folder, "FILMLESS")
    program, data = str(Path(sys.executable).with_name("filmless")), str(folder / "data")
    places = ["--dimse", f"127.0.0.1:{target.dimse}", "--http", f"127.0.0.1:{target.http}"]
    argv = [program, "serve", "--data", data, *places]
    target.launch(argv, f"http://127.0.0.1:{target.http}/readyz")
    target.url = f"http://127.0.0.1:{target.http}/dicomweb"
    create = [program, "token", "create", "--name", "bench", "--role", "administrator", "--data", data]
    target.token = subprocess.run(create, check=True, capture_output=True, text=True).stdout.split()[-1]
    return target


def orthanc(folder: Path) -> Target:
    """Orthanc with DICOMweb as distributed, Nagle's algorithm off (else each store waits 40 ms)."""
    target = Target("orthanc", folder, "ORTHANC")
    configuration = folder.with_suffix(".json")
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text(
        json.dumps(
            {
                "StorageDirectory": str(folder / "data"),
                "IndexDirectory": str(folder / "data"),
                "DicomAet": "ORTHANC",
                "DicomPort": target.dimse,
                "HttpPort": target.http,
                "AuthenticationEnabled": False,
                "RemoteAccessAllowed": False,
                "DicomCheckCalledAet": False,
                "DicomAlwaysAllowStore": True,
                "DicomAlwaysAllowFind": True,
                "Plugins": [os.path.realpath(ORTHANC_PLUGIN)],
            }
        )
    )
    target.launch(["Orthanc", str(configuration)], f"http://127.0.0.1:{target.http}/system", {"TCP_NODELAY": "1"})
    target.url = f"http://127.0.0.1:{target.http}/dicom-web"
    return target


def peers() -> list[str]:
    """The names of the peers that this machine has."""
    return ["orthanc"] if shutil.which("Orthanc") and ORTHANC_PLUGIN.exists() else []


START = {"filmless": filmless, "orthanc": orthanc}
