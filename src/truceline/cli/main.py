"""The `truceline` command: gathers the groups of commands and turns every error into a message and a code.

Exit codes: 0 done, 2 the input has problems (they are printed), 130 interrupted, 141 the reader of a
pipe went away. A group of commands is a file of this package that adds itself to `app`.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from truceline import __version__
from truceline.cli import (
    cost_command,
    deploy_command,
    fit_command,
    generation_commands,
    ground_commands,
    monitor_commands,
    plan_command,
    rehearse_command,
    result_commands,
    scenario_commands,
    serve_command,
    simulate_command,
    siting_commands,
    talks_command,
)
from truceline.cli._console import print_error, print_line
from truceline.cli._store_option import StoreCommand
from truceline.errors import TrucelineError

EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells count."""
EXIT_BROKEN_PIPE = 141
"""128 + SIGPIPE, as shells count."""


class _Door(TyperGroup):
    """Runs any command and answers for its errors, in a test as on the terminal."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a user's mistake becomes its message and exit code, never a traceback."""
        try:
            return super().invoke(ctx)
        except TrucelineError as error:
            print_error(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            sys.stderr.write("interrupted; nothing half-written\n")
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            _silence_output()
            raise typer.Exit(EXIT_BROKEN_PIPE) from None


def _silence_output() -> None:
    """Send what is still to be printed nowhere: its reader went away, and Python would complain at exit."""
    with suppress(OSError, ValueError):  # a captured stream has no file behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    name="truceline",
    help="Plan the watching of a ceasefire line: posts, sensors, patrols, people, and what they cannot see.",
    cls=_Door,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(plan_command.plan)
app.command()(result_commands.explain)
app.command()(result_commands.compare)
app.command()(generation_commands.generate)
app.command()(generation_commands.backstop)
app.command()(generation_commands.unlock)
app.command()(cost_command.cost)
app.command()(deploy_command.deploy)
app.command()(talks_command.talks)
app.command()(simulate_command.simulate)
app.command()(rehearse_command.rehearse)
app.command()(fit_command.fit)
app.command()(siting_commands.site)
app.command(cls=StoreCommand)(serve_command.serve)
app.add_typer(scenario_commands.app, name="scenario")
app.add_typer(ground_commands.app, name="ground")
app.add_typer(monitor_commands.app, name="monitor")


def _print_version(wanted: bool) -> None:
    if wanted:
        print_line(f"truceline {__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Plan the watching of a ceasefire line: posts, sensors, patrols, people, and what they cannot see."""


def run() -> None:
    """Run the command line and exit; the entry point of the installed `truceline`."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # a reader that went away shows here, not in a message at shutdown
    except BrokenPipeError:
        _silence_output()
        sys.exit(EXIT_BROKEN_PIPE)
    except KeyboardInterrupt:  # before or after the command itself
        sys.stderr.write("interrupted; nothing half-written\n")
        sys.exit(EXIT_INTERRUPTED)
