"""How the offline model works as an agent: reads the inputs, writes the artifacts, reports. Where
it is in that is read from the conversation; it remembers nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from taskboard.testing.offline.ask import Answered, Ask, Called, Part, Said
from taskboard.testing.offline.assignment import Assignment, read_assignment
from taskboard.testing.offline.hands import Hands
from taskboard.testing.offline.instance import instance
from taskboard.testing.offline.outputs import failed, first_line
from taskboard.testing.offline.reply import Piece, Reply, Text, ToolUse

_PATIENCE = 4
"""Calls beyond reading and writing each file once, before it gives up."""


class _Try(msgspec.Struct, frozen=True):
    """What came of a call for a path."""

    kind: str
    path: str
    text: str
    error: bool


def work(ask: Ask) -> Reply:
    """The next step."""
    hands = Hands(ask)
    task = read_assignment(ask.user)
    if task.question:
        return _report(ask, hands, _question(task))
    tries = list(_tries(ask, hands))
    budget = 2 * (len(task.inputs) + len(task.artifacts)) + _PATIENCE
    step = _next_step(task, hands, tries) if len(tries) < budget else None
    if step is not None:
        return Reply(pieces=_with_word(step, tries))
    return _report(ask, hands, _verdict(task, hands, tries))


def _tries(ask: Ask, hands: Hands) -> Iterator[_Try]:
    """The calls since the model was last told what to do."""
    parts = ask.parts[_beginning(ask.parts, hands) :]
    answers = {part.id: part for part in parts if isinstance(part, Answered)}
    for part in parts:
        if isinstance(part, Called) and part.id in answers and not hands.is_report(part):
            kind, path = hands.target(part)
            answer = answers[part.id]
            told = ask.wire != "messages" and failed(answer.text)  # it has a flag for that
            yield _Try(kind, path, answer.text, answer.error or told)


def _beginning(parts: tuple[Part, ...], hands: Hands) -> int:
    """Where the present work begins: at the last word of the user's that came after the model had
    said its own last word, not between the steps of a loop."""
    begun, last, reports = 0, None, {p.id for p in _calls(parts) if hands.is_report(p)}
    for at, part in enumerate(parts):
        if isinstance(part, Said) and part.role == "user":
            ended = isinstance(last, Answered) and last.id in reports
            if ended or (isinstance(last, Said) and last.role == "assistant"):
                begun = at
        if not (isinstance(part, Said) and part.role == "system"):
            last = part
    return begun


def _calls(parts: tuple[Part, ...]) -> Iterator[Called]:
    return (part for part in parts if isinstance(part, Called))


def _next_step(task: Assignment, hands: Hands, tries: list[_Try]) -> ToolUse | None:
    for path in task.inputs:
        if not _about("read", path, tries):
            step = hands.read(path)
            if step:
                return step
    for path in task.artifacts:
        written = _about("write", path, tries)
        if written and not written[-1].error:
            continue
        if written and not _about("read", path, tries):
            return hands.read(path)  # some tools write only over what was read
        if len(written) < 2:
            step = hands.write(path, _document(path, task, tries))
            if step:
                return step
    return None


def _about(kind: str, path: str, tries: list[_Try]) -> list[_Try]:
    plain = path.removeprefix("./")
    return [
        t for t in tries if t.kind == kind and (t.path == path or t.path.endswith(f"/{plain}"))
    ]


def _with_word(step: ToolUse, tries: list[_Try]) -> tuple[Piece, ...]:
    return (step,) if tries else (Text("I look at what is there and begin."), step)


def _document(path: str, task: Assignment, tries: list[_Try]) -> str:
    """A file that belongs to the task and quotes what was read."""
    quotes = {p: _quote(p, tries) for p in task.inputs if _quote(p, tries)}
    if path.endswith(".json"):
        return json.dumps({"title": task.title, "inputs": quotes}, indent=2) + "\n"
    lines = [
        f"# {task.title}",
        "",
        "A placeholder, written by the offline model.",
        "",
    ]
    for name, quote in quotes.items():
        lines += [f"`{name}` begins:", "", f"> {quote}", ""]
    return "\n".join(lines[:-1]) + "\n"


def _quote(path: str, tries: list[_Try]) -> str:
    return next((first_line(t.text) for t in _about("read", path, tries) if not t.error), "")


def _question(task: Assignment) -> dict[str, Any]:
    said = "The task asks something that only its owner can say, so nothing was done yet."
    return _told("question", said, [], task.question)


def _verdict(task: Assignment, hands: Hands, tries: list[_Try]) -> dict[str, Any]:
    read = [p for p in task.inputs if any(not t.error for t in _about("read", p, tries))]
    made = [p for p in task.artifacts if any(not t.error for t in _about("write", p, tries))]
    missing = [p for p in task.artifacts if p not in made]
    if missing:
        why = next((t.text for t in reversed(tries) if t.kind == "write" and t.error), "")
        if hands.write("x", "") is None:
            why = "there is no tool to write with"
        said = f"Could not write {', '.join(missing)}: {' '.join(why.split())[:300]}"
        return _told("failed", said, made)
    looked = f"Read {', '.join(read)}." if read else "There was nothing to read."
    wrote = f"Wrote {', '.join(made)}." if made else "No file was asked for."
    said = f"{task.title}: {looked} {wrote} This is the offline model's work, for trying things."
    return _told("done", said, made)


def _told(status: str, said: str, made: list[str], question: str = "") -> dict[str, Any]:
    """A report. It never commits or publishes anything."""
    return {
        "status": status,
        "summary": said,
        "artifacts": made,
        "commits": [],
        "urls": [],
        "question": question,
    }


def _report(ask: Ask, hands: Hands, verdict: Mapping[str, Any]) -> Reply:
    """By the tool for it, else as the structured answer that was asked for, else in prose."""
    call = hands.report(verdict)
    if call and not _just_reported(ask, hands):
        return Reply(pieces=(call,))
    if ask.schema is not None:
        return Reply(pieces=(Text(json.dumps(instance(ask.schema, verdict))),))
    if call is None and _wants_json(ask):
        return Reply(pieces=(Text(f"```json\n{json.dumps(verdict, indent=2)}\n```"),))
    return Reply(pieces=(Text(verdict["question"] or verdict["summary"]),))


def _just_reported(ask: Ask, hands: Hands) -> bool:
    results = ask.results()
    last = ask.parts[-1] if ask.parts else None
    if not results or not isinstance(last, Answered):
        return False
    call, answer = results[-1]
    return answer.id == last.id and hands.is_report(call) and not answer.error


def _wants_json(ask: Ask) -> bool:
    told = "\n".join((*ask.user, ask.system))
    return "JSON" in told and "status" in told and "summary" in told
