"""The public names: adding or losing one is a decision."""

import pytest

import generator

PUBLIC = """Budget Cast Model agenerate check_paths generate load_couple load_prompt_set load_therapist load_topic
parse render replay""".split()


def test_these_names_are_public():
    assert generator.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_each_is_there_and_documented(name):
    assert getattr(generator, name).__doc__


def test_others_are_not():
    with pytest.raises(AttributeError, match="'generator' has no attribute 'no_such_name'"):
        _ = generator.no_such_name
