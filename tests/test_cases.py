"""Sessions as rows: what is known of each, what is left out, what a judge has said."""

from contextlib import closing

import pytest

from generator.cases import cases, exact, factors_of, scripted
from generator.chat.rehearsal.chat import Rehearsal
from generator.errors import InputError
from generator.judge.scores import FILE
from generator.ledger import Ledger
from generator.metrics.measures import MEASURES
from generator.plan.plan import plan_of
from generator.schema.label import PRINCIPALS
from generator.schema.session import Budget, Cast, CastPrompts, Model
from generator.session import transcript_of
from tests.builders import prompt_set, spec
from tests.judge.stand_in import StandIn
from tests.judge.trying import judge, material
from tests.runs import begin, carry_out

PLAN = {
    "turns": 5,
    "factors": {
        "prompts": ["baseline", "candid"],
        "overlays": {"bids": [{"name": "open", "partners": {"bids": "direct"}}, {"name": "shy", "partners": {}}]},
    },
}


def rehearsed(_):
    return dict.fromkeys(PRINCIPALS, Rehearsal())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    ledger = begin(folder, plan=plan_of(PLAN))
    carry_out(ledger, rehearsed)
    ledger.close()
    return folder


def test_factors_are_those_of_the_spec_and_those_of_the_plan():
    mixed = CastPrompts(therapist=prompt_set("candid").ref, a=prompt_set().ref, b=prompt_set().ref)
    models = Cast(therapist=Model(name="gpt-4o", temperature=0.5), a=Model(name="llama"), b=Model(name="llama"))
    found = factors_of(
        spec(prompts=mixed, models=models, budget=Budget(therapist_tokens=90), first="B"), {"bids": "shy"}
    )
    assert found == {
        "couple": "daniel-marcus", "topic": "work-home-role-strain", "therapist": "anya-forger",
        "structure": "LLM Only", "first_speaker": "B", "prompt_set": "candid/baseline/baseline",
        "model": "gpt-4o/llama/llama", "temperature": "0.5/default/default", "budget": "90/150 server",
        "therapist_model": "gpt-4o", "a_model": "llama", "b_model": "llama",
        "therapist_temperature": "0.5", "a_temperature": "default", "b_temperature": "default",
        "therapist_prompts": "candid", "a_prompts": "baseline", "b_prompts": "baseline", "bids": "shy",
    }  # fmt: skip


def test_the_plans_word_comes_first():
    assert factors_of(spec(), {"model": "the small one"})["model"] == "the small one"


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"turns": 30}, {"turns"}),
        ({"prompts": "candid"}, {"prompts.therapist", "prompts.a", "prompts.b"}),
        ({"couple": "ruth-harold"}, {"couple"}),
        ({"budget": Budget(cut="client")}, {"budget.cut"}),
        ({"models": Cast(a=Model(temperature=1))}, {"models.a.temperature"}),
        ({"models": Cast(a=Model(key_env="MY_KEY"))}, set()),
        ({"rng_seed": 2}, {"rng_seed"}),
    ],
)
def test_whatever_determines_a_session_is_told_exactly(changes, differs):
    one, other = exact(spec()), exact(spec(**changes))
    assert {name for name in one if one[name] != other[name]} == differs
    assert one.keys() == other.keys()


def test_every_finished_session_is_a_row_with_all_measures(run):
    found = cases(run)
    assert (found.run, found.left_out, found.judge, found.broken) == (str(run), (), None, frozenset())
    assert [case.number for case in found.cases] == [1, 2, 3, 4]
    assert [(case.factors["prompts"], case.factors["bids"]) for case in found.cases] == [
        ("baseline", "open"), ("baseline", "shy"), ("candid", "open"), ("candid", "shy"),
    ]  # fmt: skip
    assert all(case.values.keys() == MEASURES.keys() for case in found.cases)
    assert all(case.values["turns"] == 5 and scripted(case) for case in found.cases)
    assert len({case.spec["couple"] for case in found.cases}) == 2


def test_what_is_not_finished_is_counted_and_left_out(tmp_path):
    ledger = begin(tmp_path, spec(turns=5), spec(turns=5, rng_seed=2))
    with closing(ledger):
        carry_out(ledger, rehearsed)
        ledger.write(lambda connection: connection.execute("UPDATE session SET status = 'open' WHERE number = 1"))
    found = cases(tmp_path)
    assert [case.number for case in found.cases] == [2]
    assert found.left_out == (
        f"{tmp_path}: sessions not read: 1 open; `couplesim resume {tmp_path}` goes on with them",
    )


def test_a_session_that_breaks_the_format_is_counted(tmp_path):
    ledger = begin(tmp_path, spec(turns=5), spec(turns=5, rng_seed=2))
    with closing(ledger):
        carry_out(ledger, rehearsed)
    (broken,) = (tmp_path / "transcripts").glob("000002*")
    broken.write_text(broken.read_text("utf-8").replace("=" * 70, "=" * 7), encoding="utf-8")
    assert cases(tmp_path).broken == {2}


def test_a_judges_scores_are_among_the_values(tmp_path):
    ledger = begin(tmp_path, spec(turns=5), spec(turns=5, rng_seed=2))
    with closing(ledger):
        carry_out(ledger, rehearsed)
        row = ledger.session(2)
        said = transcript_of(row.spec, ledger.turns(row.id))
    judge(tmp_path / FILE, StandIn(lambda rubric, unit, key: "A"), [material(said, tmp_path)], "framing")
    found = cases(tmp_path)
    assert "stand-in-judge" in found.judge
    assert "fas" not in found.cases[0].values
    assert found.cases[1].values["fas"] == 1


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no run there \(no ledger\.db\)"):
        cases(tmp_path)


def test_a_run_without_a_finished_session_is_refused(tmp_path):
    begin(tmp_path, spec(turns=5)).close()
    with pytest.raises(InputError, match="sessions not read: 1 open"):
        cases(tmp_path)


def test_it_is_read_beside_a_writer(run):
    with closing(Ledger.open(run)):
        assert len(cases(run).cases) == 4
