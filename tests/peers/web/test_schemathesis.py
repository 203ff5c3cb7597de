"""Requests made up from our own description: no answer is a server error, and each is one that is described."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from objects import part10_bytes, series
from serving import Server
from web_house import STOW_TYPE, multipart

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
BOUNDED = settings(
    max_examples=10,
    derandomize=True,  # the same requests each time
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

Names = dict[str, str]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of our own: failures to sign in count against everybody at this address."""
    server = Server(tmp_path_factory.mktemp("server") / "data", "--workers", "1").start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def session(alone: Server) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {alone.token()}"
        yield session


@pytest.fixture(scope="module")
def names(alone: Server, session: requests.Session) -> Names:
    """UIDs that are there, for the paths."""
    images = series(3)
    body, headers = multipart(*map(part10_bytes, images)), {"Content-Type": STOW_TYPE}
    session.post(f"{alone.url}/dicomweb/studies", data=body, headers=headers, timeout=60).raise_for_status()
    first = images[0]
    return {
        "study": str(first.StudyInstanceUID),
        "series": str(first.SeriesInstanceUID),
        "instance": str(first.SOPInstanceUID),
        "frames": "1",
        "path": "7FE00010",
    }


@pytest.fixture(scope="module")
def description(alone: Server, session: requests.Session) -> dict[str, Any]:
    description = session.get(f"{alone.url}/api/openapi.json", timeout=60).json()
    for kind in ("application/dicom", "application/dicom+json", "application/dicom+xml"):
        schemathesis.openapi.media_type(f'multipart/related; type="{kind}"', bodies(kind))
    return description


def bodies(kind: str) -> st.SearchStrategy[bytes]:
    """Bodies of store requests: whole ones, those with a part of anything, and those that are no body at all."""
    attributes = st.dictionaries(
        st.sampled_from(
            ["00080016", "00080018", "0020000D", "0020000E", "00100010", "00280010", "7FE00010", "0040A730"]
        ),
        st.fixed_dictionaries(
            {"vr": st.sampled_from(["UI", "PN", "US", "SQ", "OB", "IS", "XX"])},
            optional={
                "Value": st.lists(
                    st.none() | st.text(max_size=8) | st.integers(-(2**31), 2**53) | st.just({}), max_size=3
                ),
                "BulkDataURI": st.sampled_from(["bulk", "", "http://127.0.0.1/"]),
                "InlineBinary": st.text(max_size=8),
            },
        ),
    )
    part = st.binary(max_size=300) | attributes.map(orjson.dumps) | attributes.map(lambda one: orjson.dumps([one]))
    whole = part.map(lambda data: b"--b\r\nContent-Type: %s\r\n\r\n%s\r\n--b--\r\n" % (kind.encode(), data))
    return whole | st.binary(max_size=100)


def failure(session: requests.Session, case: Case) -> str | None:
    """Ask; what is wrong with the answer."""
    if case.body is not None and isinstance(case.media_type, str) and case.media_type.startswith("multipart/"):
        case.headers = {**(case.headers or {}), "Content-Type": case.media_type + "; boundary=b"}
    response = case.call(session=session)
    try:
        case.validate_response(response, checks=CHECKS)
    except BaseExceptionGroup as wrong:
        return f"{case.as_curl_command()}\n  {response.status_code}: {[str(one) for one in wrong.exceptions]}"
    return None


def failures_of(session: requests.Session, cases: st.SearchStrategy[Case]) -> list[str]:
    """Of all requests of one operation."""
    found: list[str | None] = []

    @BOUNDED
    @given(cases)
    def ask(case: Case) -> None:
        found.append(failure(session, case))

    with suppress(Unsatisfiable):  # nothing of it can be asked wrongly
        ask()
    return [each for each in found if each is not None]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("known", [True, False], ids=["what is there", "what is not"])
def test_no_request_is_answered_by_a_server_error(
    alone: Server,
    session: requests.Session,
    names: Names,
    description: dict[str, Any],
    mode: GenerationMode,
    known: bool,
) -> None:
    schema = schemathesis.openapi.from_dict(description)
    schema.config.update(base_url=alone.url)
    failures: list[str] = []
    count = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        wanted = {each.name: names[each.name] for each in operation.path_parameters if each.name in names}
        if (known and not wanted) or (known and operation.method == "delete"):
            continue
        cases = operation.as_strategy(generation_mode=mode, path_parameters=wanted if known else None)
        failures += failures_of(session, cases)
        count += 1
    assert count
    assert not failures, "\n".join(failures[:20])
    assert "request_failed" not in alone.log
