"""The pages: runs, the sessions of a run, its cells, how it stands, transcripts, prompts. Every answer is made from the
ledgers at that moment; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from generator import tokens
from generator.assets import Assets
from generator.batch import kept_prompts
from generator.contract import load_contract
from generator.errors import CouplesimError
from generator.inspection import check_session
from generator.pages.shown import ShownSession, shown_session
from generator.pages.templates import environment, stylesheet
from generator.schema.label import PRINCIPALS
from generator.schema.session import Spec
from generator.schema.turn import Turn
from generator.session import Session
from generator.sources import shown
from generator.status import standing
from generator.status_lines import ago, lines
from generator.summary import Price
from generator.view.addresses import Paging, number_in, query_of, run_address
from generator.view.brief import brief, brief_of
from generator.view.catalogue import NONE, WHOLE
from generator.view.desk import Desk, Missing, Opened
from generator.view.door import Door
from generator.view.shelf import Shelf

T = TypeVar("T")

AGAIN_SECONDS = 2.0
"""After this a page looks again how a run stands, or later if finding that out takes long."""


def build_app(shelf: Shelf, price: Price) -> ASGIApp:
    """The ASGI application over the runs of a shelf. Raises StorageError if one run is shown and cannot be read."""
    desk = Desk(shelf)
    desk.look_ahead()
    view = View(desk, price)
    run, session = "/run/{run}", "/run/{run}/session/{number:int}"
    routes = [
        Route("/", view.runs),
        Route(run, view.sessions),
        Route(f"{run}/cells", view.cells),
        Route(f"{run}/standing", view.standing),
        Route(f"{run}/checks", view.checks),
        Route(session, view.session),
        Route(f"{session}/turn/{{turn:int}}", view.prompt),
        *(Route(f"/static/{name}", _file(text, kind)) for name, text, kind in _files()),
    ]
    handlers: Any = {Missing: view.missing, HTTPException: view.missing, CouplesimError: view.broken}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Door(app)


class View:
    """Answers requests, each in a thread of its own."""

    def __init__(self, desk: Desk, price: Price) -> None:
        self._desk, self._price = desk, price
        self._contract = load_contract(None, Assets())
        self._templates = environment("generator.view")
        self._templates.globals |= {"run_address": run_address, "NONE": NONE, "WHOLE": WHOLE}
        self._templates.filters["ago"] = lambda when: ago(when, time.time())
        for name in self._templates.list_templates(["html"]):
            self._templates.get_template(name)
        tokens.count("")  # the vocabulary is read once, and not while somebody waits for a page

    def runs(self, request: Request) -> Response:
        """All runs, the latest first; one alone is shown at once."""
        shelf = self._desk.shelf
        runs = shelf.runs()
        if shelf.is_run:
            return RedirectResponse(run_address(*runs))
        latest_first = sorted(map(brief, runs, runs.values()), key=lambda run: run.began, reverse=True)
        return self._page("runs.html", place=shown(shelf.path), runs=latest_first)

    def sessions(self, request: Request) -> Response:
        """The sessions of a run that the query chooses, a page of them at a time."""
        with self._desk.opened(request.path_params["run"]) as run:
            query, codes = query_of(request), run.codes
            found = run.catalogue.chosen(query, codes)
            paging = Paging(request, len(found))
            on_page = found[paging.start : paging.end]
            return self._page(
                "run.html",
                run=run,
                brief=brief_of(run.key, run.ledger),
                query=query,
                facets=run.catalogue.facets(query, codes),
                lines=on_page,
                paging=paging,
                codes=codes,
                tallies=run.ledger.tallies(line.entry.number for line in on_page),
                design=run.catalogue.design,
            )

    def cells(self, request: Request) -> Response:
        """The cells of a run's design, with their sessions counted."""
        with self._desk.opened(request.path_params["run"]) as run:
            cells = run.catalogue.cells()
            paging = Paging(request, len(cells))
            design = run.catalogue.design
            return self._page(
                "cells.html", run=run, cells=cells[paging.start : paging.end], paging=paging, design=design
            )

    def standing(self, request: Request) -> Response:
        """How a run stands, in the lines of `couplesim status`: a part of a page; with `?whole`, a page."""
        with self._desk.opened(request.path_params["run"]) as run:
            began = time.monotonic()
            found = standing(run.ledger, self._price)
            again = max(AGAIN_SECONDS, 9 * (time.monotonic() - began)) if found.running else None
            told = _joined(lines(run.folder, found, time.time()))
            template = "standing_page.html" if "whole" in request.query_params else "standing.html"
            now = brief_of(run.key, run.ledger)
            return self._page(template, run=run, brief=now, found=found, told=told, again=again)

    def checks(self, request: Request) -> Response:
        """How far the checks of a run have come: a part of a page."""
        with self._desk.opened(request.path_params["run"]) as run:
            return self._page("checks.html", run=run, codes=run.codes, query=query_of(request))

    def session(self, request: Request) -> Response:
        """A transcript, or two side by side."""
        number, query = request.path_params["number"], query_of(request)
        with self._desk.opened(request.path_params["run"]) as run:
            left, turns, spec = self._shown("a", run, number)
            line = run.catalogue.lines[number]
            chosen = run.catalogue.chosen(query, run.checks.codes)
            context = {
                "run": run,
                "query": query,
                "line": line,
                "left": left,
                "left_turns": turns,
                "spec": spec,
                "prompts": _each_once((ref.name, ref.hash) for ref in map(spec.prompts.of, PRINCIPALS)),
                "models": _each_once(spec.models.of(label).name for label in PRINCIPALS),
                "pairs": run.catalogue.design.pairs(line.entry),
                "before": max((each.entry.number for each in chosen if each.entry.number < number), default=None),
                "after": min((each.entry.number for each in chosen if each.entry.number > number), default=None),
            }
        beside = request.query_params.get("beside", "")
        if not beside:
            return self._page("session.html", **context)
        with self._desk.opened(request.query_params.get("with") or run.key) as other:
            right, right_turns, _ = self._shown("b", other, number_in(beside) or 0)
        return self._page("pair.html", **context, other=other, right=right, right_turns=right_turns)

    def prompt(self, request: Request) -> Response:
        """What the speaker of a turn was sent for it, made again from the ledger byte for byte."""
        number, n = request.path_params["number"], request.path_params["turn"]
        with self._desk.opened(request.path_params["run"]) as run:
            row, turns = run.session(number)
            if not 1 <= n <= len(turns):
                raise Missing(f"Session {number} of {run.key} has no turn {n}.")
            prompts = kept_prompts(run.ledger, row.spec)
        label, taken = turns[n - 1].speaker, row.spec.prefix.turns if row.spec.prefix else 0
        earlier = max((turn.n for turn in turns[taken : n - 1] if turn.speaker == label), default=None)

        def sent(at: int) -> list[dict[str, str]]:
            return Session(row.spec, prompts, {}, turns[: at - 1]).messages(label)

        return self._page(
            "prompt.html",
            run=run,
            row=row,
            turn=turns[n - 1],
            messages=sent(n) if n > taken else [],
            earlier=earlier,
            known=len(sent(earlier)) if earlier else 0,
            last=len(turns),
        )

    def missing(self, request: Request, exc: Exception) -> Response:
        """What an address names is not there."""
        return self._page("error.html", 404, told=str(exc) if isinstance(exc, Missing) else "There is no such page.")

    def broken(self, request: Request, exc: Exception) -> Response:
        """A ledger cannot be read: what happened and what to do, as the command line has it."""
        return self._page("error.html", 500, told=str(exc))

    def _shown(self, key: str, run: Opened, number: int) -> tuple[ShownSession, dict[int, Turn], Spec]:
        row, turns = run.session(number)
        findings = check_session(row, turns, self._contract) if row.status in WHOLE else ()
        return shown_session(key, run.key, row, turns, findings), {turn.n: turn for turn in turns}, row.spec

    def _page(self, template: str, status: int = 200, /, **values: Any) -> Response:
        alone = self._desk.shelf.is_run
        return HTMLResponse(self._templates.get_template(template).render(alone=alone, **values), status)


def _each_once(things: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(things))


def _joined(told: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """The lines under their names; a line without one belongs to the name before."""
    joined: list[tuple[str, list[str]]] = []
    for name, text in told:
        if name:
            joined.append((name, []))
        joined[-1][1].append(text)
    return joined


def _files() -> Sequence[tuple[str, str, str]]:
    own = files("generator.view").joinpath("static")

    def text(name: str) -> str:
        return own.joinpath(name).read_text(encoding="utf-8")

    return [
        ("page.css", stylesheet() + text("view.css"), "text/css"),
        ("view.js", text("view.js"), "text/javascript"),
        ("icon.svg", text("icon.svg"), "image/svg+xml"),
    ]


def _file(text: str, kind: str) -> Any:
    async def answer(request: Request) -> Response:
        return Response(text, media_type=kind)

    return answer
