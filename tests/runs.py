"""Runs made inside the test's own process: a plan carried out by the engine here, watched in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from generator import batch
from generator.budget import RunPurse
from generator.chat.protocol import Chat
from generator.engines.local import Local
from generator.engines.protocol import Stop
from generator.ledger import Ledger
from generator.plan import Expansion, Plan, expand
from generator.schema.label import Label
from generator.schema.planned import Planned
from generator.schema.session import Spec
from tests.builders import SHIPPED, prompt_set


class Silent:
    """Watches a run and says nothing."""

    def session_begins(self, *_: Any) -> None: ...
    def request_sent(self, *_: Any) -> None: ...
    def request_failed(self, *_: Any) -> None: ...
    def turn_kept(self, *_: Any) -> None: ...
    def session_ends(self, *_: Any) -> None: ...


def expansion_of(*specs: Spec) -> Expansion:
    """These sessions as a plan would have them."""
    planned = [Planned(spec, repeat=number) for number, spec in enumerate(specs, start=1)]
    sets = {prompt_set(ref.name) for spec in specs for ref in (spec.prompts.therapist, spec.prompts.a, spec.prompts.b)}
    return Expansion(planned, {each.ref.hash: each for each in sets})


def begin(folder: Path, *specs: Spec, plan: Plan | None = None) -> Ledger:
    """A run of these sessions, or of the plan's."""
    made = plan or Plan()
    return batch.begin(folder, made, expansion_of(*specs) if specs else expand(made, SHIPPED), "test")


def carry_out(
    ledger: Ledger,
    chats_for: Callable[[Spec], Mapping[Label, Chat]],
    watcher: batch.Watcher | None = None,
    *,
    at_a_time: int = 1,
    purse: RunPurse | None = None,
    retry_failed: bool = False,
) -> None:
    """Have the open sessions spoken. `watcher` may have a `stop` of its own, to request one."""

    async def go() -> None:
        stop = Stop()
        if watcher is not None and hasattr(watcher, "stop"):
            watcher.stop = stop
        await batch.carry_out(
            ledger, Local(chats_for, at_a_time), watcher or Silent(), stop, purse=purse, retry_failed=retry_failed
        )

    asyncio.run(go())
