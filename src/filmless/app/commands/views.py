"""``filmless view``: AE titles of ours beside the configured one, what each allows and shows."""

from collections.abc import Iterable, Mapping

from filmless.access.called_titles import CalledTitle
from filmless.access.peers import OPERATIONS
from filmless.app.commands.command_error import CommandError
from filmless.app.commands.database import open_database
from filmless.app.tables import as_json, as_table
from filmless.archive.scope import View
from filmless.database.ae_titles import AeTitles
from filmless.settings import Settings

_HEADINGS = ("TITLE", "ALLOWED", "MODALITIES", "INSTITUTIONS", "ISSUERS", "SOURCES")


def add_view(settings: Settings, title: str, allow: str, restrictions: Mapping[str, str | list[str] | None]) -> None:
    """Serve a title; each restriction is a list of values, or a text of them separated by commas."""
    view = View(**{name: frozenset(_values(values)) for name, values in restrictions.items()})
    called = CalledTitle(title, frozenset(_values(allow)), view)
    with open_database(settings, may_begin=True) as database:
        AeTitles(database).add_called(called)


def list_views(settings: Settings, *, json: bool) -> Iterable[str]:
    """Every title by name: a table for people, or JSON."""
    with open_database(settings) as database:
        found = AeTitles(database).all_called()
    if json:
        return [as_json(_fields(called) for called in found)]
    return as_table(_HEADINGS, map(_row, found))


def remove_view(settings: Settings, title: str) -> str:
    """Take a title's view away; what is served now, as a sentence."""
    with open_database(settings) as database:
        if not AeTitles(database).remove_called(title):
            if title == settings.ae:
                raise CommandError(f"{title} is the configured AE title, which is always served; it has no view.")
            raise CommandError(f"{title} is not among the titles that are served; filmless view list shows them.")
    if title == settings.ae:
        return f"{title} has no view any more: it is the configured AE title and shows everything."
    return f"{title} is no longer served."


def _values(values: str | list[str] | None) -> list[str]:
    listed = values.split(",") if isinstance(values, str) else values or []
    return [value.strip() for value in listed if value.strip()]


def _fields(called: CalledTitle) -> dict[str, object]:
    view = called.view
    return {
        "title": called.title,
        "allow": sorted(called.allow),
        "modalities": sorted(view.modalities),
        "institutions": sorted(view.institutions),
        "issuers": sorted(view.issuers),
        "source_aes": sorted(view.source_aes),
    }


def _row(called: CalledTitle) -> tuple[str, ...]:
    view = called.view
    shown = (", ".join(sorted(one)) for one in (view.modalities, view.institutions, view.issuers, view.source_aes))
    return called.title, ",".join(one for one in OPERATIONS if one in called.allow), *(text or "all" for text in shown)
