"""The templates of pages: escaped, strict, and found in the packages that use them."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from generator.export.formats import NOTICE
from generator.pages.shown import CLASSES, SIGNS

SCRIPTED = "Rehearsal: every word is scripted text from phrase banks, no language model was used."


def environment(package: str) -> Environment:
    """Templates of `package`, in its folder `templates`, and those shared here. Whatever is put into them is escaped;
    a name that is not there is an error."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("generator.pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["number"] = lambda count: f"{count:,}"
    made.filters["counted"] = counted
    made.globals |= {"SIGNS": SIGNS, "CLASSES": CLASSES, "NOTICE": NOTICE, "SCRIPTED": SCRIPTED}
    return made


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 turn", "1,200 turns"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def stylesheet() -> str:
    """The style of all pages: light and dark, for the screen, the phone and the printer."""
    return files("generator.pages").joinpath("page.css").read_text(encoding="utf-8")
