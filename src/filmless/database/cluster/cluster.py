"""The private PostgreSQL server of a data folder: made, started and stopped here."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

import psycopg

from filmless.database.cluster import programs
from filmless.database.cluster.programs import ClusterError, Programs, Service

START_SECONDS = 60.0  # crash recovery of a large cluster is the slowest start
STOP_SECONDS = 10.0
POLL_SECONDS = 0.005
SOCKET_NAME = ".s.PGSQL.5432"
MAX_SOCKET_PATH = 107  # bytes, sockaddr_un on Linux
ROLE = "filmless"

_HBA = "# Only over the socket, and only the system users of pg_ident.conf.\nlocal all all peer map=filmless\n"

# Appended once, when the cluster is made; the site may change them. Memory is kept small because one server
# process needs little of it: what is read again and again lies in packs, not in tables.
_SETTINGS = """
# Set by Filmless when this cluster was made.
shared_buffers = 32MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_connections = 100
max_wal_size = 2GB
min_wal_size = 256MB
checkpoint_timeout = 15min
jit = off
max_worker_processes = 4
max_parallel_workers = 2
# A new archive that fills at once is searched without statistics until the first look: 14 ms instead of 3.
autovacuum_naptime = 10s
log_min_messages = warning
# Statements and the values in error details may hold patient data: they never reach the log.
log_min_error_statement = panic
log_error_verbosity = terse
"""
_SETTINGS_FROM = {18: "io_method = sync\n"}  # by major version: what an older one does not know


class Cluster:
    """The PostgreSQL cluster in ``DATA/postgres``, run by the one who holds the data folder's lock."""

    def __init__(self, data: Path) -> None:
        self._data = data.resolve()
        self.folder = self._data / "postgres"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int | None:
        """The postmaster's process id while this object runs it."""
        return self._process.pid if self._process else None

    def has_ended(self) -> bool:
        """Whether the server that this object started has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> str:
        """Make the cluster if there is none, start it, and return a DSN; ``ClusterError`` says why not."""
        found = programs.find(_major_version(self.folder), self.folder)
        service = programs.service_for(self.folder, found)
        _clear_former(self.folder)
        if not (self.folder / "PG_VERSION").exists():
            _make(self.folder, found, service)
        _write_identities(self.folder, service)
        sockets = _socket_folder(self._data, service)
        with _open_log(self._data) as log:
            self._process = subprocess.Popen(
                [*service.prefix, *_with_parent(), str(found.folder / "postgres")]
                + ["-D", str(self.folder), "-k", str(sockets), "-c", "listen_addresses="],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()
        dsn = _dsn(sockets)
        _make_database(dsn)
        return dsn

    def stop(self) -> None:
        """Stop at once but cleanly (fast shutdown); does nothing when it does not run."""
        if self._process is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
                break
        self._process = None
        sockets = _recorded_socket_folder(self._data)
        if sockets is not None:
            shutil.rmtree(sockets, ignore_errors=True)
            _socket_record(self._data).unlink(missing_ok=True)

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process and _says_ready(self.folder, self._process.pid):
                return
            if self.has_ended():
                self._process = None
                raise ClusterError(f"PostgreSQL did not start: {_last_line(self._data)}")
            time.sleep(POLL_SECONDS)
        self.stop()
        raise ClusterError(f"PostgreSQL was not ready after {START_SECONDS:.0f} s: {_last_line(self._data)}")


def running_dsn(data: Path) -> str | None:
    """DSN of the cluster that another process runs on this data folder, None when none was recorded."""
    sockets = _recorded_socket_folder(data.resolve())
    return _dsn(sockets) if sockets is not None and (sockets / SOCKET_NAME).exists() else None


def _dsn(sockets: Path) -> str:
    return f"host={sockets} dbname=filmless user={ROLE} application_name=filmless"


def _major_version(folder: Path) -> int | None:
    try:
        return int((folder / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        return None
    except ValueError:
        raise ClusterError(f"{folder}/PG_VERSION holds no version number; this is no PostgreSQL cluster.") from None


def _make(folder: Path, found: Programs, service: Service) -> None:
    """Run initdb beside the final place, so that a start killed in the middle leaves nothing half made."""
    made = folder.with_name("postgres.new")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(mode=0o700)
    service.own(made)
    outcome = subprocess.run(
        [*service.prefix, str(found.folder / "initdb"), "-D", str(made), "-U", ROLE, "-A", "peer"]
        + ["-E", "UTF8", "--no-locale", "--data-checksums", "--no-instructions"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if outcome.returncode:
        reason = (outcome.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise ClusterError(f"The database cluster could not be made in {folder}: {reason}")
    with (made / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS + "".join(text for major, text in _SETTINGS_FROM.items() if found.major >= major))
    made.rename(folder)


def _make_database(dsn: str) -> None:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error):
            raise ClusterError(f"PostgreSQL does not let us in: {error}") from None
        with psycopg.connect(dsn, dbname="postgres", autocommit=True) as connection:
            connection.execute("create database filmless")


def _with_parent() -> tuple[str, ...]:
    """The server gets SIGINT (fast shutdown) when the thread that started it ends, also by SIGKILL."""
    return ("setpriv", "--pdeathsig", "INT", "--") if shutil.which("setpriv") else ()


def _write_identities(folder: Path, service: Service) -> None:
    (folder / "pg_hba.conf").write_text(_HBA)
    names = sorted({programs.own_name(), service.user})
    (folder / "pg_ident.conf").write_text("".join(f"filmless {name} {ROLE}\n" for name in names))


def _socket_record(data: Path) -> Path:
    return data / "postgres.socket"


def _recorded_socket_folder(data: Path) -> Path | None:
    try:
        return Path(_socket_record(data).read_text().strip())
    except FileNotFoundError:
        return None


def _socket_folder(data: Path, service: Service) -> Path:
    """A short folder that only the service's user may enter; that of a killed run is used again."""
    former = _recorded_socket_folder(data)
    if former is not None and _is_private(former, service.uid):
        return former
    folder = Path(tempfile.mkdtemp(prefix="filmless-"))  # mode 0700
    if len(os.fsencode(folder / SOCKET_NAME)) > MAX_SOCKET_PATH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="filmless-", dir="/tmp"))
    service.own(folder)
    _socket_record(data).write_text(f"{folder}\n")
    return folder


def _is_private(folder: Path, uid: int) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077


def _clear_former(folder: Path) -> None:
    """Wait until a server of a killed run has ended, press it if it does not, and remove its stale pid file.

    Its processes are known by their working folder, which PostgreSQL sets to the cluster's: a process id that
    was given to another program since is never signalled.
    """
    for number in (None, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        for process_id in _processes_of(folder) if number else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, number or 0)
        if _wait_for_none(folder):
            (folder / "postmaster.pid").unlink(missing_ok=True)
            return
    raise ClusterError(f"Another PostgreSQL still runs on {folder} and does not end.")


def _wait_for_none(folder: Path) -> bool:
    end = time.monotonic() + STOP_SECONDS
    while _processes_of(folder):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _processes_of(folder: Path) -> list[int]:
    if not (folder / "postmaster.pid").exists():
        return []
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() == folder and (entry / "comm").read_text().startswith("postgres"):
                found.append(int(entry.name))
    return found


def _says_ready(folder: Path, process_id: int) -> bool:
    """Whether line 8 of postmaster.pid says so; the file is of this run when its first line is our child."""
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(process_id) and lines[7].strip() == "ready"


def _open_log(data: Path) -> IO[bytes]:
    return os.fdopen(os.open(data / "postgres.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def _last_line(data: Path) -> str:
    lines = (data / "postgres.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason"
