"""Prompt sets: strict, sandboxed, and never rendering a value as a template (FAULTS 55)."""

import contextlib

import pytest

from generator.assets import Assets
from generator.errors import InputError
from generator.perspective import perspective
from generator.prompts import PromptSet, load_prompt_set
from generator.schema.label import Label
from generator.schema.session import Temperament
from tests.builders import couple, prompt_set, spec, within

SET = """name: trial
tries: something
notes: none
temperament: {guarded: 0.3}
words: {therapist: [60, 90], partner: [100, 150]}
"""
VALID_NAMES = "a, b, intake, me, other, pattern, persona, practice, pursues, shared, structure, therapist, topic"


def load(tmp_path, partner="{{ me.name }}", set_file=SET, missing=(), shared=(), **templates) -> PromptSet:
    """A prompt set of its own: templates by role or name; `shared`: pairs for the folder of partials."""
    folder = tmp_path / "prompts" / "trial"
    files = {"partner": partner, "therapist": "{{ me.name }}", "opening": "Begin.", **templates}
    for path, text in [
        (folder / "set.yaml", set_file),
        *((folder / f"{name}.j2", text) for name, text in files.items() if name not in missing),
        *((folder.parent / "_shared" / f"{name}.j2", text) for name, text in shared),
    ]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_prompt_set("trial", Assets([tmp_path]))


def system(prompts: PromptSet, label: Label = "Patient A", **changes) -> str:
    return prompts.system(perspective(spec(**changes), label, Temperament()))


def refused(tmp_path, *args, **kwargs) -> str:
    """What is said when loading a set or rendering its partner prompt is refused."""
    with pytest.raises(InputError) as caught:
        system(load(tmp_path, *args, **kwargs))
    return str(caught.value)


def test_a_prompt_is_filled_from_the_speakers_perspective(tmp_path):
    prompts = load(
        tmp_path, "{{ me.called }}, {{ other.called }}, {{ words_from }}-{{ words_to }} \n\n", opening="{{ a.called }}"
    )
    assert system(prompts) == "Daniel, Marcus, 100-150"
    assert system(prompts, "Patient B") == "Marcus, Daniel, 100-150"
    assert prompts.opening(perspective(spec(), "Therapist", Temperament())) == "Daniel"


@pytest.mark.parametrize(("first", "pursues"), [("Patient A", True), ("Patient B", False)])
def test_who_pursues(tmp_path, first, pursues):
    assert system(load(tmp_path, "{{ pursues }}"), first) == str(pursues)


def test_an_unknown_name_is_refused_with_file_line_and_the_nearest_or_all_valid_ones(tmp_path):
    message = refused(tmp_path, "{{ me.name }}\n{{ persna }}\n{{ qqq }}\n")
    near, other = message.splitlines()
    assert near == f"{tmp_path}/prompts/trial/partner.j2:2: unknown name 'persna'; did you mean 'persona'?"
    assert f"partner.j2:3: unknown name 'qqq'; there are {VALID_NAMES}" in other


def test_an_unknown_field_is_refused_with_the_nearest_or_at_most_twelve_valid_ones(tmp_path):
    near, other = refused(tmp_path, "{{ me.naem }}\n{{ me.qqq }}\n").splitlines()
    assert near.endswith("unknown field 'naem'; did you mean 'name'?")
    assert other.count(",") == 11
    assert other.endswith(" more")


@pytest.mark.parametrize(
    ("template", "field"), [("fine\n{{ other.hides }}", "hides"), ("fine\n{{ practice.approach }}", "approach")]
)
def test_a_field_that_is_not_the_speakers_to_know_is_refused_in_plain_words(tmp_path, template, field):
    assert refused(tmp_path, template) == (
        f"{tmp_path}/prompts/trial/partner.j2:2: Patient A does not know {field!r} here: "
        "it is another person's private field, or not known to this role"
    )


def test_a_line_after_an_include_stands_on_its_own(tmp_path):
    prompts = load(tmp_path, '{% include "inner.j2" %}\nAppended.\n', shared=[("inner", "The end.\n")])
    assert "The end." in system(prompts).split("\n")
    files = {**prompt_set().files, "partner.j2": prompt_set().files["partner.j2"] + "Appended.\n"}
    assert system(PromptSet(prompt_set().settings, files)).split("\n")[-1] == "Appended."


def test_all_mistakes_of_a_set_are_told_at_once(tmp_path):
    message = refused(tmp_path, "{{ one }}\n{{ two }}", therapist="\n{{ three", missing=["opening"])
    assert len(message.splitlines()) == 4
    for part in ("opening.j2 is missing", "partner.j2:1:", "partner.j2:2:", "therapist.j2:2:"):
        assert part in message


@pytest.mark.parametrize("missing", ["partner", "therapist", "opening"])
def test_a_missing_template_is_refused(tmp_path, missing):
    assert f"{missing}.j2 is missing" in refused(tmp_path, missing=[missing])


BROKEN = {
    "unclosed brace": "fine\n{{ me.name",
    "unclosed block": "fine\n{% if pursues %}",
    "unknown statement": "fine\n{% frobnicate %}",
    "unknown filter": "fine\n{{ me.name | frobnicate }}",
    "unknown attribute": "fine\n{{ me.naem }}",
    "attribute of nothing": "fine\n{{ practice.name }}",
    "unknown partial": 'fine\n{% include "nowhere.j2" %}',
    "sum of unlike things": "fine\n{{ me.name + 1 }}",
    "division by nothing": "fine\n{{ me.age / 0 }}",
    "loop over a number": "fine\n{% for x in me.age %}{% endfor %}",
}
TRICKS = {
    "class": "fine\n{{ me.__class__ }}",
    "class by index": 'fine\n{{ me["__class__"] }}',
    "class by filter": 'fine\n{{ me | attr("__class__") }}',
    "class of text": "fine\n{{ me.name.__class__.__mro__ }}",
    "format": 'fine\n{{ "{0.__class__}".format(me) }}',
    "format map": 'fine\n{{ "{x.__class__}".format_map({"x": me}) }}',
    "globals": "fine\n{{ me.model_dump.__globals__ }}",
    "changing a list": 'fine\n{{ persona.traits.append("x") }}',
    "range": "fine\n{% for x in range(9) %}{% endfor %}",
    "cycler": "fine\n{{ cycler.__init__ }}",
}
BLOW_UPS = {
    "repeated text": 'fine\n{{ "x" * 50000000 }}',
    "repeated name": "fine\n{{ me.name * 50000000 }}",
    "power": "fine\n{{ 9 ** 9 ** 9 }}",
    "three loops": "fine\n" + "{% for x in persona.traits %}" * 3 + "{% endfor %}" * 3,
    "recursive loop": "fine\n{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "recursive macro": "fine\n{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "includes itself": 'fine\n{% include "partner.j2" %}',
    "padded by filter": 'fine\n{{ "x" | center(50000000) }}',
    "padded by method": 'fine\n{{ "x".ljust(50000000) }}',
    "padded by percent": 'fine\n{{ "%050000000d" | format(1) }}',
    "padded by operator": 'fine\n{{ "%050000000d" % 1 }}',
    "replaced": 'fine\n{{ persona.background.replace("", persona.background).replace("e", persona.background) }}',
    "indented": 'fine\n{{ "a\\nb" | indent(50000000) }}',
}


@pytest.mark.parametrize("template", (BROKEN | TRICKS).values(), ids=BROKEN | TRICKS)
def test_broken_and_tricky_templates_are_refused_with_their_line(tmp_path, template):
    assert f"{tmp_path}/prompts/trial/partner.j2:2: " in refused(tmp_path, template)


@pytest.mark.parametrize("template", BLOW_UPS.values(), ids=BLOW_UPS)
def test_templates_that_blow_up_are_refused_at_once(tmp_path, template):
    with within(1):
        assert "partner.j2" in refused(tmp_path, template)


def test_two_loops_over_the_letters_of_a_text_are_refused_or_quick(tmp_path):
    daniel = couple("daniel-marcus").a.model_copy(update={"background": "x" * 4000})
    wordy = couple("daniel-marcus").model_copy(update={"a": daniel})
    with within(0.5), contextlib.suppress(InputError):
        system(load(tmp_path, "{% for x in persona.background %}" * 2 + "x" + "{% endfor %}" * 2), couple=wordy)


def test_loops_are_counted_through_includes(tmp_path):
    one = "{% for x in persona.traits %}"
    refused(
        tmp_path, f'{one}{one}{{% include "inner.j2" %}}{{% endfor %}}{{% endfor %}}', inner=f"{one}x{{% endfor %}}"
    )


@pytest.mark.filterwarnings("ignore")
def test_methods_of_records_are_out_of_reach(tmp_path):
    """`parse_raw` of a pydantic record unpickles what it is given: that is any code."""
    pickled = f"cos\\nmkdir\\n(S'{tmp_path}/made'\\ntR."
    trick = f'{{{{ me.parse_raw("{pickled}", proto="pickle", allow_pickle=True) }}}}'
    try:
        refused(tmp_path, trick)
    finally:
        assert not (tmp_path / "made").exists(), "a template has run code"


def test_a_mistake_in_a_partial_is_told_with_the_partials_file(tmp_path):
    message = refused(tmp_path, 'fine\n\n\n{% include "inner.j2" %}', shared=[("inner", "fine\n{{ me.naem }}")])
    assert f"{tmp_path}/prompts/_shared/inner.j2:2: " in message


def test_an_unknown_name_in_a_partial_is_told_with_the_partials_file(tmp_path):
    message = refused(tmp_path, '{% include "inner.j2" %}', shared=[("inner", "fine\n{{ nmae }}")])
    assert f"{tmp_path}/prompts/_shared/inner.j2:2: " in message


def test_a_sets_own_partial_counts_before_the_shared_one(tmp_path):
    prompts = load(tmp_path, '{% include "inner.j2" %}', inner="mine", shared=[("inner", "shared")])
    assert system(prompts) == "mine"


@pytest.mark.parametrize("value", ["{{ 7*7 }}", "{% include 'partner.j2' %}", "{# gone #}", "{{", "%}", "# for x in y"])
def test_a_value_is_never_rendered(tmp_path, value):
    daniel = couple("daniel-marcus").a
    odd = couple("daniel-marcus").model_copy(update={"a": daniel.model_copy(update={"background": value})})
    prompts = load(tmp_path, "[{{ persona.background }}]")
    assert system(prompts, couple=odd) == f"[{value}]"
    assert value in system(prompt_set(), couple=odd)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: trial", "name: other", "set.yaml:1:7: name: must equal the folder's name, 'trial' (got 'other')"),
        ("tries: something", "trise: something", "set.yaml:2:1: trise: unknown key; did you mean 'tries'?"),
        ("guarded: 0.3", "guarded: 3", "temperament.guarded"),
        ("partner: [100, 150]", "partner: [100]", "words.partner"),
        ("partner: [100, 150]", "partnr: [100, 150]", "words.partnr"),
        ("[100, 150]", "[150, 100]", "words.partner"),
    ],
)
def test_mistakes_in_the_set_file(tmp_path, old, new, message):
    assert old in SET
    assert message in refused(tmp_path, set_file=SET.replace(old, new))


def test_a_template_that_is_not_utf8_is_refused(tmp_path):
    load(tmp_path)
    path = tmp_path / "prompts/trial/partner.j2"
    path.write_bytes("café".encode("latin-1"))
    with pytest.raises(InputError, match=r"partner\.j2: is not UTF-8"):
        load_prompt_set("trial", Assets([tmp_path]))


def test_the_hash_is_that_of_the_content(tmp_path):
    first = load(tmp_path / "1").ref
    assert load(tmp_path / "2").ref == first, "the place does not count"
    assert load(tmp_path / "3", "{{ me.called }}").ref.hash != first.hash
    assert load(tmp_path / "4", shared=[("x", "y")]).ref.hash != first.hash
    assert load(tmp_path / "5", set_file=SET.replace("something", "more")).ref.hash != first.hash
    assert (first.name, len(first.hash)) == ("trial", 16)
