"""What a model is asked about a board, and what of its answer can be read. ``core.admit`` still
disposes of it.

The board's text is data: it stands by itself, enclosed, with everything hidden in it made
visible; what changes from turn to turn stands in a second text, as JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from taskboard.core.decision import Candidate, Claim, Pick, Question
from taskboard.core.visible import enclosed, line, visible

ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "picks": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "task": {"type": "string"},
                    "action": {
                        "type": "string",
                        "enum": ["execute", "skip", "flag", "ask", "promote"],
                    },
                    "executor": {"type": "string"},
                    "model": {"type": "string"},
                    "reason": {"type": "string"},
                },
                "required": ["task", "action", "executor", "model", "reason"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["picks"],
    "additionalProperties": False,
}
"""The same for every question: a schema that named its tasks would empty the cache each time."""

JUDGEMENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["ok", "reason"],
    "additionalProperties": False,
}

_REASON = 300
_NAME = 120
_LINES = 40
_SECTION = 4000
_EVIDENCE = 20_000
_VOLATILE = ("now", "spent_usd", "recent")
"""What differs in every turn without making it another question."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question in words: ``data`` is the board or, where that is too long, the candidates'
    sections (``whole`` False); ``state`` is JSON; ``handles`` are the ids behind the names that
    an answer may use; ``digest`` is the same for a question that has not changed."""

    data: str
    state: str
    handles: Mapping[str, str]
    whole: bool
    offered: int
    digest: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The proposals that can be read, and how many of the others there were, by reason."""

    picks: tuple[Pick, ...]
    unread: Mapping[str, int]


def rank(candidate: Candidate) -> tuple[int, int, str, str]:
    """The published order: priority, place on the board, how long it has waited."""
    return (candidate.priority, candidate.place, candidate.waiting_since, candidate.task_id)


def tokens(text: str) -> int:
    """A guess at the tokens of a text, rather too high than too low."""
    return len(text.encode("utf-8", "replace")) // 3 + 1


def ask(question: Question, *, budget: int) -> Asked:
    """The question in words of at most about ``budget`` tokens: the whole board while it fits,
    else as many candidates as fit, in their published order, and one at least."""
    ordered = sorted(question.candidates, key=rank)
    handles = _handles(question)
    names = {task_id: handle for handle, task_id in handles.items()}
    rows = [_row(candidate, names) for candidate in ordered]
    data = enclosed("board", question.board)
    whole = bool(question.board) and tokens(data) + tokens(_json(rows)) <= budget
    if not whole:
        sections = [_section(candidate, names) for candidate in ordered]
        fitting = _fitting(sections, rows, budget)
        data = enclosed("tasks", "\n\n".join(sections[:fitting]))
        rows = rows[:fitting]
    state = _state(question, rows, names, len(ordered) - len(rows))
    lasting = {name: value for name, value in state.items() if name not in _VOLATILE}
    return Asked(
        data=data,
        state=_json(state),
        handles=handles,
        whole=whole,
        offered=len(rows),
        digest=hashlib.sha256(f"{data}\n{_json(lasting)}".encode()).hexdigest(),
    )


def read_answer(text: str, asked: Asked) -> Answer | str:
    """The proposals in an answer, or in a sentence why there is no reading it. Whatever is not a
    proposal about a task of the question is left out, one by one."""
    found = _decoded(text)
    if not isinstance(found, dict) or not isinstance(found.get("picks"), list):
        return "The answer is no object with a list of picks."
    entries = found["picks"]
    most = 2 * len(asked.handles) + 10
    picks: list[Pick] = []
    unread: Counter[str] = Counter()
    for entry in entries[:most]:
        read = _pick(entry, asked.handles)
        if isinstance(read, Pick):
            picks.append(read)
        else:
            unread[read] += 1
    if len(entries) > most:
        unread["too many"] = len(entries) - most
    return Answer(picks=tuple(picks), unread=unread)


def claim_state(claim: Claim) -> str:
    """A claim in words, as JSON; nothing in it can end its text."""
    texts = {
        "task": line(claim.task, _NAME),
        "done_means": visible(claim.measure[:_SECTION]),
        "the_agent_says": visible(claim.summary[:_SECTION]),
        "found_by_the_host": visible(claim.evidence[:_EVIDENCE]),
    }
    return _json(texts)


def read_judgement(text: str) -> tuple[bool, str] | str:
    """Whether the measure is met and why, or in a sentence why there is no reading it."""
    found = _decoded(text)
    if not isinstance(found, dict):
        return "The answer is no object."
    ok, reason = found.get("ok"), found.get("reason")
    if not isinstance(ok, bool) or not isinstance(reason, str) or not reason.strip():
        return "The answer lacks ok or reason."
    return ok, line(reason, _REASON)


def _handles(question: Question) -> dict[str, str]:
    """What an answer calls tasks: as the board does, or by id where that is not clear."""
    labels = {c.task_id: line(c.task, _NAME) for c in question.candidates}
    for task_id in question.promotable:
        labels.setdefault(task_id, line(question.names.get(task_id, ""), _NAME))
    often = Counter(labels.values())
    return {
        label if label and often[label] == 1 and label not in labels else task_id: task_id
        for task_id, label in labels.items()
    }


def _row(candidate: Candidate, names: Mapping[str, str]) -> dict[str, Any]:
    executors = dict.fromkeys((candidate.executor, *candidate.executors))
    row: dict[str, Any] = {
        "task": names[candidate.task_id],
        "priority": candidate.priority,
        "executors": [name for name in executors if name],
        "origin": candidate.origin,
    }
    if names[candidate.task_id] == candidate.task_id:
        row["title"] = line(candidate.title, _NAME)  # its id alone stands nowhere in the text
    if candidate.measure:
        row["measure"] = line(candidate.measure, _REASON)
    if candidate.inputs:
        row["inputs"] = [line(path, _NAME) for path in candidate.inputs[:_LINES]]
    if candidate.spent:
        row["attempts_spent"] = candidate.spent
    return row


def _section(candidate: Candidate, names: Mapping[str, str]) -> str:
    text = candidate.text or candidate.title
    cut = "\n(cut here)" if len(text) > _SECTION else ""
    return f"{names[candidate.task_id]}:\n{text[:_SECTION].strip()}{cut}"


def _fitting(sections: list[str], rows: list[dict[str, Any]], budget: int) -> int:
    """How many candidates fit into the budget; one at least."""
    used = 0
    for number, (section, row) in enumerate(zip(sections, rows, strict=True)):
        used += tokens(visible(section)) + tokens(_json(row))
        if used > budget and number:
            return number
    return len(sections)


def _state(
    question: Question, rows: list[dict[str, Any]], names: Mapping[str, str], left_out: int
) -> dict[str, Any]:
    return {
        "candidates": rows,
        "candidates_not_shown": left_out,
        "promotable": [names[task_id] for task_id in question.promotable],
        "models": {name: list(models) for name, models in question.models.items()},
        "diagnoses": list(_last(question.diagnoses)),
        "free_slots": question.slots,
        "running": list(_last(question.running)),
        "budget_usd": question.budget_usd,
        "spent_usd": round(question.spent_usd, 6),
        "recent": list(_last(question.history)),
        "now": question.now,
    }


def _last(lines: tuple[str, ...]) -> Iterator[str]:
    return (line(text, _REASON) for text in lines[-_LINES:])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _decoded(text: str) -> Any:
    """JSON of a stranger; None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _pick(entry: Any, handles: Mapping[str, str]) -> Pick | str:
    """A proposal, or in a word what is wrong with it."""
    if not isinstance(entry, dict):
        return "shape"
    words = [entry.get(name, "") for name in ("task", "action", "reason", "executor", "model")]
    if not all(isinstance(word, str) and len(word) <= 10 * _SECTION for word in words):
        return "shape"
    task, action, reason, executor, model = words
    known = set(handles.values())
    task_id = handles.get(task.strip()) or (task if task in known else "")
    if not task_id:
        return "unknown"
    return Pick(
        task_id=task_id,
        action=action,
        reason=line(reason, _REASON),
        executor=executor.strip(),
        model=model.strip(),
    )
