"""``python -m filmless`` is the command ``filmless``."""

from filmless.cli import main

main()
