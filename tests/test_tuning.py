"""A trial's design: what is the same on both sides, what is spoken once."""

import pytest

from generator.errors import InputError
from generator.plan import Plan
from generator.plan.names import changed_fields
from generator.tuning import PROMPTS, evenly, trial
from tests.builders import SHIPPED, prompt_set

SHORT = Plan(turns=5, repeats=2)


def tried(prompts="candid", against="baseline", couples=2, plan=SHORT):
    return trial(plan, prompts, against, couples, SHIPPED)


def test_every_session_has_a_counterpart_that_differs_in_its_prompts_alone():
    made = tried()
    sides = {made.reference: {}, made.variant: {}}
    for one in made.expansion.sessions:
        place = (one.cell["couple"], one.cell["swap first"], one.repeat)
        sides[one.cell[PROMPTS]][place] = one.spec
    reference, variant = sides.values()
    assert reference.keys() == variant.keys()
    assert len(reference) == 2 * 2 * 2, "couples, first speakers, repeats"
    for place, spec in reference.items():
        assert {name.partition(".")[0] for name in changed_fields(spec, variant[place])} == {"prompts"}
    assert {spec.first for spec in reference.values()} == {"A", "B"}


def test_versions_have_names_of_their_own_and_one_run():
    one, other, elsewhere = tried("candid"), tried("balanced"), tried("candid", "structured")
    assert one.variant == f"candid@{prompt_set('candid').ref.hash[:6]}"
    assert (one.reference, one.run) == (other.reference, other.run)
    assert one.run.startswith("tune_baseline_")
    assert elsewhere.run.startswith("tune_structured_")
    more = tried(plan=SHORT.model_copy(update={"repeats": 3}))
    assert more.run == one.run, "more sessions of each cell go where the others are"
    assert tried(couples=3).run != one.run


def test_the_prompts_of_a_level_are_the_sets():
    made = tried()
    for level, name in ((made.reference, "baseline"), (made.variant, "candid")):
        assert {each.settings.name for each in made.prompts_of(level).values()} == {name}


@pytest.mark.parametrize(
    ("number", "chosen"), [(1, ["c"]), (2, ["b", "d"]), (3, ["a", "c", "e"]), (5, ["a", "b", "c", "d", "e"])]
)
def test_couples_are_spread_over_all(number, chosen):
    assert evenly(list("abcde"), number) == chosen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"couples": 99}, "--couples: there are 16 couples (got 99)"),
        ({"prompts": "baseline"}, "baseline and baseline are the same prompts, word for word"),
        ({"prompts": "candit"}, "no prompt set 'candit'; did you mean 'candid'?"),
    ],
)
def test_what_cannot_be_tried_is_told(options, message):
    with pytest.raises(InputError) as caught:
        tried(**options)
    assert message in str(caught.value)
