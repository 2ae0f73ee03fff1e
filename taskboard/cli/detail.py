"""``show`` and ``why``: one task in full, and what keeps it from running."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.look import Look, look
from taskboard.cli.shapes import receipt_shape, run_shape, task_shape
from taskboard.cli.tail import Lines
from taskboard.cli.text import Screen, one_line, padded, paragraph
from taskboard.core.deadletter import Story, stories
from taskboard.core.event import Event
from taskboard.core.lines import proof_word
from taskboard.core.state import next_events
from taskboard.core.task import Task
from taskboard.core.units import brief
from taskboard.errors import NotFound
from taskboard.loop.project import events_of

_LAST = 8
"""Events that ``show`` prints for people; JSON has them all."""

_TALK = {"question_asked": "question", "question_answered": "answer", "blocked": "question"}

TaskId = Annotated[str, typer.Argument(metavar="ID", help="A task, like TASK-015.")]


@dataclass(frozen=True, slots=True)
class _Whole:
    """One task with everything that is known about it; ``talk`` is what it asked and was
    answered."""

    seen: Look
    task: Task
    text: str
    events: list[Event]
    runs: list[Story]
    talk: list[dict[str, Any]]


def show(ctx: typer.Context, name: TaskId) -> None:
    """One task: its text and fields, its runs with receipts and steps, and what may come next."""
    call = Call.of(ctx)

    async def work(app: App) -> _Whole:
        seen = await look(app)
        task = seen.task(name)
        events = await events_of(app.ctx, task.task_id)
        talk = [await _said(app, event) for event in events if _is_said(event)]
        return _Whole(seen, task, await _text(seen, task), events, stories(events), talk)

    whole = call.run(work, writable=False)
    call.answer("show", lambda: _show_shape(whole), lambda screen: _show_lines(screen, whole))


def why(ctx: typer.Context, name: TaskId) -> None:
    """The first rule that keeps a task from running, and what clears it."""
    call = Call.of(ctx)
    seen = call.run(look, writable=False)
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
        for story in whole.runs:
            yield from _run_lines(screen, story)
    if whole.events:
        yield f"\n{screen.paint('Events', 'bold')}"
        if len(whole.events) > _LAST:
            yield f"  ... {len(whole.events) - _LAST} earlier: taskboard tail --task {task.task}"
        lines = Lines(screen)
        for event in whole.events[-_LAST:]:
            yield from (f"  {line}" for line in lines.of(event))
    yield ""
    yield from _next_lines(seen, task)


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


def _run_lines(screen: Screen, story: Story) -> Iterator[str]:
    took = f", {brief(story.seconds)}" if story.seconds is not None else ""
    reason = f": {one_line(story.reason)}" if story.reason else ""
    code = f", exit {story.exit_code}" if story.exit_code is not None else ""
    when = f"{story.started[:16]}Z"
    yield f"  @{story.attempt} {story.agent} {when}  {story.outcome}{reason}{code}{took}"
    for step in story.steps:
        yield f"     step {step['step']}: {step['state']}"
    for receipt in story.receipts:
        yield "     " + _receipt_line(receipt)
    if story.error:
        last = one_line(story.error.strip().split("\n")[-1])
        yield screen.paint(f"     {last[:200]}", "failed")


def _receipt_line(receipt: dict[str, Any]) -> str:
    detail = receipt.get("detail") or {}
    what = detail.get("path") or detail.get("command") or detail.get("problem") or ""
    digest = str(receipt.get("sha256") or "")[:12]
    state = "holds" if receipt.get("ok") else "does not hold"
    return one_line(f"receipt {receipt.get('tier')} {state} {what} {digest}")


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
