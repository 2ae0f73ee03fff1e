"""The tools an agent was given, and how to read, write and report with them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from taskboard.testing.offline.ask import Ask, Called, Tool
from taskboard.testing.offline.instance import instance
from taskboard.testing.offline.reply import ToolUse

_READERS = ("read_file", "Read", "read", "view_file")
_WRITERS = ("write_file", "Write", "write", "create_file")
_SHELLS = ("run_command", "exec_command", "shell_command", "shell", "local_shell", "Bash")
_REPORTS = ("report", "StructuredOutput", "structured_output", "final_report")
_PATHS = ("file_path", "absolute_path", "path", "filename", "file")
_CONTENTS = ("content", "contents", "file_text", "text", "body")
_COMMANDS = ("command", "cmd", "script")
_CODE = re.compile(r"text\(await tools\.\w+\((.*)\)\);\s*", re.DOTALL)
"""How codex's newer models call tools: in JavaScript, through a tool ``exec``."""
_MARK = "END_OF_FILE"
_CWD = re.compile(
    r"(?:working directory|<cwd>|Workspace Directories:\**\s*-|project folder)[:\s]*`?(/[^\s`<]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hands:
    """What can be done with the tools of a request."""

    ask: Ask

    def read(self, path: str) -> ToolUse | None:
        """A call that reads a file."""
        tool = self.ask.tool(*_READERS)
        if tool is None:
            return self._shell(f"cat -- {shlex.quote(path)}")
        return ToolUse(tool.name, {_named(tool, _PATHS): self._place(tool, path)})

    def write(self, path: str, content: str) -> ToolUse | None:
        """A call that writes a file whole."""
        tool = self.ask.tool(*_WRITERS)
        if tool:
            given = {_named(tool, _PATHS): self._place(tool, path)}
            return ToolUse(tool.name, {**given, _named(tool, _CONTENTS): content})
        patch = self.ask.tool("apply_patch")
        lines = "".join(f"+{line}\n" for line in content.splitlines())
        told = f"*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch\n"
        if patch and patch.freeform:
            return ToolUse(patch.name, told)
        if self._runs_code():
            return _code("apply_patch", told)
        folder = shlex.quote(str(PurePosixPath(path).parent))
        target = shlex.quote(path)
        return self._shell(f"mkdir -p {folder} && cat > {target} <<'{_MARK}'\n{content}{_MARK}")

    def report(self, wishes: Mapping[str, Any]) -> ToolUse | None:
        """A call that reports; None where there is no tool for it."""
        tool = self._reporter()
        return ToolUse(tool.name, instance(tool.schema, wishes)) if tool else None

    def is_report(self, call: Called) -> bool:
        """Whether this call reported."""
        tool = self._reporter()
        return tool is not None and call.name == tool.name

    def target(self, call: Called) -> tuple[str, str]:
        """What a call was for: ``read``, ``write`` or nothing, and the path as it stands there."""
        given = call.input
        if isinstance(given, str):
            code = _CODE.fullmatch(given)
            given = json.loads(code.group(1)) if code else given
            given = {"command": given} if isinstance(given, str) else given
        if call.name in _READERS or call.name in _WRITERS:
            kind = "write" if call.name in _WRITERS else "read"
            return kind, next((str(given[n]) for n in _PATHS if n in given), "")
        told = next((_joined(given[n]) for n in _COMMANDS if n in given), "")
        added = re.search(r"^\*\*\* Add File: (.*)$", told, re.MULTILINE)
        if added:
            return "write", added.group(1)
        found = re.match(
            r"(?:mkdir -p .* && )?cat (>|--) (.*?)(?: <<'|$)", told.partition("\n")[0]
        )
        if not found:
            return "", ""
        return "write" if found.group(1) == ">" else "read", "".join(shlex.split(found.group(2)))

    def _reporter(self) -> Tool | None:
        named = self.ask.tool(*_REPORTS)
        fitting = (t for t in self.ask.tools if {"status", "summary"} <= t.properties.keys())
        return named or next(fitting, None)

    def _shell(self, command: str) -> ToolUse | None:
        tool = self.ask.tool(*_SHELLS)
        if tool is None:
            return _code("exec_command", {"cmd": command}) if self._runs_code() else None
        name = _named(tool, _COMMANDS)
        listed = tool.properties.get(name, {}).get("type") == "array"
        return ToolUse(tool.name, {name: ["bash", "-lc", command] if listed else command})

    def _runs_code(self) -> bool:
        tool = self.ask.tool("exec")
        return tool is not None and tool.freeform and "exec_command" in tool.description

    def _place(self, tool: Tool, path: str) -> str:
        """Absolute where the tool wants it so and the folder is known."""
        if path.startswith("/") or _named(tool, _PATHS) not in ("file_path", "absolute_path"):
            return path
        folder = next(_folders(self.ask), None)
        return str(PurePosixPath(folder) / path) if folder else path


def _code(name: str, argument: Any) -> ToolUse:
    return ToolUse("exec", f"text(await tools.{name}({json.dumps(argument)}));\n")


def _folders(ask: Ask) -> Iterator[str]:
    """The working directory, as the program has told it."""
    for text in (ask.system, *(getattr(part, "text", "") for part in ask.parts)):
        found = _CWD.search(text)
        if found:
            yield found.group(1).rstrip(".,;/")


def _named(tool: Tool, names: tuple[str, ...]) -> str:
    return next((name for name in names if name in tool.properties), names[-1])


def _joined(command: Any) -> str:
    return str(command[-1]) if isinstance(command, list) and command else str(command)
