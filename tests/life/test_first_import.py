"""A board that lived without us is taken in with one look: what may change on it, and no more.

``TASKBOARD_CORPUS`` may name a folder of other people's boards.
"""

from __future__ import annotations

from collections import Counter

import pytest
from lifeworld.oddities import found, own
from lifeworld.splices import Foreign, splices

from taskboard.core.parse import parse
from taskboard.core.state import Kind
from taskboard.loop.context import Memory
from taskboard.testing.files import SimFiles

OWN = own()
ALL = {**OWN, **found()}
_HELD = {"utf_16", "utf_16_read_as_utf_8", "conflict"}


@pytest.fixture(params=ALL, ids=lambda name: name[-60:])
def data(request):
    return ALL[request.param]


@pytest.fixture
def imported(desk, data):
    """A desk that has had one whole turn over a board it had never seen."""
    SimFiles(desk.files.disk).write(desk.workspace.board, data)
    desk.clock.advance(5)
    desk.turn(start=True)
    return desk


def _bytes(desk):
    return desk.files.read(desk.workspace.board)


def _single(board):
    """The tasks whose id stands once."""
    ids = Counter(item.task for item in board.items if item.task)
    return [item for item in board.items if ids.get(item.task or "", 1) == 1]


def test_only_lines_of_ours_change_and_each_has_its_reason(imported, data):
    board = parse(data)
    tasks = _single(board)
    stale = [i for i in tasks if i.status.kind is Kind.RUNNING]
    blocked = [i for i in tasks if i.status.kind is Kind.BLOCKED]
    over = [i for i in blocked if i.task is not None and imported.state(i.task) == "ready"]
    ready = [i for i in tasks if i.status.kind is Kind.READY]
    unnamed = [i for i in (*ready, *blocked) if i.task is None]

    made = splices(data, _bytes(imported))

    kinds = [splice.kind for splice in made]
    assert kinds.count("status") == len(stale) + len(over)
    assert kinds.count("id") == len(unnamed)
    assert kinds.count("gone") == 0
    notes = [splice.after for splice in made if splice.kind == "line"]
    assert len(notes) <= len(ready) + len(stale) + len(
        over
    )  # one on each that would run and cannot
    assert all(note.startswith((b"- note: TB130 ", b"- note: TB131 ")) for note in notes)
    if not (stale or over or ready or unnamed):
        assert _bytes(imported) == data


def test_nothing_runs_and_everything_is_history(imported, data):
    board = parse(data)
    types = imported.events()
    assert "claimed" not in types
    assert "decided" not in types
    assert not imported.script.done
    assert types.count("file_changed_triggered") == 1
    assert not [t for t in types if t.endswith("_blocked") or t in ("completed", "deadlettered")]
    if board.held is None:
        assert types.count("created") == len(_single(board))
    failed = {f"{i.task}.md" for i in board.items if i.status.kind is Kind.FAILED}
    assert set(imported.files.names(imported.workspace.deadletter)) <= failed


def test_a_second_turn_and_a_new_process_add_nothing(imported):
    events, board = imported.events(), _bytes(imported)
    imported.turn()
    imported.memory = Memory()
    imported.clock.advance(3600)
    imported.turn(start=True)

    assert imported.events() == events
    assert _bytes(imported) == board


@pytest.mark.parametrize("name", sorted(OWN))
def test_what_is_held_is_not_read_and_not_written(desk, name):
    SimFiles(desk.files.disk).write(desk.workspace.board, OWN[name])
    desk.clock.advance(5)
    desk.turn(start=True)

    assert (desk.memory.sight.held is not None) == (name in _HELD)
    if name in _HELD:
        assert _bytes(desk) == OWN[name]
        assert "created" not in desk.events()


def test_a_year_of_tasks_comes_in_as_it_was(desk):
    text = OWN["tasks_of_a_year"].decode()
    desk.save(text)
    desk.turn(start=True)

    facts = desk.facts()
    assert [e.type for e in facts].count("reclaimed") == 2
    assert desk.task("TASK-201").spent == 0
    assert {desk.state(f"TASK-{n}") for n in range(203, 208)} == {"unknown"}
    words = {s.before: s.after for s in splices(text.encode(), _bytes(desk)) if s.kind == "status"}
    assert set(words.values()) == {b"- status: ready\n"}
    commits = {e.seq + e.more for e in facts if e.type == "created"}
    assert len(commits) == 1  # one pass, all or none


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb", b"a\nb\n"),
        (b"a  \n", b"a\n"),
        (b"a\r\n", b"a\n"),
        (b"## A-1 x\n", b"## A-2 x\n"),
        (b"## A-1 x\n- status: ready\n", b"## A-1 x\n- status: done"),
        (b"a\n", b"a\n- note: mine\n"),
        (b"a\nb\n", b"b\n"),
    ],
)
def test_the_reading_of_splices_notices_what_is_not_ours(before, after):
    with pytest.raises(Foreign):
        splices(before, after)


def test_the_reading_of_splices_knows_what_is_ours():
    before = b"## x\n- **Status:** `ready`  \n\n## A-1 y\n- status: done"
    after = (
        b"## A-2 x\n- **Status:** `running:a:t`  \n- note: TB130 nothing\n\n"
        b"## A-1 y\n- status: done\n- result: ran (exit) by shell-a4b\n"
    )
    assert [s.kind for s in splices(before, after)] == ["id", "status", "line", "line"]
