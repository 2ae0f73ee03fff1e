"""The decider proposes, this disposes: whatever is not eligible or beyond the slots is dropped."""

from __future__ import annotations

import msgspec

from taskboard.core.decision import Candidate, Decision, Pick, Question
from taskboard.core.visible import line

REASON = 300
"""Characters of a reason or a question that are kept, on one line."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate that shall run: with which executor, and which model (empty: its own)."""

    candidate: Candidate
    executor: str
    model: str
    reason: str


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that does not count, and why: ``action`` (there is no such), ``unknown`` (not a
    candidate, or not promotable), ``repeated``, ``executor``, ``model``, ``slots``, or ``empty``
    (it says nothing)."""

    pick: Pick
    why: str


class Disposed(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision comes to, each in the decision's order. ``flag``, ``ask`` and ``skip`` are
    of candidates, ``promote`` of promotable tasks; no task is twice in the same one, and none is
    in two of ``start``, ``ask`` and ``skip``. Reasons are single visible lines."""

    start: tuple[Start, ...] = ()
    flag: tuple[Pick, ...] = ()
    ask: tuple[Pick, ...] = ()
    promote: tuple[Pick, ...] = ()
    skip: tuple[Pick, ...] = ()
    dropped: tuple[Dropped, ...] = ()


class _Piles(msgspec.Struct):
    """What has been sorted so far."""

    start: list[Start] = msgspec.field(default_factory=list)
    picks: dict[str, list[Pick]] = msgspec.field(
        default_factory=lambda: {name: [] for name in ("flag", "ask", "promote", "skip")}
    )
    dropped: list[Dropped] = msgspec.field(default_factory=list)
    taken: set[tuple[str, str]] = msgspec.field(default_factory=set)


def dispose(decision: Decision, question: Question) -> Disposed:
    """Sort the proposals of ``decision``: whatever it says, only candidates of ``question`` are
    started, at most ``slots``, each once, with an executor and a model it may have."""
    eligible = {c.task_id: c for c in question.candidates}
    piles = _Piles()
    for pick in decision.picks:
        candidate = eligible.get(pick.task_id)
        why = _wrong(pick, candidate, question, piles)
        if why:
            piles.dropped.append(Dropped(pick=pick, why=why))
            continue
        piles.taken.add((pick.task_id, _kind(pick.action)))
        if candidate is not None and pick.action == "execute":
            piles.start.append(_start(pick, candidate))
        else:
            piles.picks[pick.action].append(_clean(pick))
    picks = {name: tuple(pile) for name, pile in piles.picks.items()}
    return Disposed(start=tuple(piles.start), dropped=tuple(piles.dropped), **picks)


def _wrong(pick: Pick, candidate: Candidate | None, question: Question, piles: _Piles) -> str:
    """Why a proposal does not count; empty when it does."""
    if pick.action not in ("execute", *piles.picks):
        return "action"
    known = pick.task_id in question.promotable if pick.action == "promote" else candidate
    if not known:
        return "unknown"
    if (pick.task_id, _kind(pick.action)) in piles.taken:
        return "repeated"
    if pick.action in ("flag", "ask") and not line(pick.reason, REASON):
        return "empty"
    if candidate is not None and pick.action == "execute":
        return _wrong_start(pick, candidate, question, len(piles.start))
    return ""


def _wrong_start(pick: Pick, candidate: Candidate, question: Question, started: int) -> str:
    executor = pick.executor or candidate.executor
    if executor not in (candidate.executor, *candidate.executors):
        return "executor"
    if pick.model and pick.model not in question.models.get(executor, ()):
        return "model"
    return "slots" if started >= question.slots else ""


def _kind(action: str) -> str:
    """What a task can be given once: to be started, asked about and skipped exclude each other."""
    return action if action in ("flag", "promote") else "course"


def _start(pick: Pick, candidate: Candidate) -> Start:
    return Start(
        candidate=candidate,
        executor=pick.executor or candidate.executor,
        model=pick.model,
        reason=line(pick.reason, REASON),
    )


def _clean(pick: Pick) -> Pick:
    reason = line(pick.reason, REASON)
    return Pick(task_id=pick.task_id, action=pick.action, reason=reason)


def admit(decision: Decision, question: Question) -> tuple[list[Candidate], list[Pick]]:
    """The candidates to start, in the decision's order and at most ``question.slots``, and the
    proposals to start something that were dropped."""
    disposed = dispose(decision, question)
    dropped = [d.pick for d in disposed.dropped if d.pick.action == "execute"]
    return [start.candidate for start in disposed.start], dropped
