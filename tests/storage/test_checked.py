"""What was checked lately: for how long it is believed, and that other processes know it."""

import os

from filmless.storage.checked import CheckedLately


def test_a_check_is_believed_for_five_to_ten_minutes() -> None:
    now = [1000.0]
    checked = CheckedLately(lambda: now[0])
    assert not checked.holds(b"member")

    checked.note(b"member")
    held = {minutes: now.__setitem__(0, 1000.0 + 60 * minutes) or checked.holds(b"member") for minutes in (0, 5, 11)}

    assert held == {0: True, 5: True, 11: False}
    assert not checked.holds(b"another")


def test_processes_of_one_supervisor_share_what_they_checked() -> None:
    checked = CheckedLately()
    child = os.fork()
    if not child:
        checked.note(b"member")
        os._exit(0)
    os.waitpid(child, 0)

    assert checked.holds(b"member")
