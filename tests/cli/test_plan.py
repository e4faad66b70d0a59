"""`couplesim plan`, what the page on plans says, and what options do to a plan that varies something."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator.assets import shipped_root
from generator.cli import group
from generator.cli.init import PLAN
from generator.cli.options import plan_from
from generator.errors import InputError
from generator.plan import expand, load_plan, plan_of
from generator.prices import Prices
from generator.schema.turn import Usage
from tests.builders import SHIPPED

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "plans.md").read_text(encoding="utf-8")
YAML = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SMALL = """\
turns: 9
factors:
  couple: [ruth-harold, mei-jonas]
  therapist_model: [gpt-4o, gpt-4.1]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Runs a command line in a folder of its own; our own errors come out as they are."""
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(SMALL, encoding="utf-8")

    def run(*words: str):
        return CliRunner().invoke(group, words, catch_exceptions=False)

    return run


def figures(here, *words: str) -> dict:
    told = here("plan", *words, "--json")
    assert told.exit_code == 0
    data: dict = json.loads(told.stdout)
    return data


def test_the_figures_are_those_of_every_session(here):
    found = figures(here, "plan.yaml")
    assert (found["sessions"], found["requests"]) == (4, 36)
    assert [cell["cell"] for cell in found["list"]] == [
        {"couple": couple, "therapist_model": model}
        for couple in ("ruth-harold", "mei-jonas")
        for model in ("gpt-4o", "gpt-4.1")
    ]
    models, prices = found["models"], Prices.load()
    assert list(models) == ["gpt-4o", "rehearsal", "gpt-4.1"]
    for name, model in models.items():
        usage = Usage(prompt=model["prompt_tokens"], completion=model["reply_tokens"])
        assert model["cost"] == pytest.approx(prices.cost(name, usage))
    for what in ("requests", "prompt_tokens", "cached_tokens", "reply_tokens", "cost", "cost_with_caching"):
        assert found[what] == pytest.approx(sum(model[what] for model in models.values()))
    assert 0 < found["cost_with_caching"] < found["cost"]
    assert found["lints"] == []


def test_repeats_take_what_one_takes_as_often(here):
    one, three = figures(here, "plan.yaml"), figures(here, "plan.yaml", "-n", "3")
    assert three["sessions"] == 3 * one["sessions"]
    assert three["prompt_tokens"] == 3 * one["prompt_tokens"]
    assert [cell["sessions"] for cell in three["list"]] == [3] * 4


def test_the_time_follows_from_the_assumptions(here):
    """36 requests of 9 turns: four sessions side by side, or one after the other."""
    assert figures(here, "plan.yaml", "--turn-seconds", "2")["seconds"] == 18
    assert figures(here, "plan.yaml", "--turn-seconds", "2", "--concurrency", "1")["seconds"] == 72


def test_what_is_printed_fits_a_terminal_and_says_what_is_assumed(here):
    told = here("plan", "plan.yaml", "--run-cost", "3").stdout
    assert max(map(len, told.splitlines())) <= 80
    for said in ("4 sessions", "2 x 2 = 4 combinations", "ruth-harold, mei-jonas", "assumed:", "with cache",
                 "3 s a request, 64 at once", f"prices of {Prices.load().checked}", "passes $3.00",
                 "nothing odd in them"):  # fmt: skip
        assert said in told


def test_of_many_cells_the_first_are_listed_unless_all_are_asked_for(here):
    Path("many.yaml").write_text("factors: {couple: all, first: [A, B]}\n", encoding="utf-8")
    assert "and 22 cells more (--cells lists all)" in here("plan", "many.yaml").stdout
    told = here("plan", "many.yaml", "--cells").stdout
    assert re.search(r"^ *32 ", told, re.MULTILINE)
    assert "cells more" not in told


def test_an_unknown_price_is_told_and_refused_only_by_a_limit_in_money(here):
    told = here("plan", "plan.yaml", "--therapist-model", "nobodys")
    assert told.exit_code == 0
    assert "no price for nobodys in" in told.stdout
    with pytest.raises(InputError, match=r"--run-cost: no price for model 'nobodys' in .*--run-tokens"):
        here("plan", "plan.yaml", "--therapist-model", "nobodys", "--run-cost", "1")


def test_ones_own_prices_come_first(here):
    Path("prices.yaml").write_text(
        "checked: today\nmodels: {gpt-4o: {input: 1, output: 1}, gpt-4.1: {input: 2, output: 2}}\n", encoding="utf-8"
    )
    found = figures(here, "plan.yaml")
    assert found["prices"]["checked"] == "today"
    of = found["models"]["gpt-4o"]
    assert of["cost"] == pytest.approx((of["prompt_tokens"] + of["reply_tokens"]) / 1e6)


def test_an_error_in_any_cells_prompts_is_exit_code_2(here):
    Path("plan.yaml").write_text(
        SMALL + "  overlays: {x: [{name: plain}, {name: braces, a: {grievance: 'He {{ x }}'}}]}\n", encoding="utf-8"
    )
    told = here("plan", "plan.yaml")
    assert told.exit_code == 2
    assert "error: prompt set baseline, Patient A: unfilled placeholder '{{ x }}'" in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_cell_is_previewed_by_its_number(here):
    told = json.loads(here("preview", "plan.yaml", "--cell", "3", "--json").stdout)
    assert told["cell"] == {"couple": "mei-jonas", "therapist_model": "gpt-4o"}
    assert "Mei Huang" in told["roles"]["Patient A"]["messages"][0]["content"]
    assert "the plan has 4 sessions" in here("preview", "plan.yaml").stdout
    with pytest.raises(InputError, match=r"--cell: the plan has cells 1 to 4 \(got 5\)"):
        here("preview", "plan.yaml", "--cell", "5")


OPTIONS = {
    "couple": ({"couple": "yuki-ben"}, ["therapist_model"]),
    "model": ({"model": "rehearsal"}, ["couple"]),
    "therapist_model": ({"therapist_model": "x"}, ["couple"]),
    "turns": ({"turns": 5}, ["couple", "therapist_model"]),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_takes_the_place_of_the_factor_that_varies_the_same(here, name):
    given, left = OPTIONS[name]
    expansion = expand(plan_from(Path("plan.yaml"), given), SHIPPED)
    assert list(expansion.design.factors) == left
    (value,) = given.values()
    for one in expansion.sessions:
        spec = one.spec
        assert value in (spec.couple.id, spec.models.therapist.name, spec.turns)


def test_what_an_option_cannot_be_told_apart_from_is_refused(here):
    Path("plan.yaml").write_text(
        SMALL + "exclude: [{couple: ruth-harold, therapist_model: gpt-4o}]\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="--couple: the plan excludes or includes cells by couple; change it there"):
        plan_from(Path("plan.yaml"), {"couple": "yuki-ben"})
    Path("plan.yaml").write_text("factors: {model: [x, y], budget: [{name: n, cut: none}]}\n", encoding="utf-8")
    with pytest.raises(InputError, match="--partner-model: the plan varies model, which sets the same"):
        plan_from(Path("plan.yaml"), {"partner_model": "z"})
    with pytest.raises(InputError, match="--turn-tokens: the plan varies budget, which sets the same"):
        plan_from(Path("plan.yaml"), {"turn_tokens": 80})


def test_prompt_sets_by_role_are_options_too(here):
    given = {"therapist_prompts": "candid", "prompts": "balanced"}
    (one,) = expand(plan_from(None, given), SHIPPED).sessions
    assert one.spec.prompts.name == "candid/balanced/balanced"
    (one,) = expand(plan_from(None, {"partner_prompts": "structured"}), SHIPPED).sessions
    assert one.spec.prompts.name == "baseline/structured/structured"


def test_a_mistake_in_an_option_is_not_blamed_on_the_file(here):
    Path("plan.yaml").write_text("couple: ruth-harold\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^no couple 'nobody'"):
        expand(plan_from(Path("plan.yaml"), {"couple": "nobody"}), SHIPPED)


@pytest.mark.parametrize("option", ["run_tokens", "run_cost"])
def test_caps_are_part_of_the_plan_and_of_no_session(here, option):
    capped = plan_from(Path("plan.yaml"), {option: 5})
    assert getattr(capped, option) == 5
    ids = [one.spec.id for one in expand(load_plan(Path("plan.yaml")), SHIPPED).sessions]
    assert [one.spec.id for one in expand(capped, SHIPPED).sessions] == ids
    with pytest.raises(InputError, match=f"--{option.replace('_', '-')}: "):
        plan_from(None, {option: 0})


def test_the_workspaces_plan_and_its_worked_example_are_valid(here):
    Path("plan.yaml").write_text(PLAN, encoding="utf-8")
    assert len(expand(load_plan(Path("plan.yaml")), SHIPPED).sessions) == 3
    before, _, example = PLAN.partition("# A worked example")
    assert "take `couple`, `topic` and `first` above out" in example
    before = re.sub(r"^(?:couple|topic|first): .*\n", "", before, flags=re.MULTILINE)
    lines = [line.removeprefix("# ") for line in example.splitlines()[2:]]
    Path("plan.yaml").write_text(f"{before}{chr(10).join(lines)}\n", encoding="utf-8")
    plan = load_plan(Path("plan.yaml"))
    expansion = expand(plan, SHIPPED)
    assert (len(expansion.sessions), expansion.warnings) == (24, ())
    assert "3 x 4 x 2 x 2 = 48" in example
    assert expansion.design.combinations == 48 * 2


def test_a_workspace_has_prices_of_its_own(here):
    assert here("init", "study").exit_code == 0
    assert Path("study/prices.yaml").read_bytes() == (shipped_root() / "prices.yaml").read_bytes()


@pytest.mark.parametrize("text", YAML)
def test_every_plan_of_the_page_is_valid(here, text):
    Path("plan.yaml").write_text(text, encoding="utf-8")
    assert expand(load_plan(Path("plan.yaml")), SHIPPED).warnings == ()


def test_the_pages_worked_example_is_what_it_says(here):
    Path("study.yaml").write_text(YAML[0], encoding="utf-8")
    for line in re.findall(r"^couplesim plan (study.yaml.*)$", PAGE, re.MULTILINE):
        found = figures(here, *line.replace("--json", "").split())
        assert found["sessions"] == (104 if "--model" in line else 312)
    assert "13 x 4 x 2 x 3\n= 312 sessions" in PAGE
    assert figures(here, "study.yaml")["cost"] < load_plan(Path("study.yaml")).run_cost


def test_the_page_names_every_factor():
    from generator.plan.levels import FACTORS

    table = PAGE.split("| factor | levels |")[1].split("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if row else "")}
    assert named == {*FACTORS, "overlays"}


def test_the_default_plan_is_what_no_options_give():
    assert plan_from(None, {}) == plan_of({})


def test_power_is_told_for_every_factor(here):
    found = figures(here, "plan.yaml", "-n", "10", "--power")["power"]
    assert (found["measures"], [each["factor"] for each in found["factors"]]) == (9, ["couple", "therapist_model"])
    models = found["factors"][1]
    assert (models["design"], models["units"], models["couples"]) == ("paired", 20, 2)
    assert 0 < models["power"]["0.5"] < models["power"]["0.8"] < 1
    told = here("plan", "plan.yaml", "-n", "10", "--power").stdout
    assert re.search(rf"^therapist_model +paired +20 +2 +{models['detectable']:.2f} ", told, re.MULTILINE)
    assert "assumed: find: how often an effect of such a size is found" in told


def test_a_plan_that_varies_nothing_has_no_power_to_tell(here):
    assert "power:   nothing varies" in here("plan", "--turns", "5", "--power").stdout
