"""Writes the generated parts of the documentation from the code they describe.

    python docs/build.py            rewrite what is out of date
    python docs/build.py --check    only say what is, and exit 1

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` on any page in
``docs/``; everything outside such marks is written by people and left alone.
"""
# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import configparser
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from taskboard import errors
from taskboard.cli.commands import GROUPS, Entry
from taskboard.cli.root import build
from taskboard.config import settings_table
from taskboard.core.code import Code
from taskboard.core.codes import CODES
from taskboard.core.event import EventType
from taskboard.core.fields import ALIASES
from taskboard.core.setting_kinds import ORIGIN_SETTINGS, PRICE_SETTINGS, SETTINGS, Setting
from taskboard.core.state import OPEN_WORDS, TRANSITIONS, Kind, Row, next_events
from taskboard.registry import names, options
from taskboard.service.launchd import hourly_keys, property_list, watch_keys
from taskboard.service.plan import RELEASE_SECONDS, Plan, label_of

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs"
_PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WAITING = frozenset({Kind.OPEN, Kind.UNKNOWN, Kind.READY, Kind.BLOCKED})
_CHAPTERS = {
    "TB1": "Text and fields",
    "TB2": "What a task waits for",
    "TB3": "What an edit means",
    "TB4": "The board and the workspace",
}
_RUNS = {"current": "the current run", "new": "a new run", "none": "none"}


def main(arguments: list[str]) -> int:
    """Rewrite (or with ``--check`` look at) every page; 1 when a check found old text."""
    check = "--check" in arguments
    texts = {page: built(page) for page in sorted(PAGES.rglob("*.md"))} | property_lists()
    old = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in old:
        print(f"{'out of date' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(texts[path])
    if old and check:
        print("Next: python docs/build.py")
    return 1 if old and check else 0


def built(page: Path) -> str:
    """The page as it should be now. Raises KeyError for a part that nobody writes."""

    def fill(part: re.Match[str]) -> str:
        return f"{part[1]}{PARTS[part['name']]().strip()}\n{part[3]}"

    return _PART.sub(fill, page.read_text())


def _table(head: list[str], rows: Iterator[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


# The state machine


def transitions() -> str:
    """Every event about a task with the states it may happen in and lead to."""
    rows = ((event, row) for event, found in TRANSITIONS.items() for row in found)
    head = ["event", "from", "to", "run it must carry"]
    return _table(head, ([f"`{e}`", _from(r), _to(r), _RUNS[r.run]] for e, r in rows))


def _from(row: Row) -> str:
    if None in row.sources:
        return "(new)"
    return _kinds(frozenset(kind for kind in row.sources if kind))


def _to(row: Row) -> str:
    return "the same" if row.same else _kinds(row.targets)


def _kinds(kinds: frozenset[Kind]) -> str:
    if kinds == frozenset(Kind):
        return "any"
    missing = [kind for kind in Kind if kind not in kinds]
    if len(missing) == 1:
        return f"any but `{missing[0]}`"
    return ", ".join(f"`{kind}`" for kind in Kind if kind in kinds)


def next_moves() -> str:
    """By state, the events that would move a task out of it or within it."""
    rows = ([f"`{k}`", ", ".join(f"`{e}`" for e in next_events(k)) or "-"] for k in Kind)
    return _table(["state", "events that move it"], rows)


def diagram() -> str:
    """The moving rows as a Mermaid state diagram; the four waiting states share one frame."""
    edges: dict[tuple[str, str], list[str]] = {}
    for event, row in ((e, r) for e, rows in TRANSITIONS.items() for r in rows if not r.same):
        for pair in ((a, b) for a in _ends(row.sources) for b in _ends(row.targets)):
            edges.setdefault(pair, []).append(event.value)
    lines = ["```mermaid", "stateDiagram-v2", "    state waiting {"]
    lines += [f"        {kind}" for kind in Kind if kind in _WAITING]
    lines += ["    }"]
    lines += [f"    {a} --> {b}: {', '.join(events)}" for (a, b), events in edges.items()]
    return "\n".join([*lines, "```"])


def _ends(kinds: frozenset[Kind | None] | frozenset[Kind]) -> list[str]:
    """Names of nodes; all four waiting states together are their frame."""
    whole = kinds >= _WAITING
    names = ["waiting"] if whole else []
    names += ["[*]"] if None in kinds else []
    return names + [k.value for k in Kind if k in kinds and not (whole and k in _WAITING)]


def event_types() -> str:
    """Every type of event, and whether it is about a task."""
    names = [f"`{e}`" if e in TRANSITIONS else f"`{e}` (no task)" for e in EventType]
    return ", ".join(names) + "."


# Diagnoses, settings, errors


def diagnoses() -> str:
    """One heading per code."""
    out: list[str] = []
    chapter = ""
    for number, code in sorted(CODES.items()):
        if number[:3] != chapter:
            chapter = number[:3]
            out.append(f"## {_CHAPTERS[chapter]}")
        out.append(_diagnosis(number, code))
    return "\n\n".join(out)


def _diagnosis(number: str, code: Code) -> str:
    parts = [f"### {number} {code.name}", f"{code.severity.capitalize()}. {code.meaning}"]
    if code.example:
        fence = "````" if "```" in code.example else "```"
        parts.append(f"{fence}text\n{code.example}\n{fence}")
    parts.append(f"Cure: {code.cure}")
    return "\n\n".join(parts)


def tables() -> str:
    """What every table may say."""
    known = [(kind, name) for kind in ("executors", "deciders") for name in names(kind)]
    blocks = [(f"[{kind}.{name}]", options(kind, name)) for kind, name in known]
    blocks += [("[prices.MODEL]", PRICE_SETTINGS), ("[origins.ORIGIN]", ORIGIN_SETTINGS)]
    return "\n".join(_table_of(title, entries) for title, entries in blocks if entries)


def _table_of(title: str, entries: Sequence[Setting]) -> str:
    rows = [f"| `{s.name}` | {s.meaning} |" for s in entries]
    return "\n".join([f"**`{title}`**", "", "| setting | meaning |", "| --- | --- |", *rows, ""])


def settings() -> str:
    """The table of settings, then those with a limit on where they may stand."""
    own = ", ".join(f"`{s.name}`" for s in SETTINGS if s.own)
    guarded = ", ".join(f"`{s.name}`" for s in SETTINGS if s.guarded)
    return (
        f"{settings_table()}\nOnly from your own file, flags or the environment, never from"
        f" `taskboard.toml`: {own}.\n\nFrom `taskboard.toml` only while the workspace is trusted:"
        f" {guarded}, and the tables."
    )


def error_codes() -> str:
    """The errors that commands answer with, by exit code."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TaskboardError)
    ]
    rows = sorted(
        (kind.exit_code, kind.code, (kind.__doc__ or "").split("\n\n")[0]) for kind in kinds
    )
    flat = ([str(number), f"`{code}`", " ".join(text.split())] for number, code, text in rows)
    return _table(["exit code", "`error.code`", "means"], flat)


def commands() -> str:
    """Every command with its arguments, by group."""
    out = []
    for title, found in GROUPS.items():
        rows = (row for entry in found for row in _rows(entry))
        out.append(f"**{title}**\n\n{_table(['command', 'does'], rows)}")
    return "\n\n".join(out)


def _rows(entry: Entry) -> Iterator[list[str]]:
    command = build(entry)
    for name, part in getattr(command, "commands", {}).items():
        yield [f"`{_usage(f'{entry.name} {name}', part)}`", part.get_short_help_str(200)]
    if not hasattr(command, "commands"):
        yield [f"`{_usage(entry.name, command)}`", entry.summary]


def _usage(called: str, command: Any) -> str:
    words = [called]
    for param in command.params:
        name = (param.metavar or param.name or "").strip("{}[]")
        if param.param_type_name == "argument":
            words.append(name if param.required else f"[{name}]")
        elif param.opts[0] not in ("--board", "--json"):
            text = f"{param.opts[0]}{'' if param.is_flag else f' {name}'}"
            words.append(text if param.required else f"[{text}]")
    return " ".join(words)


# The property lists for macOS


def property_lists() -> dict[Path, str]:
    """The files in ``launchd/``: what ``service install`` makes for one person's board."""
    home = Path("/Users/siyao")
    path = f"{home}/.local/bin:/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    plan = Plan(
        label=label_of(home / "boards/launch"),
        board=home / "boards/launch/task-board.md",
        home=home,
        python=home / ".local/pipx/venvs/taskboard/bin/python",
        environ={"PATH": path, "LANG": "en_GB.UTF-8"},
        env_file=home / ".config/taskboard/env",
        logs=home / "Library/Logs/taskboard",
        stop=RELEASE_SECONDS,
    )
    found = (watch_keys(plan), hourly_keys(plan))
    folder = ROOT / "launchd"
    return {folder / f"{k['Label']}.plist": property_list(k).decode() for k in found}


# The board's words and the layers


def aliases() -> str:
    """What people write for a key, by the key it means."""
    keys = dict.fromkeys(ALIASES.values())
    return _table(
        ["field", "also written"],
        (
            [f"`{key}`", ", ".join(f"`{a}`" for a, k in ALIASES.items() if k == key)]
            for key in keys
        ),
    )


def open_words() -> str:
    """The words that mean: not yet."""
    words = sorted(word for word in OPEN_WORDS if re.search(r"\w", word))
    return ", ".join(f"`{word}`" for word in words) + ", and an empty box (`[ ]` or its emoji)."


def layers() -> str:
    """The import contract that the gate checks, top to bottom."""
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    lines = contract["importlinter:contract:layers"]["layers"].strip().splitlines()
    return (
        "```text\n" + "\n".join(line.replace("(", "").replace(")", "") for line in lines) + "\n```"
    )


PARTS: dict[str, Callable[[], str]] = {
    "transitions": transitions,
    "next-moves": next_moves,
    "diagram": diagram,
    "event-types": event_types,
    "diagnoses": diagnoses,
    "settings": settings,
    "tables": tables,
    "error-codes": error_codes,
    "commands": commands,
    "aliases": aliases,
    "open-words": open_words,
    "layers": layers,
}
"""What may stand behind ``generated:``, and who writes it."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
