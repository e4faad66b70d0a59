"""What models cost."""

from __future__ import annotations

from generator.schema.turn import Usage


class Prices:
    def cost(self, model: str, usage: Usage) -> float | None:
        return 0.0

    def bound(self, model: str, usage: Usage) -> float:
        return 0.0
