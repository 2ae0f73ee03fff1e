"""The tools of one run: what the model is told about them, and what they do when it calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from taskboard.agent_tools import files
from taskboard.agent_tools.command import Shell
from taskboard.agent_tools.fence import Fault
from taskboard.agent_tools.ground import Ground
from taskboard.waiting import whole

_Schema = dict[str, Any]


class Result(NamedTuple):
    """What a call came to: ``failed`` when the tool could not do it."""

    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class _Tool:
    """``properties`` are JSON Schema; those in ``required`` must be given."""

    description: str
    properties: dict[str, _Schema]
    required: tuple[str, ...]


def _string(meaning: str) -> _Schema:
    return {"type": "string", "description": meaning}


def _number(meaning: str) -> _Schema:
    return {"type": "integer", "description": meaning}


_PATH = _string("Path relative to the project folder.")
_FOLDER = _string("Folder relative to the project folder; without it, the project folder.")

_FILES: dict[str, _Tool] = {
    "read_file": _Tool(
        "Read a text file, with line numbers.",
        {
            "path": _PATH,
            "offset": _number("The first line to read, from 1."),
            "limit": _number("How many lines to read."),
        },
        ("path",),
    ),
    "list_files": _Tool(
        "List files and folders beneath a folder.",
        {
            "path": _FOLDER,
            "pattern": _string("Only paths that fit it: `*.py`, `src/**/test_*.py`."),
        },
        (),
    ),
    "search": _Tool(
        "Find the lines that hold an exact text (no regular expression) in all text files.",
        {"pattern": _string("The text, within one line."), "path": _FOLDER},
        ("pattern",),
    ),
    "write_file": _Tool(
        "Make a file or replace it as a whole. Folders on the way are made.",
        {"path": _PATH, "content": _string("All of its text.")},
        ("path", "content"),
    ),
    "edit_file": _Tool(
        "Replace a piece of a file. `old` must be in it exactly once, without line numbers.",
        {"path": _PATH, "old": _string("What is there."), "new": _string("What shall be.")},
        ("path", "old", "new"),
    ),
}
_COMMAND = _Tool(
    "Run a command with /bin/sh in the project folder. Its input is empty. When it ends, whatever"
    " it has left in the background is ended too.",
    {
        "command": _string("The command."),
        "timeout": _number("Seconds it may take; without it, 120."),
    },
    ("command",),
)
_DO: dict[str, Callable[[Ground, dict[str, Any]], str]] = {
    "read_file": files.read_file,
    "write_file": files.write_file,
    "edit_file": files.edit_file,
}
_LONG: dict[str, Callable[[Ground, dict[str, Any], files.Stop], str]] = {
    "list_files": files.list_files,
    "search": files.search,
}
"""Those that may look at any number of files."""


class Kit:
    """The file tools, and ``run_command`` when there is a shell."""

    def __init__(self, ground: Ground, shell: Shell | None) -> None:
        self._ground = ground
        self._shell = shell
        self._tools = {**_FILES, **({"run_command": _COMMAND} if shell else {})}

    def definitions(self) -> list[dict[str, Any]]:
        """As the Messages API takes them, always in the same order."""
        return [
            {
                "name": name,
                "description": tool.description,
                "strict": True,
                "input_schema": {
                    "type": "object",
                    "properties": tool.properties,
                    "required": list(tool.required),
                    "additionalProperties": False,
                },
            }
            for name, tool in self._tools.items()
        ]

    async def use(self, name: str, given: Any) -> Result:
        """Do what the model asks, or say why not. Never raises for what it asked; a cancellation
        waits until a file is whole or a command's processes are gone."""
        tool = self._tools.get(name)
        if tool is None:
            return Result(f"There is no tool {name!r} here.", failed=True)
        wrong = _fault_of(tool, given)
        if wrong:
            return Result(wrong, failed=True)
        try:
            if name == "run_command" and self._shell:
                return Result(*await self._shell.run(given["command"], given.get("timeout")))
            text = await _in_thread(name, self._ground, given)
        except Fault as fault:
            return Result(str(fault), failed=True)
        return Result(text)


async def _in_thread(name: str, ground: Ground, given: dict[str, Any]) -> str:
    """Reading many files must not hold up everybody else, nor go on when nobody wants them; nor
    may a file be written behind the back of who believes that this has ended."""
    unwanted = threading.Event()
    if name in _LONG:
        reading = asyncio.to_thread(_LONG[name], ground, given, unwanted.is_set)
    else:
        reading = asyncio.to_thread(_DO[name], ground, given)
    work = asyncio.ensure_future(reading)
    await whole(work, unwanted.set)
    return work.result()


_TYPES: dict[str, type] = {"string": str, "integer": int}


def _fault_of(tool: _Tool, given: Any) -> str:
    """What is wrong with an input; strict tools are the service's promise, not ours."""
    if not isinstance(given, dict):
        return "The input must be an object."
    for name in tool.required:
        if name not in given:
            return f"{name} is missing."
    for name, value in given.items():
        schema = tool.properties.get(name)
        if schema is None:
            return f"There is no {name!r} to be given."
        if isinstance(value, bool) or not isinstance(value, _TYPES[schema["type"]]):
            return f"{name} must be of type {schema['type']}."
    return ""
