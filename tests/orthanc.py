"""Orthanc, as Debian has it, as a peer of the tests."""

import json
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

SECONDS = 60


class Orthanc:
    """Orthanc in a folder of its own, on free ports."""

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        program = shutil.which("Orthanc")
        if program is None:
            pytest.fail("Orthanc is not installed: tools/system_packages.sh does it on Debian")
        self.folder = folder
        self.dicom, self.http = free_ports(2)
        configuration = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "DicomPort": self.dicom,
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [],
            **settings,
        }
        file = folder / "orthanc.json"
        file.write_text(json.dumps(configuration))
        self.process = subprocess.Popen([program, file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_up(self) -> bool:
        assert self.process.poll() is None, "Orthanc has ended"
        try:
            return requests.get(f"http://127.0.0.1:{self.http}/system", timeout=5).ok
        except requests.ConnectionError:
            return False

    def ask(self, path: str, body: object) -> Any:
        answer = requests.post(f"http://127.0.0.1:{self.http}{path}", json=body, timeout=SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def instances(self, study_uid: str) -> list[str]:
        """SOP Instance UIDs of a study that it has."""
        query = {"Level": "Instance", "Query": {"StudyInstanceUID": study_uid}, "Expand": True}
        return sorted(one["MainDicomTags"]["SOPInstanceUID"] for one in self.ask("/tools/find", query))

    def take(self, data: bytes) -> str:
        """Give it an instance over HTTP; its own identifier of the study."""
        answer = requests.post(f"http://127.0.0.1:{self.http}/instances", data=data, timeout=SECONDS)
        assert answer.ok, answer.text
        return str(answer.json()["ParentStudy"])

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody had a moment ago."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in taken]
    for one in taken:
        one.close()
    return ports
