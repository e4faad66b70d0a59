"""The report in a real browser: nothing runs that is not its own, and it can be read and used by everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.contract import load_contract
from generator.inspection import check_session
from generator.ledger import Ledger
from generator.pages.shown import shown_session
from generator.pages.templates import environment
from generator.report import write_report
from tests.browser.accessible import violations
from tests.browser.chromium import DESKTOP, PHONE, in_a_thread
from tests.builders import SHIPPED
from tests.export.conftest import NUMBER, make
from tests.report.making import HOSTILE, hostile, rehearsed

PLAN = """
factors:
  prompts: [baseline, candid]
  couple: [daniel-marcus, ruth-harold]
repeats: 2
turns: 12
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def bad_run(folder):
    return in_a_thread(hostile, folder / "bad")


@pytest.fixture(scope="module")
def bad(folder, bad_run):
    return write_report([bad_run], folder / "bad.html", "couplesim")


@pytest.fixture(scope="module")
def two(folder):
    """Over a run that is compared inside itself, and one with sessions of every kind of end."""
    varied = in_a_thread(rehearsed, folder / "varied", folder / "plan.yaml", PLAN)
    mixed = in_a_thread(make, folder / "mixed").folder
    return write_report([varied, mixed], folder / "two.html", "couplesim")


def opened(window: Any, path: Path, fragment: str = "", **options: Any) -> Any:
    shown = window(**options)
    shown.page.goto(path.as_uri() + fragment)
    return shown


def visible(page: Any) -> list[str]:
    return page.locator("#list > li:not([hidden]) details").evaluate_all("all => all.map(each => each.id)")


def test_hostile_words_run_nothing_and_are_read_as_they_were_said(window, bad):
    shown = opened(window, bad)
    shown.page.get_by_role("button", name="Open all shown").click()
    shown.page.locator("#t-1-3-1").wait_for()
    shown.page.mouse.move(300, 300)
    assert shown.page.evaluate("window.ran") is None
    said = shown.page.locator("#t-1-1-1 .said").inner_text()
    assert HOSTILE[0] in said
    tags = shown.page.evaluate("[...new Set(Array.from(document.querySelectorAll('#list *'), each => each.localName))]")
    assert not {"script", "img", "iframe", "a", "svg", "style", "textarea"} & set(tags)
    width, room = shown.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room
    assert shown.requested == [bad.as_uri(), "data:,"] or shown.requested == [bad.as_uri()]


def test_the_policy_stops_what_a_mistake_would_let_through(window, bad):
    """Even if text were taken for markup somewhere: no script, no style, no picture from elsewhere."""
    shown = opened(window, bad)
    refused = shown.page.evaluate(
        """() => { try { document.body.innerHTML = "<img src=x onerror='window.ran=1'>"; return null }
                   catch (error) { return error.name } }"""
    )
    assert refused == "TypeError"
    assert shown.page.evaluate("typeof window.ran") == "undefined"
    assert any("Trusted" in told for told in shown.complaints)
    shown.complaints.clear()


NORMAL = """root => { const told = node => node.nodeType === 3 ? node.data.replace(/[ \\n]+/g, ' ').trim()
  : [node.localName, [...node.attributes].map(each => `${each.name}=${each.value}`).sort(),
     [...node.childNodes].map(told).filter(each => each.length)];
  return told(root); }"""


@pytest.mark.parametrize(
    ("page", "run", "key"), [("bad", "bad", "1-2"), ("two", "mixed", "2-1"), ("two", "varied", "1-1")]
)
def test_the_script_and_the_template_show_a_session_alike(window, bad, two, folder, page, run, key):
    """A failed session of hostile words; one with trims, notes and findings; one in which something comes out."""
    shown = opened(window, folder / f"{page}.html", f"#s-{key}")
    made = shown.page.locator(f"#s-{key} .transcript").evaluate(NORMAL)
    ledger = Ledger.read(folder / run)
    row = ledger.session(int(key[2:]))
    turns = ledger.turns(row.id)
    findings = check_session(row, turns, load_contract(None, SHIPPED)) if row.status == "complete" else ()
    session = shown_session(key, run, row, turns, findings)
    ledger.close()
    template = environment("generator.pages").from_string(
        "{% from 'transcript.html' import transcript %}{{ transcript(session) }}"
    )
    other = window()
    other.page.set_content(template.render(session=session))
    assert made == other.page.locator(".transcript").evaluate(NORMAL)
    assert {"bad": session.message, "mixed": session.codes, "varied": any(turn.told for turn in session.turns)}[run]


def test_filters_narrow_the_list_and_stand_in_the_address(window, two):
    shown = opened(window, two)
    page = shown.page
    everything = visible(page)
    assert page.get_by_role("status").inner_text() == f"{len(everything)} sessions"
    page.get_by_label("couple").select_option("ruth-harold")
    page.get_by_label("prompt set").select_option("candid")
    narrowed = visible(page)
    assert page.get_by_role("status").inner_text() == f"{len(narrowed)} of {len(everything)} sessions"
    assert page.url.endswith("#couple=ruth-harold&prompts=candid")
    again = opened(window, two, page.url.partition("#")[2] and "#" + page.url.partition("#")[2])
    assert visible(again.page) == narrowed
    assert 0 < len(narrowed) < len(everything)
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("status").get_by_text(f"{len(everything)} sessions", exact=True).wait_for()
    assert visible(page) == everything


def test_an_address_that_means_nothing_shows_everything(window, two):
    shown = opened(window, two)
    everything = visible(shown.page)
    for fragment in (
        "%E0%A4%A",
        "length=1&item=2&%=&couple=nobody",
        "s-9-9",
        "t-1-1-x",
        "<img src=x onerror=alert(1)>=",
    ):
        shown.page.evaluate("fragment => { location.hash = fragment }", fragment)
        shown.page.wait_for_function("new Promise(requestAnimationFrame)")
        assert visible(shown.page) == everything


def test_a_finding_leads_to_its_sessions_and_a_failure_to_its_transcript(window, two):
    shown = opened(window, two)
    page = shown.page
    page.get_by_role("link", name="cut-off", exact=True).click()
    found = visible(page)
    assert page.get_by_label("finding", exact=True).input_value() == "cut-off"
    assert len(found) > 0
    page.get_by_role("link", name=str(NUMBER["failed"]), exact=True).click()
    page.locator(f"#t-2-{NUMBER['failed']}-3").wait_for()
    assert page.locator(f"#s-2-{NUMBER['failed']}").evaluate("each => each.open")


def test_the_keyboard_alone_is_enough(window, two):
    shown = opened(window, two)
    page = shown.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the transcripts"
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "filter-couple":
            break
    page.keyboard.press("r")
    assert page.get_by_label("couple").input_value() == "ruth-harold"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.localName") == "summary":
            break
    page.keyboard.press("Enter")
    page.locator("#list details[open] .turn").first.wait_for()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize(("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)])
def test_axe_finds_nothing_and_nothing_sticks_out(window, two, scheme, size):
    shown = opened(window, two, "#s-1-1", color_scheme=scheme, size=size)
    page = shown.page
    page.locator("#t-1-1-12").wait_for()
    page.locator("details.figures").evaluate_all("all => all.slice(-2).forEach(each => { each.open = true })")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#t-1-1-1").scroll_into_view_if_needed()
    shown.shoot(f"report {scheme} {size[0]} transcript")
    page.evaluate("scrollTo(0, 0)")
    shown.shoot(f"report {scheme} {size[0]}")


def test_print_shows_the_summary_and_what_was_opened(window, two):
    shown = opened(window, two, "#s-1-1")
    page = shown.page
    page.locator("#t-1-1-12").wait_for()
    page.emulate_media(media="print")
    assert page.locator("#design").is_visible()
    assert not page.locator("#filters").is_visible()
    assert page.locator("#list > li").evaluate_all(
        "all => all.filter(each => each.checkVisibility()).map(each => each.firstElementChild.id)"
    ) == ["s-1-1"]


def test_without_javascript_the_summary_and_the_list_can_be_read(window, two):
    shown = opened(window, two, java_script_enabled=False)
    page = shown.page
    assert page.get_by_text("unpacking and filtering them takes JavaScript").is_visible()
    assert not page.locator("#filters").is_visible()
    assert page.locator("#list summary").first.is_visible()
    assert page.locator("#picture-affect svg").first.is_visible()
