"""Build hook of the package: the web application is built before the wheel or the editable install is made."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILDER = Path(__file__).resolve().parent / "tools" / "build_web.py"


class WebApplicationHook(BuildHookInterface[Any]):
    """Runs `build_web()`, which does nothing when the build is as new as its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        spec = importlib.util.spec_from_file_location("build_web", BUILDER)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"{BUILDER} is missing from the source tree.")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.build_web()
