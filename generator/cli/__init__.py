"""The command line. One module a command, imported when it is called."""

from __future__ import annotations

import difflib
import importlib
import sys
from typing import NoReturn

import click

from generator.cli.terminal import safe
from generator.errors import CouplesimError

COMMANDS = {
    "generate": "Generate sessions: from options, from a plan, or both.",
    "plan": "Show what a plan comes to, its cost too, before anything is spent.",
    "resume": "Go on with a run that was stopped.",
    "fork": "Go on from a turn of recorded sessions with other prompts.",
    "status": "How a run stands, while it runs or after it was stopped.",
    "repair": "Copy what is readable of a damaged run's ledger into a new one.",
    "show": "Show a transcript in the terminal.",
    "list": "List couples, therapists, topics, structures and prompt sets.",
    "export": "Take sessions out of a run: texts, JSON, chat messages, tables, a data set.",
    "render": "Write a run's transcripts anew from its ledger.",
    "check": "Check transcripts: format, conduct of each session, drift from a reference.",
    "profile": "The figures of transcripts, and the reference that `check` compares with.",
    "evaluate": "Measure sessions, with a judge model if one is named.",
    "judge-check": "Find out how far a judge model can be trusted.",
    "compare": "Compare runs, or levels of a factor inside a run: differences, intervals, verdicts.",
    "report": "One page over runs, to be mailed: counts, drift, pictures, failures, all transcripts.",
    "fix": "Mend the format of transcripts without inventing anything.",
    "preview": "Show what every role would be sent, without sending it.",
    "tune": "Try a prompt set against another and say what it changed, in one go.",
    "diff-prompts": "What sets the prompts of two runs, or of a run and a prompt set, apart.",
    "view": "Look at runs in the browser: sessions, transcripts side by side, prompts as sent.",
    "serve": "Offer the rehearsal speaker as an OpenAI-compatible endpoint.",
    "init": "Lay out a workspace with personas, prompts and a plan to edit.",
    "schema": "Write the JSON Schemas that editors use for the YAML files.",
}
"""The commands, in the order of `--help`; each lives in the module of its name (`list` in `listing`)."""

_MODULES = {"list": "listing"}


class _LazyGroup(click.Group):
    """Knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"generator.cli.{_MODULES.get(cmd_name, cmd_name.replace('-', '_'))}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            near = difflib.get_close_matches(error.command_name, COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {error.command_name!r}.{hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 a check has findings; 2 bad input, nothing sent; "
    "3 some sessions failed; 4 stopped by a cap; 5 the provider refuses; 6 storage; "
    "7 run in use; 130/143 interrupted.",
)
@click.version_option(package_name="couplesim")
def group() -> None:
    """Simulated couples-therapy sessions, written by language models in a fixed transcript format.

    Without --model the built-in rehearsal speaker is used: scripted text, no language model, no key.
    """


def main() -> NoReturn:
    """Entry point. Our own errors are printed without a traceback; their exit code is the command's."""
    try:
        code = group(standalone_mode=False)
    except CouplesimError as error:
        _say(error)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code or 0)


def _say(error: CouplesimError) -> None:
    lines = str(error).splitlines() or [type(error).__name__]
    for line in lines:
        click.echo(safe(f"couplesim: {line}"), err=True)
    if len(lines) > 1:
        click.echo(f"couplesim: {len(lines)} problems; nothing was sent", err=True)
