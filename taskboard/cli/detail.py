"""``show`` and ``why``: one task in full, and what keeps it from running."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.look import Look, look
from taskboard.cli.shapes import log_of, receipt_shape, run_shape, task_shape
from taskboard.cli.tail import Lines
from taskboard.cli.text import Screen, one_line, padded, paragraph
from taskboard.cli.timeline import Thought, run_lines, thought_line, thoughts
from taskboard.cli.when import When
from taskboard.cli.words import words
from taskboard.core.deadletter import Story, stories
from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.lines import proof_word
from taskboard.core.state import next_events
from taskboard.core.task import Task
from taskboard.errors import NotFound

if TYPE_CHECKING:
    import typer

    from taskboard.cli.options import TaskId

_LAST = 8
"""Events that ``show`` prints for people; JSON has them all."""

_DECISIONS = 3
"""Decisions not to start it that are shown; JSON has them all."""

_TALK = {"question_asked": "question", "question_answered": "answer", "blocked": "question"}


@dataclass(frozen=True, slots=True)
class _Whole:
    """One task with everything that is known about it; ``talk`` is what it asked and was
    answered, ``freed`` its runs whose logs ``gc`` has removed, and when."""

    seen: Look
    task: Task
    text: str
    events: list[Event]
    runs: list[Story]
    talk: list[dict[str, Any]]
    decisions: list[Thought]
    freed: dict[str, str]


def show(ctx: typer.Context, name: TaskId) -> None:
    """One task: its text and fields, its runs with receipts and steps, and what may come next."""
    call = Call.of(ctx)

    async def work(app: App) -> _Whole:
        seen = await look(app)
        task = seen.task(name)
        events, decided, freed = await _history(seen, task)
        talk = [await _said(app, event) for event in events if _is_said(event)]
        text = await _text(seen, task)
        return _Whole(seen, task, text, events, stories(events), talk, decided, freed)

    whole = call.read(work)
    call.answer("show", lambda: _show_shape(whole), lambda screen: _show_lines(screen, whole))


def why(ctx: typer.Context, name: TaskId) -> None:
    """The first rule that keeps a task from running, and what clears it."""
    call = Call.of(ctx)
    seen = call.read(look)
    task = seen.task(name)
    found = seen.why(task)
    document = {
        "task": task.task,
        "runnable": found is None,
        "rule": found.rule if found else None,
        "text": found.text if found else f"Nothing keeps {task.task} from running.",
        "clear": list(found.clear) if found else [],
    }
    call.answer("why", document, lambda screen: _why_lines(screen, seen, task, document))


async def _history(seen: Look, task: Task) -> tuple[list[Event], list[Thought], dict[str, str]]:
    """Every event about the task, what decisions said of it under any of its names, and when the
    logs of its runs were removed."""
    names = frozenset(n for n, task_id in seen.world.names.items() if task_id == task.task_id)
    events: list[Event] = []
    decided: list[Thought] = []
    runs: dict[str, str] = {}
    async for event, _line in seen.ctx.history.read():
        if event.task_id == task.task_id:
            events.append(event)
            if event.type == E.CLAIMED and event.run:
                runs[event.run] = ""
        elif event.type == E.DECIDED:
            decided += thoughts(event, names)
        elif event.type == E.SPACE_FREED:
            runs |= {run: event.ts for run in event.data.get("runs", ()) if run in runs}
    return events, decided, {run: when for run, when in runs.items() if when}


async def _text(seen: Look, task: Task) -> str:
    """What a person wrote under its fields, from the board; for a task that is not there, its
    definition as the ledger keeps it."""
    board, place = seen.sight.board, seen.scene.places.get(task.task_id)
    if board is not None and place is not None:
        return board.items[place].prompt.strip("\r\n")
    if task.text is None:
        return ""
    try:
        return (await seen.ctx.ledger.fetch(task.text)).decode("utf-8", "replace")
    except NotFound:
        return ""


def _receipts(whole: _Whole) -> list[dict[str, Any]]:
    """Every receipt of its runs, then those of completions without one."""
    found = [r for story in whole.runs for r in story.receipts]
    for event in whole.events:
        if event.run is None and event.type == "completed":
            found += event.data.get("receipts") or []
    return [receipt_shape(r) for r in found]


def _show_shape(whole: _Whole) -> dict[str, Any]:
    import msgspec

    return {
        "task": task_shape(whole.seen, whole.task),
        "text": whole.text,
        "fields": whole.task.fields,
        "next": next_events(whole.task.kind),
        "runs": [run_shape(whole.seen.ctx, story) for story in whole.runs],
        "receipts": _receipts(whole),
        "questions": whole.talk,
        "decisions": [thought.shape() for thought in whole.decisions],
        "events": [msgspec.to_builtins(e) for e in whole.events],
    }


def _show_lines(screen: Screen, whole: _Whole) -> Iterator[str]:
    task, seen = whole.task, whole.seen
    yield f"{screen.paint(task.task, 'bold')}  {one_line(task.title)}"
    yield "  " + screen.paint(task.status.text, task.kind.value) + _standing(seen, task)
    if task.note:
        yield f"  note: {one_line(task.note)}"
    if task.result:
        yield f"  result: {one_line(task.result)}"
    yield from _field_lines(task)
    if whole.text.strip():
        yield ""
        yield from (f"  {line}" for line in paragraph(whole.text.rstrip()).split("\n"))
    yield from _talk_lines(screen, whole.talk)
    if whole.runs:
        yield f"\n{screen.paint('Runs', 'bold')}"
        for number, story in enumerate(whole.runs):
            before = whole.runs[number - 1].started if number else ""
            log = log_of(seen.ctx, story.run)
            yield from run_lines(screen, story, log, _led(whole, story, before))
            if log is None and story.run in whole.freed:
                when = When(here=screen.tty).moment(whole.freed[story.run])
                yield screen.paint(f"    log removed by gc, {when}", "dim")
    yield from _decision_lines(screen, whole)
    yield from _event_lines(screen, whole)
    yield ""
    yield from _next_lines(seen, task)


def _event_lines(screen: Screen, whole: _Whole) -> Iterator[str]:
    """The last of what happened to it, but for what the runs above tell."""
    loud = [e for e in whole.events if not words(e, When(here=False)).quiet]
    shown = loud[-_LAST:]
    if shown:
        yield f"\n{screen.paint('Events', 'bold')}"
    if len(shown) < len(whole.events):
        more = len(whole.events) - len(shown)
        yield f"  {more} more: taskboard tail --task {whole.task.task}"
    lines = Lines(screen, indent="  ")
    for event in shown:
        yield from lines.of(event)


def _field_lines(task: Task) -> Iterator[str]:
    width = max((len(key) for key in task.fields), default=0) + 1
    for key, value in task.fields.items():
        yield f"  {padded(one_line(key) + ':', width)}  {one_line(value)}"


def _standing(seen: Look, task: Task) -> str:
    parts = []
    if task.tier:
        parts.append(f"{proof_word(task.tier, verified=task.verified)} ({task.tier})")
    if task.attempt:
        parts.append(f"{task.attempt} claimed, {task.spent} spent")
    if task.task in seen.glance.pending:
        parts.append("pending: the board says something that the next turn takes in")
    return f"  ({'; '.join(parts)})" if parts else ""


def _is_said(event: Event) -> bool:
    """Whether an event is a question or an answer: of an agent, of the decision layer (which
    asks instead of starting the task), of a person."""
    return event.type in _TALK and (event.type != "blocked" or bool(event.data.get("question")))


async def _said(app: App, event: Event) -> dict[str, Any]:
    """A question or an answer with its words; None for an answer whose text is lost."""
    if event.type != "question_answered":
        text = str(event.data.get("question") or "")
    else:
        try:
            kept = await app.ctx.ledger.fetch(str(event.data.get("answer") or ""))
            text = kept.decode("utf-8", "replace")
        except NotFound:
            text = None
    by = event.agent or str(event.data.get("by") or event.actor)
    return {"type": _TALK[event.type], "ts": event.ts, "by": by, "text": text}


def _talk_lines(screen: Screen, talk: list[dict[str, Any]]) -> Iterator[str]:
    if talk:
        yield f"\n{screen.paint('Questions', 'bold')}"
    for said in talk:
        verb = "asked" if said["type"] == "question" else "answered"
        text = said["text"] if said["text"] is not None else "(its text is lost)"
        yield f"  {said['ts'][:16]}Z  {verb} by {one_line(said['by'])}:"
        yield from (f"     {line}" for line in paragraph(text.strip()).split("\n"))


def _led(whole: _Whole, story: Story, before: str) -> list[Thought]:
    """The last decision to start it that came before this claim and after the run before."""
    found = [t for t in whole.decisions if t.action == "start" and before < t.at <= story.started]
    return found[-1:]


def _decision_lines(screen: Screen, whole: _Whole) -> Iterator[str]:
    """What was decided besides starting it: the last of it."""
    others = [t for t in whole.decisions if t.action != "start" or t.outdated][-_DECISIONS:]
    if others:
        yield f"\n{screen.paint('Not started', 'bold')}"
    when = When(here=screen.tty)
    for thought in others:
        yield "  " + one_line(f"{when.moment(thought.at)} {thought_line(thought)}")


def _next_lines(seen: Look, task: Task) -> Iterator[str]:
    found = seen.why(task)
    if found is None:
        yield f"It may run now. What may come next: {', '.join(next_events(task.kind))}"
        return
    yield one_line(found.text)
    if found.clear:
        yield f"  clears it: {one_line('; '.join(found.clear))}"


def _why_lines(screen: Screen, seen: Look, task: Task, document: dict[str, Any]) -> Iterator[str]:
    if document["rule"] is None:
        yield screen.paint(f"{task.task} may run now.", "done")
        if seen.glance.sight.held is None and not seen.scene.untrusted:
            yield "  taskboard once"
        return
    found = seen.why(task)
    word = seen.word(task, found) if found is not None else document["rule"]
    yield f"{screen.paint(word, 'bold')}: {one_line(document['text'])}"
    for step in document["clear"]:
        yield f"  clears it: {one_line(step)}"
