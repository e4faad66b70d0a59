"""Plans become sessions: every factor, every cell once, the same ids whatever is added."""

import pytest

from generator.plan import Plan, as_yaml, expand, load_plan, plan_of, session_seed
from generator.structures import STRUCTURES
from tests.builders import SHIPPED

COUPLES = list(SHIPPED.all("couple"))


def test_a_plan_without_factors_has_one_cell(desk):
    expansion = desk.expand("repeats: 3\n")
    assert [(one.cell, one.repeat) for one in expansion.sessions] == [({}, 1), ({}, 2), ({}, 3)]
    assert len({one.spec.id for one in expansion.sessions}) == 3


FACTORS = {
    "couple: [ruth-harold, mei-jonas]": (
        ["ruth-harold", "mei-jonas"],
        lambda spec: spec.couple.id,
        ["ruth-harold", "mei-jonas"],
    ),
    "couple: all": (COUPLES, lambda spec: spec.couple.id, COUPLES),
    "therapist: [anya-forger, hiro-okada]": (
        ["anya-forger", "hiro-okada"],
        lambda spec: spec.therapist.id,
        ["anya-forger", "hiro-okada"],
    ),
    "topic: [communication, anger]": (
        ["communication", "anger"],
        lambda spec: spec.topic.id,
        ["communication", "anger"],
    ),
    "structure: [sequential, llm only]": (
        ["Sequential", "LLM Only"],
        lambda spec: spec.structure,
        ["Sequential", "LLM Only"],
    ),
    "structure: all": (
        [one.name for one in STRUCTURES],
        lambda spec: spec.structure,
        [one.name for one in STRUCTURES],
    ),
    "prompts: [candid, {name: half, therapist: candid, b: balanced}]": (
        ["candid", "half"],
        lambda spec: spec.prompts.name,
        ["candid", "candid/baseline/balanced"],
    ),
    "models: [{name: x, all: {temperature: 1}, a: {name: m}}, {name: y, partners: {name: n}, b: {layout: script}}]": (
        ["x", "y"],
        lambda spec: [(one.name, one.temperature, one.layout) for one in (spec.models.a, spec.models.b)],
        [
            [("m", 1.0, "chat"), ("rehearsal", 1.0, "chat")],
            [("n", None, "chat"), ("n", None, "script")],
        ],
    ),
    "model: [m, {name: n, temperature: 0.5}]": (
        ["m", "n"],
        lambda spec: (spec.models.therapist.name, spec.models.b.name, spec.models.b.temperature),
        [("m", "m", None), ("n", "n", 0.5)],
    ),
    "therapist_model: [m, n]": (
        ["m", "n"],
        lambda spec: (spec.models.therapist.name, spec.models.a.name),
        [("m", "rehearsal"), ("n", "rehearsal")],
    ),
    "partner_model: [m, n]": (
        ["m", "n"],
        lambda spec: (spec.models.therapist.name, spec.models.a.name, spec.models.b.name),
        [("rehearsal", "m", "m"), ("rehearsal", "n", "n")],
    ),
    "temperature: [0, 0.7]": (["0", "0.7"], lambda spec: spec.models.a.temperature, [0.0, 0.7]),
    "therapist_temperature: [0, 1]": (
        ["0", "1"],
        lambda spec: (spec.models.therapist.temperature, spec.models.a.temperature),
        [(0.0, None), (1.0, None)],
    ),
    "partner_temperature: [0, 1]": (
        ["0", "1"],
        lambda spec: (spec.models.therapist.temperature, spec.models.b.temperature),
        [(None, 0.0), (None, 1.0)],
    ),
    "layout: [chat, script]": (["chat", "script"], lambda spec: spec.models.a.layout, ["chat", "script"]),
    "budget: [{name: short, turn_tokens: 80}, {name: whole, cut: sentence}]": (
        ["short", "whole"],
        lambda spec: (spec.budget.turn_tokens, spec.budget.cut),
        [(80, "server"), (150, "sentence")],
    ),
    "turn_tokens: [80, 300]": (["80", "300"], lambda spec: spec.budget.turn_tokens, [80, 300]),
    "therapist_tokens: [80, 300]": (["80", "300"], lambda spec: spec.budget.therapist_tokens, [80, 300]),
    "partner_tokens: [80, 300]": (["80", "300"], lambda spec: spec.budget.partner_tokens, [80, 300]),
    "cut: [client, none]": (["client", "none"], lambda spec: spec.budget.cut, ["client", "none"]),
    "turns: [7, 31]": (["7", "31"], lambda spec: spec.turns, [7, 31]),
    "first: [A, B]": (["A", "B"], lambda spec: spec.first, ["A", "B"]),
    "labels: [strip, keep]": (["strip", "keep"], lambda spec: spec.labels, ["strip", "keep"]),
    "overlays: {mood: [{name: as written}, {name: sharp, a: {bids: direct}}]}": (
        ["as written", "sharp"],
        lambda spec: spec.couple.a.bids,
        ["protesting", "direct"],
    ),
}


@pytest.mark.parametrize("written", FACTORS)
def test_a_factor_varies_what_it_is_called(desk, written):
    levels, read, values = FACTORS[written]
    expansion = desk.expand(f"factors: {{{written}}}\n")
    (factor,) = expansion.design.factors
    assert list(expansion.design.factors[factor]) == levels
    assert [dict(one.cell) for one in expansion.sessions] == [{factor: level} for level in levels]
    assert [read(one.spec) for one in expansion.sessions] == values


def test_every_factor_is_tried_above():
    from generator.plan.levels import FACTORS as NAMES

    tried = {written.partition(":")[0] for written in FACTORS}
    assert tried == {*NAMES, "overlays"}


def test_all_combinations_come_once_and_then_once_more_for_each_repeat(desk):
    expansion = desk.expand(
        "repeats: 2\nfactors: {couple: [ruth-harold, mei-jonas], first: [A, B], turns: [5, 7, 9]}\n"
    )
    assert len(expansion.sessions) == 24
    first, second = expansion.sessions[:12], expansion.sessions[12:]
    assert {one.repeat for one in first} == {1}
    assert [one.cell for one in first] == [one.cell for one in second]
    assert len({one.spec.id for one in expansion.sessions}) == 24


def test_own_topics_are_each_couples_own(desk):
    expansion = desk.expand("factors: {couple: [ruth-harold, mei-jonas], topic: own}\n")
    for name in ("ruth-harold", "mei-jonas"):
        couple = next(one.spec.couple for one in expansion.sessions if one.cell["couple"] == name)
        topics = [one.cell["topic"] for one in expansion.sessions if one.cell["couple"] == name]
        assert sorted(topics) == sorted(couple.topics)


def test_what_a_level_leaves_out_is_the_plans(desk):
    text = """
models: {therapist: {name: t, base_url: "http://localhost:1/v1", temperature: 0.3}, a: {name: p}, b: {name: p}}
budget: {turn_tokens: 90, cut: sentence}
prompts: {therapist: candid, partners: balanced}
factors:
  therapist_model: [u]
  partner_tokens: [60]
  prompts: [{name: x, a: structured}]
"""
    (one,) = desk.expand(text).sessions
    assert one.spec.models.therapist.model_dump(exclude_defaults=True) == {
        "name": "u", "base_url": "http://localhost:1/v1", "temperature": 0.3
    }  # fmt: skip
    assert (one.spec.budget.turn_tokens, one.spec.budget.partner_tokens, one.spec.budget.cut) == (90, 60, "sentence")
    assert one.spec.prompts.name == "candid/structured/balanced"
    assert {each.settings.name for each in desk.expand(text).prompts_of(one.spec).values()} == {
        "candid", "structured", "balanced"
    }  # fmt: skip


def test_prompts_by_role_may_be_what_all_cells_share(desk):
    (one,) = desk.expand("prompts: {therapist: candid, a: structured}\n").sessions
    assert one.spec.prompts.name == "candid/structured/baseline"


def test_sessions_of_a_couple_topic_and_repeat_share_their_seed(desk):
    factors = "{couple: [ruth-harold, mei-jonas], model: [x, y], prompts: [candid, balanced]}"
    text = f"first: random\nrepeats: 2\nfactors: {factors}\n"
    alike: dict[tuple[str, int], set[tuple[int, int, str]]] = {}
    for one in desk.expand(text).sessions:
        spec = one.spec
        alike.setdefault((spec.couple.id, one.repeat), set()).add((spec.rng_seed, spec.turns, spec.first))
    assert [len(each) for each in alike.values()] == [1] * 4
    assert len({seed for each in alike.values() for seed, _, _ in each}) == 4
    assert session_seed(1, "a", "b", 1) != session_seed(2, "a", "b", 1)


SMALL = "factors: {couple: [ruth-harold, mei-jonas], first: [A, B]}\n"
EXTENDED = [
    "repeats: 3\n" + SMALL,
    "factors: {couple: [yuki-ben, ruth-harold, mei-jonas], first: [A, B]}\n",
    "factors: {couple: [mei-jonas, ruth-harold], first: [B, A, random]}\nrepeats: 1\nexclude: [{first: random}]\n",
    SMALL + "include: [{couple: yuki-ben, first: A}]\n",
]


@pytest.mark.parametrize("text", EXTENDED)
def test_extending_a_plan_changes_no_session(desk, text):
    before = {one.key: one.spec.id for one in desk.expand(SMALL).sessions}
    after = {one.key: one.spec.id for one in desk.expand(text).sessions}
    assert before.items() <= after.items()


def test_what_sessions_have_in_common_is_one_object(desk):
    text = """
repeats: 3
factors:
  couple: [ruth-harold, mei-jonas]
  overlays: {bids: [{name: h, partners: {bids: hinting}}, {name: d, partners: {bids: direct}}]}
  model: [x, y]
  turn_tokens: [80, 90]
"""
    sessions = desk.expand(text).sessions
    counts = {"couple": 4, "therapist": 1, "topic": 2, "models": 2, "budget": 2, "prompts": 1}
    assert {name: len({id(getattr(one.spec, name)) for one in sessions}) for name in counts} == counts


def test_a_plan_survives_being_written_and_read(desk):
    text = """
couple: ruth-harold
repeats: 2
prompts: {therapist: candid, partners: baseline}
run_cost: 2.5
factors:
  model: [x, {name: y, temperature: 0.2}]
  prompts: [candid, {name: half, a: candid}]
  budget: [{name: short, turn_tokens: 80}]
  overlays: {mood: [{name: plain}, {name: none, couple: {sensitive: null}}]}
counterbalance: [first]
exclude: [{model: x, mood: none}]
include: [{model: z, prompts: candid, budget: short, mood: plain}]
sample: {sessions: 5}
"""
    plan = desk.plan(text)
    again = desk.plan(as_yaml(plan))
    assert again == plan
    assert as_yaml(again) == as_yaml(plan)
    ids = [one.spec.id for one in expand(plan, SHIPPED).sessions]
    assert [one.spec.id for one in expand(again, SHIPPED).sessions] == ids
    assert load_plan(desk.file).origin.at(("couple",)).startswith(f"{desk.file}:1:")


def test_a_plan_is_written_without_the_defaults_that_its_factors_replace(desk):
    plan = desk.plan("factors: {couple: [ruth-harold], turns: [5, 7], turn_tokens: [60, 90], prompts: [candid]}\n")
    assert desk.problems(as_yaml(plan)) == []
    assert desk.plan(as_yaml(plan)) == plan


def test_the_least_plan_is_the_default_plan(desk):
    assert desk.plan("first: A\n") == Plan() == plan_of({})
