"""Every door that files of the corpus are sent through, and what each made of a file."""

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pydicom
import requests
from pydicom.uid import UID
from pynetdicom import AE

from corpus.wire_tap import WireTap
from filmless.standards.data_set.part10 import Head, read_head
from filmless.standards.dicom.uids import is_uid
from serving import Server

OPTIONS = {
    "1.2.840.10008.1.2": "-xi",
    "1.2.840.10008.1.2.1": "-xe",
    "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.5": "-xr",
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.4.100": "-xm",
    "1.2.840.10008.1.2.4.102": "-xn",
}
"""What asks DCMTK's storescu for one transfer syntax."""


@dataclass(frozen=True)
class CorpusFile:
    """A file with legal identifiers: ``data_set`` is what follows its head."""

    path: Path
    sop_class_uid: str
    study_uid: str
    series_uid: str
    instance_uid: str
    transfer_syntax_uid: str
    data_set: bytes

    @property
    def resource(self) -> str:
        """Its place below the DICOMweb root."""
        return f"/studies/{quote(self.study_uid)}/series/{quote(self.series_uid)}/instances/{quote(self.instance_uid)}"


@dataclass
class Table:
    """What one door made of the files."""

    door: str
    sent: int = 0
    accepted: list[CorpusFile] = field(default_factory=list)
    on_the_wire: dict[str, list[bytes]] = field(default_factory=dict)  # SOP Instance UID to data sets in order
    refused: dict[str, str] = field(default_factory=dict)  # file name to reason
    identical: int = 0

    def accept(self, file: CorpusFile, data_set: bytes) -> None:
        """Note an accepted file and what went over the wire for it."""
        self.accepted.append(file)
        self.on_the_wire.setdefault(file.instance_uid, []).append(data_set)

    def row(self) -> str:
        """One line for a report."""
        counts = f"sent {self.sent}, accepted {len(self.accepted)}, returned identical {self.identical}"
        return f"{self.door}: {counts}, refused {self.refused}"


def legal_files(corpus: Path) -> list[CorpusFile]:
    """Files of the corpus that carry legal SOP Class, Study, Series and Instance UIDs, as pydicom reads them."""
    files = []
    for path in sorted(each for each in corpus.rglob("*") if each.is_file() and each.suffix not in {".md", ".tsv"}):
        content = path.read_bytes()
        try:
            image = pydicom.dcmread(path, force=True, stop_before_pixels=True)
            keywords = ("SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
            uids = [str(image.get(keyword, "")).strip() for keyword in keywords]
        except Exception:  # noqa: BLE001  pydicom cannot read it: it has no identifiers that anybody can tell
            continue
        head = read_head(content)
        if all(is_uid(uid) for uid in uids) and isinstance(head, Head):
            data_set = content[head.head_length :]
            files.append(CorpusFile(path, *uids, head.transfer_syntax_uid, data_set))
    return files


def by_dimse(server: Server, files: Sequence[CorpusFile]) -> Table:
    """DCMTK's storescu in the file's own transfer syntax; what it cannot send, pynetdicom with that one syntax."""
    table = Table("C-STORE", len(files))
    for file in files:
        tap = WireTap(server.port)
        try:
            done = _storescu(tap.port, file)
            if done is None:
                done = _pynetdicom(tap.port, file)
            data_sets = list(tap.data_sets())
            if done and data_sets:
                table.accept(file, data_sets[-1][1])
            else:
                table.refused[file.path.name] = "not success"
        finally:
            tap.close()
    return table


def _storescu(port: int, file: CorpusFile) -> bool | None:
    """Whether DCMTK had it accepted; None when DCMTK cannot send it."""
    option = OPTIONS.get(file.transfer_syntax_uid)
    if option is None:
        return None
    argv = ["storescu", "-v", option, "-aec", "FILMLESS", "127.0.0.1", str(port), str(file.path)]
    run = subprocess.run(argv, capture_output=True, check=False, timeout=60)
    output = (run.stdout + run.stderr).decode(errors="replace")
    if "Received Store Response (Success)" in output:
        return True
    return None if "Received Store Response" not in output else False


def _pynetdicom(port: int, file: CorpusFile) -> bool:
    entity = AE(ae_title="CORPUS")
    entity.add_requested_context(UID(file.sop_class_uid), [UID(file.transfer_syntax_uid)])
    association = entity.associate("127.0.0.1", port, ae_title="FILMLESS")
    if not association.is_established:
        return False
    try:
        status = association.send_c_store(_sendable(file))
        return bool(status) and status.Status == 0
    finally:
        association.release()


def _sendable(file: CorpusFile) -> Path | pydicom.Dataset:
    """The file itself; read first where its file meta is missing or names another instance."""
    image = pydicom.dcmread(file.path, force=True)
    if str(image.file_meta.get("MediaStorageSOPInstanceUID", "")) == file.instance_uid:
        return file.path
    image.file_meta.TransferSyntaxUID = UID(file.transfer_syntax_uid)
    return image


def by_stow(server: Server, files: Sequence[CorpusFile]) -> Table:
    """STOW-RS, one file per request, so that each has its own answer."""
    table, session = Table("STOW-RS", len(files)), _session(server)
    for file in files:
        body = b"--B\r\nContent-Type: application/dicom\r\n\r\n" + file.path.read_bytes() + b"\r\n--B--\r\n"
        headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=B'}
        answer = session.post(f"{server.url}/dicomweb/studies", data=body, headers=headers, timeout=60)
        stored = (
            {item["00081155"]["Value"][0] for item in answer.json().get("00081199", {}).get("Value", [])}
            if answer.content
            else set()
        )
        if answer.status_code in (200, 202) and file.instance_uid in stored:
            table.accept(file, file.data_set)
        else:
            table.refused[file.path.name] = f"{answer.status_code} {answer.text[:200]}"
    return table


def by_import(server: Server, files: Sequence[CorpusFile]) -> Table:
    """``filmless import`` of all files at once; what it does not take is named in its summary."""
    table = Table("import", len(files))
    run = server.run("import", *(file.path for file in files))
    summary = run.stdout + run.stderr
    for file in files:
        refused = [line for line in summary.splitlines() if str(file.path.resolve()) in line]
        if refused:
            table.refused[file.path.name] = refused[0]
        else:
            table.accept(file, file.data_set)
    return table


def check_served(server: Server, table: Table) -> list[str]:
    """What is wrong: each accepted instance is found at each level and given back as the first that was sent."""
    session, wrong = _session(server), []
    first = {uid: data_sets[0] for uid, data_sets in table.on_the_wire.items()}
    is_parallel = table.door == "import"  # files come in no order of ours: any of one UID may be the first
    table.identical = 0
    for file in _first_of_each(table.accepted):
        wrong += [f"{file.path.name}: not found as {what}" for what in _missing(session, server, file)]
        accept = "application/dicom; transfer-syntax=*"
        answer = session.get(f"{server.url}/dicomweb{file.resource}", headers={"Accept": accept}, timeout=60)
        head = read_head(answer.content)
        given = answer.content[head.head_length :] if isinstance(head, Head) else b""
        if answer.status_code != 200:
            wrong.append(f"{file.path.name}: WADO-RS {answer.status_code}")
        elif given not in (table.on_the_wire[file.instance_uid] if is_parallel else [first[file.instance_uid]]):
            wrong.append(f"{file.path.name}: came back altered, {len(first[file.instance_uid])} to {len(given)} bytes")
        else:
            table.identical += 1
    return wrong


def _first_of_each(files: Iterable[CorpusFile]) -> list[CorpusFile]:
    seen: dict[str, CorpusFile] = {}
    for file in files:
        seen.setdefault(file.instance_uid, file)
    return list(seen.values())


def _missing(session: requests.Session, server: Server, file: CorpusFile) -> list[str]:
    root = f"{server.url}/dicomweb"
    questions = {
        "study": (f"{root}/studies", "0020000D", file.study_uid),
        "series": (f"{root}/studies/{file.study_uid}/series", "0020000E", file.series_uid),
        "instance": (
            f"{root}/studies/{file.study_uid}/series/{file.series_uid}/instances", "00080018", file.instance_uid,
        ),
    }  # fmt: skip
    missing = []
    for level, (url, tag, uid) in questions.items():
        answer = session.get(url, params={tag: uid}, timeout=60)
        found = answer.json() if answer.status_code == 200 else []
        if [item[tag]["Value"][0] for item in found] != [uid]:
            missing.append(level)
    return missing


def _session(server: Server) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {server.token()}"
    session.headers["Accept"] = "application/dicom+json"
    return session
