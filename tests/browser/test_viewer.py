"""The viewer in a real browser: nothing is complained of, everything can be reached and read, nothing that a model says
is run, and what goes on is seen going on."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from generator.ledger import changes
from tests.browser.accessible import violations
from tests.browser.chromium import DESKTOP, PHONE, in_a_thread
from tests.builders import spec
from tests.report.making import HOSTILE, hostile, rehearsed
from tests.runs import begin
from tests.test_ledger import turn
from tests.view.serving import viewer

PLAN = """
factors:
  prompts: [baseline, candid]
  couple: [daniel-marcus, ruth-harold, elena-viktor]
repeats: 2
turns: 9
"""
NAME = "<img src=x onerror='window.ran=11'>"
"""A folder's name."""
PAGES = {
    "runs": "/",
    "sessions": "/run/design",
    "cells": "/run/design/cells",
    "standing": "/run/design/standing?whole=1",
    "session": "/run/design/session/1",
    "side by side": "/run/design/session/1?beside=2",
    "prompt": "/run/design/session/1/turn/5",
    "nothing": "/run/nothing",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs")
    in_a_thread(rehearsed, folder / "design", folder.with_name("plan.yaml"), PLAN)
    in_a_thread(hostile, folder / NAME)
    with viewer(folder) as url:
        yield url


def goes_to(window, base: str, address: str, **options):
    opened = window(**options)
    if address == PAGES["nothing"]:  # the browser itself notes an answer of 404 on the console
        opened.page.goto(base + address)
        opened.complaints.clear()
    else:
        opened.page.goto(base + address)
    if opened.page.locator("[data-part]").count() and options.get("java_script_enabled", True):
        opened.page.locator(".standing").wait_for()
    return opened


@pytest.mark.parametrize(("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_accessible_and_fits(window, base, name, scheme, size):
    opened = goes_to(window, base, PAGES[name], size=size, color_scheme=scheme)
    assert violations(opened.page) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    opened.shoot(f"viewer {name} {scheme} {size[0]}")
    assert {urlsplit(url).netloc for url in opened.requested} == {urlsplit(base).netloc}


def test_what_is_not_accessible_is_noticed(window):
    page = window().page
    page.set_content(
        "<title>A page</title><main><h1>Grey</h1><p style='color: #ccc'>on white</p><img src='data:,'></main>"
    )
    assert {each.partition(":")[0] for each in violations(page)} >= {"color-contrast", "image-alt", "html-has-lang"}


def test_sessions_are_chosen_with_the_keyboard_alone(window, base):
    page = goes_to(window, base, "/run/design").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    reach(page, lambda: page.evaluate("document.activeElement.name") == "prompts")
    page.keyboard.type("cand")
    reach(page, lambda: page.evaluate("document.activeElement.textContent") == "Show")
    page.keyboard.press("Enter")
    page.wait_for_url("**prompts=candid**")
    assert page.locator("tbody tr").count() == 6
    assert page.get_by_label("Prompt set").input_value() == "candid"
    reach(page, lambda: page.evaluate("document.activeElement.closest('tbody') !== null"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/session/**")
    page.keyboard.press("Shift+Tab")
    assert page.get_by_role("link", name=re.compile("session .* →")).get_attribute("href").endswith("prompts=candid")


def reach(page, there, most: int = 60) -> None:
    """Tab on until the focus is there; it is always to be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if there():
            return
    pytest.fail("not to be reached with the keyboard")


def test_findings_can_be_chosen_once_they_are_known(window, base):
    page = goes_to(window, base, "/run/design").page
    page.get_by_text("whole sessions checked").wait_for()
    page.reload()
    options = page.get_by_label("Finding").locator("option").evaluate_all("all => all.map(each => each.value)")
    page.get_by_label("Finding").select_option(options[1])
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**finding=**")
    assert 1 <= page.locator("tbody tr").count() <= 12


def test_turns_stand_at_the_same_height_side_by_side(window, base):
    opened = goes_to(window, base, "/run/design/session/1")
    page = opened.page
    page.get_by_role("link", name="prompts candid").click()
    page.wait_for_url("**beside=**")
    rows = page.locator("ul.row")
    assert rows.count() == 9
    for row in rows.all():
        left, right = (turn.bounding_box() for turn in row.locator("> li").all())
        assert left["y"] == right["y"]
        assert left["x"] + left["width"] <= right["x"]
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    left, right = (turn.bounding_box() for turn in rows.first.locator("> li").all())
    assert left["y"] + left["height"] <= right["y"]
    page.get_by_role("link", name="change sides").click()
    page.wait_for_url("**/session/*?beside=1**")


def test_a_prompt_is_one_step_from_its_turn(window, base):
    page = goes_to(window, base, "/run/design/session/1").page
    page.get_by_role("link", name="Prompt of turn 5 of session 1").click()
    page.wait_for_url("**/turn/5")
    assert "Marcus" in page.locator("pre").first.text_content()
    page.get_by_role("link", name="what is new").click()
    assert page.evaluate("location.hash") == "#new"


def test_words_of_models_run_nothing(window, base):
    """Row 61: they stand there as text, in every place where they can stand."""
    page = goes_to(window, base, "/").page
    page.get_by_role("link", name=NAME).click()
    page.locator(".standing").wait_for()
    assert page.locator("h1").text_content() == NAME
    here = page.url
    for address in ("", "/standing?whole=1", "/cells", "/session/1", "/session/2", "/session/1?beside=3",
                    "/session/1?beside=1%22%3E%3Cscript%3Ewindow.ran%3D12%3C/script%3E",
                    "/session/1/turn/4", "?model=%22%3E%3Cscript%3Ewindow.ran%3D13%3C/script%3E"):  # fmt: skip
        opened = window()
        opened.page.goto(here + address)
        if not address:
            opened.page.locator(".standing").wait_for()
        if "%3Cscript%3Ewindow.ran%3D12" in address:  # the browser notes the 404
            opened.complaints.clear()
        assert opened.page.evaluate("window.ran") is None
        assert opened.page.locator("script").count() == 1
        assert opened.page.locator("img, iframe, svg, textarea, base, meta[http-equiv], main style").count() == 0
        assert opened.page.locator("a[href^=javascript]").count() == 0
        assert {urlsplit(url).netloc for url in opened.requested} == {urlsplit(base).netloc}
    said = goes_to(window, base, urlsplit(here).path + "/session/1").page.locator(".said").all_text_contents()
    for words in HOSTILE:
        assert any(words in text.strip() for text in said), words


def test_what_would_run_a_script_is_refused_by_the_browser(window, base):
    """The policy holds even if a page had a hole: no script of the page's own text, no style, no other host."""
    opened = goes_to(window, base, "/")
    opened.page.evaluate(
        """() => {
          const script = document.createElement("script"); script.textContent = "window.ran = 14";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<img src='http://evil.example/x' onerror='window.ran = 15'>");
        }"""
    )
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("window.ran") is None
    assert len(opened.complaints) >= 2
    assert all("Content Security Policy" in each for each in opened.complaints)
    opened.complaints.clear()


def test_a_run_is_seen_going_on(window, tmp_path):
    of = spec(turns=5)
    ledger = begin(tmp_path / "run", of)
    try:
        with viewer(tmp_path / "run") as base:
            page = goes_to(window, base, "/run/run").page
            page.get_by_text("0 of 5 turns").wait_for()
            page.get_by_text("running: pid").wait_for()
            ledger.write(changes.commit_turn, of.id, turn(1, "Good morning."), "gpt-4o", None)
            page.get_by_text("1 of 5 turns").wait_for()
            page.get_by_text("How it stands").click()
            ledger.write(changes.commit_turn, of.id, turn(2, "Good morning."), "gpt-4o", None)
            page.get_by_text("2 of 5 turns").wait_for()
            assert not page.locator("details").evaluate("each => each.open"), "it stays as the reader left it"
            ledger.close()
            page.get_by_text("nobody is at work on it").wait_for(state="attached")
    finally:
        ledger.close()


def test_without_script_everything_can_be_read(window, base):
    page = goes_to(window, base, "/run/design", java_script_enabled=False).page
    page.get_by_role("link", name="How it stands").click()
    page.get_by_text("108 of 108 (100 %)").wait_for()
    page.goto(base + "/run/design?prompts=candid")
    assert page.locator("tbody tr").count() == 6
