"""What a user may set for the pages."""

import pytest

from filmless.access.user_settings import BadSettings, read_settings

EVERYTHING = {
    "theme": "light",
    "row_height": 28,
    "key_profile": "weasis",
    "columns": [{"id": "name", "width": 300}, {"id": "date"}],
    "views": [{"name": "Chest, this week", "query": "period=7d&body_part=CHEST"}],
}


def test_every_known_setting_is_taken_as_it_is() -> None:
    assert read_settings(EVERYTHING) == EVERYTHING
    assert read_settings({}) == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ([], "a JSON object"),
        ({"colour": "red"}, "colour is no setting"),
        ({"theme": "pink"}, "theme is one of dark, light"),
        ({"row_height": True}, "row_height is one of 28, 32, 40"),
        ({"row_height": [28]}, "row_height is one of"),
        ({"columns": []}, "columns is a list"),
        ({"columns": [{"id": "password"}]}, "columns is a list"),
        ({"columns": [{"id": "name"}, {"id": "name"}]}, "columns is a list"),
        ({"columns": ["name"]}, "columns is a list"),
        ({"columns": [{"id": "name", "width": 4}]}, "a width of 40 to 1200"),
        ({"columns": [{"id": "name", "width": "wide"}]}, "a width of 40 to 1200"),
        ({"columns": [{"id": "name", "script": "x"}]}, "a width of 40 to 1200"),
        ({"views": {"name": "x"}}, "views is a list"),
        ({"views": [{"name": "  ", "query": ""}]}, "A view has a name"),
        ({"views": [{"name": "x" * 61, "query": ""}]}, "a name of up to 60"),
        ({"views": [{"name": "x\0", "query": ""}]}, "a name of up to 60"),
        ({"views": [{"name": "x"}]}, "a name of up to 60"),
        ({"views": [{"name": "x", "query": ""}, {"name": "x", "query": "text=a"}]}, "Two views have one name"),
        ({"views": [{"name": str(n), "query": "x" * 2000} for n in range(50)]}, "larger than 64 KiB"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(settings: object, said: str) -> None:
    with pytest.raises(BadSettings) as refused:
        read_settings(settings)
    assert said in str(refused.value)
