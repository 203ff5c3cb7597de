"""``filmless associations``: what peers asked for, what they got, and what to change."""

from collections.abc import Iterable, Iterator

from filmless.access.associations import RecordedAssociation
from filmless.app.commands.database import open_database
from filmless.app.tables import as_json, as_table
from filmless.database.associations import Associations
from filmless.settings import Settings

_HEADINGS = ("ENDED", "CALLING", "CALLED", "ADDRESS", "TLS", "CONTEXTS", "ANSWERS", "END")


def list_associations(
    settings: Settings, *, limit: int, calling_ae: str | None, failed: bool, json: bool
) -> Iterable[str]:
    """The latest associations, newest first; below one that went wrong, what to change."""
    with open_database(settings) as database:
        found = Associations(database).page(limit, None, calling_ae, failed)
    if json:
        return [as_json(one.fields() for one in found)]
    return _with_advice(found, list(as_table(_HEADINGS, map(_row, found))))


def _with_advice(found: list[RecordedAssociation], lines: list[str]) -> Iterator[str]:
    yield lines[0]
    for one, line in zip(found, lines[1:], strict=True):
        yield line
        for failure in one.details.get("failures", ()):
            yield f"    {failure['service']} {failure['status']:04X} x{failure['count']} {failure['comment']}".rstrip()
        for sentence in one.details.get("advice", ()):
            yield f"    {sentence}"


def _row(one: RecordedAssociation) -> tuple[str, ...]:
    facts = one.details
    groups = facts.get("contexts", ())
    proposed = sum(len(group["abstract_syntaxes"]) for group in groups)
    accepted = sum(len(group["abstract_syntaxes"]) for group in groups if group["result"] == "accepted")
    return (
        f"{one.ended_at:%Y-%m-%d %H:%M:%S}",
        one.calling_ae,
        facts.get("called_ae", ""),
        one.address,
        facts.get("tls", ""),
        f"{accepted}/{proposed}",
        ", ".join(f"{count} {name}" for name, count in facts.get("counts", {}).items()),
        facts.get("end", ""),
    )
