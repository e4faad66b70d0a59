"""A trial of one prompt set against another: the same few couples, topics, seeds and first speakers with both.

All trials against the same reference are one run, to which each version of the set adds its sessions; the reference's
are spoken once. A version is named by the set and its content, so that no edit hides another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.assets import Assets
from generator.errors import InputError
from generator.plan import Expansion, Plan, expand, plan_of
from generator.prompts import PromptSet, load_prompt_set
from generator.schema.label import PRINCIPALS, Label
from generator.schema.record import hash_of

PROMPTS = "prompts"
"""The factor that is varied."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be spoken."""

    plan: Plan
    expansion: Expansion
    reference: str
    """Level of the prompts that the others are compared with."""
    variant: str
    """Level of the prompts on trial: the set's name and the beginning of its hash."""
    run: str
    """Name of the run: the same for every set that is tried against this reference in this way."""

    def prompts_of(self, level: str) -> Mapping[Label, PromptSet]:
        """The prompt sets of a level."""
        one = next(one for one in self.expansion.sessions if one.cell[PROMPTS] == level)
        return {label: self.expansion.prompts[one.spec.prompts.of(label).hash] for label in PRINCIPALS}


def trial(plan: Plan, prompts: str, against: str, couples: int, assets: Assets) -> Trial:
    """`plan` says how sessions are spoken and how many of each cell. Raises InputError holding all problems found."""
    mine, reference = load_prompt_set(prompts, assets), load_prompt_set(against, assets)
    if mine.ref == reference.ref:
        raise InputError(f"{prompts} and {against} are the same prompts, word for word; there is nothing to compare")
    known, tried = reference.settings.name, f"{mine.settings.name}@{mine.ref.hash[:6]}"
    sets = ((known, against), (tried, prompts))
    varied = plan_of(
        {
            **plan.model_dump(mode="json"),
            "prompts": against,
            "factors": {
                "couple": evenly(list(assets.all("couple")), couples),
                PROMPTS: [{"name": name, "therapist": set_, "partners": set_} for name, set_ in sets],
            },
            "counterbalance": ["first"],
        },
        plan.origin,
    )
    expansion = expand(varied, assets)
    first = [one.spec.id for one in expansion.sessions if one.cell[PROMPTS] == known and one.repeat == 1]
    return Trial(varied, expansion, known, tried, f"tune_{known}_{hash_of(' '.join(first))[:8]}")


def evenly(ids: Sequence[str], number: int) -> list[str]:
    """So many of them, spread over them all. Raises InputError if there are not so many."""
    if not 0 < number <= len(ids):
        raise InputError(f"--couples: there are {len(ids)} couples (got {number})")
    return [ids[(2 * place + 1) * len(ids) // (2 * number)] for place in range(number)]
