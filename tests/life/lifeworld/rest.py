"""What must hold when nobody edits any more and everything has come to rest."""

from __future__ import annotations

from typing import Any

from lifeworld.hands import kind
from lifeworld.table import WAITS, Wrong
from lifeworld.texts import MARK, words

READ_WITHIN = 16.0
"""Seconds that a save must stand to be read for certain: the longest debounce and a poll."""


def everything_is_kept(judge: Any) -> None:
    """Each save that stood long enough was read, and everything typed is kept."""
    kept = _kept(judge)
    saves = judge.diary.saves
    for save, following in zip(saves, [*saves[1:], None], strict=True):
        stood = following.at - save.at if following else READ_WITHIN + 1
        if stood <= READ_WITHIN or save.odd == "missing":
            continue
        lost = set(MARK.findall(save.data)) - kept
        if lost:
            raise Wrong(f"save #{save.index} stood {stood:.0f} s and {lost} is lost")


def _kept(judge: Any) -> set[bytes]:
    disk, space = judge.desk.files, judge.desk.workspace
    found = set(MARK.findall(disk.read(space.board)))
    for folder in ("objects", "conflicts"):
        for path in _walk(disk, space.state / folder):
            found |= set(MARK.findall(disk.read(path)))
    return found


def everything_is_at_rest(judge: Any) -> None:
    """Nothing waits that could run; words and ids are the ledger's."""
    final = judge.seen[-1][1]
    last = judge.diary.last
    if final.digest != last.digest and not last.same:
        raise Wrong(f"the last save #{last.index} was never read")
    board = words(_text(judge))
    for job, word in board.items():
        if job in judge.split:
            continue
        state = judge.states.get(job)
        if (state == "ready" and kind(word) == "ready") or kind(state or "") == "running":
            raise Wrong(f"{job} is {state} at the end, and nothing keeps it")
        settled = word == state or {kind(word), kind(state or "")} == {"open"}
        back = state == "withdrawn" and f" {judge.titles[job]}\n" not in _text(judge)
        if not settled and not back and kind(word) != "unknown":
            raise Wrong(f"the board says {word} of {job}, the ledger {state}")
    for number in final.lineage - set(judge.delivered):
        intent = judge.diary.intents[number]
        if final.words.get(intent.job) == intent.word and intent.job not in judge.split:
            raise Wrong(f"what {intent.who} meant was never read: {intent}")
    for job in set(judge.jobs.values()) - final.jobs - judge.split:
        if kind(judge.states[job]) in WAITS:
            raise Wrong(f"{job} is gone from the board and still {judge.states[job]}")
    given = {j: n - judge.diary.exchanged.get(j, set()) for j, n in judge.names.items()}
    double = {job: names for job, names in given.items() if len(names) > 1}
    double = {job: names for job, names in double.items() if job not in judge.split}
    if double:
        raise Wrong(f"ids changed: {double}")


def _text(judge: Any) -> str:
    data = judge.desk.files.read(judge.desk.workspace.board)
    return data.decode().replace("\r\n", "\n")


def _walk(disk: Any, folder: Any) -> list[Any]:
    found = []
    for name in disk.names(folder):
        path = folder / name
        node = disk.disk.find(path)
        found += _walk(disk, path) if node.is_folder else [path]
    return found
