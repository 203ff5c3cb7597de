"""The programs of DCMTK that the system has, and how they are run."""

import shutil
import subprocess
from pathlib import Path

import pytest


def dcmtk(name: str) -> str:
    """The system's tool of this name; pynetdicom brings namesakes into the environment."""
    found = shutil.which(name, path="/usr/bin:/usr/local/bin:/bin:/opt/homebrew/bin")
    if found is None:
        pytest.fail("DCMTK is not installed: tools/system_packages.sh installs it on Debian")
    return found


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
