"""The real ``filmless serve`` as a program of its own, for tests that look from outside."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

FILMLESS = Path(sys.executable).with_name("filmless")
ADMINISTRATOR = "admin"
PASSWORD = "correct horse battery"
START_SECONDS = 60.0
POLL_SECONDS = 0.02


def wait_until(holds: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Ask again and again until it holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(POLL_SECONDS)


class Server:
    """A server on a data folder and free ports of loopback."""

    def __init__(self, data: Path, *flags: str, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.flags = flags
        self.environment = {**clean_environment(), **(environment or {})}
        self.log = ""

    def start(self) -> "Server":
        """Start it and wait until it is ready."""
        self.process = subprocess.Popen(
            [FILMLESS, "serve", "--data", self.data, "--http", "127.0.0.1:0", "--dimse", "127.0.0.1:0", *self.flags],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.log = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(lambda: bool(re.search(r"^Data ", self.log, re.MULTILINE)) or self.process.poll() is not None)
        assert self.process.poll() is None, self.log
        self.port = int(self.found(r"^DICOM .*:(\d+)$"))
        self.url = self.found(r"^Web\s+(\S+)$")
        wait_until(self.is_ready)
        return self

    def is_ready(self) -> bool:
        """What /readyz says."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def run(self, *arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on the same data folder."""
        return run_command(*arguments, "--data", self.data, text=text)

    def token(self, role: str = "administrator") -> str:
        """A new bearer token."""
        return self.run("token", "create", "--name", "test", "--role", role).stdout.splitlines()[-1]

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(40)
        self._let_go()
        return code

    def kill(self) -> None:
        """SIGKILL to the whole process group, as a machine that loses its patience does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self._let_go()

    def close(self) -> None:
        """End it whatever state it is in."""
        if self.process.poll() is None:
            self.terminate()
        self._let_go()

    def _let_go(self) -> None:
        self._reader.join(10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line

    def found(self, pattern: str) -> str:
        found = re.search(pattern, self.log, re.MULTILINE)
        assert found is not None, self.log
        return found[1]


def run_command(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``filmless`` with nothing of our environment that it would take for a setting."""
    return subprocess.run(
        [FILMLESS, *arguments], env=clean_environment(), input=text, capture_output=True, text=True, check=False
    )


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FILMLESS_")}
