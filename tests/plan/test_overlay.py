"""Overlays: laid over people key by key, validated as their files are, mistakes told where they were written."""

import pytest

from tests.builders import couple, therapist

STYLES = ("direct", "hinting", "humorous", "withdrawing")


def over(desk, written: str, couples: str = "ruth-harold"):
    """The spec of the one session with this overlay."""
    (one,) = desk.expand(f"factors: {{couple: {couples}, overlays: {{x: [{written}]}}}}\n").sessions
    return one.spec


def test_bid_styles_are_a_line_each(desk):
    levels = "\n".join(f"      - {{name: {style}, partners: {{bids: {style}}}}}" for style in STYLES)
    text = f"factors:\n  couple: [ruth-harold, mei-jonas]\n  overlays:\n    bid style:\n{levels}\n"
    for one in desk.expand(text).sessions:
        style, pair = one.cell["bid style"], one.spec.couple
        assert (pair.a.bids, pair.b.bids) == (style, style)
        original = couple(pair.id)
        as_before = {
            name: getattr(pair, name).model_copy(update={"bids": getattr(original, name).bids}) for name in "ab"
        }
        assert pair.model_copy(update=as_before) == original


def test_mappings_are_merged_and_lists_replaced(desk):
    pair = over(
        desk, "{name: n, couple: {shared: {parents: false}}, a: {traits: [x, y, z], hides: {fear: none}}}"
    ).couple
    before = couple("ruth-harold")
    assert pair.shared == before.shared.model_copy(update={"parents": False})
    assert pair.a.traits == ["x", "y", "z"]
    assert pair.a.hides == before.a.hides.model_copy(update={"fear": "none"})
    assert pair.b == before.b


def test_one_partner_comes_before_both(desk):
    pair = over(desk, "{name: n, partners: {bids: direct}, b: {bids: hinting}}").couple
    assert (pair.a.bids, pair.b.bids) == ("direct", "hinting")


def test_a_therapist_can_be_overlaid(desk):
    spec = over(desk, "{name: n, therapist: {school: gottman}}")
    assert spec.therapist == therapist("anya-forger").model_copy(update={"school": "gottman"})
    assert spec.couple == couple("ruth-harold")


def test_an_overlay_without_changes_is_the_file(desk):
    assert over(desk, "{name: as written}").couple == couple("ruth-harold")


def test_several_overlays_are_crossed_and_laid_one_over_the_other(desk):
    text = """
factors:
  overlays:
    bids: [{name: d, a: {bids: direct}}, {name: h, a: {bids: hinting}}]
    age: [{name: young, a: {age: 20}}, {name: old, a: {age: 80, bids: practical}}]
"""
    problems = desk.problems(text)
    assert [problem.split(":")[0] for problem in problems] == ["two cells are the same session"]
    found = desk.expand(text.replace("bids: practical", "attachment: secure")).sessions
    assert [(dict(one.cell), one.spec.couple.a.bids, one.spec.couple.a.age) for one in found] == [
        ({"bids": "d", "age": "young"}, "direct", 20),
        ({"bids": "d", "age": "old"}, "direct", 80),
        ({"bids": "h", "age": "young"}, "hinting", 20),
        ({"bids": "h", "age": "old"}, "hinting", 80),
    ]


MISTAKES = {
    "{name: n, a: {bidz: direct}}": [("bidz", "a.bidz: unknown key; did you mean 'bids'?")],
    "{name: n, partners: {bids: dirct}}": [
        ("dirct", "a.bids: should be 'direct', 'hinting'"),
        ("dirct", "b.bids: should be 'direct', 'hinting'"),
    ],
    "{name: n, a: {hides: {fears: x}}}": [("fears", "a.hides.fears: unknown key; did you mean 'fear'?")],
    "{name: n, b: {stressors: [{what: x, since: y, shows: [a, b]}]}}": [
        ("[{what", "b.stressors: should have at least 2 items, not 1"),
    ],
    "{name: n, a: {age: 12}}": [("12", "a.age: must be at least 18 (got 12)")],
    "{name: n, couple: {id: y}}": [("id: y", "an overlay cannot change an id")],
    "{name: n, therapist: {scool: gottman}}": [("scool", "scool: unknown key; did you mean 'school'?")],
    "{name: n, b: {called: Mei, name: Mei Huang}}": [
        ("{name: n", "mei-jonas: both partners are called 'Mei'; give them different names")
    ],
}


@pytest.mark.parametrize("written", MISTAKES)
def test_what_an_overlay_makes_invalid_is_told_where_it_was_written(desk, written):
    line = f"factors: {{couple: mei-jonas, overlays: {{mood: [{written}]}}}}\n"
    found = desk.problems(line)
    assert len(found) == len(MISTAKES[written]), found
    for problem, (there, told) in zip(found, MISTAKES[written], strict=True):
        assert problem.startswith(f"plan.yaml:1:{line.index(there) + 1}: {told}")


def test_a_mistake_in_an_overlay_is_told_once_for_all_couples(desk):
    found = desk.problems("factors:\n  couple: all\n  overlays: {mood: [{name: n, a: {bidz: direct}}]}\n")
    assert found == ["plan.yaml:3:35: a.bidz: unknown key; did you mean 'bids'?"]


def test_an_overlay_that_changes_nothing_for_a_couple_is_a_double(desk):
    text = "factors: {couple: daniel-marcus, overlays: {x: [{name: as written}, {name: p, a: {bids: protesting}}]}}\n"
    (problem,) = desk.problems(text)
    assert problem == (
        "two cells are the same session: couple daniel-marcus, x as written; and couple daniel-marcus, x p. "
        "Exclude one of them"
    )
