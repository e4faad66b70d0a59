"""Whatever is wrong with a plan is told with its file, line and column, all of it at once."""

import pytest

MISTAKES = {
    "factors:\n  couple: [daniel-marcus, ruth-harod]\n  topic: [greif]\n  prompts: [candid, candd]\n": [
        "plan.yaml:2:27: no couple 'ruth-harod'; did you mean 'ruth-harold'?",
        "plan.yaml:3:11: no topic 'greif'; did you mean 'grief'?",
        "plan.yaml:4:21: no prompt set 'candd'; did you mean 'candid'?",
    ],
    "factors: {structure: [Moderatd]}\n": ["plan.yaml:1:23: no structure is called 'Moderatd'; there are"],
    "couple: ruth-harod\n": ["plan.yaml:1:9: no couple 'ruth-harod'; did you mean 'ruth-harold'?"],
    "prompts:\n  therapist: candd\n": ["plan.yaml:2:3: no prompt set 'candd'"],
    "factors: {couples: all, first: [A, C]}\n": [
        "plan.yaml:1:11: factors.couples: unknown key; did you mean 'couple'?",
        "plan.yaml:1:36: factors.first.1: should be 'A', 'B' or 'random' (got 'C')",
    ],
    "factors:\n  model:\n    - {name: x, temprature: 1}\n    - {temperature: 9}\n": [
        "plan.yaml:3:17: factors.model.0.temprature: unknown key; did you mean 'temperature'?",
        "plan.yaml:4:7: factors.model.1.name: this key is missing",
        "plan.yaml:4:21: factors.model.1.temperature: must be at most 2 (got 9)",
    ],
    "factors: {turns: []}\n": ["plan.yaml:1:18: factors.turns: should have at least 1 item"],
    "factors: {model: [x, y, x]}\n": ["plan.yaml:1:25: model: there are two levels 'x'"],
    "factors: {overlays: {first: [{name: x}]}}\n": ["plan.yaml:1:22: 'first' is another factor's name"],
    "factors: {overlays: {bids: [{nam: x}]}}\n": [
        "plan.yaml:1:29: factors.overlays.bids.0.name: this key is missing",
        "plan.yaml:1:30: factors.overlays.bids.0.nam: unknown key; did you mean 'name'?",
    ],
    "counterbalance: [fist]\n": ["plan.yaml:1:18: counterbalance.0: should be 'first', 'labels' or 'names'"],
    "factors: {first: [A, B]}\ncounterbalance: [first]\n": ["plan.yaml:2:18: first is both a factor and counterb"],
    "factors: {first: [A, B]}\nexclude: [{frist: A}]\n": [
        "plan.yaml:2:12: 'frist' is no factor of this plan; did you mean 'first'?"
    ],
    "exclude: [{first: A}]\n": ["plan.yaml:1:12: 'first' is no factor of this plan; what varies: nothing"],
    "factors: {first: [A, B]}\nexclude: [{first: [A, B]}]\n": ["plan.yaml:2:10: nothing is left"],
    "factors: {first: [A], model: [x]}\ninclude:\n  - {first: B}\n  - {first: B, model: y, modle: z}\n": [
        "plan.yaml:3:5: this cell says nothing of model",
        "plan.yaml:4:26: 'modle' is no factor of this plan; did you mean 'model'?",
    ],
    "factors: {budget: [{name: short, turn_tokens: 80}]}\ninclude: [{budget: shrt}]\n": [
        "plan.yaml:2:20: budget has no level 'shrt'; did you mean 'short'?"
    ],
    "factors: {couple: [ruth-harold]}\ninclude: [{couple: mei-jons}]\n": [
        "plan.yaml:2:20: no couple 'mei-jons'; did you mean 'mei-jonas'?"
    ],
    "factors: {couple: [ruth-harold]}\ninclude: [{couple: ruth-harold}]\n": [
        "two cells are the same session: couple ruth-harold; and couple ruth-harold. Exclude one of them"
    ],
    "factors: {turns: [5, 6]}\nrepeats: 60000\n": ["2 cells, 60,000 sessions each: at most 100,000 sessions"],
    "factors: {couple: [mei-jonas, yuki-ben, ruth-harold], topic: [parenting-conflicts]}\n": [
        "plan.yaml:1:63: topic 'parenting-conflicts' is about children and couples 'mei-jonas', 'yuki-ben' have none; "
        "exclude them: {topic: parenting-conflicts, couple: [mei-jonas, yuki-ben]}"
    ],
    "topic: parenting-conflicts\n": ["plan.yaml:1:8: topic 'parenting-conflicts' is about children and couple 'dan"],
    "factors: {turns: [5, 7]}\nexclude: [{turns: {x: y}}]\n": [
        "plan.yaml:2:19: exclude.0.turns: should be a valid string"
    ],
    "factors: {temperature: [hot]}\n": ["plan.yaml:1:25: factors.temperature.0: should be a valid number (got 'hot')"],
    "factors: {prompts: {x: y}}\n": [
        "plan.yaml:1:20: factors.prompts.name: this key is missing",
        "plan.yaml:1:21: factors.prompts.x: unknown key; known: therapist, partners, a, b, name",
    ],
    "couple: ruth-harold\nfirst: B\nfactors: {couple: [mei-jonas], first: [A, B]}\n": [
        "plan.yaml:1:1: couple: every cell has factors.couple; take it out, or write it as a level of factors.couple",
        "plan.yaml:2:1: first: every cell has factors.first; take it out",
    ],
    "budget: {turn_tokens: 90, partner_tokens: 80}\nfactors: {turn_tokens: [60, 90]}\n": [
        "plan.yaml:1:10: budget.turn_tokens: every cell has factors.turn_tokens; take it out"
    ],
    "prompts: candid\nfactors: {prompts: [baseline, {name: two, partners: candid, therapist: balanced}]}\n": [
        "plan.yaml:1:1: prompts: every cell has factors.prompts; take it out"
    ],
    "sessions: 3\nseed: 1\n": [
        "plan.yaml:1:1: sessions: unknown key; did you mean 'repeats'?",
        "plan.yaml:2:1: seed: unknown key; did you mean 'rng_seed'?",
    ],
    "sample: {sesions: 3}\n": ["plan.yaml:1:10: sample.sesions: unknown key; did you mean 'sessions'?"],
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_place(desk, text):
    found = desk.problems(text)
    assert len(found) == len(MISTAKES[text]), found
    for problem, expected in zip(found, MISTAKES[text], strict=True):
        assert problem.startswith(expected)


@pytest.mark.parametrize(
    "text",
    [
        "topic: null\nturns: null\nfactors: {topic: [grief], turns: [5, 7]}\n",
        "prompts: candid\nfactors: {prompts: [baseline, {name: half, a: baseline}]}\n",
        "models: {a: {temperature: 0.3}}\nfactors: {model: [{name: y}]}\n",
        "budget: {partner_tokens: 80}\nfactors: {turn_tokens: [60, 90]}\n",
    ],
)
def test_a_value_that_a_factor_leaves_room_for_may_stand_beside_it(desk, text):
    assert desk.problems(text) == []


def test_an_exclusion_that_matches_nothing_is_a_warning(desk):
    text = "factors: {couple: [ruth-harold, mei-jonas]}\nexclude:\n  - {couple: ruth-harod}\n  - {couple: mei-jonas}\n"
    (warning,) = desk.expand(text).warnings
    assert warning.endswith(
        ":3:5: this exclusion matches no cell: couple has no level 'ruth-harod'; did you mean 'ruth-harold'?"
    )


def test_many_double_cells_are_counted(desk):
    found = desk.problems("repeats: 40\nfactors: {first: [A, random]}\ncounterbalance: [labels]\n")
    assert found[0].startswith("two cells are the same session: first A, swap labels no; and first random, swap labels")
    assert len(found) <= 4


def test_a_therapist_with_a_partners_name_is_told_with_the_cell(desk, tmp_path):
    shipped = __import__("tests.builders", fromlist=["SHIPPED"]).SHIPPED.find("therapist", "anya-forger")
    twin = shipped.read_text(encoding="utf-8").replace("id: anya-forger", "id: twin")
    twin = twin.replace('called: "Dr. Forger"', 'called: "Ruth"')
    (tmp_path / "twin.yaml").write_text(twin, encoding="utf-8")
    text = f"factors: {{couple: [mei-jonas, ruth-harold], therapist: ['{tmp_path}/twin.yaml']}}\n"
    (problem,) = desk.problems(text)
    assert problem.startswith("couple ruth-harold, therapist twin: 'Ruth Abernathy' has the therapist's name")
