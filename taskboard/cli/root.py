"""The root of the command line: commands found by name and imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command_from_info, get_group
from typer.models import CommandInfo

from taskboard import __version__
from taskboard.cli import options, trouble
from taskboard.cli.call import Call
from taskboard.cli.commands import COMMANDS, GROUPS, Entry
from taskboard.cli.manual import ENVIRONMENT, EXITS, FILES, exits_of

_ABOUT = """One Markdown file as the control plane of background agents.

Without a command: status. More about each: taskboard COMMAND --help.
"""
_CONTEXT = {"help_option_names": ["--help", "-h"], "max_content_width": 96}


_MISUSED: type[Exception] = typer.BadParameter.__mro__[2]
"""What the parser raises: every error about the words of a command."""
_IN_ANNOTATIONS = {"typer": typer, **{k: v for k, v in vars(options).items() if k[0].isupper()}}
"""What commands name in annotations only. They do not import it, for they are also called without
a parser (``taskboard.cli.bare``)."""


class Root(TyperGroup):
    """The group of all commands. Only the one that is called is imported and built."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Every command, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Build one command; None when there is none of this name."""
        entry = COMMANDS.get(cmd_name)
        return build(entry) if entry is not None else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """The commands in their groups, from the table alone."""
        for title, entries in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(e.name, e.summary) for e in entries])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """What holds for all commands: files, environment, exit status."""
        exits = {str(code): text for code, text in EXITS.items()}
        facts = {"Files": FILES, "Environment": ENVIRONMENT, "Exit status": exits}
        for title, rows in facts.items():
            with formatter.section(title):
                formatter.write_dl(list(rows.items()))
        super().format_epilog(ctx, formatter)


class Command(TyperCommand):
    """One command, whose help ends with what its exit status says."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The exit status, then the example."""
        with formatter.section("Exit status"):
            formatter.write_dl([(str(code), text) for code, text in exits_of(self.name or "")])
        super().format_epilog(ctx, formatter)


def run(words: list[str], call: Call) -> object:
    """Parse the words and do what they say; the exit status where the command has one of its own.
    Raises ``Usage`` for words that are off."""
    try:
        return make_root().main(words, prog_name="taskboard", standalone_mode=False, obj=call)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _MISUSED as error:
        raise trouble.usage(error) from error


def make_root() -> Any:
    """The whole command line as one object of the parser's."""
    group: Any
    app = typer.Typer(
        name="taskboard",
        cls=Root,
        help=_ABOUT,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=dict(_CONTEXT),
        epilog="Example: taskboard init && taskboard once",
    )
    app.callback(invoke_without_command=True)(_start)
    group = get_group(app)
    group.params += [*_shared_options(), _version_option()]
    group.commands = dict.fromkeys(COMMANDS)  # only their names are looked at, for suggestions
    return group


def build(entry: Entry) -> Any:
    """The parser of one command: its function's signature, and the options that all share."""
    module = import_module(f"taskboard.cli.{entry.module}")
    function = getattr(module, entry.function)
    if isinstance(function, typer.Typer):
        return _build_group(entry, function)
    vars(module).update(_IN_ANNOTATIONS)
    info = CommandInfo(
        name=entry.name,
        cls=Command,
        callback=function,
        epilog=f"Example: {entry.example}",
        context_settings=dict(_CONTEXT),
    )
    command = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    command.params += _shared_options()
    return command


def _build_group(entry: Entry, made: typer.Typer) -> Any:
    """A command that has commands of its own."""
    group = get_group(made)
    codes = "; ".join(f"{code} {text}" for code, text in exits_of(entry.name))
    for name, inner in group.commands.items():
        inner.epilog = f"Exit status: {codes}.\n\nExample: taskboard {entry.name} {name}"
    group.name = entry.name
    group.epilog = f"Exit status: {codes}.\n\nExample: {entry.example}"
    for command in (group, *group.commands.values()):
        command.params += _shared_options()
        command.context_settings = dict(_CONTEXT)
    return group


def _start(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        from taskboard.cli.overview import status

        status(ctx)


def _shared_options() -> list[Any]:
    return [
        TyperOption(
            param_decls=["--board"],
            type=str,
            metavar="PATH",
            expose_value=False,
            callback=_note_board,
            help="The board or its folder, if not the nearest upward.",
        ),
        TyperOption(
            param_decls=["--json"],
            is_flag=True,
            default=False,
            expose_value=False,
            callback=_note_json,
            help="Answer with one JSON document.",
        ),
    ]


def _version_option() -> Any:
    return TyperOption(
        param_decls=["--version"],
        is_flag=True,
        default=False,
        expose_value=False,
        is_eager=True,
        callback=_show_version,
        help="Print the version.",
    )


def _note_board(ctx: Any, _param: Any, value: Any) -> None:
    if value is not None:
        Call.of(ctx).board = Path(value)


def _note_json(ctx: Any, _param: Any, value: Any) -> None:
    if value:
        Call.of(ctx).json = True


def _show_version(_ctx: Any, _param: Any, value: Any) -> None:
    if value:
        typer.echo(f"taskboard {__version__}")
        raise typer.Exit
