"""What the tests of plans share: plans written as text, expanded with what is shipped."""

from __future__ import annotations

from pathlib import Path

from generator.errors import InputError
from generator.plan import Expansion, Plan, expand, load_plan
from tests.builders import SHIPPED


class Desk:
    """Where plans are written."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "plan.yaml"

    def plan(self, text: str) -> Plan:
        self.file.write_text(text, encoding="utf-8")
        return load_plan(self.file)

    def expand(self, text: str) -> Expansion:
        return expand(self.plan(text), SHIPPED)

    def problems(self, text: str) -> list[str]:
        """What is wrong with it, places without the folder; empty if nothing is."""
        try:
            self.expand(text)
        except InputError as error:
            return [problem.removeprefix(f"{self.file.parent}/") for problem in error.problems]
        return []
