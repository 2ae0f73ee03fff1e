"""``completions``: what a shell needs to finish words of ours: commands, options and ids.

The scripts are made from the commands themselves. Ids change with the board, so a script asks
``taskboard completions ids`` for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from taskboard.cli.call import Call
from taskboard.cli.commands import COMMANDS
from taskboard.cli.text import one_line
from taskboard.errors import TaskboardError, Usage

if TYPE_CHECKING:
    import typer

if TYPE_CHECKING:  # slow to import, and most of this needs no workspace
    from taskboard.app import App

_MOST = 2000
_HEADING = re.compile(
    rb"^#{1,6}[ \t]+(?:\*\*|\[)?([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+)(?![\w-])"
    rb"[ \t*\]:]*([^\r\n]*)",
    re.MULTILINE,
)
_KINDS = {"ID": "ids", "IDS": "ids", "RUN": "runs"}
"""How commands call a parameter that is a task or its run, in their help."""


class Word(NamedTuple):
    """A command: its summary, its options with what they do, its commands if it has any, and what
    it is about: ``ids`` of tasks, ``runs``, or empty."""

    name: str
    summary: str
    options: tuple[tuple[str, str], ...]
    inner: tuple[str, ...]
    takes: str


def completions(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the completion script of a shell: commands, options and the ids of this board."""
    call = Call.of(ctx)
    if shell in ("ids", "runs"):
        found = list(_ids(call) if shell == "ids" else _runs(call))
        call.answer("completions", {shell: found}, lambda _: found)
        return
    if shell not in _SCRIPTS:
        raise Usage(
            f"There are no completions for {one_line(shell)}.",
            hint=f"There are some for {', '.join(_SCRIPTS)}.",
        )
    script = _script(shell)
    call.answer("completions", {"shell": shell, "script": script}, lambda _: script.splitlines())


def _ids(call: Call) -> Iterator[str]:
    """Ids at the start of headings, each with its title: a guess, and quick."""
    try:
        data = call.open(writable=False).workspace.board.read_bytes()
    except (TaskboardError, OSError):
        return
    for number, found in enumerate(_HEADING.finditer(data)):
        if number >= _MOST:
            return
        title = one_line(found[2].decode("utf-8", "replace"))
        yield f"{found[1].decode()}\t{title}"


def _runs(call: Call) -> list[str]:
    """What goes on, as its agents call it, each with the title of its task."""
    from taskboard.core.state import Kind

    async def work(app: App) -> list[str]:
        world = await app.ctx.ledger.look()
        at_work = [task for task in world.open_tasks() if task.kind is Kind.RUNNING]
        return [f"{task.lock}@{task.attempt}\t{one_line(task.title)}" for task in at_work]

    try:
        return call.read(work)
    except (TaskboardError, OSError):
        return []


def _words() -> Iterator[Word]:
    from taskboard.cli.root import build

    for name, entry in COMMANDS.items():
        command = build(entry)
        inner = tuple(getattr(command, "commands", {}))
        params = [*command.params, *_inner_params(command)]
        options = {opt: _help(p) for p in params for opt in p.opts if opt.startswith("--")}
        places = [p for p in params if p.param_type_name == "argument"]
        named = (re.sub(r"[^A-Z]", "", p.metavar or "") for p in places)
        takes = next((_KINDS[word] for word in named if word in _KINDS), "")
        yield Word(name, entry.summary, tuple(options.items()), inner, takes)


def _inner_params(command: Any) -> Iterator[Any]:
    for inner in getattr(command, "commands", {}).values():
        yield from inner.params


def _help(param: Any) -> str:
    return one_line(getattr(param, "help", None) or "").partition(". ")[0].rstrip(".")


def _bash(words: list[Word]) -> dict[str, list[str]]:
    every = " ".join([*(w.name for w in words), "--board", "--json", "--version", "--help"])
    cases = [f"    '') words='{every}' ;;"]
    for w in words:
        told = " ".join((*w.inner, *(option for option, _ in w.options)))
        cases.append(f"    {w.name}) words='{told}'{f' ids={w.takes}' if w.takes else ''} ;;")
    return {"CASES": cases}


def _zsh(words: list[Word]) -> dict[str, list[str]]:
    cases = []
    for w in words:
        options = " ".join(_quoted(f"{o}[{_bracketed(text)}]") for o, text in w.options)
        rest = f"'*:task:_taskboard_{w.takes}'" if w.takes else "'*:file:_files'"
        inner = f" '1:command:({' '.join(w.inner)})'" if w.inner else ""
        cases.append(f"    {w.name}) _arguments{inner} {options} {rest} ;;")
    commands = [f"    {_quoted(f'{w.name}:{w.summary}')}" for w in words]
    return {"COMMANDS": commands, "CASES": cases}


def _fish(words: list[Word]) -> dict[str, list[str]]:
    add = "complete -c taskboard -n"
    none = "__fish_use_subcommand"
    lines = [f"{add} {none} -a {w.name} -d {_quoted(w.summary)}" for w in words]
    for w in words:
        seen = _quoted(f"__fish_seen_subcommand_from {w.name}")
        lines += [f"{add} {seen} -l {o[2:]} -d {_quoted(text)}" for o, text in w.options]
        lines += [f"{add} {seen} -a {name}" for name in w.inner]
        if w.takes:
            lines.append(f"{add} {seen} -f -a '(taskboard completions {w.takes} 2>/dev/null)'")
    return {"LINES": lines}


def _script(shell: str) -> str:
    """The shell's own part with ours put in its places."""
    text = files("taskboard.cli").joinpath("shells", f"{shell}.txt").read_text()
    for name, lines in _SCRIPTS[shell](list(_words())).items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    return text


def _quoted(text: str) -> str:
    """In single quotes, in a way that all three shells read alike."""
    plain = text.replace("'", "’").replace("\\", "")
    return f"'{plain}'"


def _bracketed(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").replace(":", "\\:") if text else " "


_SCRIPTS: dict[str, Callable[[list[Word]], dict[str, list[str]]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}
