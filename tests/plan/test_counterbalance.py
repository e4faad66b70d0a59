"""Counterbalancing: the swapped twin of every cell; each swap undoes itself and makes another session."""

import itertools
import re

import pytest

from generator.errors import InputError
from generator.plan.swaps import swap_labels, swap_names
from generator.schema.persona import Couple
from tests.builders import SHIPPED, couple

COUPLES = list(SHIPPED.all("couple"))
SAME_PRONOUNS = [name for name in COUPLES if couple(name).a.pronouns == couple(name).b.pronouns]


@pytest.mark.parametrize("name", COUPLES)
def test_swapping_labels_twice_changes_nothing(name):
    pair, swapped = couple(name), swap_labels(couple(name))
    assert (swapped.a, swapped.b) == (pair.b, pair.a)
    assert {swapped.pattern.pursuer, pair.pattern.pursuer} == {"A", "B"}
    assert swap_labels(swapped) == pair
    assert swapped.content_hash != pair.content_hash
    assert swap_labels(swapped).content_hash == pair.content_hash


@pytest.mark.parametrize("name", COUPLES)
def test_swapping_names_twice_changes_nothing(name):
    pair, swapped = couple(name), swap_names(couple(name))
    assert (swapped.a.name, swapped.a.called) == (pair.b.name, pair.b.called)
    assert (swapped.b.name, swapped.b.called) == (pair.a.name, pair.a.called)
    assert swapped.a.occupation.count(pair.a.called) == 0
    assert swap_names(swapped) == pair
    assert swapped.content_hash != pair.content_hash


@pytest.mark.parametrize("name", COUPLES)
def test_names_go_with_the_person_everywhere(name):
    """Each text has as many mentions of one as it had of the other."""
    pair, swapped = couple(name), swap_names(couple(name))
    for field in ("background", "grievance", "speaking_style"):
        for before, after in ((pair.a, swapped.a), (pair.b, swapped.b)):
            counts = [
                len(re.findall(rf"\b{called}\b", getattr(person, field)))
                for person, called in (
                    (before, pair.a.called), (after, pair.b.called), (before, pair.b.called), (after, pair.a.called)
                )
            ]  # fmt: skip
            assert counts[0] == counts[1]
            assert counts[2] == counts[3]


def of_names(a: tuple[str, str], b: tuple[str, str], intake: str) -> Couple:
    """Daniel and Marcus under other names, with this intake."""
    pair = couple("daniel-marcus")
    text = pair.model_dump_json()
    for old, new in (("Daniel Haskell", a[0]), ("Marcus Wright", b[0]), ("Daniel", a[1]), ("Marcus", b[1])):
        text = text.replace(old, new)
    return Couple.model_validate_json(text).model_copy(update={"intake": intake})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Ann Lee and Bo Ray.", "Bo Ray and Ann Lee."),
        ("Ann's case; Bo’s case.", "Bo's case; Ann’s case."),
        ("Mrs Ray, Bo's mother, calls Ann.", "Mrs Lee, Ann's mother, calls Bo."),
        ("Anna and Bob and Leeds stay; so does McRay.", "Anna and Bob and Leeds stay; so does McRay."),
        ('"Ann!" "Bo?" (Ann), Bo-like.', '"Bo!" "Ann?" (Bo), Ann-like.'),
    ],
)
def test_possessives_and_surnames_are_exchanged_and_other_words_are_not(before, after):
    pair = of_names(("Ann Lee", "Ann"), ("Bo Ray", "Bo"), before)
    assert swap_names(pair).intake == after
    assert swap_names(swap_names(pair)).intake == before


def test_a_bare_apostrophe_becomes_what_the_other_name_needs():
    pair = of_names(("Ann Lee", "Ann"), ("Jules Ray", "Jules"), "It is Jules' turn.")
    assert swap_names(pair).intake == "It is Ann's turn."


def test_a_shared_surname_stays():
    pair = of_names(("Ann Lee", "Ann"), ("Bo Lee", "Bo"), "The Lees, Mrs Lee and Bo Lee.")
    assert swap_names(pair).intake == "The Lees, Mrs Lee and Ann Lee."


def test_a_name_that_is_a_word_too_is_refused():
    with pytest.raises(InputError, match="'may' is a word in its texts as well as a name"):
        swap_names(of_names(("May Lee", "May"), ("Bo Ray", "Bo"), "It may be."))


def test_a_name_for_both_is_refused():
    with pytest.raises(InputError, match="'Bo' names both partners in different ways"):
        swap_names(of_names(("Ann Bo", "Ann"), ("Bo Ray", "Bo"), "x"))


@pytest.mark.parametrize(
    "swaps", [s for n in (1, 2, 3) for s in itertools.combinations(("first", "labels", "names"), n)]
)
def test_every_cell_gets_its_twins(desk, swaps):
    base = "factors: {couple: [daniel-marcus, camila-renata], turns: [5, 7]}\n"
    alone = {one.spec.id for one in desk.expand(base).sessions}
    sessions = desk.expand(f"{base}counterbalance: [{', '.join(swaps)}]\n").sessions
    assert len(sessions) == 4 * 2 ** len(swaps) == len({one.spec.id for one in sessions})
    untouched = {one.spec.id for one in sessions if not any(one.cell[f"swap {swap}"] == "yes" for swap in swaps)}
    assert untouched == alone


def test_each_swap_swaps_what_it_says(desk):
    text = "first: random\nfactors: {couple: [daniel-marcus]}\ncounterbalance: [first, labels, names]\n"
    sessions = {tuple(one.cell.values())[1:]: one.spec for one in desk.expand(text).sessions}
    plain = sessions["no", "no", "no"]
    assert sessions["no", "no", "yes"] == plain.model_copy(update={"first": "B" if plain.first == "A" else "A"})
    assert sessions["no", "yes", "no"] == plain.model_copy(update={"couple": swap_labels(plain.couple)})
    assert sessions["yes", "no", "no"] == plain.model_copy(update={"couple": swap_names(plain.couple)})
    both = swap_labels(swap_names(plain.couple))
    assert sessions["yes", "yes", "no"].couple == both == swap_names(swap_labels(plain.couple))


def test_names_are_exchanged_only_where_the_pronouns_are_the_same(desk):
    assert SAME_PRONOUNS == ["camila-renata", "daniel-marcus"]
    (problem,) = desk.problems("factors: {couple: all}\ncounterbalance:\n  - labels\n  - names\n")
    assert problem.startswith("plan.yaml:4:5: names can be exchanged only where both partners have the same pronouns")
    assert problem.count("(she/her and he/him)") + problem.count("(he/him and she/her)") == 13
    assert "'hannah-jules' (she/her and they/them)" in problem
    exclusion = problem.partition("Exclude the twins: ")[2].partition(";")[0]
    assert (
        len(desk.expand(f"factors: {{couple: all}}\ncounterbalance: [names]\nexclude: [{exclusion}]\n").sessions) == 18
    )


def test_twins_can_be_excluded_and_included(desk):
    text = """
factors: {couple: [daniel-marcus, ruth-harold]}
counterbalance: [names]
exclude: [{couple: ruth-harold, swap names: "yes"}]
include: [{couple: camila-renata, swap names: "yes"}, {couple: mei-jonas}]
"""
    assert [tuple(one.cell.values()) for one in desk.expand(text).sessions] == [
        ("daniel-marcus", "no"), ("daniel-marcus", "yes"), ("ruth-harold", "no"),
        ("camila-renata", "yes"), ("mei-jonas", "no"),
    ]  # fmt: skip
